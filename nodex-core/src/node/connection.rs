//! From an established connection to a link that serves it, and its end.

use std::{future::Future, sync::Arc};

use tokio::sync::watch;

use super::{Context, dispatch::Dispatch, local::Inner, peers::Peer};
use crate::{
    net::{Connected, Link, LinkEnd, Outbox},
    term::Atom,
};

/// Enters the peer into the node's table. The future serves the connection until it ends, and has to be polled by
/// whoever asked for it.
pub(super) fn establish(
    inner: &Arc<Inner>,
    connected: Connected,
) -> Result<(Arc<Peer>, impl Future<Output = LinkEnd> + Send + use<>), LinkEnd> {
    let established = connected.established;
    let name = Atom::new(&established.peer.name).map_err(|error| LinkEnd::Protocol(error.to_string().into()))?;
    let (read, write) = connected.socket.into_split();
    let outbox = Arc::new(Outbox::new(write));
    let peer = Arc::new(Peer {
        id: inner.peers.next_id(),
        name: name.clone(),
        creation: established.peer.creation,
        flags: established.peer.negotiated,
        outbox: outbox.clone(),
        end: watch::Sender::new(None),
    });
    let context = Context::new(inner.clone(), peer.clone());
    let dispatch = Dispatch::new(inner.clone(), context, peer.flags);
    let link = Link::new(read, outbox.clone(), &established.rest, inner.limits, dispatch)?;
    inner.keeper.watch(&outbox);
    inner.peers.up(peer.clone());
    let (inner, served) = (inner.clone(), peer.clone());
    let serve = async move {
        let end = link.drive().await;
        tracing::info!(peer = %name, %end, "the connection has ended");
        inner.replies.disconnected(served.id);
        inner.peers.down(&served, &end.to_string());
        end
    };
    Ok((peer, serve))
}
