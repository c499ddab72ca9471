//! One call that came by `rpc` or `erpc`: the process that the peer had spawned for it, and what it ends with.
//!
//! Follows `erpc.erl` (`execute_call/4`, `execute_cast/3`) and `rpc.erl` (the server `rex`).

use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use futures::task::AtomicWaker;

use super::rpc_exception::{Applied, BADRPC, EXIT, EXIT_TAG, Exception};
use crate::{
    error::Chain,
    etf::{Encoder, tag},
    node::{
        address::Address,
        counters::CallKind,
        service::{
            call_tag::CallTag,
            context::Context,
            line::Counted,
            reply_sink::{Begun, Failure, ReplySink},
            reply_to::ReplyTo,
        },
    },
    protocol::control::{self, Control, OpenFrame, PidTerm, ProcTerm, RefTerm},
    term::RawTerm,
    text::Text,
};

/// So much of a name or a reason is shown in the log.
const SHOWN: usize = 512;

/// The atom `normal`.
pub(in crate::node) const NORMAL: &[u8] = b"\x77\x06normal";
const RETURN: &[u8] = b"\x77\x06return";
const NOREPLY: &[u8] = b"\x77\x07noreply";

/// What the process does with the value of its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Style {
    /// `erpc:execute_call/4`: exits with it.
    Call,
    /// `erpc:execute_cast/3` and every other function: ends normally.
    Spawn,
    /// The server `rex`: sends it as a message.
    Rex,
}

/// The process of one call.
#[derive(Debug)]
pub(in crate::node) struct RpcProcess {
    pub(in crate::node) address: Arc<Address>,
    pub(in crate::node) context: Context,
    pub(in crate::node) style: Style,
    /// The id of the spawn request and of the monitor that it asked for.
    pub(in crate::node) request: RawTerm,
    pub(in crate::node) caller: RawTerm,
    /// What `erpc` knows the result by; the tag in front of the reply of `rex`.
    pub(in crate::node) result: RawTerm,
    pub(in crate::node) function: Applied,
    /// The monitor that the request asked for is still there.
    pub(in crate::node) monitored: AtomicBool,
    /// Others have linked or monitored it.
    pub(in crate::node) watched: AtomicBool,
    answered: AtomicBool,
    waker: AtomicWaker,
    /// What it takes, once it is kept.
    counted: OnceLock<Counted>,
}

impl RpcProcess {
    pub(in crate::node) fn new(
        address: Arc<Address>,
        context: Context,
        style: Style,
        [request, caller, result]: [RawTerm; 3],
        function: Applied,
    ) -> Self {
        RpcProcess {
            address,
            context,
            style,
            request,
            caller,
            result,
            function,
            monitored: AtomicBool::new(false),
            watched: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            waker: AtomicWaker::new(),
            counted: OnceLock::new(),
        }
    }

    /// Ends the process after an exit signal.
    pub(in crate::node) fn exit(&self, reason: &RawTerm) {
        if !self.answered.swap(true, Ordering::SeqCst) {
            self.context.push(|out| self.ended(out, |out| out.put_raw(reason)));
            self.waker.wake();
        }
    }

    /// Records a failure without a receiver: it is counted and logged.
    fn log(&self, failure: &Failure<'_>) {
        self.context.counters().cast_failed();
        if tracing::enabled!(tracing::Level::ERROR) {
            // Bytes that are not a term are shown as the error in them.
            let shown = |term| Text::of_bytes(term).max_len(SHOWN);
            let (module, function) = (shown(self.function.module.as_bytes()), shown(self.function.function.as_bytes()));
            let mut encoded = Encoder::new();
            let exception = Exception::new(failure, &self.function);
            exception.reason(&mut encoded);
            let encoded = encoded.to_vec();
            let (class, reason) = (exception.class, shown(&encoded));
            tracing::error!(%module, %function, ?class, %reason, "a function failed that nobody waits for");
        }
    }

    fn no_reply_as_rex(&self, out: &mut Encoder) {
        let call_tag = CallTag::new(self.result.as_bytes());
        let reply_to = ReplyTo {
            kind: CallKind::Rpc,
            flags: self.context.flags(),
            to: PidTerm::new(self.caller.as_bytes()),
            from: &self.address,
            call_tag: Some(&call_tag),
        };
        if let Some(frame) = reply_to.begin(out) {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(BADRPC);
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(EXIT_TAG);
            out.put_slice(NOREPLY);
            reply_to.finish(frame, out);
        }
    }

    /// Tells all who watch the process that it has ended, with the reason that this writes.
    fn ended(&self, out: &mut Encoder, reason: impl Fn(&mut Encoder)) {
        if self.monitored.swap(false, Ordering::SeqCst)
            && let Some(down) = self.down(&[])
        {
            // The reason is what every form of this signal ends with.
            let written = down.open(self.context.flags(), out).and_then(|(frame, _)| {
                reason(out);
                frame.finish(out)
            });
            if let Err(error) = written {
                tracing::error!(error = %Chain(&error), "the end of a call cannot be told");
            }
        }
        if self.watched.load(Ordering::SeqCst) {
            let mut whole = Encoder::new();
            reason(&mut whole);
            let whole = RawTerm::from_bytes(whole.to_vec().into());
            self.context.shared().notify_watchers(self.address.number(), &whole);
        }
    }

    fn down<'a>(&'a self, reason: &'a [u8]) -> Option<Control<'a>> {
        let (from, to) = (ProcTerm::Pid(self.address.pid()?), PidTerm::new(self.caller.as_bytes())?);
        Some(Control::MonitorExit { from, to, reference: RefTerm::new(self.request.as_bytes())?, reason })
    }
}

impl ReplySink for RpcProcess {
    fn begin(&self, out: &mut Encoder) -> Begun {
        if self.answered.swap(true, Ordering::SeqCst) {
            return Begun::Nothing;
        }
        match self.style {
            Style::Rex => Begun::Message,
            Style::Spawn => {
                self.ended(out, |out| out.put_slice(NORMAL));
                Begun::Nothing
            }
            Style::Call => match self.down(&[]).and_then(|down| down.open(self.context.flags(), out).ok()) {
                Some((frame, _)) => {
                    out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
                    out.put_slice(self.result.as_bytes());
                    out.put_slice(RETURN);
                    Begun::Frame(frame)
                }
                None => Begun::Nothing,
            },
        }
    }

    fn finishes(&self, frame: &OpenFrame, out: &Encoder) -> bool {
        if self.style == Style::Rex {
            return true;
        }
        if self.watched.load(Ordering::SeqCst)
            && let Ok((_, Control::MonitorExit { reason, .. })) = control::decode(&frame.written(out))
        {
            self.context.shared().notify_watchers(self.address.number(), &RawTerm::from_slice(reason, None));
        }
        self.monitored.load(Ordering::SeqCst)
    }

    fn undone(&self) {
        self.answered.store(false, Ordering::SeqCst);
    }

    /// Ends the process with an exception. Its parts are written where they go, for they may be long.
    fn fail(&self, failure: &Failure<'_>, out: &mut Encoder) -> bool {
        if self.style == Style::Rex {
            return false;
        }
        if self.answered.swap(true, Ordering::SeqCst) {
            return true;
        }
        if !self.monitored.load(Ordering::SeqCst) {
            self.log(failure);
        }
        let exception = Exception::new(failure, &self.function);
        self.ended(out, |out| match self.style {
            Style::Call => exception.as_result(&self.result, out),
            Style::Spawn | Style::Rex => exception.as_reason(out),
        });
        true
    }

    fn write_failure(&self, failure: &Failure<'_>, out: &mut Encoder) {
        Exception::new(failure, &self.function).as_bad_rpc(out);
    }

    fn is_over(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    fn is_awaited(&self) -> bool {
        match self.style {
            Style::Call => true,
            Style::Spawn => false,
            Style::Rex => !self.caller.as_bytes().is_empty(),
        }
    }

    fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    fn count_as_kept(&self) {
        let Applied { module, function, arguments } = &self.function;
        let terms = [module, function, arguments, &self.request, &self.caller, &self.result];
        let bytes = size_of::<RpcProcess>() + terms.iter().map(|term| term.as_bytes().len()).sum::<usize>();
        self.counted.get_or_init(|| Counted::new(self.context.line(), bytes));
    }
}

impl Drop for RpcProcess {
    /// Ends the process. If its reply was to follow later and no longer can, it exits with `noreply`.
    fn drop(&mut self) {
        let unanswered = !self.answered.swap(true, Ordering::SeqCst);
        if self.style == Style::Rex {
            if unanswered {
                self.context.push(|out| self.no_reply_as_rex(out));
            }
            return;
        }
        if unanswered {
            let reason = |out: &mut Encoder| match self.style {
                Style::Call => {
                    out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
                    out.put_raw(&self.result);
                    out.put_slice(EXIT);
                    out.put_slice(NOREPLY);
                }
                _ => out.put_slice(NORMAL),
            };
            self.context.push(|out| self.ended(out, reason));
        }
        self.context.shared().rpc_process_ended(self.address.number());
    }
}
