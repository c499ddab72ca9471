//! From the name of a node to an established connection.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, timeout_at},
};

use super::Locate;
use crate::{
    dist::handshake::{Established, Framing, HandshakeError, Initiator, Local, SETUP_TIME},
    epmd::EpmdError,
};

/// An established connection.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) socket: TcpStream,
    pub(crate) established: Established,
}

/// Why a node cannot be connected to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name is no full node name.
    #[error("{0:?} is no node name: it has no @")]
    Name(String),
    /// The name is this node's own.
    #[error("{0} is this node itself")]
    Itself(String),
    /// The host is unknown.
    #[error("the host of {node} cannot be resolved: {error}")]
    Resolve {
        /// The node.
        node: String,
        /// What the resolver says.
        error: io::Error,
    },
    /// epmd is not there, does not answer, or does not know the node.
    #[error("{node} cannot be found: {error}")]
    Epmd {
        /// The node.
        node: String,
        /// What went wrong with epmd.
        error: EpmdError,
    },
    /// The node's port does not answer.
    #[error("{node} is registered at {address}, but cannot be connected to there: {error}")]
    Tcp {
        /// The node.
        node: String,
        /// Where it was said to be.
        address: SocketAddr,
        /// Why not.
        error: io::Error,
    },
    /// The connection broke during the handshake.
    #[error("the connection to {node} failed while waiting for the {waiting_for} message: {error}")]
    Io {
        /// The node.
        node: String,
        /// Which handshake message was due.
        waiting_for: &'static str,
        /// Why.
        error: io::Error,
    },
    /// The nodes do not agree.
    #[error("{node} cannot be connected to: {error}")]
    Handshake {
        /// The node.
        node: String,
        /// On what.
        error: HandshakeError,
    },
    /// The peer broke the protocol right after the handshake.
    #[error("the connection to {node} ended at once: {reason}")]
    Ended {
        /// The node.
        node: String,
        /// Why.
        reason: String,
    },
    /// Nobody tried to the end.
    #[error("the attempt to connect to {node} was given up")]
    Abandoned {
        /// The node.
        node: String,
    },
    /// It took too long.
    #[error("{node} did not answer within {limit:?}: no {waiting_for}")]
    Timeout {
        /// The node.
        node: String,
        /// What was due.
        waiting_for: &'static str,
        /// The limit.
        limit: Duration,
    },
}

/// Connects to `node`, all within [`SETUP_TIME`].
pub(crate) async fn connect(
    local: Local,
    node: &str,
    locate: Locate,
    replace: bool,
) -> Result<Connected, ConnectError> {
    connect_by(Instant::now() + SETUP_TIME, local, node, locate, replace).await
}

/// [`connect`] within what is left of [`SETUP_TIME`].
pub(crate) async fn connect_by(
    deadline: Instant,
    local: Local,
    node: &str,
    locate: Locate,
    replace: bool,
) -> Result<Connected, ConnectError> {
    let late = |waiting_for| ConnectError::Timeout { node: node.to_owned(), waiting_for, limit: SETUP_TIME };
    let (name, host) = node.split_once('@').ok_or_else(|| ConnectError::Name(node.to_owned()))?;
    let resolve = |error| ConnectError::Resolve { node: node.to_owned(), error };
    let hosts = timeout_at(deadline, resolve_host(host)).await.map_err(|_| late("address"))?.map_err(resolve)?;

    let mut last = None;
    for host in hosts {
        let result =
            timeout_at(deadline, dial(node, name, host, locate)).await.map_err(|_| late("answer to the connection"))?;
        match result {
            Ok(socket) => {
                let initiator = Initiator::new(local, node, Framing::Two, random_challenge())
                    .map_err(|error| ConnectError::Handshake { node: node.to_owned(), error })?
                    .replace_existing(replace);
                return shake(socket, node, initiator, deadline).await;
            }
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| resolve(io::ErrorKind::NotFound.into())))
}

/// The addresses of a host; a literal address needs no resolver.
pub(crate) async fn resolve_host(host: &str) -> io::Result<Vec<IpAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
}

async fn dial(node: &str, name: &str, host: IpAddr, locate: Locate) -> Result<TcpStream, ConnectError> {
    let unknown = |error| ConnectError::Epmd { node: node.to_owned(), error };
    let address = locate.find(name, host).await.map_err(unknown)?;
    let tcp = |error| ConnectError::Tcp { node: node.to_owned(), address, error };
    let socket = TcpStream::connect(address).await.map_err(tcp)?;
    // Without this, replies wait for the peer's delayed acknowledgements.
    socket.set_nodelay(true).map_err(tcp)?;
    Ok(socket)
}

async fn shake(
    mut socket: TcpStream,
    node: &str,
    mut initiator: Initiator,
    deadline: Instant,
) -> Result<Connected, ConnectError> {
    let failed = |error| ConnectError::Handshake { node: node.to_owned(), error };
    let mut input = [0; 1024];
    loop {
        let waiting_for = initiator.waiting_for();
        let broken = |error| ConnectError::Io { node: node.to_owned(), waiting_for, error };
        let output = initiator.take_output();
        let step = async {
            socket.write_all(&output).await?;
            socket.read(&mut input).await
        };
        let count = match timeout_at(deadline, step).await {
            Err(_) => {
                return Err(ConnectError::Timeout { node: node.to_owned(), waiting_for, limit: SETUP_TIME });
            }
            // A peer that refuses us may have closed with our bytes unread, which arrives as a reset.
            Ok(Err(error)) if matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe) => {
                return Err(failed(initiator.handle_eof()));
            }
            Ok(Err(error)) => return Err(broken(error)),
            Ok(Ok(0)) => return Err(failed(initiator.handle_eof())),
            Ok(Ok(count)) => count,
        };
        match initiator.handle_input(&input[..count]) {
            Ok(Some(established)) => return Ok(Connected { socket, established }),
            Ok(None) => {}
            Err(error) => {
                // Tell the peer why, if there is something to tell; the error stands whether it hears it or not.
                let _ = timeout_at(deadline, socket.write_all(&initiator.take_output())).await;
                return Err(failed(error));
            }
        }
    }
}

/// A number that the peer cannot guess.
pub(crate) fn random_challenge() -> u32 {
    random_bits()
}

/// 32 random bits from the system.
pub(crate) fn random_bits() -> u32 {
    erl_dist::node::Creation::random().get()
}
