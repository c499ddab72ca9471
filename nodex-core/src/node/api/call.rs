//! Calls and messages from this node to processes of other nodes.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, timeout_at};

use super::{
    node::Node,
    refusal::{Line, Refusal},
};
use crate::{
    convert::{DecodeError, FromTerm, IntoTerm},
    etf::{Decoder, EncodeError},
    net::ConnectError,
    node::{
        connection::{
            outgoing::{Destination, OutgoingMonitor, destination, push_message},
            peer::Peer,
        },
        process::{
            table::ProcessTable,
            waiting::{Outcome, ReplyFilter},
        },
    },
    protocol::{NameError, control::UnsupportedControl},
    term::{Atom, RawTerm},
};

/// Why a call has no reply.
///
/// Each error that nodes made with this library answer has a variant of its own; [`CallError::reply`] returns the
/// undecoded answer.
///
/// ```
/// use nodex_core::{atom, node::{CallError, Functions, testing::TestNode}};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let node = TestNode::serve(Functions::new().add("half", |n: i64| n / 2)).await?;
/// let error = node.request::<i64>((atom!("half"), "7")).await.unwrap_err();
/// let CallError::BadArgument { text, .. } = &error else { panic!("{error}") };
/// assert_eq!(&**text, "half: argument 1: expected integer, got binary");
/// let error = node.call::<i64>(atom!("third")).await.unwrap_err();
/// assert!(matches!(error, CallError::UnknownFunction { .. }));
/// assert_eq!(error.reply().unwrap().to_string(), "{error,unknown_call}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// No node or no process can have the name that was given.
    #[error(transparent)]
    Name(#[from] NameError),
    /// No reply arrived in time. A later one is dropped.
    #[error("no reply within {limit:?}")]
    Timeout {
        /// The time limit.
        limit: Duration,
    },
    /// The node cannot be connected to.
    #[error(transparent)]
    Connect(Arc<ConnectError>),
    /// The connection was lost before the reply came.
    #[error("the connection was lost before a reply came")]
    NoConnection,
    /// There is no such process.
    #[error("there is no such process")]
    NoProcess,
    /// The process ended before it replied.
    #[error("the process ended before it replied: {reason:.1000}")]
    Exit {
        /// Its exit reason.
        reason: RawTerm,
    },
    /// `{error, unknown_call}`: the process has no function of this name and arity.
    #[error("it answered with an error: it has no such function (unknown_call)")]
    #[non_exhaustive]
    UnknownFunction {
        /// As it came.
        reply: RawTerm,
        /// Where it differs from what was expected.
        #[source]
        error: DecodeError,
    },
    /// `{error, {badarg, Text}}`: an argument has a type that the function does not accept.
    #[error("it answered with an error: badarg: {}", Line(.text))]
    #[non_exhaustive]
    BadArgument {
        /// Which argument, and why; cut to 4 KiB.
        text: Box<str>,
        /// As it came.
        reply: RawTerm,
        /// Where it differs from what was expected.
        #[source]
        error: DecodeError,
    },
    /// `{error, {panic, Text}}`: the function panicked.
    #[error("it answered with an error: panic: {}", Line(.text))]
    #[non_exhaustive]
    Panic {
        /// The function and its message; cut to 4 KiB.
        text: Box<str>,
        /// As it came.
        reply: RawTerm,
        /// Where it differs from what was expected.
        #[source]
        error: DecodeError,
    },
    /// `{error, {unencodable, Text}}`: the function returned a value that cannot be encoded.
    #[error("it answered with an error: unencodable: {}", Line(.text))]
    #[non_exhaustive]
    Unencodable {
        /// What is wrong with the value; cut to 4 KiB.
        text: Box<str>,
        /// As it came.
        reply: RawTerm,
        /// Where it differs from what was expected.
        #[source]
        error: DecodeError,
    },
    /// `{error, draining}`: the node is stopping and accepts no more calls.
    #[error("it answered with an error: it is being stopped and takes no more calls (draining)")]
    #[non_exhaustive]
    Draining {
        /// As it came.
        reply: RawTerm,
        /// Where it differs from what was expected.
        #[source]
        error: DecodeError,
    },
    /// `{error, Reason}` with another reason, where another type was expected.
    #[error("it answered with an error: {reason:.1024}")]
    #[non_exhaustive]
    Refused {
        /// The reason.
        reason: RawTerm,
        /// As it came.
        reply: RawTerm,
        /// Where it differs from what was expected.
        #[source]
        error: DecodeError,
    },
    /// The reply has another type than expected.
    #[error("the reply cannot be read")]
    #[non_exhaustive]
    Reply {
        /// Where it differs from the expected type.
        #[source]
        error: DecodeError,
        /// As it came.
        reply: RawTerm,
    },
    /// The reply is longer than the limit, and was not read.
    #[error("the reply has {length} bytes, the limit is {limit}")]
    TooLong {
        /// The length of its frame.
        length: u64,
        /// [`LinkLimits::max_frame`](crate::net::LinkLimits::max_frame).
        limit: usize,
    },
    /// The message cannot be sent to any node.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The message cannot be sent to this node.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedControl),
}

impl CallError {
    /// Returns the answer, undecoded, if there was one.
    pub fn reply(&self) -> Option<&RawTerm> {
        match self {
            CallError::UnknownFunction { reply, .. }
            | CallError::BadArgument { reply, .. }
            | CallError::Panic { reply, .. }
            | CallError::Unencodable { reply, .. }
            | CallError::Draining { reply, .. }
            | CallError::Refused { reply, .. }
            | CallError::Reply { reply, .. } => Some(reply),
            _ => None,
        }
    }
}

/// Returns the time after `limit`, however long that is.
pub(in crate::node) fn after(limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + limit.min(30 * YEAR)
}

impl Node {
    /// Sends a plain message and waits for the first message to the pid that sent it.
    ///
    /// Every request has a pid of its own. So concurrent requests to a C node, which knows no tags, each receive their
    /// own reply.
    ///
    /// # Errors
    /// Returns an error when no reply arrives, or the reply is not an `R`: see [`CallError`].
    pub async fn request<R: FromTerm>(
        &self,
        to: impl TryInto<Destination, Error: Into<NameError>>,
        message: impl IntoTerm,
        limit: Duration,
    ) -> Result<R, CallError> {
        let to = destination(to)?;
        let deadline = after(limit);
        let peer = self.connected(to.node(), deadline, limit).await?;
        let (id, outcome) = self.0.registry.table.open(peer.line.id, peer.serials(), ReplyFilter::Message);
        let _open = self.0.open_reply(id);
        push_message::<CallError>(&peer, &self.0.identity.pid_bytes(id.number), &to, |out| message.encode(out))?;
        self.lost_meanwhile(&peer)?;
        match timeout_at(deadline, outcome).await {
            Err(_) => Err(CallError::Timeout { limit }),
            Ok(Ok(Outcome::Message(reply))) => {
                R::decode(&mut Decoder::new(reply.as_bytes())).map_err(|error| unexpected(error, reply))
            }
            Ok(Ok(Outcome::Down(reason) | Outcome::DownTooLong { reason, .. })) => Err(ended(reason)),
            Ok(Ok(Outcome::TooLong { length, limit, .. })) => Err(CallError::TooLong { length, limit }),
            Ok(Ok(Outcome::Refused(_) | Outcome::NoConnection) | Err(_)) => Err(CallError::NoConnection),
        }
    }

    /// Calls a process as `GenServer.call` does. The process is monitored meanwhile, so a missing one is an error at
    /// once.
    ///
    /// # Errors
    /// Returns an error when no reply arrives, or the reply is not an `R`: see [`CallError`].
    pub async fn call<R: FromTerm>(
        &self,
        to: impl TryInto<Destination, Error: Into<NameError>>,
        request: impl IntoTerm,
        limit: Duration,
    ) -> Result<R, CallError> {
        let to = destination(to)?;
        let deadline = after(limit);
        let peer = self.connected(to.node(), deadline, limit).await?;
        let (id, outcome) = self.0.registry.table.open(peer.line.id, peer.serials(), ReplyFilter::Tagged);
        let _open = self.0.open_reply(id);
        let me = self.0.identity.pid_bytes(id.number);
        let reference = ProcessTable::reference(&self.0.identity, id);
        let monitor = OutgoingMonitor::new(&peer, &me, &to, &reference);
        monitor.set();
        push_message::<CallError>(&peer, &me, &to, |out| {
            out.put_tuple(3)?;
            out.put_atom(&crate::atom!("$gen_call"));
            out.put_tuple(2)?;
            out.put_slice(&me);
            out.put_reference(&reference);
            request.encode(out)
        })?;
        self.lost_meanwhile(&peer)?;
        let outcome = timeout_at(deadline, outcome).await;
        match outcome {
            Err(_) => {
                monitor.remove();
                Err(CallError::Timeout { limit })
            }
            Ok(Ok(Outcome::Message(reply))) => {
                monitor.remove();
                tagged_reply(&reply)
            }
            Ok(Ok(Outcome::TooLong { length, limit, .. })) => {
                monitor.remove();
                Err(CallError::TooLong { length, limit })
            }
            Ok(Ok(Outcome::Down(reason) | Outcome::DownTooLong { reason, .. })) => Err(ended(reason)),
            Ok(Ok(Outcome::Refused(_) | Outcome::NoConnection) | Err(_)) => Err(CallError::NoConnection),
        }
    }

    /// Returns the connection with this node once it has room for more output. Connects first if necessary.
    pub(in crate::node) async fn connected(
        &self,
        node: &Atom,
        deadline: Instant,
        limit: Duration,
    ) -> Result<Arc<Peer>, CallError> {
        let late = |_| CallError::Timeout { limit };
        // Without a timer where there is a connection already.
        let peer = match self.peer(node) {
            Some(peer) => peer,
            None => timeout_at(deadline, self.connect_to(node)).await.map_err(late)?.map_err(CallError::Connect)?,
        };
        if !peer.line.outbox.has_room() {
            timeout_at(deadline, peer.line.outbox.room()).await.map_err(late)?;
        }
        Ok(peer)
    }

    /// Returns an error if the connection ended before the reply pid was open: its end was then told to no call.
    pub(in crate::node) fn lost_meanwhile(&self, peer: &Peer) -> Result<(), CallError> {
        if peer.line.outbox.closed() { Err(CallError::NoConnection) } else { Ok(()) }
    }
}

fn ended(reason: RawTerm) -> CallError {
    match Decoder::new(reason.as_bytes()).atom_name() {
        Ok(name) if name == "noproc" => CallError::NoProcess,
        Ok(name) if name == "noconnection" => CallError::NoConnection,
        _ => CallError::Exit { reason },
    }
}

/// Returns the reply in `{Tag, Reply}`, whose tag has been checked.
fn tagged_reply<R: FromTerm>(message: &RawTerm) -> Result<R, CallError> {
    let mut decoder = Decoder::new(message.as_bytes());
    let begun = decoder.tuple().and_then(|_| Ok(decoder.skip()?));
    let start = decoder.position();
    match begun.and_then(|_| R::decode(&mut decoder)) {
        Ok(reply) => Ok(reply),
        Err(error) => {
            decoder.rewind(start);
            let reply = decoder.skip().map_or_else(|_| message.clone(), |reply| message.part(reply));
            Err(unexpected(error, reply))
        }
    }
}

/// Returns the error for a reply that has another type than expected.
#[cold]
fn unexpected(error: DecodeError, reply: RawTerm) -> CallError {
    match Refusal::of(&reply) {
        Some(Refusal::UnknownCall) => CallError::UnknownFunction { reply, error },
        Some(Refusal::BadArgument { text }) => CallError::BadArgument { text, reply, error },
        Some(Refusal::Panic { text }) => CallError::Panic { text, reply, error },
        Some(Refusal::Unencodable { text }) => CallError::Unencodable { text, reply, error },
        Some(Refusal::Draining) => CallError::Draining { reply, error },
        Some(Refusal::Other { reason }) => CallError::Refused { reason, reply, error },
        None => CallError::Reply { error, reply },
    }
}
