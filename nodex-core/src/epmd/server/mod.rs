//! An epmd in this process.
mod connection;
mod owners;
mod registry;
mod request;

use std::collections::HashMap;
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{self, Notify};
use tokio::task::{AbortHandle, JoinSet, spawn_blocking};

use self::connection::Guard;
use self::owners::{Ends, owners};
use self::registry::Registry;
pub(super) use self::request::Request;
use super::Entry;
use crate::limits::{Crowd, Seldom, descriptors};
use crate::socket::ShutOnDrop;

/// What a [`Server`] allows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long a connection may take to make its request and get its answer.
    pub idle: Duration,
    /// How many connections may be without a registration, and no more than a quarter of the descriptors that the process
    /// may have. The oldest of the address that has most goes when one more comes.
    pub max_waiting: usize,
    /// How many nodes can be registered, and no more than half of the descriptors; those of one user, three quarters of it.
    pub max_nodes: usize,
    /// How many of them can be registered by one process, and no more than half of all. Where the processes of another user
    /// cannot be told apart, by all of them.
    pub max_nodes_each: usize,
    /// Let nodes of this host take away registrations of others, and stop the server while nodes are
    /// registered (`epmd -relaxed_command_check`).
    pub relaxed: bool,
}

impl Options {
    /// Sets [`idle`](Self#structfield.idle).
    #[must_use]
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }

    /// Sets [`max_waiting`](Self#structfield.max_waiting).
    #[must_use]
    pub const fn max_waiting(mut self, limit: usize) -> Self {
        self.max_waiting = limit;
        self
    }

    /// Sets [`max_nodes`](Self#structfield.max_nodes).
    #[must_use]
    pub const fn max_nodes(mut self, limit: usize) -> Self {
        self.max_nodes = limit;
        self
    }

    /// Sets [`max_nodes_each`](Self#structfield.max_nodes_each).
    #[must_use]
    pub const fn max_nodes_each(mut self, limit: usize) -> Self {
        self.max_nodes_each = limit;
        self
    }

    /// Sets [`relaxed`](Self#structfield.relaxed).
    #[must_use]
    pub const fn relaxed(mut self, on: bool) -> Self {
        self.relaxed = on;
        self
    }
}

impl Default for Options {
    /// 60 seconds, 1,024 connections, 2,000 nodes, of which 1,000 of one process, not relaxed.
    fn default() -> Self {
        Options {
            idle: Duration::from_secs(60),
            max_waiting: 1024,
            max_nodes: 2000,
            max_nodes_each: 1000,
            relaxed: false,
        }
    }
}

impl Options {
    /// What can be kept of it with so many descriptors.
    fn within(self, descriptors: usize) -> Self {
        let max_nodes = self.max_nodes.min(descriptors / 2);
        Options {
            max_waiting: self.max_waiting.min(descriptors / 4).max(1),
            max_nodes_each: self.max_nodes_each.min(max_nodes.div_ceil(2)),
            max_nodes,
            ..self
        }
    }
}

/// Why a server came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was told to by its owner.
    Shutdown,
    /// Somebody asked for it with `epmd -kill` while no node was registered.
    Killed,
}

/// An epmd for nodes of this host.
///
/// It answers everything that epmd does. Registrations, and all that tells more than the names and ports
/// of nodes, are taken only from this host.
///
/// ```
/// # use nodex_core::epmd::{Client, Ended, Entry, Server};
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::bind("127.0.0.1:0".parse()?).await?;
/// let client = Client::new(server.local_addr());
/// let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
/// let running = tokio::spawn(server.run(async { drop(stopped.await) }));
/// let registered = client.register(&Entry::hidden("orders", 4711)).await?;
/// assert_eq!(client.lookup("orders").await?.port, 4711);
/// drop(registered);
/// drop(stop);
/// assert_eq!(running.await?, Ended::Shutdown);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Server {
    listeners: Vec<ShutOnDrop<TcpListener>>,
    address: SocketAddr,
    options: Options,
}

/// What connections share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    killed: Notify,
    /// Held while owners are counted: one at a time, as it takes a while.
    counting: sync::Mutex<()>,
    refused: Seldom,
    not_accepted: Seldom,
}

#[derive(Debug, Default)]
struct State {
    registry: Registry,
    /// Connections without a registration.
    waiting: Crowd<AbortHandle>,
    /// Connections that hold a registration, and their ends.
    holding: HashMap<u64, (AbortHandle, Ends)>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a node and keeps its connection from being taken for an idle one.
    async fn register(&self, entry: Entry, connection: u64, ends: Ends, options: &Options) -> Option<u32> {
        let is_many = || self.state().registry.len() >= options.max_nodes_each;
        // As long as there are few of all, nobody can have too many.
        let _counting = if is_many() { Some(self.counting.lock().await) } else { None };
        if is_many() && !self.may_have_more(ends, options).await {
            if let Some(left_out) = self.refused.admit(Instant::now()) {
                let event = "a node was not registered: its process or its user has too many names";
                tracing::warn!(name = entry.name, left_out, "{event}");
            }
            return None;
        }
        let mut state = self.state();
        if state.registry.len() >= options.max_nodes {
            return None;
        }
        let creation = state.registry.register(entry, connection)?;
        if let Some(task) = state.waiting.leave(connection) {
            state.holding.insert(connection, (task, ends));
        }
        Some(creation)
    }

    /// Whether whoever is at the other end of this connection has not registered all the names that it may.
    async fn may_have_more(&self, ends: Ends, options: &Options) -> bool {
        let mut all: Vec<Ends> = self.state().holding.values().map(|(_, ends)| *ends).collect();
        all.push(ends);
        let Ok(owners) = spawn_blocking(move || owners(&all)).await else { return false };
        let Some((owner, others)) = owners.split_last() else { return false };
        let its_own = others.iter().filter(|other| owner.is(other)).count();
        let of_user = others.iter().filter(|other| owner.user.is_some() && owner.user == other.user).count();
        its_own < options.max_nodes_each && of_user < (options.max_nodes * 3).div_ceil(4)
    }

    /// Ends the connection that holds a name. False if nobody does.
    fn stop(&self, name: &str) -> bool {
        let mut state = self.state();
        let Some(connection) = state.registry.holder(name) else { return false };
        state.registry.unregister(connection);
        if let Some((task, _)) = state.holding.remove(&connection) {
            task.abort();
        }
        true
    }

    /// Ends connections until no more than `keep` are without a registration.
    fn make_room(&self, keep: usize) {
        let mut state = self.state();
        while state.waiting.len() > keep {
            if let Some((_, task)) = state.waiting.evict() {
                task.abort();
            }
        }
    }
}

impl Server {
    /// Listens on one address; port 0 takes a free one.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::bind_all(&[address]).await
    }

    /// Listens on several addresses, such as those of both loopback interfaces. They share the port of
    /// the first one; if that is a free one, it is free on all of them. Addresses of IPv6 take no connections of IPv4.
    pub async fn bind_all(addresses: &[SocketAddr]) -> io::Result<Self> {
        const ATTEMPTS: usize = 20;
        let any_port = addresses.len() > 1 && addresses.first().is_some_and(|first| first.port() == 0);
        for _ in 1..ATTEMPTS {
            match Self::bind_once(addresses) {
                Err(error) if any_port && error.kind() == io::ErrorKind::AddrInUse => {}
                bound => return bound,
            }
        }
        Self::bind_once(addresses)
    }

    fn bind_once(addresses: &[SocketAddr]) -> io::Result<Self> {
        let mut listeners: Vec<ShutOnDrop<TcpListener>> = Vec::new();
        for address in addresses {
            let mut address = *address;
            if let Some(first) = listeners.first() {
                address.set_port(first.local_addr()?.port());
            }
            listeners.push(ShutOnDrop(listen(address)?));
        }
        match listeners.first().map(|listener| listener.local_addr()) {
            Some(address) => Ok(Server { address: address?, listeners, options: Options::default() }),
            None => Err(io::Error::new(io::ErrorKind::InvalidInput, "an epmd without an address to listen on")),
        }
    }

    /// With other options than the default ones.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Where it listens; the first address of several.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is ready or somebody kills it. All connections end with it.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Ended {
        let shared = Arc::new(Shared::default());
        let options = self.options.clone().within(descriptors());
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        let mut killed = pin!(shared.killed.notified());
        let mut next_id = 0;
        loop {
            let next = poll_fn(|context| {
                if shutdown.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Next::End(Ended::Shutdown));
                }
                if killed.as_mut().poll(context).is_ready() {
                    return Poll::Ready(Next::End(Ended::Killed));
                }
                while let Poll::Ready(Some(_)) = connections.poll_join_next(context) {}
                for listener in &self.listeners {
                    if let Poll::Ready(accepted) = listener.poll_accept(context) {
                        return Poll::Ready(Next::Accepted(accepted));
                    }
                }
                Poll::Pending
            });
            match next.await {
                Next::End(ended) => return ended,
                Next::Accepted(Ok((stream, peer))) => {
                    shared.make_room(options.max_waiting.saturating_sub(1));
                    next_id += 1;
                    self.start(&mut connections, &shared, next_id, stream, peer, &options);
                }
                Next::Accepted(Err(error)) if is_of_the_peer(&error) => {}
                Next::Accepted(Err(error)) => {
                    // Most likely there are no more file descriptors. Some of those who wait give theirs back,
                    // and the pause keeps this from turning in circles.
                    if let Some(left_out) = shared.not_accepted.admit(Instant::now()) {
                        tracing::warn!(%error, left_out, "epmd cannot accept connections");
                    }
                    let waiting = shared.state().waiting.len();
                    shared.make_room(waiting - waiting.div_ceil(4));
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
        }
    }

    fn start(
        &self,
        connections: &mut JoinSet<()>,
        shared: &Arc<Shared>,
        id: u64,
        stream: TcpStream,
        peer: SocketAddr,
        options: &Options,
    ) {
        let guard = Guard { shared: Arc::clone(shared), id };
        // Held until the task is in the books, so that it cannot end before.
        let mut state = shared.state();
        let task = connections.spawn(connection::serve(stream, peer, self.address.port(), guard, options.clone()));
        state.waiting.enter(id, peer.ip(), task);
    }
}

/// As [`TcpListener::bind`], for one family of addresses alone.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if address.is_ipv6() {
        set_ipv6_v6only(&socket, true)?;
    }
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// What the server has to do next.
enum Next {
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    End(Ended),
}

/// Errors of one connection that never came to be.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
