//! The client: lookups and registrations.
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncReadCompatExt as _};

use super::bounded::Bounded;
use super::exchange::{self, Fault};
use super::{Entry, EpmdError, ResponseProblem, address, names};
use crate::socket::ShutOnDrop;

/// How long a request may take by default.
pub const DEFAULT_TIMEOUT: Duration = Duration::from_secs(5);

/// The longest list of names that is read, in bytes; an epmd holds some thousand nodes at most.
const NAMES_LIMIT: usize = 4 << 20;
/// The longest other answer: a node with the longest name and the longest extra field.
const ENTRY_LIMIT: usize = 4 << 10;

/// A client of the epmd at one address. Every request has its own connection and its own deadline.
///
/// ```no_run
/// # async fn find() -> Result<(), nodex_core::epmd::EpmdError> {
/// use nodex_core::epmd::Client;
///
/// let epmd = Client::at_host("127.0.0.1").await?;
/// println!("calc listens on port {}", epmd.lookup("calc").await?.port);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Client {
    address: SocketAddr,
    timeout: Duration,
}

/// A registration with epmd. It ends when this value is dropped, or when epmd ends.
#[derive(Debug)]
pub struct Registered {
    stream: ShutOnDrop<TcpStream>,
    creation: u32,
}

impl Registered {
    /// Returns the incarnation that epmd gave to the node; 1 to 3 from an epmd before OTP 23.
    pub fn creation(&self) -> u32 {
        self.creation
    }

    /// Waits until epmd has ended, and with it the registration. OTP's nodes then try to register again every two
    /// seconds, and keep their creation.
    pub async fn lost(&mut self) {
        let mut buffer = [0; 16];
        while let Ok(1..) = self.stream.0.read(&mut buffer).await {}
    }
}

impl Client {
    /// Creates a client of the epmd at this address.
    pub fn new(address: SocketAddr) -> Self {
        Client { address, timeout: DEFAULT_TIMEOUT }
    }

    /// Creates a client of the epmd of this host, at [`local_address`](super::local_address).
    ///
    /// # Errors
    /// Returns an error when an environment variable cannot be used.
    pub fn local() -> Result<Self, EpmdError> {
        address::local_address().map(Client::new)
    }

    /// Creates a client of the epmd of a host, given by name or address, at the [`port`](super::port) that all hosts
    /// share. Uses the first of several addresses.
    ///
    /// # Errors
    /// Returns an error when the host is unknown, or an environment variable cannot be used.
    pub async fn at_host(host: &str) -> Result<Self, EpmdError> {
        let port = address::port()?;
        let unknown = |source| EpmdError::UnknownHost { host: host.to_owned(), source };
        let mut addresses = tokio::net::lookup_host((host, port)).await.map_err(unknown)?;
        let first = addresses.next().ok_or_else(|| unknown(io::ErrorKind::NotFound.into()))?;
        Ok(Client::new(first))
    }

    /// Sets the deadline of each request. Default: [`DEFAULT_TIMEOUT`].
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the address of this epmd.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Looks up a node by its name, the part before the `@`.
    ///
    /// # Errors
    /// Returns an error when no node is registered under this name, or epmd does not answer.
    pub async fn lookup(&self, name: &str) -> Result<Entry, EpmdError> {
        const REQUEST: &str = "port";
        check_name(name)?;
        let found = self.request(REQUEST, ENTRY_LIMIT, async |stream| exchange::lookup(stream, name).await).await?;
        let Some(found) = found else {
            return Err(EpmdError::NotRegistered { name: name.to_owned(), address: self.address });
        };
        if found.name != name {
            let problem = ResponseProblem::OtherNode { name: found.name };
            return Err(EpmdError::InvalidResponse { address: self.address, request: REQUEST, problem });
        }
        Ok(found)
    }

    /// Returns the names and ports of all registered nodes.
    ///
    /// # Errors
    /// Returns an error when epmd does not answer.
    pub async fn names(&self) -> Result<Vec<(String, u16)>, EpmdError> {
        self.request("names", NAMES_LIMIT, async |stream| Ok(names::request(stream).await?)).await
    }

    /// Registers a node until the result is dropped.
    ///
    /// # Errors
    /// Returns an error when the name is taken or not acceptable, or epmd does not answer.
    pub async fn register(&self, entry: &Entry) -> Result<Registered, EpmdError> {
        check_name(&entry.name)?;
        // There is one code for every refusal; all else that it may mean has been checked before.
        let registered =
            self.request("registration", ENTRY_LIMIT, async |stream| exchange::register(stream, entry).await).await?;
        match registered {
            Some((stream, creation)) => {
                Ok(Registered { stream: ShutOnDrop(stream.into_inner().into_inner()), creation })
            }
            None => Err(EpmdError::NameTaken { name: entry.name.clone(), address: self.address }),
        }
    }

    /// Connects and makes one request within the deadline.
    async fn request<T>(
        &self,
        request: &'static str,
        limit: usize,
        exchange: impl AsyncFnOnce(Bounded<Compat<TcpStream>>) -> Result<T, Fault>,
    ) -> Result<T, EpmdError> {
        let Client { address, timeout } = *self;
        let all = async {
            let stream = TcpStream::connect(address).await.map_err(|source| match source.kind() {
                io::ErrorKind::ConnectionRefused => EpmdError::NotRunning { address },
                _ => EpmdError::Unreachable { address, source },
            })?;
            exchange(Bounded::new(stream.compat(), limit)).await.map_err(|fault| self.invalid(request, fault))
        };
        tokio::time::timeout(timeout, all).await.unwrap_or(Err(EpmdError::Timeout { address, request, timeout }))
    }

    fn invalid(&self, request: &'static str, fault: Fault) -> EpmdError {
        let address = self.address;
        let problem = match fault {
            Fault::Io(source) => match source.kind() {
                io::ErrorKind::UnexpectedEof => ResponseProblem::Truncated,
                io::ErrorKind::InvalidData => {
                    source.downcast().unwrap_or_else(|other| ResponseProblem::Malformed(other.into()))
                }
                _ => return EpmdError::Unreachable { address, source },
            },
            Fault::Tag(tag) => ResponseProblem::UnknownTag { tag },
            Fault::Result(code) => ResponseProblem::UnknownResult { code },
            #[cfg(feature = "erl_dist")]
            Fault::Other(error) => ResponseProblem::Malformed(error),
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
