//! Serving an established connection until its end.

use std::{
    future::Future,
    marker::PhantomData,
    os::fd::OwnedFd,
    sync::{Arc, atomic::Ordering},
};

use tokio::net::tcp::OwnedReadHalf;

use super::{inner::Inner, peer::Peer};
use crate::{
    error::Chain,
    net::{Connected, Link, LinkEnd, Outbox, ProtocolError, Readers, Receive, WriteSide, thread},
    node::service::line::Line,
    protocol::control::FrameForm,
    term::Atom,
};

/// The receiver of the messages of a connection, which is notified of its start and its end.
pub(in crate::node) trait Inbound: Receive + Sized + 'static {
    /// Creates the receiver for a connection that is about to be served.
    fn new(inner: Arc<Inner>, peer: Arc<Peer>) -> Self;

    /// Called when the connection is served.
    fn begun(inner: &Inner, peer: &Peer);

    /// Called when the connection has ended.
    fn ended(inner: &Inner, peer: &Peer);
}

/// How a connection is driven.
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

/// Establishes a connection that is driven by a thread of the node, or otherwise by a task of the runtime in which this
/// is called.
pub(in crate::node) fn serve<R: Inbound>(inner: &Arc<Inner>, mut connected: Connected) -> Result<Arc<Peer>, LinkEnd> {
    let seat = inner.readers.as_ref().and_then(Readers::seat);
    if let Some(seat) = &seat {
        connected.socket = seat.adopt(connected.socket)?;
    }
    let (peer, serve) = establish::<R>(inner, connected, Drive::Task)?;
    match seat {
        Some(seat) => seat.spawn(serve),
        None => drop(tokio::spawn(serve)),
    }
    Ok(peer)
}

/// Enters the peer into the node's table. The future serves the connection until it ends, and the caller must poll it.
pub(in crate::node) fn establish<R: Inbound>(
    inner: &Arc<Inner>,
    connected: Connected,
    drive: Drive,
) -> Result<(Arc<Peer>, impl Future<Output = LinkEnd> + Send + use<R>), LinkEnd> {
    let established = connected.established;
    let name = Atom::new(&established.peer.name).map_err(ProtocolError::from)?;
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
    let served = Served::<R>::new(inner.clone(), peer.clone());
    let limits = inner.limits;
    let serve = async move {
        let end = match read {
            Read::Task(read) => Link::new(read, outbox, &established.rest, (limits, form), receive).drive().await,
            Read::Thread(socket) => thread::drive(socket, outbox, &established.rest, (limits, form), receive).await,
        };
        served.over(end)
    };
    Ok((peer, serve))
}

/// A connection that is being served. Dropping this value ends the connection and its calls, even after a panic of its
/// driver or the end of the driver's runtime. Otherwise the peer would consider the node alive, and calls would wait
/// forever.
struct Served<R: Inbound> {
    inner: Arc<Inner>,
    peer: Arc<Peer>,
    /// The reason of its end, if the driver has returned one.
    end: Option<LinkEnd>,
    receive: PhantomData<fn() -> R>,
}

impl<R: Inbound> Served<R> {
    fn new(inner: Arc<Inner>, peer: Arc<Peer>) -> Self {
        inner.connections.fetch_add(1, Ordering::Relaxed);
        Served { inner, peer, end: None, receive: PhantomData }
    }

    /// Records the end of the driver.
    fn over(mut self, end: LinkEnd) -> LinkEnd {
        // If the driver was told to stop, the reason is `Shutdown`, whatever the driver returned.
        let end = if self.peer.line.outbox.aborted() { LinkEnd::Shutdown } else { end };
        self.end = Some(end.clone());
        end
    }
}

impl<R: Inbound> Drop for Served<R> {
    fn drop(&mut self) {
        let Served { inner, peer, end, .. } = self;
        inner.connections.fetch_sub(1, Ordering::Relaxed);
        let name = &peer.line.name;
        let end = match end.take() {
            Some(end) if end.is_breach() || matches!(end, LinkEnd::TickTimeout(_)) => {
                tracing::warn!(peer = %name, end = %Chain(&end), "the connection was ended");
                end
            }
            Some(end) => {
                tracing::info!(peer = %name, end = %Chain(&end), "the connection has ended");
                end
            }
            None => {
                tracing::error!(peer = %name, "the connection has ended with what drove it");
                peer.line.outbox.close();
                LinkEnd::Shutdown
            }
        };
        R::ended(inner, peer);
        inner.peers.down(peer, end);
    }
}
