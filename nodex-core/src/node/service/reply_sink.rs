//! Answers that are no messages: what the end of the process of a call tells.

use std::{fmt, sync::Arc, task::Waker};

use super::rejection::Rejection;
use crate::{etf::Encoder, protocol::control::OpenFrame, reply::ExceptionClass};

/// The process that a call came as, or would have come as, which knows what its caller waits for.
pub(in crate::node) trait ReplySink: fmt::Debug + Send + Sync {
    /// Starts the reply. From now on nobody else can answer.
    fn begin(&self, out: &mut Encoder) -> Begun;

    /// Returns whether the frame that [`Self::begin`] began is to be sent, now that it is whole.
    fn finishes(&self, frame: &OpenFrame, out: &Encoder) -> bool;

    /// The reply was taken back.
    fn undone(&self);

    /// Ends the call without a value. False when that is told by a message with [`Self::write_failure`] in it.
    fn fail(&self, failure: &Failure<'_>, out: &mut Encoder) -> bool;

    /// What a message says of a failure.
    fn write_failure(&self, failure: &Failure<'_>, out: &mut Encoder);

    /// Returns `true` when nothing is to be answered any more.
    fn is_over(&self) -> bool;

    /// Returns whether anybody waits for the value.
    fn is_awaited(&self) -> bool;

    /// Has the handler be dropped when the process is killed.
    fn register(&self, waker: &Waker);

    /// The call is over for now, and somebody keeps the means to answer it: it counts as one that is not answered.
    fn count_as_kept(&self);
}

/// What came of [`ReplySink::begin`].
pub(in crate::node) enum Begun {
    /// The reply follows in this frame.
    Frame(OpenFrame),
    /// The reply is an ordinary message.
    Message,
    /// Nobody waits for it.
    Nothing,
}

/// Why a call gives no value.
#[derive(Debug, Clone, Copy)]
pub(in crate::node) enum Failure<'a> {
    /// There is no such function.
    Undef,
    /// The arguments are no list, or module or function no atom.
    BadApply,
    /// It was not carried out.
    Rejected(&'a Rejection),
    /// The function raised an exception with this reason.
    Raised(ExceptionClass, &'a Encoder),
}

/// Returns whether somebody keeps the means to answer later, besides whoever asks.
pub(in crate::node) fn is_kept(sink: &Arc<dyn ReplySink>) -> bool {
    !sink.is_over() && Arc::strong_count(sink) > 1
}
