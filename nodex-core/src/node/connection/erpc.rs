//! Calls of functions on other nodes, as `erpc:call/5` makes them.
//!
//! As in `erpc.erl`, a process is spawned on the other node. It applies the function and exits with the result, which
//! the monitor brings back.

use std::{sync::Arc, time::Duration};

use super::{inner::Inner, peer::Peer};
use crate::{
    convert::{DecodeError, FromTerm, IntoTerm},
    etf::{Decoder, EncodeError, Encoder},
    net::ConnectError,
    node::{
        moment::Moment,
        process::{
            table::ProcessTable,
            waiting::{Outcome, ReplyFilter, ReplyId},
        },
    },
    protocol::control::{AtomTerm, Control, PidTerm, RefTerm, UnsupportedControl},
    reply::ExceptionClass,
    term::{Atom, AtomError, RawTerm},
};

/// Why a call of a function on another node has no result.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum RpcError {
    /// The function raised an error: `error:{exception, Reason, Stack}` of `erpc:call/5`. The reason is `undef` if
    /// there is no such function.
    #[error("the function raised an error: {reason:.1000}")]
    Error {
        /// The reason.
        reason: RawTerm,
        /// The stack trace.
        stack: RawTerm,
    },
    /// The function called `exit`.
    #[error("the function exited: {reason:.1000}")]
    Exit {
        /// The reason.
        reason: RawTerm,
    },
    /// The function threw a value.
    #[error("the function threw {value:.1000}")]
    Throw {
        /// The value.
        value: RawTerm,
    },
    /// An exit signal ended the process that ran the function.
    #[error("the process that ran the function was ended: {reason:.1000}")]
    Signal {
        /// The reason.
        reason: RawTerm,
    },
    /// The node refused to spawn a process for the function.
    #[error("the node refused to run the function: {reason:.1000}")]
    Refused {
        /// Why, such as `notsup` or `system_limit`.
        reason: RawTerm,
    },
    /// No result arrived in time. The function may still run; a later result is dropped.
    #[error("no result within {limit:?}")]
    Timeout {
        /// The time limit.
        limit: Duration,
    },
    /// The node cannot be connected to.
    #[error(transparent)]
    Connect(Arc<ConnectError>),
    /// The connection was lost before the result came.
    #[error("the connection was lost before a result came")]
    NoConnection,
    /// The result has another type than expected.
    #[error("the result cannot be read")]
    #[non_exhaustive]
    Result {
        /// Where it differs from the expected type.
        #[source]
        error: DecodeError,
        /// As it came.
        value: RawTerm,
    },
    /// The result is longer than the limit, and was not read.
    #[error("the result has {length} bytes, the limit is {limit}")]
    TooLong {
        /// The length of its frame.
        length: u64,
        /// [`LinkLimits::max_frame`](crate::net::LinkLimits::max_frame).
        limit: usize,
    },
    /// The name of the node, the module or the function is too long.
    #[error(transparent)]
    Name(#[from] AtomError),
    /// An argument cannot be sent to any node.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The node does not support spawn requests, as nodes before OTP 23 and on `ei`.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedControl),
}

/// An exception that a function of another node raised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Exception<'a> {
    /// Its class.
    pub class: ExceptionClass,
    /// Its reason, or the value that was thrown.
    pub reason: &'a RawTerm,
    /// The stack trace, which only errors have.
    pub stack: Option<&'a RawTerm>,
}

impl RpcError {
    /// Returns the error for a value that has another type than expected.
    pub fn unexpected(error: DecodeError, value: RawTerm) -> RpcError {
        RpcError::Result { error, value }
    }

    /// Returns the exception, if the function raised one.
    pub fn exception(&self) -> Option<Exception<'_>> {
        match self {
            RpcError::Error { reason, stack } => {
                Some(Exception { class: ExceptionClass::Error, reason, stack: Some(stack) })
            }
            RpcError::Exit { reason } => Some(Exception { class: ExceptionClass::Exit, reason, stack: None }),
            RpcError::Throw { value } => Some(Exception { class: ExceptionClass::Throw, reason: value, stack: None }),
            _ => None,
        }
    }
}

impl Inner {
    /// Calls a function of a node over this connection.
    pub(in crate::node) async fn erpc<R: FromTerm>(
        self: &Arc<Self>,
        peer: &Peer,
        module: &Atom,
        function: &Atom,
        arguments: &[&(dyn IntoTerm + Sync)],
        limit: Duration,
        until: Moment,
    ) -> Result<R, RpcError> {
        let mut reply = self.open_reply(peer, ReplyFilter::Down, until).await;
        let reference = ProcessTable::reference(&self.identity, reply.id);
        self.push_spawn(peer, reply.id, &reference, |out| {
            out.put_list(4)?;
            out.put_slice(&reference);
            out.put_atom(module);
            out.put_atom(function);
            if !arguments.is_empty() {
                out.put_list(arguments.len())?;
            }
            arguments.iter().try_for_each(|argument| argument.encode(out))?;
            out.put_nil();
            out.put_nil();
            Ok(())
        })?;
        // One that ended before the reply pid was opened has told nobody.
        if peer.line.outbox.closed() {
            return Err(RpcError::NoConnection);
        }
        match reply.outcome().await {
            Outcome::TimedOut => Err(RpcError::Timeout { limit }),
            Outcome::Down(reason) => result(reason, &reference),
            Outcome::DownTooLong { length, limit, .. } => Err(RpcError::TooLong { length, limit }),
            Outcome::Refused(reason) => Err(RpcError::Refused { reason }),
            Outcome::NoConnection | Outcome::Message(_) | Outcome::TooLong { .. } => Err(RpcError::NoConnection),
        }
    }

    /// Writes a request for a process that runs `erpc:execute_call/4` with these arguments.
    fn push_spawn(
        &self,
        peer: &Peer,
        id: ReplyId,
        reference: &[u8],
        arguments: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), RpcError> {
        const ERPC: &[u8] = b"\x77\x04erpc";
        const EXECUTE_CALL: &[u8] = b"\x77\x0cexecute_call";
        const MONITOR: &[u8] = b"\x6c\0\0\0\x01\x77\x07monitor\x6a";
        let me = self.identity.pid_bytes(id.number);
        let user = self.registry.group_leader().and_then(|user| user.address.pid());
        let parts = (RefTerm::new(reference), PidTerm::new(&me), AtomTerm::new(ERPC), AtomTerm::new(EXECUTE_CALL));
        let (Some(id), Some(from), Some(module), Some(function)) = parts else { return Ok(()) };
        let request = Control::SpawnRequest {
            id,
            from,
            // Answers what the function wants to print.
            group_leader: user.unwrap_or(from),
            module,
            function,
            arity: 4,
            options: MONITOR,
            token: None,
            arguments: &[],
        };
        peer.line.outbox.send(|out| {
            let (frame, _) = request.open(peer.line.flags, out)?;
            match arguments(out) {
                Ok(()) => Ok(frame.finish(out)?),
                Err(error) => {
                    frame.undo(out);
                    Err(error.into())
                }
            }
        })
    }
}

/// Reads the result in the exit reason of the process.
fn result<R: FromTerm>(reason: RawTerm, reference: &[u8]) -> Result<R, RpcError> {
    match read(&reason, reference) {
        Some(Ended::Return(value)) => {
            R::decode(&mut Decoder::new(value)).map_err(|error| RpcError::unexpected(error, reason.part(value)))
        }
        Some(Ended::Error(reason, stack)) => Err(RpcError::Error { reason: own(reason), stack: own(stack) }),
        Some(Ended::Exit(reason)) => Err(RpcError::Exit { reason: own(reason) }),
        Some(Ended::Throw(value)) => Err(RpcError::Throw { value: own(value) }),
        None if Decoder::new(reason.as_bytes()).atom_name().is_ok_and(|name| name == "noconnection") => {
            Err(RpcError::NoConnection)
        }
        None => Err(RpcError::Signal { reason }),
    }
}

fn own(term: &[u8]) -> RawTerm {
    RawTerm::from_slice(term, None)
}

/// How the function ended.
enum Ended<'a> {
    Return(&'a [u8]),
    Error(&'a [u8], &'a [u8]),
    Exit(&'a [u8]),
    Throw(&'a [u8]),
}

/// Reads `{Reference, return, Value}` and its variants; `None` for a reason that is not from the call.
fn read<'a>(reason: &'a RawTerm, reference: &[u8]) -> Option<Ended<'a>> {
    let mut decoder = Decoder::new(reason.as_bytes());
    let arity = decoder.tuple().ok()?;
    if arity < 3 || decoder.reference().ok()? != Decoder::new(reference).reference().ok()? {
        return None;
    }
    let class = decoder.atom_name().ok()?;
    let value = decoder.skip().ok()?;
    match (&*class, arity) {
        ("return", 3) => Some(Ended::Return(value)),
        ("throw", 3) => Some(Ended::Throw(value)),
        ("exit", 3) => Some(Ended::Exit(value)),
        // An error in the call itself, such as too many arguments, has no stack trace.
        ("error", 3) => Some(Ended::Error(value, b"\x6a")),
        ("error", 4) => Some(Ended::Error(value, decoder.skip().ok()?)),
        _ => None,
    }
}
