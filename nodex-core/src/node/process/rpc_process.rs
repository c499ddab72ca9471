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

use crate::{
    etf::{Encoder, tag},
    node::{
        api::mailbox::Counted,
        service::{
            args::Rejection,
            call_tag::alias_of,
            caller::CallKind,
            context::Context,
            reply_to::{Address, CallTag, ReplyTo},
        },
    },
    protocol::control::{self, Control, OpenFrame, PidTerm, ProcTerm, RefTerm},
    reply::ExceptionClass,
    term::RawTerm,
    text::Text,
};

/// So much of a name or a reason is shown in the log.
const SHOWN: usize = 512;

/// The atom `normal`.
pub(in crate::node) const NORMAL: &[u8] = b"\x77\x06normal";
const OK: &[u8] = b"\x77\x02ok";
const UNDEF: &[u8] = b"\x77\x05undef";
const BADARG: &[u8] = b"\x77\x06badarg";
const ERROR: &[u8] = b"\x77\x05error";
const EXIT: &[u8] = b"\x77\x04exit";
const THROW: &[u8] = b"\x77\x05throw";
const RETURN: &[u8] = b"\x77\x06return";
const NOREPLY: &[u8] = b"\x77\x07noreply";
const NOCATCH: &[u8] = b"\x77\x07nocatch";
const BADRPC: &[u8] = b"\x77\x06badrpc";
const EXIT_TAG: &[u8] = b"\x77\x04EXIT";
const ERROR_INFO: &[u8] = b"\x77\x0aerror_info";
const CAUSE: &[u8] = b"\x77\x05cause";
const ERLANG: &[u8] = b"\x77\x06erlang";
const APPLY: &[u8] = b"\x77\x05apply";

/// What the process does with the value of its function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// `erpc:execute_call/4`: exits with it.
    Call,
    /// `erpc:execute_cast/3` and every other function: ends normally.
    Spawn,
    /// The server `rex`: sends it as a message.
    Rex,
}

/// What came of [`Spawned::begin`].
pub(crate) enum Begun {
    /// The reply follows in this frame.
    Frame(OpenFrame),
    /// The reply is an ordinary message.
    Message,
    /// Nobody waits for it.
    Nothing,
}

/// The process of one call.
#[derive(Debug)]
pub(crate) struct Spawned {
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

/// Module, function and arguments, encoded, for stack traces.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(in crate::node) module: RawTerm,
    pub(in crate::node) function: RawTerm,
    pub(in crate::node) arguments: RawTerm,
}

impl Spawned {
    pub(in crate::node) fn new(
        address: Arc<Address>,
        context: Context,
        style: Style,
        [request, caller, result]: [RawTerm; 3],
        function: Applied,
    ) -> Self {
        Spawned {
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

    /// Starts the reply. From now on nobody else can answer.
    pub(in crate::node) fn begin(&self, out: &mut Encoder) -> Begun {
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

    /// Whether the frame that [`Self::begin`] began is to be sent, now that it is whole.
    pub(in crate::node) fn finishes(&self, frame: &OpenFrame, out: &Encoder) -> bool {
        if self.style == Style::Rex {
            return true;
        }
        if self.watched.load(Ordering::SeqCst)
            && let Ok((_, Control::MonitorExit { reason, .. })) = control::decode(&frame.written(out))
        {
            self.context.inner().notify_watchers(self.address.number(), &RawTerm::from_slice(reason, None));
        }
        self.monitored.load(Ordering::SeqCst)
    }

    /// The reply was taken back.
    pub(in crate::node) fn undone(&self) {
        self.answered.store(false, Ordering::SeqCst);
    }

    /// True when nothing is to be answered any more.
    pub(in crate::node) fn is_over(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    /// Has the handler be dropped when the process is killed.
    pub(in crate::node) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// The function is over. If it has answered nothing, and nobody has kept the means to do it, it returns `ok`.
    pub(in crate::node) fn settle(self: &Arc<Self>, reply_to: &ReplyTo<'_>, out: &mut Encoder) {
        if self.is_over() || Arc::strong_count(self) > 1 {
            return;
        }
        if let Some(frame) = reply_to.begin(out) {
            out.put_slice(OK);
            reply_to.finish(frame, out);
        }
    }

    /// The call is over for now. If somebody keeps it to answer later, it counts as one that is not answered.
    pub(in crate::node) fn count_if_kept(self: &Arc<Self>) {
        if !self.is_over() && Arc::strong_count(self) > 1 {
            let Applied { module, function, arguments } = &self.function;
            let terms = [module, function, arguments, &self.request, &self.caller, &self.result];
            let bytes = size_of::<Spawned>() + terms.iter().map(|term| term.as_bytes().len()).sum::<usize>();
            self.counted.get_or_init(|| Counted::new(self.context.connection(), bytes));
        }
    }

    /// An exit signal ends the process.
    pub(in crate::node) fn exit(&self, reason: &RawTerm) {
        if !self.answered.swap(true, Ordering::SeqCst) {
            self.context.push(|out| self.ended(out, |out| out.put_raw(reason)));
            self.waker.wake();
        }
    }

    /// There is no such function.
    pub(in crate::node) fn undef(&self, reply_to: &ReplyTo<'_>, out: &mut Encoder) {
        self.fail(reply_to, ExceptionClass::Error, out, |out| out.put_slice(UNDEF), |out| self.stack(None, out));
    }

    /// The arguments are no list, or module or function no atom.
    pub(in crate::node) fn bad_apply(&self, reply_to: &ReplyTo<'_>, out: &mut Encoder) {
        let Applied { module, function, arguments } = &self.function;
        // `[{erlang, apply, [Module, Function, Arguments], []}]`
        let stack = |out: &mut Encoder| {
            out.put_slice(&[tag::LIST_EXT, 0, 0, 0, 1, tag::SMALL_TUPLE_EXT, 4]);
            out.put_slice(ERLANG);
            out.put_slice(APPLY);
            out.put_slice(&[tag::LIST_EXT, 0, 0, 0, 3]);
            [module, function, arguments].into_iter().for_each(|term| out.put_raw(term));
            out.put_slice(&[tag::NIL_EXT; 3]);
        };
        self.fail(reply_to, ExceptionClass::Error, out, |out| out.put_slice(BADARG), stack);
    }

    /// The call was not carried out.
    pub(in crate::node) fn reject(&self, reply_to: &ReplyTo<'_>, rejection: &Rejection, out: &mut Encoder) {
        let (reason, cause) = rejection.exception();
        self.fail(
            reply_to,
            ExceptionClass::Error,
            out,
            |out| out.append(&reason),
            |out| self.stack(cause.as_deref(), out),
        );
    }

    /// The function raised an exception.
    pub(in crate::node) fn raise(
        &self,
        reply_to: &ReplyTo<'_>,
        class: ExceptionClass,
        reason: &Encoder,
        out: &mut Encoder,
    ) {
        self.fail(reply_to, class, out, |out| out.append(reason), |out| self.stack(None, out));
    }

    /// `[{Module, Function, Arguments, []}]`, or with `[{error_info, #{cause => Cause}}]` in place of the empty list.
    fn stack(&self, cause: Option<&[u8]>, out: &mut Encoder) {
        let Applied { module, function, arguments } = &self.function;
        out.put_slice(&[tag::LIST_EXT, 0, 0, 0, 1, tag::SMALL_TUPLE_EXT, 4]);
        [module, function, arguments].into_iter().for_each(|term| out.put_raw(term));
        if let Some(cause) = cause {
            out.put_slice(&[tag::LIST_EXT, 0, 0, 0, 1, tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(ERROR_INFO);
            out.put_slice(&[tag::MAP_EXT, 0, 0, 0, 1]);
            out.put_slice(CAUSE);
            out.put_slice(cause);
        }
        out.put_slice(&[tag::NIL_EXT; 2]);
    }

    /// Ends the process with an exception. Its parts are written where they go, for they may be long.
    fn fail(
        &self,
        reply_to: &ReplyTo<'_>,
        class: ExceptionClass,
        out: &mut Encoder,
        reason: impl Fn(&mut Encoder),
        stack: impl Fn(&mut Encoder),
    ) {
        if self.style == Style::Rex {
            return self.fail_as_rex(reply_to, class, out, reason, stack);
        }
        if self.answered.swap(true, Ordering::SeqCst) {
            return;
        }
        let alone = !self.monitored.load(Ordering::SeqCst);
        if alone {
            self.context.counters().cast_failed();
        }
        if alone && tracing::enabled!(tracing::Level::ERROR) {
            // What is no term is shown as what is wrong with it.
            let shown = |term| Text::of_bytes(term).max_len(SHOWN);
            let (module, function) = (shown(self.function.module.as_bytes()), shown(self.function.function.as_bytes()));
            let mut encoded = Encoder::new();
            reason(&mut encoded);
            let encoded = encoded.to_vec();
            let reason = shown(&encoded);
            tracing::error!(%module, %function, ?class, %reason, "a function failed that nobody waits for");
        }
        self.ended(out, |out| {
            let tuple = |out: &mut Encoder, arity| out.put_slice(&[tag::SMALL_TUPLE_EXT, arity]);
            match (self.style, class) {
                (Style::Call, _) => {
                    let (name, arity) = match class {
                        ExceptionClass::Error => (ERROR, 4),
                        ExceptionClass::Exit => (EXIT, 3),
                        ExceptionClass::Throw => (THROW, 3),
                    };
                    tuple(out, arity);
                    out.put_raw(&self.result);
                    out.put_slice(name);
                    reason(out);
                    if class == ExceptionClass::Error {
                        stack(out);
                    }
                }
                (_, ExceptionClass::Error) => {
                    tuple(out, 2);
                    reason(out);
                    stack(out);
                }
                (_, ExceptionClass::Exit) => reason(out),
                (_, ExceptionClass::Throw) => {
                    tuple(out, 2);
                    tuple(out, 2);
                    out.put_slice(NOCATCH);
                    reason(out);
                    stack(out);
                }
            }
        });
    }

    fn fail_as_rex(
        &self,
        reply_to: &ReplyTo<'_>,
        class: ExceptionClass,
        out: &mut Encoder,
        reason: impl Fn(&mut Encoder),
        stack: impl Fn(&mut Encoder),
    ) {
        let Some(frame) = reply_to.begin(out) else { return };
        if class != ExceptionClass::Throw {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(BADRPC);
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(EXIT_TAG);
        }
        if class == ExceptionClass::Error {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
        }
        reason(out);
        if class == ExceptionClass::Error {
            stack(out);
        }
        reply_to.finish(frame, out);
    }

    fn no_reply_as_rex(&self, out: &mut Encoder) {
        let tag = self.result.as_bytes();
        let more = CallTag { tag, alias: alias_of(tag), spawned: None };
        let reply_to = ReplyTo {
            kind: CallKind::Rpc,
            flags: self.context.flags(),
            to: PidTerm::new(self.caller.as_bytes()),
            from: &self.address,
            more: Some(&more),
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
                tracing::error!(%error, "the end of a call cannot be told");
            }
        }
        if self.watched.load(Ordering::SeqCst) {
            let mut whole = Encoder::new();
            reason(&mut whole);
            self.context.inner().notify_watchers(self.address.number(), &RawTerm::from_bytes(whole.to_vec().into()));
        }
    }

    fn down<'a>(&'a self, reason: &'a [u8]) -> Option<Control<'a>> {
        let (from, to) = (ProcTerm::Pid(self.address.pid()?), PidTerm::new(self.caller.as_bytes())?);
        Some(Control::MonitorExit { from, to, reference: RefTerm::new(self.request.as_bytes())?, reason })
    }
}

impl Drop for Spawned {
    /// The process has ended. If it was to be answered later and now nobody can, it exits with `noreply`.
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
        self.context.inner().registry.spawned.release(self.address.number());
    }
}
