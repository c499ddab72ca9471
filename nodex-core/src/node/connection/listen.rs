//! Listening for other nodes.

use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::net::{TcpListener, TcpStream};

use super::{
    establish::{Inbound, serve},
    handshakes::{Pending, PendingEntry},
    inner::Inner,
};
use crate::{
    epmd::Entry,
    error::Chain,
    net::{Gate, Locate, accept, publish},
    node::error::StartError,
    protocol::handshake::{Answer, PeerIdentity, Request},
    socket::ShutOnDrop,
    term::Atom,
};

/// The pause after the system refused to accept a connection, for example because no descriptors are left.
const PAUSE: Duration = Duration::from_millis(100);

/// The address to listen on, and whether to register with epmd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Listen {
    pub(in crate::node) address: SocketAddr,
    pub(in crate::node) publish: bool,
}

/// Listens until the node stops. Returns the port.
pub(in crate::node) async fn start<R: Inbound>(inner: &Arc<Inner>, listen: Listen) -> Result<u16, StartError> {
    let failed = |error| StartError::Listen { address: listen.address, error };
    let mut address = listen.address;
    if let Locate::Fixed(port) = inner.locate
        && address.port() == 0
    {
        // Without epmd, this is where the others look.
        address.set_port(port);
    }
    let listener = ShutOnDrop(TcpListener::bind(address).await.map_err(failed)?);
    let port = listener.local_addr().map_err(failed)?.port();
    if let (Locate::Epmd(epmd_port), true) = (inner.locate, listen.publish) {
        let name = inner.identity.name.split('@').next().unwrap_or_default();
        let entry = if inner.visible { Entry::visible(name, port) } else { Entry::hidden(name, port) };
        let loopback = if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        let published = publish(epmd_port, loopback, entry).await.map_err(StartError::Epmd)?;
        let stop = inner.stop.clone();
        inner.listening.spawn(async move { stop.run_until_cancelled(published).await });
    }
    let inner = inner.clone();
    let listening = inner.listening.clone();
    listening.spawn(async move {
        let stop = inner.stop.clone();
        stop.run_until_cancelled(listen_forever::<R>(inner, listener)).await;
    });
    Ok(port)
}

async fn listen_forever<R: Inbound>(inner: Arc<Inner>, listener: ShutOnDrop<TcpListener>) {
    let pending = Arc::new(Pending::default());
    for id in 0.. {
        match listener.accept().await {
            Ok((socket, from)) => {
                let (inner, shared) = (inner.clone(), pending.clone());
                let handshake = async move {
                    let entry = shared.entry(id);
                    enter::<R>(&inner, socket, from, &entry).await;
                };
                pending.enter(id, from, || tokio::spawn(handshake).abort_handle());
            }
            Err(error) => {
                tracing::warn!(error = %Chain(&error), "a connection could not be accepted");
                // Most likely there are no more descriptors.
                pending.end_some();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Performs the handshake. The driver of the connection then runs independently.
async fn enter<R: Inbound>(inner: &Arc<Inner>, socket: TcpStream, from: SocketAddr, entry: &PendingEntry<'_>) {
    // Dropped once the connection is there.
    let mut door = Door { inner, settled: None };
    let connected = match accept(socket, inner.local(), &mut door).await {
        Ok(connected) => connected,
        Err(error) => {
            if let Some(left_out) = entry.refused(Instant::now()) {
                tracing::warn!(%from, error = %Chain(&error), left_out, "a node was not let in");
            }
            return;
        }
    };
    if !entry.complete() {
        return;
    }
    if let Err(end) = serve::<R>(inner, connected) {
        // Who knows the cookie is no stranger.
        tracing::warn!(%from, end = %Chain(&end), "a node was let in and sent rubbish at once");
    }
}

/// Decides for the node whether a peer is accepted.
struct Door<'a> {
    inner: &'a Arc<Inner>,
    /// The name of a peer that has proven the cookie, and the number of its connection.
    settled: Option<(Atom, u64)>,
}

impl Drop for Door<'_> {
    fn drop(&mut self) {
        if let Some((name, id)) = &self.settled {
            self.inner.peers.left(name, *id);
        }
    }
}

impl Gate for Door<'_> {
    fn answer(&mut self, request: &Request) -> Answer {
        if request.wants_name {
            // A name that no other node has: this node's creation and a number of its own.
            let (id, creation) = (self.inner.peers.next_id(), crate::random::any() as u32 | 4);
            let name = format!("{:08x}{id:x}@{}", self.inner.identity.creation, request.name);
            return Answer::Named { name, creation };
        }
        self.inner.peers.answer(&self.inner.identity.name, &request.name)
    }

    async fn settle(&mut self, peer: &PeerIdentity) -> bool {
        let peers = &self.inner.peers;
        // What is no atom is refused where the connection is entered.
        let Ok(name) = Atom::new(&peer.name) else { return true };
        let id = peers.next_id();
        let stays = peers.settle(&self.inner.identity.name, &name, id, peer.creation).await;
        self.settled = Some((name, id));
        stays
    }

    fn replace(&mut self, peer: &PeerIdentity) {
        self.inner.peers.replace(&peer.name);
    }
}
