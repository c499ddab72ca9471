//! From an established connection to a link that serves it, and its end.

use std::{
    future::Future,
    os::fd::OwnedFd,
    sync::{Arc, atomic::Ordering},
    time::Instant,
};

use tokio::{
    net::tcp::OwnedReadHalf,
    sync::{OnceCell, watch},
};

use super::{inner::Inner, peers::Peer};
use crate::{
    net::{Connected, Link, LinkEnd, Outbox, WriteSide, thread},
    node::{
        api::mailbox::Mail,
        inbound::dispatch::Dispatch,
        process::incoming_monitors::IncomingMonitors,
        service::{context::Context, counters::Counters},
    },
    term::Atom,
};

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
pub(in crate::node) fn establish(
    inner: &Arc<Inner>,
    connected: Connected,
    drive: Drive,
) -> Result<(Arc<Peer>, impl Future<Output = LinkEnd> + Send + use<>), LinkEnd> {
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
    let outbox = Arc::new(Outbox::new(write, inner.limits.max_waiting));
    let peer = Arc::new(Peer {
        id: inner.peers.next_id(),
        name: name.clone(),
        creation: established.peer.creation,
        flags: established.peer.negotiated,
        outbox: outbox.clone(),
        watches: IncomingMonitors::default(),
        counters: Counters::default(),
        mail: Mail::default(),
        form_of_state: OnceCell::new(),
        since: Instant::now(),
        end: watch::Sender::new(None),
    });
    let context = Context::new(inner.clone(), peer.clone());
    let dispatch = Dispatch::new(inner.clone(), context, peer.flags);
    inner.ticker.watch(&outbox);
    inner.peers.up(peer.clone());
    if inner.drain.asked() {
        outbox.drain();
    }
    inner.greet_global(&peer);
    let (inner, served) = (inner.clone(), peer.clone());
    let serve = async move {
        inner.connections.fetch_add(1, Ordering::Relaxed);
        let end = match read {
            Read::Task(read) => Link::new(read, outbox, &established.rest, inner.limits, dispatch).drive().await,
            Read::Thread(socket) => thread::drive(socket, outbox, &established.rest, inner.limits, dispatch).await,
        };
        inner.connections.fetch_sub(1, Ordering::Relaxed);
        // Whatever the driver was doing when it was told to stop.
        let end = if served.outbox.aborted() { LinkEnd::Shutdown } else { end };
        if end.is_breach() || matches!(end, LinkEnd::TickTimeout(_)) {
            tracing::warn!(peer = %name, %end, "the connection was ended");
        } else {
            tracing::info!(peer = %name, %end, "the connection has ended");
        }
        inner.disconnected(&served);
        inner.peers.down(&served, end.clone());
        end
    };
    Ok((peer, serve))
}
