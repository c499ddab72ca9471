//! One call that came by `rpc` or `erpc`: the process that the peer had spawned for it, and what it ends with.
//!
//! Follows `erpc.erl` (`execute_call/4`, `execute_cast/3`) and `rpc.erl` (the server `rex`).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::Waker,
};

use futures::task::AtomicWaker;

use super::{
    CallKind, Class, Context, Rejection,
    gen_call::alias_of,
    route::{Address, More, Route},
};
use crate::{
    dist::control::{self, Control, OpenFrame, PidTerm, ProcTerm, RefTerm},
    etf::{Encoder, tag},
    term::RawTerm,
};

/// The atom `normal`.
pub(super) const NORMAL: &[u8] = b"\x77\x06normal";
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
    pub(super) address: Arc<Address>,
    pub(super) context: Context,
    pub(super) style: Style,
    /// The id of the spawn request and of the monitor that it asked for.
    pub(super) request: RawTerm,
    pub(super) caller: RawTerm,
    /// What `erpc` knows the result by; the tag in front of the reply of `rex`.
    pub(super) result: RawTerm,
    pub(super) function: Applied,
    /// The monitor that the request asked for is still there.
    pub(super) monitored: AtomicBool,
    /// Others have linked or monitored it.
    pub(super) watched: AtomicBool,
    answered: AtomicBool,
    waker: AtomicWaker,
}

/// Module, function and arguments, encoded, for stack traces.
#[derive(Debug)]
pub(crate) struct Applied {
    pub(super) module: RawTerm,
    pub(super) function: RawTerm,
    pub(super) arguments: RawTerm,
}

impl Spawned {
    pub(super) fn new(
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
        }
    }

    /// Starts the reply. From now on nobody else can answer.
    pub(super) fn begin(&self, out: &mut Encoder) -> Begun {
        if self.answered.swap(true, Ordering::SeqCst) {
            return Begun::Nothing;
        }
        match self.style {
            Style::Rex => Begun::Message,
            Style::Spawn => {
                self.ended(NORMAL, out);
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
    pub(super) fn finishes(&self, frame: &OpenFrame, out: &Encoder) -> bool {
        if self.style == Style::Rex {
            return true;
        }
        if self.watched.load(Ordering::SeqCst)
            && let Ok((_, Control::MonitorExit { reason, .. })) = control::decode(&frame.written(out))
        {
            self.context.inner().tell(self.address.number(), &RawTerm::from_slice(reason, None));
        }
        self.monitored.load(Ordering::SeqCst)
    }

    /// The reply was taken back.
    pub(super) fn undone(&self) {
        self.answered.store(false, Ordering::SeqCst);
    }

    /// True when nothing is to be answered any more.
    pub(super) fn is_over(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    /// Has the handler be dropped when the process is killed.
    pub(super) fn register(&self, waker: &Waker) {
        self.waker.register(waker);
    }

    /// The function is over. If it has answered nothing, and nobody has kept the means to do it, it returns `ok`.
    pub(super) fn settle(self: &Arc<Self>, route: &Route<'_>, out: &mut Encoder) {
        if self.is_over() || Arc::strong_count(self) > 1 {
            return;
        }
        if let Some(frame) = route.begin(out) {
            out.put_slice(OK);
            route.finish(frame, out);
        }
    }

    /// An exit signal ends the process.
    pub(super) fn exit(&self, reason: &[u8]) {
        if !self.answered.swap(true, Ordering::SeqCst) {
            self.context.push(|out| self.ended(reason, out));
            self.waker.wake();
        }
    }

    /// There is no such function.
    pub(super) fn undef(&self, route: &Route<'_>, out: &mut Encoder) {
        let Applied { module, function, arguments } = &self.function;
        let stack = stack(module.as_bytes(), function.as_bytes(), arguments.as_bytes(), None);
        self.fail(route, Class::Error, UNDEF, &stack, out);
    }

    /// The arguments are no list, or module or function no atom.
    pub(super) fn bad_apply(&self, route: &Route<'_>, out: &mut Encoder) {
        let Applied { module, function, arguments } = &self.function;
        let mut applied = Encoder::new();
        list(&mut applied, &[module.as_bytes(), function.as_bytes(), arguments.as_bytes()]);
        self.fail(route, Class::Error, BADARG, &stack(ERLANG, APPLY, &applied.to_vec(), None), out);
    }

    /// The call was not carried out.
    pub(super) fn reject(&self, route: &Route<'_>, rejection: &Rejection, out: &mut Encoder) {
        let (reason, cause) = rejection.exception();
        let Applied { module, function, arguments } = &self.function;
        let stack = stack(module.as_bytes(), function.as_bytes(), arguments.as_bytes(), cause.as_deref());
        self.fail(route, Class::Error, &reason, &stack, out);
    }

    /// The function raised an exception.
    pub(super) fn raise(&self, route: &Route<'_>, class: Class, reason: &[u8], out: &mut Encoder) {
        let Applied { module, function, arguments } = &self.function;
        let stack = stack(module.as_bytes(), function.as_bytes(), arguments.as_bytes(), None);
        self.fail(route, class, reason, &stack, out);
    }

    fn fail(&self, route: &Route<'_>, class: Class, reason: &[u8], stack: &[u8], out: &mut Encoder) {
        if self.style == Style::Rex {
            return self.fail_as_rex(route, class, reason, stack, out);
        }
        if self.answered.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut end = Encoder::new();
        match (self.style, class) {
            (Style::Call, Class::Error) => tuple(&mut end, &[self.result.as_bytes(), ERROR, reason, stack]),
            (Style::Call, Class::Exit) => tuple(&mut end, &[self.result.as_bytes(), EXIT, reason]),
            (Style::Call, Class::Throw) => tuple(&mut end, &[self.result.as_bytes(), THROW, reason]),
            (_, Class::Error) => tuple(&mut end, &[reason, stack]),
            (_, Class::Exit) => end.put_slice(reason),
            (_, Class::Throw) => {
                end.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
                tuple(&mut end, &[NOCATCH, reason]);
                end.put_slice(stack);
            }
        }
        if !self.monitored.load(Ordering::SeqCst) {
            let (module, function) = (self.function.module.as_bytes(), self.function.function.as_bytes());
            let reason = reason.escape_ascii();
            let (module, function) = (module.escape_ascii(), function.escape_ascii());
            tracing::warn!(%module, %function, ?class, %reason, "a function failed that nobody waits for");
        }
        self.ended(&end.to_vec(), out);
    }

    fn fail_as_rex(&self, route: &Route<'_>, class: Class, reason: &[u8], stack: &[u8], out: &mut Encoder) {
        let Some(frame) = route.begin(out) else { return };
        let mut exit = Encoder::new();
        match class {
            Class::Throw => out.put_slice(reason),
            Class::Exit => tuple(&mut exit, &[EXIT_TAG, reason]),
            Class::Error => {
                exit.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
                exit.put_slice(EXIT_TAG);
                tuple(&mut exit, &[reason, stack]);
            }
        }
        if class != Class::Throw {
            tuple(out, &[BADRPC, &exit.to_vec()]);
        }
        route.finish(frame, out);
    }

    fn no_reply_as_rex(&self, out: &mut Encoder) {
        let tag = self.result.as_bytes();
        let more = More { tag, alias: alias_of(tag), spawned: None };
        let route = Route {
            kind: CallKind::Rpc,
            flags: self.context.flags(),
            to: PidTerm::new(self.caller.as_bytes()),
            from: &self.address,
            more: Some(&more),
        };
        if let Some(frame) = route.begin(out) {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(BADRPC);
            tuple(out, &[EXIT_TAG, NOREPLY]);
            route.finish(frame, out);
        }
    }

    /// Tells all who watch the process that it has ended.
    fn ended(&self, reason: &[u8], out: &mut Encoder) {
        if self.monitored.swap(false, Ordering::SeqCst)
            && let Some(down) = self.down(reason)
            && let Err(error) = down.encode(self.context.flags(), out)
        {
            tracing::error!(%error, "the end of a call cannot be told");
        }
        if self.watched.load(Ordering::SeqCst) {
            self.context.inner().tell(self.address.number(), &RawTerm::from_slice(reason, None));
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
            let mut end = Encoder::new();
            match self.style {
                Style::Call => tuple(&mut end, &[self.result.as_bytes(), EXIT, NOREPLY]),
                _ => end.put_slice(NORMAL),
            }
            self.context.push(|out| self.ended(&end.to_vec(), out));
        }
        self.context.inner().registry.spawned.release(self.address.number());
    }
}

/// A tuple of less than 256 encoded terms.
fn tuple(out: &mut Encoder, terms: &[&[u8]]) {
    out.put_slice(&[tag::SMALL_TUPLE_EXT, terms.len() as u8]);
    terms.iter().for_each(|term| out.put_slice(term));
}

/// A list of some encoded terms.
fn list(out: &mut Encoder, terms: &[&[u8]]) {
    out.put_u8(tag::LIST_EXT);
    out.put_slice(&(terms.len() as u32).to_be_bytes());
    terms.iter().for_each(|term| out.put_slice(term));
    out.put_nil();
}

/// `[{Module, Function, Arguments, []}]`, or with `[{error_info, #{cause => Cause}}]` in place of the empty list.
fn stack(module: &[u8], function: &[u8], arguments: &[u8], cause: Option<&[u8]>) -> Vec<u8> {
    let mut place = Encoder::new();
    match cause {
        None => place.put_nil(),
        Some(cause) => {
            let mut info = Encoder::new();
            info.put_slice(&[tag::MAP_EXT, 0, 0, 0, 1]);
            info.put_slice(CAUSE);
            info.put_slice(cause);
            let mut pair = Encoder::new();
            tuple(&mut pair, &[ERROR_INFO, &info.to_vec()]);
            list(&mut place, &[&pair.to_vec()]);
        }
    }
    let mut entry = Encoder::new();
    tuple(&mut entry, &[module, function, arguments, &place.to_vec()]);
    let mut stack = Encoder::new();
    list(&mut stack, &[&entry.to_vec()]);
    stack.to_vec()
}
