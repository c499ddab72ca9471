//! An epmd in this process.
mod connection;
mod registry;
mod request;

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use self::connection::Guard;
use self::registry::Registry;
pub(super) use self::request::Request;
use super::Entry;

/// What a [`Server`] allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// How long a connection may take to make its request and get its answer.
    pub idle: Duration,
    /// How many connections may be without a registration. The oldest goes when one more comes.
    pub max_waiting: usize,
    /// How many nodes can be registered.
    pub max_nodes: usize,
    /// Let nodes of this host take away registrations of others, and stop the server while nodes are
    /// registered (`epmd -relaxed_command_check`).
    pub relaxed: bool,
}

impl Default for Options {
    /// 60 seconds, 256 connections, 1,000 nodes, not relaxed.
    fn default() -> Self {
        Options { idle: Duration::from_secs(60), max_waiting: 256, max_nodes: 1000, relaxed: false }
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
    listeners: Vec<TcpListener>,
    address: SocketAddr,
    options: Options,
}

/// What connections share.
#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    killed: Notify,
}

#[derive(Debug, Default)]
struct State {
    registry: Registry,
    /// Connections without a registration, the oldest first.
    waiting: BTreeMap<u64, AbortHandle>,
    /// Connections that hold a registration.
    holding: HashMap<u64, AbortHandle>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a node and keeps its connection from being taken for an idle one.
    fn register(&self, entry: Entry, connection: u64, max_nodes: usize) -> Option<u32> {
        let mut state = self.state();
        if state.registry.len() >= max_nodes {
            return None;
        }
        let creation = state.registry.register(entry, connection)?;
        if let Some(task) = state.waiting.remove(&connection) {
            state.holding.insert(connection, task);
        }
        Some(creation)
    }

    /// Ends the connection that holds a name. False if nobody does.
    fn stop(&self, name: &str) -> bool {
        let mut state = self.state();
        let Some(connection) = state.registry.holder(name) else { return false };
        state.registry.unregister(connection);
        if let Some(task) = state.holding.remove(&connection) {
            task.abort();
        }
        true
    }

    /// Ends the oldest connections until no more than `keep` are without a registration.
    fn make_room(&self, keep: usize) {
        let mut state = self.state();
        while state.waiting.len() > keep {
            if let Some((_, task)) = state.waiting.pop_first() {
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
    /// the first one.
    pub async fn bind_all(addresses: &[SocketAddr]) -> io::Result<Self> {
        let mut listeners: Vec<TcpListener> = Vec::new();
        for address in addresses {
            let mut address = *address;
            if let Some(first) = listeners.first() {
                address.set_port(first.local_addr()?.port());
            }
            listeners.push(TcpListener::bind(address).await?);
        }
        match listeners.first().map(TcpListener::local_addr) {
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
                    shared.make_room(self.options.max_waiting.saturating_sub(1));
                    next_id += 1;
                    self.start(&mut connections, &shared, next_id, stream, peer);
                }
                Next::Accepted(Err(error)) if is_of_the_peer(&error) => {}
                Next::Accepted(Err(error)) => {
                    // Most likely there are no more file descriptors. Whoever waits longest gives one back,
                    // and the pause keeps this from turning in circles.
                    tracing::warn!(%error, "epmd cannot accept connections");
                    let waiting = shared.state().waiting.len();
                    shared.make_room(waiting.saturating_sub(1));
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }

    fn start(&self, connections: &mut JoinSet<()>, shared: &Arc<Shared>, id: u64, stream: TcpStream, peer: SocketAddr) {
        let guard = Guard { shared: Arc::clone(shared), id };
        // Held until the task is in the books, so that it cannot end before.
        let mut state = shared.state();
        let task = connections.spawn(connection::serve(stream, peer, self.address.port(), guard, self.options.clone()));
        state.waiting.insert(id, task);
    }
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
