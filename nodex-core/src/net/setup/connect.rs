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
    epmd::EpmdError,
    protocol::{
        NameError,
        channel::LinkEnd,
        handshake::{Established, Framing, HandshakeError, Initiator, Local, NameProblem, SETUP_TIME},
    },
    random,
};

/// An established connection.
#[derive(Debug)]
pub(crate) struct Connected {
    pub(crate) socket: TcpStream,
    pub(crate) established: Established,
}

/// Why a connection to a node failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The name is not a full node name.
    #[error(transparent)]
    Name(NameError),
    /// The name is this node's own.
    #[error("{0} is this node itself")]
    Itself(String),
    /// The host is unknown.
    #[error("the host of {node} cannot be resolved")]
    Resolve {
        /// The node.
        node: String,
        /// What the resolver says.
        #[source]
        error: io::Error,
    },
    /// epmd is not running, does not answer, or does not know the node.
    #[error("{node} cannot be found")]
    Epmd {
        /// The node.
        node: String,
        /// What went wrong with epmd.
        #[source]
        error: EpmdError,
    },
    /// The node's port does not answer.
    #[error("{node} is registered at {address}, but cannot be connected to there")]
    Tcp {
        /// The node.
        node: String,
        /// Where it was said to be.
        address: SocketAddr,
        /// Why not.
        #[source]
        error: io::Error,
    },
    /// The system has no random numbers for the challenge.
    #[error("no challenge for the handshake with {node} can be made")]
    Random {
        /// The node.
        node: String,
        /// What the system says.
        #[source]
        error: io::Error,
    },
    /// The connection broke during the handshake.
    #[error("the connection to {node} failed while waiting for the {waiting_for} message")]
    Io {
        /// The node.
        node: String,
        /// Which handshake message was due.
        waiting_for: &'static str,
        /// Why.
        #[source]
        error: io::Error,
    },
    /// The handshake failed.
    #[error("{node} cannot be connected to")]
    Handshake {
        /// The node.
        node: String,
        /// On what.
        #[source]
        error: HandshakeError,
    },
    /// The peer broke the protocol right after the handshake.
    #[error("the connection to {node} ended at once")]
    Ended {
        /// The node.
        node: String,
        /// Why.
        #[source]
        end: LinkEnd,
    },
    /// The attempt was cancelled.
    #[error("the attempt to connect to {node} was given up")]
    Abandoned {
        /// The node.
        node: String,
    },
    /// The attempt took too long.
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

/// Connects to `node`, within [`SETUP_TIME`].
pub(crate) async fn connect(
    local: Local,
    node: &str,
    locate: Locate,
    replace: bool,
) -> Result<Connected, ConnectError> {
    connect_by(Instant::now() + SETUP_TIME, local, node, locate, replace, || true).await
}

/// How long a node that starts waits until its host has noticed that the previous node of its name has ended. A host
/// needs milliseconds for that, unless it is very busy.
const ALIVE_LIMIT: Duration = Duration::from_secs(2);

/// Connects to the host of this node, within [`SETUP_TIME`]. The host cannot connect to this node.
///
/// When a process of the host calls this node, the host tries to connect, and fails. During that attempt it may refuse
/// ours (`nok`), which is then repeated. It is also repeated while the host has not noticed that the previous node of
/// this name has ended (`alive`); if that node is running, the name is taken.
pub(crate) async fn connect_to_host(local: Local, node: &str, locate: Locate) -> Result<Connected, ConnectError> {
    let deadline = Instant::now() + SETUP_TIME;
    let (mut until, mut alive, mut refused, mut pauses) = (deadline, false, None, Pauses::default());
    loop {
        let error = match connect_by(until, local.clone(), node, locate, false, || true).await {
            Ok(connected) => return Ok(connected),
            Err(error) => error,
        };
        match obstacle(&error, refused.is_some()) {
            Some(Obstacle::Connecting) => {
                (until, alive) = (deadline, false);
                refused = Some(error);
            }
            Some(Obstacle::Alive) => {
                if !alive {
                    (until, alive) = (deadline.min(Instant::now() + ALIVE_LIMIT), true);
                }
                refused = Some(error);
            }
            Some(Obstacle::Earlier) => {}
            None => {
                return Err(match (error, refused) {
                    (ConnectError::Timeout { .. }, Some(refused)) => refused,
                    (error, _) => error,
                });
            }
        }
        let pause = pauses.next_pause();
        match refused {
            Some(refused) if Instant::now() + pause >= until => return Err(refused),
            _ => tokio::time::sleep(pause).await,
        }
    }
}

/// Another connection between the two nodes that prevents an attempt while it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// The peer is connecting to us.
    Connecting,
    /// The peer has a connection with a node of our name.
    Alive,
    /// The peer has not decided about an earlier attempt of ours. Nodes of OTP then close without an answer.
    Earlier,
}

/// Returns what prevented an attempt; `before` says whether something prevented the previous one.
pub(crate) fn obstacle(error: &ConnectError, before: bool) -> Option<Obstacle> {
    let ConnectError::Handshake { error, .. } = error else { return None };
    match error {
        HandshakeError::Nok { .. } => Some(Obstacle::Connecting),
        HandshakeError::AlreadyConnected { .. } => Some(Obstacle::Alive),
        HandshakeError::Closed { waiting_for } if before && *waiting_for == HandshakeError::STATUS => {
            Some(Obstacle::Earlier)
        }
        _ => None,
    }
}

/// The pauses between attempts that another connection prevents: each twice as long as the one before, up to a limit,
/// with a random part.
#[derive(Debug)]
pub(crate) struct Pauses(Duration);

impl Default for Pauses {
    fn default() -> Self {
        Pauses(Duration::from_millis(2))
    }
}

impl Pauses {
    const LONGEST: Duration = Duration::from_millis(100);

    pub(crate) fn next_pause(&mut self) -> Duration {
        let longest = self.0;
        self.0 = (longest * 2).min(Self::LONGEST);
        longest.mul_f64(0.5 + f64::from(random::any() as u32) / f64::from(u32::MAX) / 2.0)
    }
}

/// Like [`connect`], within the rest of [`SETUP_TIME`]. `speaks` is called before the peer learns our name; `false`
/// ends the attempt, of which the peer then knows nothing.
pub(crate) async fn connect_by(
    deadline: Instant,
    local: Local,
    node: &str,
    locate: Locate,
    replace: bool,
    speaks: impl FnOnce() -> bool,
) -> Result<Connected, ConnectError> {
    let late = |waiting_for| ConnectError::Timeout { node: node.to_owned(), waiting_for, limit: SETUP_TIME };
    let (name, host) = node.split_once('@').ok_or_else(|| {
        ConnectError::Name(NameError::Node { name: node.to_owned(), problem: NameProblem::NotNameAtHost })
    })?;
    let resolve = |error| ConnectError::Resolve { node: node.to_owned(), error };
    let hosts = timeout_at(deadline, resolve_host(host)).await.map_err(|_| late("address"))?.map_err(resolve)?;

    let mut last = None;
    for host in hosts {
        let result =
            timeout_at(deadline, dial(node, name, host, locate)).await.map_err(|_| late("answer to the connection"))?;
        match result {
            Ok(socket) => return shake(socket, local, node, replace, deadline, speaks).await,
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| resolve(io::ErrorKind::NotFound.into())))
}

/// Returns the addresses of a host. A literal address needs no resolver.
pub(crate) async fn resolve_host(host: &str) -> io::Result<Vec<IpAddr>> {
    if let Ok(address) = host.parse() {
        return Ok(vec![address]);
    }
    Ok(tokio::net::lookup_host((host, 0)).await?.map(|address| address.ip()).collect())
}

/// Connects to a node at a known address.
pub(crate) async fn connect_at(
    deadline: Instant,
    local: Local,
    node: &str,
    address: SocketAddr,
    replace: bool,
) -> Result<Connected, ConnectError> {
    let late =
        |_| ConnectError::Timeout { node: node.to_owned(), waiting_for: "answer to the connection", limit: SETUP_TIME };
    let socket = timeout_at(deadline, open(node, address)).await.map_err(late)??;
    shake(socket, local, node, replace, deadline, || true).await
}

async fn dial(node: &str, name: &str, host: IpAddr, locate: Locate) -> Result<TcpStream, ConnectError> {
    let unknown = |error| ConnectError::Epmd { node: node.to_owned(), error };
    open(node, locate.find(name, host).await.map_err(unknown)?).await
}

async fn open(node: &str, address: SocketAddr) -> Result<TcpStream, ConnectError> {
    let tcp = |error| ConnectError::Tcp { node: node.to_owned(), address, error };
    let socket = TcpStream::connect(address).await.map_err(tcp)?;
    // Without this, replies wait for the peer's delayed acknowledgements.
    socket.set_nodelay(true).map_err(tcp)?;
    Ok(socket)
}

async fn shake(
    mut socket: TcpStream,
    local: Local,
    node: &str,
    replace: bool,
    deadline: Instant,
    speaks: impl FnOnce() -> bool,
) -> Result<Connected, ConnectError> {
    let failed = |error| ConnectError::Handshake { node: node.to_owned(), error };
    let challenge = random::challenge().map_err(|error| ConnectError::Random { node: node.to_owned(), error })?;
    let mut initiator = Initiator::new(local, node, Framing::Two, challenge).map_err(failed)?.replace_existing(replace);
    if !speaks() {
        return Err(ConnectError::Abandoned { node: node.to_owned() });
    }
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
