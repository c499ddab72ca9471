//! Casts that have failed: they have no answer, so they are logged and counted.

use tracing::Level;

use super::{context::Context, rejection::Rejection};
use crate::{etf::Encoder, reply::IntoReply, term::Atom, text::Text};

/// How many bytes of a reason are logged.
const SHOWN: usize = 512;

/// A cast whose handler is pending.
#[derive(Debug, Clone)]
pub(in crate::node) struct Cast {
    pub(in crate::node) context: Context,
    pub(in crate::node) function: Atom,
}

impl Cast {
    /// Records that it was rejected, or that its handler panicked.
    #[cold]
    pub(in crate::node) fn rejected(&self, rejection: &Rejection) {
        failed(&self.context, &self.function, rejection.reason());
    }

    /// Records what its handler returned.
    pub(in crate::node) fn ended(&self, reply: &impl IntoReply) {
        ended(&self.context, &self.function, reply);
    }
}

/// Records what the handler of a cast returned.
#[inline]
pub(in crate::node) fn ended(context: &Context, function: &str, reply: &impl IntoReply) {
    if reply.failed() {
        gave(context, function, reply);
    }
}

#[cold]
fn gave(context: &Context, function: &str, reply: &impl IntoReply) {
    let mut reason = Encoder::new();
    // Nothing is sent: what cannot be encoded is not shown, and neither is anything without a log.
    if tracing::enabled!(Level::ERROR) {
        let _ = reply.encode_reply(&mut reason);
    }
    failed(context, function, &reason);
}

/// Logs and counts a cast that failed with this reason.
#[cold]
pub(in crate::node) fn failed(context: &Context, function: &str, reason: &Encoder) {
    context.counters().cast_failed();
    if !tracing::enabled!(Level::ERROR) {
        return;
    }
    let peer = context.peer();
    let reason = reason.to_vec();
    let reason = Text::of_valid(&reason).max_len(SHOWN);
    tracing::error!(%peer, function, %reason, "a cast failed");
}
