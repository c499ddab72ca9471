//! Calls and messages from this node to processes of other nodes.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout_at;

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
            outgoing::{CallMonitor, Destination, Haste, OutgoingMonitor, destination, push_message},
            peer::Peer,
        },
        moment::Moment,
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
    /// No node or no process can have this name.
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
        let (to, until) = (destination(to)?, Moment::now().plus(limit));
        let peer = self.connected(to.node(), until, limit).await?;
        self.request_on(&peer, &to, message, until, limit).await
    }

    /// Makes a request as [`request`](Self::request) does, to a process of a node whose connection the caller has kept.
    /// If that has ended, another one is established.
    ///
    /// # Errors
    /// Returns an error when no reply arrives, or the reply is not an `R`: see [`CallError`].
    #[doc(hidden)]
    pub async fn request_kept<R: FromTerm>(
        &self,
        peer: &Peer,
        to: &Destination,
        message: impl IntoTerm,
        limit: Duration,
    ) -> Result<R, CallError> {
        let until = Moment::now().plus(limit);
        if peer.is_ready() {
            return self.request_on(peer, to, message, until, limit).await;
        }
        let peer = self.connected(to.node(), until, limit).await?;
        self.request_on(&peer, to, message, until, limit).await
    }

    async fn request_on<R: FromTerm>(
        &self,
        peer: &Peer,
        to: &Destination,
        message: impl IntoTerm,
        until: Moment,
        limit: Duration,
    ) -> Result<R, CallError> {
        let mut reply = self.0.open_reply(peer, ReplyFilter::Message, until).await;
        let me = self.0.identity.pid_bytes(reply.id.number);
        push_message::<CallError>(peer, &me, to, Haste::of_call(peer), |out| message.encode(out))?;
        self.lost_meanwhile(peer)?;
        match reply.outcome().await {
            Outcome::Message(reply) => {
                R::decode(&mut Decoder::new(reply.as_bytes())).map_err(|error| unexpected(error, reply))
            }
            outcome => Err(no_reply(outcome, limit)),
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
        let (to, until) = (destination(to)?, Moment::now().plus(limit));
        let peer = self.connected(to.node(), until, limit).await?;
        self.call_on(&peer, &to, request, until, limit).await
    }

    /// Calls a process as [`call`](Self::call) does, of a node whose connection the caller has kept. If that has ended,
    /// another one is established.
    ///
    /// # Errors
    /// Returns an error when no reply arrives, or the reply is not an `R`: see [`CallError`].
    #[doc(hidden)]
    pub async fn call_kept<R: FromTerm>(
        &self,
        peer: &Peer,
        to: &Destination,
        request: impl IntoTerm,
        limit: Duration,
    ) -> Result<R, CallError> {
        let until = Moment::now().plus(limit);
        if peer.is_ready() {
            return self.call_on(peer, to, request, until, limit).await;
        }
        let peer = self.connected(to.node(), until, limit).await?;
        self.call_on(&peer, to, request, until, limit).await
    }

    async fn call_on<R: FromTerm>(
        &self,
        peer: &Peer,
        to: &Destination,
        request: impl IntoTerm,
        until: Moment,
        limit: Duration,
    ) -> Result<R, CallError> {
        let mut reply = self.0.open_reply(peer, ReplyFilter::Tagged, until).await;
        let me = self.0.identity.pid_bytes(reply.id.number);
        let reference = ProcessTable::reference(&self.0.identity, reply.id);
        let monitor = OutgoingMonitor::new(peer, me, to, reference);
        let mut monitor = CallMonitor::call::<CallError>(monitor, |out| request.encode(out))?;
        self.lost_meanwhile(peer)?;
        let outcome = reply.outcome().await;
        if let Outcome::Down(_) | Outcome::DownTooLong { .. } = outcome {
            monitor.fired();
        }
        match outcome {
            Outcome::Message(reply) => tagged_reply(&reply),
            outcome => Err(no_reply(outcome, limit)),
        }
    }

    /// Returns the connection with this node once it has room for more output. Connects first if necessary.
    pub(in crate::node) async fn connected(
        &self,
        node: &Atom,
        until: Moment,
        limit: Duration,
    ) -> Result<Arc<Peer>, CallError> {
        let late = |_| CallError::Timeout { limit };
        // Without a timer where there is a connection already.
        let peer = match self.0.peers.connected(node.as_bytes()) {
            Some(peer) => peer,
            None => {
                timeout_at(until.instant(), self.connect_to(node)).await.map_err(late)?.map_err(CallError::Connect)?
            }
        };
        if !peer.line.outbox.has_room() {
            timeout_at(until.instant(), peer.line.outbox.room()).await.map_err(late)?;
        }
        Ok(peer)
    }

    /// Returns an error if the connection ended before the reply pid was open: its end was then told to no call.
    pub(in crate::node) fn lost_meanwhile(&self, peer: &Peer) -> Result<(), CallError> {
        if peer.line.outbox.closed() { Err(CallError::NoConnection) } else { Ok(()) }
    }
}

/// Why a call has no reply.
fn no_reply(outcome: Outcome, limit: Duration) -> CallError {
    match outcome {
        Outcome::TimedOut => CallError::Timeout { limit },
        Outcome::Down(reason) | Outcome::DownTooLong { reason, .. } => ended(reason),
        Outcome::TooLong { length, limit, .. } => CallError::TooLong { length, limit },
        Outcome::Message(_) | Outcome::Refused(_) | Outcome::NoConnection => CallError::NoConnection,
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
