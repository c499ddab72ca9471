//! Casts that have failed: nobody waits for an answer, so the log says so, and they are counted.

use tracing::Level;

use super::{context::Context, rejection::Rejection};
use crate::{etf::Encoder, reply::IntoReply, term::Atom, text::Text};

/// So much of a reason is shown.
const SHOWN: usize = 512;

/// Where a cast goes that has not come to its end yet.
#[derive(Debug, Clone)]
pub(in crate::node) struct Cast {
    pub(in crate::node) context: Context,
    pub(in crate::node) function: Atom,
}

impl Cast {
    /// It was rejected, or its handler has panicked.
    #[cold]
    pub(in crate::node) fn rejected(&self, rejection: &Rejection) {
        failed(&self.context, &self.function, rejection.reason());
    }

    /// Its handler has given this back.
    pub(in crate::node) fn ended(&self, reply: &impl IntoReply) {
        ended(&self.context, &self.function, reply);
    }
}

/// The handler of a cast has given this back.
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

/// A cast has failed with this reason.
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
