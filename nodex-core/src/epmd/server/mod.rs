//! An epmd in this process.
mod connection;
mod options;
mod owners;
mod registry;
mod request;
mod shared;

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use rustix::net::sockopt::set_ipv6_v6only;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::task::JoinSet;

use self::connection::Guard;
pub use self::options::Options;
pub(super) use self::request::Request;
use self::shared::Shared;
use crate::socket::ShutOnDrop;
use crate::{error::Chain, limits::descriptors};

/// Why a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// Its owner shut it down.
    Shutdown,
    /// `epmd -kill` asked for it while no node was registered.
    Killed,
}

/// An epmd for nodes of this host.
///
/// It answers every request of the protocol. Registrations, and requests for more than names and ports, are accepted
/// from this host only.
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

impl Server {
    /// Listens on one address; with port 0, on a free port.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        Self::bind_all(&[address]).await
    }

    /// Listens on several addresses, such as both loopback addresses, all with the port of the first one. If that is 0,
    /// the port is one that is free on all of them. An address of IPv6 takes no IPv4 connections.
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

    /// Sets the options.
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }

    /// Returns the address on which it listens; the first of several.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` is ready or `epmd -kill` ends it. All connections end with the server.
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
                        tracing::warn!(error = %Chain(&error), left_out, "epmd cannot accept connections");
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

/// Like [`TcpListener::bind`], for one family of addresses only.
fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if address.is_ipv6() {
        set_ipv6_v6only(&socket, true)?;
    }
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(1024)
}

/// What the server does next.
enum Next {
    Accepted(io::Result<(TcpStream, SocketAddr)>),
    End(Ended),
}

/// Returns whether an error concerns only the connection that was being accepted.
fn is_of_the_peer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
