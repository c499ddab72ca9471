//! From an established connection to a link that serves it, and its end.

use std::{
    future::Future,
    os::fd::OwnedFd,
    sync::{Arc, atomic::Ordering},
};

use tokio::net::tcp::OwnedReadHalf;

use super::{inner::Inner, peer::Peer};
use crate::{
    net::{Connected, Link, LinkEnd, Outbox, Receive, WriteSide, thread},
    node::service::line::Line,
    protocol::control::FrameForm,
    term::Atom,
};

/// What the messages of a connection are handed to, and what has a say in its beginning and its end.
pub(in crate::node) trait Inbound: Receive + Sized + 'static {
    /// For this connection, which is about to be there.
    fn new(inner: Arc<Inner>, peer: Arc<Peer>) -> Self;

    /// The connection is there.
    fn begun(inner: &Inner, peer: &Peer);

    /// The connection is gone, and with it all that depended on it.
    fn ended(inner: &Inner, peer: &Peer);
}

/// What drives a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Drive {
    /// A task of the runtime, among others.
    Task,
    /// A thread of its own, for the only connection of a process.
    Thread,
}

enum Read {
    Task(OwnedReadHalf),
    Thread(OwnedFd),
}

/// Enters the peer into the node's table. The future serves the connection until it ends, and has to be polled by
/// whoever asked for it.
pub(in crate::node) fn establish<R: Inbound>(
    inner: &Arc<Inner>,
    connected: Connected,
    drive: Drive,
) -> Result<(Arc<Peer>, impl Future<Output = LinkEnd> + Send + use<R>), LinkEnd> {
    let established = connected.established;
    let name = Atom::new(&established.peer.name).map_err(|error| LinkEnd::Protocol(error.to_string().into()))?;
    let (read, write) = match drive {
        Drive::Task => {
            let (read, write) = connected.socket.into_split();
            (Read::Task(read), WriteSide::Task(write))
        }
        Drive::Thread => {
            let (write, read) = WriteSide::for_thread(connected.socket)?;
            (Read::Thread(read), write)
        }
    };
    let (id, said) = (inner.peers.next_id(), &established.peer);
    let form = FrameForm::of(said.negotiated);
    let outbox = Arc::new(Outbox::new(write, inner.limits.max_waiting).in_form(form, &inner.limits));
    let line = Line::new(id, name.clone(), said.creation, said.negotiated, outbox.clone());
    let peer = Arc::new(Peer::new(line));
    if form == FrameForm::Header {
        outbox.set_owners(peer.watches.clone());
    }
    let receive = R::new(inner.clone(), peer.clone());
    inner.ticker.watch(&outbox);
    inner.peers.up(peer.clone());
    if inner.drain.asked() {
        outbox.drain();
    }
    R::begun(inner, &peer);
    let (inner, served) = (inner.clone(), peer.clone());
    let serve = async move {
        inner.connections.fetch_add(1, Ordering::Relaxed);
        let end = match read {
            Read::Task(read) => Link::new(read, outbox, &established.rest, (inner.limits, form), receive).drive().await,
            Read::Thread(socket) => {
                thread::drive(socket, outbox, &established.rest, (inner.limits, form), receive).await
            }
        };
        inner.connections.fetch_sub(1, Ordering::Relaxed);
        // Whatever the driver was doing when it was told to stop.
        let end = if served.line.outbox.aborted() { LinkEnd::Shutdown } else { end };
        if end.is_breach() || matches!(end, LinkEnd::TickTimeout(_)) {
            tracing::warn!(peer = %name, %end, "the connection was ended");
        } else {
            tracing::info!(peer = %name, %end, "the connection has ended");
        }
        R::ended(&inner, &served);
        inner.peers.down(&served, end.clone());
        end
    };
    Ok((peer, serve))
}
