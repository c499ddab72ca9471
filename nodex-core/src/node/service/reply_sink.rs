//! Answers to calls by rpc, which end the process of the call instead of being messages.

use std::{fmt, sync::Arc, task::Waker};

use super::rejection::Rejection;
use crate::{etf::Encoder, protocol::control::OpenFrame, reply::ExceptionClass};

/// The process of a call by rpc, which knows what its caller waits for.
pub(in crate::node) trait ReplySink: fmt::Debug + Send + Sync {
    /// Starts the reply. From now on nothing else can answer.
    fn begin(&self, out: &mut Encoder) -> Begun;

    /// Returns whether the complete frame that [`Self::begin`] began is to be sent.
    fn finishes(&self, frame: &OpenFrame, out: &Encoder) -> bool;

    /// Records that the reply was rolled back.
    fn undone(&self);

    /// Ends the call without a value. Returns `false` when a message with [`Self::write_failure`] in it is to be sent.
    fn fail(&self, failure: &Failure<'_>, out: &mut Encoder) -> bool;

    /// Writes the content of a message about a failure.
    fn write_failure(&self, failure: &Failure<'_>, out: &mut Encoder);

    /// Returns `true` when no answer is needed any more.
    fn is_over(&self) -> bool;

    /// Returns whether the caller waits for the value.
    fn is_awaited(&self) -> bool;

    /// Registers the waker of the handler, which is dropped when the process is killed.
    fn register(&self, waker: &Waker);

    /// Counts the call as unanswered, because its caller is kept.
    fn count_as_kept(&self);
}

/// The outcome of [`ReplySink::begin`].
pub(in crate::node) enum Begun {
    /// The reply follows in this frame.
    Frame(OpenFrame),
    /// The reply is an ordinary message.
    Message,
    /// Nothing waits for the reply.
    Nothing,
}

/// Why a call has no value.
#[derive(Debug, Clone, Copy)]
pub(in crate::node) enum Failure<'a> {
    /// There is no such function.
    Undef,
    /// The arguments are not a list, or the module or function is not an atom.
    BadApply,
    /// The call was rejected.
    Rejected(&'a Rejection),
    /// The function raised an exception with this reason.
    Raised(ExceptionClass, &'a Encoder),
}

/// Returns whether anything besides the caller of this function can still answer.
pub(in crate::node) fn is_kept(sink: &Arc<dyn ReplySink>) -> bool {
    !sink.is_over() && Arc::strong_count(sink) > 1
}
