//! [`Caller`], and callers that can no longer be answered.

use std::{
    cell::{Cell, OnceCell},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
};

use super::{
    context::Context,
    kept_calls::{ENDED, KeptCall},
    line::Counted,
    rejection::Rejection,
    reply_to::{OwnedReplyTo, ReplyTo},
};
use crate::{
    convert::DecodeError,
    etf::{Decoder, EncodeError, Encoder},
    node::{address::Address, counters::CallKind, number::Number},
    reply::{ExceptionClass, IntoReply},
    term::{Atom, Pid},
};

/// The process that called, as an argument of a handler. To answer later, keep it and return
/// [`NoReply`](crate::node::NoReply).
///
/// When the last clone is dropped without an answer, or the service ends, the caller receives an error at once. A plain
/// message and a `GenServer.call` are answered `{error, {no_reply, <<"name: the caller was dropped without an
/// answer">>}}`; a call by `rpc` or `erpc` exits with `noreply`. If the service ends, the monitor of a `GenServer.call`
/// fires. After [`forget`](Self::forget) the caller receives nothing.
///
/// ```
/// use nodex_core::{atom, node::{Caller, Functions, NoReply, testing::TestNode}, term::Atom};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let service = Functions::new().add("later", |n: i64, caller: Caller| {
///     tokio::spawn(async move {
///         if let Some(half) = n.checked_div(2).filter(|half| half * 2 == n) {
///             caller.reply(half).unwrap_or_default();
///         }
///     });
///     NoReply
/// });
/// let node = TestNode::serve(service).await?;
/// assert_eq!(node.request::<i64>((atom!("later"), 42)).await?, 21);
/// let (error, (reason, _)): (Atom, (Atom, String)) = node.request((atom!("later"), 43)).await?;
/// assert_eq!((error.as_str(), reason.as_str()), ("error", "no_reply"));
/// # Ok(())
/// # }
/// ```
///
/// Kept callers count as unanswered calls, with some hundred bytes each: above
/// [`LinkLimits::max_in_flight_bytes`](crate::net::LinkLimits::max_in_flight_bytes) from one node, nothing more is read
/// from that node. To remember a subscriber, keep its [`pid`](Self::pid) instead.
#[derive(Debug, Clone)]
pub struct Caller(Arc<Pending>);

impl Caller {
    /// Returns the pid of the caller.
    ///
    /// # Errors
    /// Returns an error when the message names no sender, as with `SEND` (operation 2).
    pub fn pid(&self) -> Result<Pid, DecodeError> {
        Decoder::new(self.0.reply_to.caller()).pid()
    }

    /// Returns the kind of the call.
    pub fn kind(&self) -> CallKind {
        self.0.reply_to.kind
    }

    /// Sends the reply of a handler that returned [`NoReply`](crate::node::NoReply). Does nothing if the caller is
    /// gone, or was told that the service has ended.
    ///
    /// # Errors
    /// Returns an error when the value cannot be encoded. Then nothing is sent.
    pub fn reply<R: IntoReply>(&self, reply: R) -> Result<(), EncodeError> {
        let before = self.0.state.swap(ANSWERED, Ordering::SeqCst);
        if before == GIVEN_UP {
            return Ok(());
        }
        let written = self.0.write(|reply_to, out| {
            if let Some(class) = reply.raises() {
                let mut reason = Encoder::new();
                reply.encode_reply(&mut reason)?;
                reply_to.raise(class, &reason, out);
                return Ok(());
            }
            let Some(frame) = reply_to.begin(out) else { return Ok(()) };
            match reply.encode_reply(out) {
                Ok(()) => {
                    reply_to.finish(frame, out);
                    Ok(())
                }
                Err(error) => {
                    reply_to.undo(frame, out);
                    Err(error)
                }
            }
        });
        if written.is_err() {
            self.0.state.store(before, Ordering::SeqCst);
        }
        self.0.context.shared().call_ended();
        written
    }

    /// Leaves the call without an answer, for a handler that does not answer on purpose. A call by `rpc` or `erpc`
    /// still ends.
    pub fn forget(self) {
        self.0.state.store(ANSWERED, Ordering::SeqCst);
        self.0.context.shared().call_ended();
    }
}

/// The caller waits.
const OPEN: u8 = 0;
/// The call is answered, or needs no answer.
const ANSWERED: u8 = 1;
/// The caller was told that there will be no answer.
const GIVEN_UP: u8 = 2;

/// The atom `noreply`.
const NOREPLY: &[u8] = b"\x77\x07noreply";

/// A call whose caller was taken. It ends with the last value that can answer it: the handler or a clone of [`Caller`].
struct Pending {
    reply_to: OwnedReplyTo,
    context: Context,
    function: Atom,
    /// The process whose function was called.
    process: Arc<Address>,
    state: AtomicU8,
    _counted: Counted,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.load(Ordering::Relaxed);
        f.debug_struct("Pending").field("function", &self.function).field("state", &state).finish_non_exhaustive()
    }
}

impl Pending {
    fn write<T>(&self, write: impl FnOnce(&ReplyTo<'_>, &mut Encoder) -> T) -> T {
        self.context.push(|out| {
            let call_tag = self.reply_to.call_tag();
            write(&self.reply_to.as_reply_to(&call_tag), out)
        })
    }
}

impl KeptCall for Pending {
    fn process(&self) -> Number {
        self.process.number()
    }

    fn is_awaited(&self) -> bool {
        self.reply_to.kind != CallKind::Cast && self.state.load(Ordering::SeqCst) == OPEN
    }

    /// Tells the caller, in the form of its call, that there will be no answer, unless it was answered or told.
    #[cold]
    fn give_up(&self, why: &str) {
        if self.state.compare_exchange(OPEN, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst).is_err() {
            return;
        }
        match self.reply_to.kind {
            // The caller's monitor fires.
            CallKind::GenCall if !self.process.is_alive() => {}
            CallKind::Plain | CallKind::GenCall => {
                self.write(|reply_to, out| reply_to.write_error(out, &Rejection::no_reply(&self.function, why)));
            }
            CallKind::Rpc => self.write(|reply_to, out| {
                // Of one that nobody waits for, its end is all that can be seen.
                if reply_to.sink().is_none_or(|sink| sink.is_awaited()) {
                    let mut noreply = Encoder::new();
                    noreply.put_slice(NOREPLY);
                    reply_to.raise(ExceptionClass::Exit, &noreply, out);
                }
            }),
            CallKind::Cast => {}
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.context.kept().remove(self);
        self.give_up("the caller was dropped without an answer");
        self.context.shared().call_ended();
    }
}

/// The handler's share in answering a call. It is empty unless a [`Caller`] was taken.
///
/// The code that calls the handler owns it and reports when the handler is [over](Self::over). If arguments had to be
/// dropped instead, they would be moved for every message.
#[derive(Debug, Default)]
pub(in crate::node) struct Share {
    pending: OnceCell<Arc<Pending>>,
    /// A pending handler has taken it over.
    handed_on: Cell<bool>,
}

impl Share {
    /// Returns the caller, and keeps a share of it.
    pub(in crate::node) fn caller(
        &self,
        function: &Atom,
        reply_to: &ReplyTo<'_>,
        context: &Context,
        process: &Arc<Address>,
    ) -> Caller {
        let pending = self.pending.get_or_init(|| {
            let reply_to = reply_to.keep();
            // Twice, for the table in which it may be entered.
            let bytes = 2 * size_of::<Pending>() + reply_to.memory();
            Arc::new(Pending {
                reply_to,
                context: context.clone(),
                function: function.clone(),
                process: process.clone(),
                state: AtomicU8::new(OPEN),
                _counted: Counted::new(context.line(), bytes),
            })
        });
        Caller(pending.clone())
    }

    /// Records that the handler has answered.
    #[inline(always)]
    pub(in crate::node) fn answered(&self) {
        if let Some(pending) = self.pending.get() {
            pending.state.store(ANSWERED, Ordering::SeqCst);
        }
    }

    /// Returns the share for a pending handler.
    pub(in crate::node) fn hand_on(&self) -> LaterShare {
        self.handed_on.set(true);
        LaterShare(Share { pending: self.pending.clone(), handed_on: Cell::new(false) })
    }

    /// Records that the handler has ended. After a panic its caller receives an error.
    #[inline(always)]
    pub(in crate::node) fn over(&self, panicked: bool) {
        if let Some(pending) = self.pending.get() {
            self.leave(pending, panicked);
        }
    }

    #[cold]
    fn leave(&self, pending: &Arc<Pending>, panicked: bool) {
        if panicked {
            self.answered();
        } else if !self.handed_on.get() {
            leave(pending);
        }
    }
}

/// The share of a pending handler, which is over when this is dropped.
#[derive(Debug)]
pub(in crate::node) struct LaterShare(Share);

impl LaterShare {
    pub(in crate::node) fn share(&self) -> &Share {
        &self.0
    }
}

impl Drop for LaterShare {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.over(false);
    }
}

/// Ends the share of a handler, which leaves the answer to kept callers.
#[cold]
fn leave(pending: &Arc<Pending>) {
    if std::thread::panicking() {
        // The panic is answered.
        pending.state.store(ANSWERED, Ordering::SeqCst);
    } else if pending.state.load(Ordering::SeqCst) == OPEN && Arc::strong_count(pending) > 1 {
        pending.context.kept().enter(pending);
        // It may have ended before it was entered.
        if !pending.process.is_alive() {
            pending.give_up(ENDED);
        }
    }
}

#[cfg(test)]
mod tests;
