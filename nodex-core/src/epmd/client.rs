//! Asking epmd, and being registered with it.
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use erl_dist::epmd as protocol;
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use super::bounded::Bounded;
use super::{Entry, EpmdError, ResponseProblem, address, names};
use crate::socket::ShutOnDrop;

/// How long a request may take unless something else is said.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// Longest list of names that is read, in bytes; epmd itself holds at most some thousand nodes.
const NAMES_LIMIT: usize = 4 << 20;
/// Longest other answer: a node with the longest name and the longest extra field.
const ENTRY_LIMIT: usize = 4 << 10;

/// Speaks with the epmd at one address. Every request has its own connection and its own deadline.
#[derive(Debug, Clone, Copy)]
pub struct Client {
    address: SocketAddr,
    timeout: Duration,
}

/// A registration. It lasts as long as this value and epmd live.
#[derive(Debug)]
pub struct Registered {
    stream: ShutOnDrop<TcpStream>,
    creation: u32,
}

impl Registered {
    /// The incarnation that epmd gave to the node; 1 to 3 from an epmd before OTP 23.
    pub fn creation(&self) -> u32 {
        self.creation
    }

    /// Waits until epmd is gone, and the registration with it. A node then registers again every
    /// two seconds, and keeps the creation that it has.
    pub async fn lost(&mut self) {
        let mut buffer = [0; 16];
        while let Ok(1..) = self.stream.0.read(&mut buffer).await {}
    }
}

impl Client {
    /// For the epmd at this address.
    pub fn new(address: SocketAddr) -> Self {
        Client { address, timeout: DEFAULT_TIMEOUT }
    }

    /// For the epmd of this host, where nodes register: [`local_address`](super::local_address).
    pub fn local() -> Result<Self, EpmdError> {
        address::local_address().map(Client::new)
    }

    /// For the epmd of a host by name or address, at the [`port`](super::port) that all hosts share.
    /// Of several addresses the first is taken.
    pub async fn at_host(host: &str) -> Result<Self, EpmdError> {
        let port = address::port()?;
        let unknown = |source| EpmdError::UnknownHost { host: host.to_owned(), source };
        let mut addresses = tokio::net::lookup_host((host, port)).await.map_err(unknown)?;
        let first = addresses.next().ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))?;
        Ok(Client::new(first))
    }

    /// With another deadline for each request.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Where this epmd is.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where the node with this name (the part before the `@`) listens.
    pub async fn lookup(&self, name: &str) -> Result<Entry, EpmdError> {
        const REQUEST: &str = "port";
        check_name(name)?;
        let found = self
            .request(REQUEST, ENTRY_LIMIT, async |stream| protocol::EpmdClient::new(stream).get_node(name).await)
            .await?;
        let Some(found) = found else {
            return Err(EpmdError::NotRegistered { name: name.to_owned(), address: self.address });
        };
        if found.name != name {
            let problem = ResponseProblem::OtherNode { name: found.name };
            return Err(EpmdError::InvalidResponse { address: self.address, request: REQUEST, problem });
        }
        Ok(Entry {
            name: found.name,
            port: found.port,
            node_type: found.node_type.into(),
            protocol: found.protocol.into(),
            highest_version: found.highest_version,
            lowest_version: found.lowest_version,
            extra: found.extra,
        })
    }

    /// The names and ports of all nodes.
    pub async fn names(&self) -> Result<Vec<(String, u16)>, EpmdError> {
        self.request("names", NAMES_LIMIT, async |stream| Ok(names::request(stream).await?)).await
    }

    /// Registers a node until the result is dropped.
    pub async fn register(&self, entry: &Entry) -> Result<Registered, EpmdError> {
        check_name(&entry.name)?;
        let node = protocol::NodeEntry {
            name: entry.name.clone(),
            port: entry.port,
            // Not `NodeType::Hidden`, which is 72: hidden nodes are 104.
            node_type: protocol::NodeType::Other(entry.node_type),
            protocol: entry.protocol.into(),
            highest_version: entry.highest_version,
            lowest_version: entry.lowest_version,
            extra: entry.extra.clone(),
        };
        let registered = self
            .request("registration", ENTRY_LIMIT, async |stream| {
                match protocol::EpmdClient::new(stream).register(node).await {
                    Ok((stream, creation)) => Ok(Some((stream, creation))),
                    // There is one code for everything; all else that it may mean has been checked before.
                    Err(protocol::EpmdError::RegisterNodeError { .. }) => Ok(None),
                    Err(error) => Err(error),
                }
            })
            .await?;
        match registered {
            Some((stream, creation)) => {
                Ok(Registered { stream: ShutOnDrop(stream.into_inner().into_inner()), creation: creation.get() })
            }
            None => Err(EpmdError::NameTaken { name: entry.name.clone(), address: self.address }),
        }
    }

    /// Connects and makes one request, all within the deadline.
    async fn request<T>(
        &self,
        request: &'static str,
        limit: usize,
        exchange: impl AsyncFnOnce(Bounded<Compat<TcpStream>>) -> Result<T, protocol::EpmdError>,
    ) -> Result<T, EpmdError> {
        let Client { address, timeout } = *self;
        let all = async {
            let stream = TcpStream::connect(address).await.map_err(|source| match source.kind() {
                io::ErrorKind::ConnectionRefused => EpmdError::NotRunning { address },
                _ => EpmdError::Unreachable { address, source },
            })?;
            exchange(Bounded::new(stream.compat(), limit)).await.map_err(|error| self.invalid(request, error))
        };
        tokio::time::timeout(timeout, all).await.unwrap_or(Err(EpmdError::Timeout { address, request, timeout }))
    }

    fn invalid(&self, request: &'static str, error: protocol::EpmdError) -> EpmdError {
        let address = self.address;
        let problem = match error {
            protocol::EpmdError::Io(source) => match source.kind() {
                io::ErrorKind::UnexpectedEof => ResponseProblem::Truncated,
                io::ErrorKind::InvalidData => {
                    source.downcast().unwrap_or_else(|other| ResponseProblem::Malformed(other.into()))
                }
                _ => return EpmdError::Unreachable { address, source },
            },
            protocol::EpmdError::UnknownResponseTag { tag, .. } => ResponseProblem::UnknownTag { tag },
            other => ResponseProblem::Malformed(other.into()),
        };
        EpmdError::InvalidResponse { address, request, problem }
    }
}

fn check_name(name: &str) -> Result<(), EpmdError> {
    if name.is_empty() || name.chars().count() > 255 || name.contains('\0') {
        return Err(EpmdError::InvalidName { name: name.to_owned() });
    }
    Ok(())
}
