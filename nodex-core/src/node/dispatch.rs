//! From a frame to the handler and back.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task::{self, Waker},
};

use bytes::Bytes;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{
    Accepts, Args, Call, CallKind, Context, Handled, Rejection,
    call::panic_rejection,
    later::LaterCalls,
    local::Inner,
    processes::Number,
    registry::{Process, ProcessRef, Registry},
    replies::Outcome,
    route::Route,
};
use crate::{
    dist::{
        Flags,
        control::{self, AtomTerm, Control, PidTerm, RefTerm, Target},
    },
    etf::{Decoder, Encoder, tag},
    net::{LinkEnd, Load, Receive},
};

/// The server of `rpc` on a BEAM (OTP's `rpc.erl`).
const REX: &[u8] = b"rex";

/// What one connection's messages are handed to.
pub(super) struct Dispatch {
    pub(super) inner: Arc<Inner>,
    pub(super) context: Context,
    pub(super) flags: Flags,
    pub(super) later: LaterCalls,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    stop_registered: bool,
}

impl Dispatch {
    pub(super) fn new(inner: Arc<Inner>, context: Context, flags: Flags) -> Self {
        let stop = Box::pin(inner.stop.clone().cancelled_owned());
        Dispatch { inner, context, flags, later: LaterCalls::default(), stop, stop_registered: false }
    }
}

/// What has to be known to handle a message to one of our processes.
#[derive(Clone, Copy)]
pub(super) struct Arrival<'a> {
    pub(super) process: &'a Process,
    /// The name that it was sent to, if it was one.
    pub(super) name: Option<AtomTerm<'a>>,
    pub(super) registry: &'a Registry,
    pub(super) context: &'a Context,
    pub(super) flags: Flags,
    pub(super) owner: &'a Bytes,
    pub(super) waker: &'a Waker,
}

impl Receive for Dispatch {
    #[inline]
    fn frame(&mut self, frame: &[u8], owner: &Bytes, out: &mut Encoder, waker: &Waker) -> Result<(), LinkEnd> {
        if let Some((from, name, message)) = control::decode_reg_send(frame) {
            if name.name_bytes() == REX {
                self.message(Some(from), Target::Name(name), message, owner, out, waker);
                return Ok(());
            }
            let (registry, context, flags) = (&self.inner.registry, &self.context, self.flags);
            match registry.by_name(name) {
                // Most messages are for what a node is built with.
                Some(ProcessRef::Permanent(process)) => {
                    let arrival = Arrival { process, name: Some(name), registry, context, flags, owner, waker };
                    arrival.message(Some(from), message, &mut self.later, out);
                }
                Some(ProcessRef::Spawned(process)) => {
                    let arrival =
                        Arrival { process: &process, name: Some(name), registry, context, flags, owner, waker };
                    arrival.message(Some(from), message, &mut self.later, out);
                }
                None => {}
            }
            Ok(())
        } else if let Some((from, to, message)) = control::decode_send(frame) {
            self.message(from, Target::Pid(to), message, owner, out, waker);
            Ok(())
        } else {
            self.other_frame(frame, owner, out, waker)
        }
    }

    fn poll_later(&mut self, context: &mut task::Context<'_>, out: &mut Encoder) {
        for (process, rejection) in self.later.poll(context, out) {
            self.context.counters().panicked();
            self.inner.panicked(&process, &rejection);
        }
        if self.context.watches().take_pending() {
            self.later.drop_ended();
            self.tell_ended(out);
        }
    }

    fn load(&self) -> Load {
        let calls_bytes = self.later.kept() + self.context.connection().mail.bytes();
        Load { calls: self.later.len(), calls_bytes, replies_bytes: self.later.queued() }
    }

    fn alone(&self) -> bool {
        self.inner.connections.load(Ordering::Relaxed) <= 1
    }

    fn stopping(&mut self, context: &mut task::Context<'_>) -> bool {
        if !self.stop_registered {
            // The task that drives a link stays the same, so registering once is enough.
            self.stop_registered = true;
            return self.stop.as_mut().poll(context).is_ready();
        }
        self.inner.stop.is_cancelled()
    }
}

impl Dispatch {
    /// A frame that is a signal, or a message in a form that few nodes use.
    #[inline(never)]
    fn other_frame(&mut self, frame: &[u8], owner: &Bytes, out: &mut Encoder, waker: &Waker) -> Result<(), LinkEnd> {
        match control::decode(frame) {
            Ok((_, Control::Send { from, to, message, .. })) => {
                self.message(from, to, message, owner, out, waker);
                Ok(())
            }
            Ok((_, control)) => self.signal(&control, owner, waker, out),
            Err(error) if error.closes_connection() => Err(LinkEnd::Protocol(error.to_string().into())),
            Err(error) => {
                tracing::warn!(peer = %self.context.peer(), %error, "a message was dropped");
                Ok(())
            }
        }
    }

    /// A message to whatever it may be for. As on a BEAM, one to nobody is dropped.
    #[inline(never)]
    fn message(
        &mut self,
        from: Option<PidTerm<'_>>,
        to: Target<'_>,
        message: &[u8],
        owner: &Bytes,
        out: &mut Encoder,
        waker: &Waker,
    ) {
        let process = match to {
            Target::Name(name) if name.name_bytes() == REX && self.rex(to, message, owner, waker, out) => None,
            Target::Name(name) => self.inner.registry.by_name(name),
            // Those of an earlier incarnation of this node are gone.
            Target::Pid(pid) if pid.creation() != self.inner.creation => None,
            Target::Pid(pid) => {
                self.inner.numbered(Number { id: pid.id(), serial: pid.serial() }, message, owner, &self.context)
            }
            Target::Alias(alias) => match self.inner.aliased(alias) {
                Some(number) => self.inner.numbered(number, message, owner, &self.context),
                None => None,
            },
        };
        if let Some(process) = process {
            let name = if let Target::Name(name) = to { Some(name) } else { None };
            let (process, registry, context, flags) = (&*process, &self.inner.registry, &self.context, self.flags);
            let arrival = Arrival { process, name, registry, context, flags, owner, waker };
            arrival.message(from, message, &mut self.later, out);
        }
    }
}

impl Inner {
    /// The service with these numbers. If there is none, the message goes to a call of ours or a mailbox; a late reply is
    /// dropped.
    #[inline]
    fn numbered(&self, number: Number, message: &[u8], owner: &Bytes, context: &Context) -> Option<ProcessRef<'_>> {
        let process = self.registry.by_number(number);
        if process.is_none() {
            self.reply(number, message, owner, context);
        }
        process
    }

    fn reply(&self, number: Number, message: &[u8], owner: &Bytes, context: &Context) {
        match Decoder::with_owner(message, owner).raw() {
            Ok(message) => self.complete_reply(number, Outcome::Message(message), context.connection()),
            Err(error) => tracing::warn!(peer = %context.peer(), %error, "a reply that is no term was dropped"),
        }
    }
}

impl Arrival<'_> {
    #[inline(always)]
    fn message(&self, from: Option<PidTerm<'_>>, term: &[u8], later: &mut LaterCalls, out: &mut Encoder) {
        let route = Route {
            kind: CallKind::Plain,
            to: from,
            tag: &[],
            alias: None,
            from: &self.process.address,
            flags: self.flags,
            spawned: None,
        };
        match short_head(term) {
            // Those of `gen_server` have names of their own.
            Some((name, arity)) if name.first() != Some(&b'$') => {
                self.invoke(term, SHORT_HEAD + name.len(), name, arity, Some(self.owner), &route, later, out);
            }
            _ => self.other_message(route, Decoder::with_owner(term, self.owner), later, out),
        }
    }

    #[inline(never)]
    fn other_message<'a>(
        &self,
        mut route: Route<'a>,
        mut decoder: Decoder<'a>,
        later: &mut LaterCalls,
        out: &mut Encoder,
    ) {
        let Some((name, arity)) = head(&mut decoder) else {
            return self.unknown(&route, b"", later, out);
        };
        match (name, arity) {
            (b"$gen_call", 2) => {
                let Some((to, tag)) = gen_from(&mut decoder) else {
                    tracing::warn!(peer = %self.context.peer(), "a gen call without a pid and a tag was dropped");
                    return;
                };
                route = Route { kind: CallKind::GenCall, to: Some(to), tag, alias: alias_of(tag), ..route };
            }
            (b"$gen_cast", 1) => route = Route { kind: CallKind::Cast, ..route },
            _ => return self.invoke_at(&decoder, name, arity, &route, later, out),
        }
        match head(&mut decoder) {
            Some((name, arity)) => {
                self.for_call(name, arity).invoke_at(&decoder, name, arity, &route, later, out);
            }
            None => self.unknown(&route, b"", later, out),
        }
    }

    /// What every node answers to calls of `net_kernel` and its like, it answers also where services take any name.
    pub(super) fn for_call(mut self, function: &[u8], arity: usize) -> Self {
        if let Some(name) = self.name
            && let Some(system) = self.registry.system(name)
            && self.process.name.is_none()
            && system.function(function, arity).is_some()
        {
            self.process = system;
        }
        self
    }

    /// Calls `name/arity` with the arguments that the decoder comes to next.
    pub(super) fn invoke_at(
        &self,
        decoder: &Decoder<'_>,
        name: &[u8],
        arity: usize,
        route: &Route<'_>,
        later: &mut LaterCalls,
        out: &mut Encoder,
    ) {
        self.invoke(decoder.bytes(), decoder.position(), name, arity, decoder.owner(), route, later, out);
    }

    /// Calls `name/arity` with the arguments that stand in `bytes` from `at` on. Parameters that go into the call are
    /// not put into a struct on the way: to copy what has just been written in pieces stalls the processor.
    #[expect(clippy::too_many_arguments)]
    fn invoke(
        &self,
        bytes: &[u8],
        at: usize,
        name: &[u8],
        arity: usize,
        owner: Option<&Bytes>,
        route: &Route<'_>,
        later: &mut LaterCalls,
        out: &mut Encoder,
    ) {
        self.context.counters().came(route.kind);
        let accepts = match route.kind {
            CallKind::Plain => Accepts::PLAIN,
            CallKind::GenCall => Accepts::CALL,
            CallKind::Cast => Accepts::CAST,
            CallKind::Rpc => Accepts::RPC,
        };
        let Some((service, index, function)) =
            self.process.function(name, arity).filter(|(_, _, function)| function.accepts.contains(accepts))
        else {
            return self.unknown(route, name, later, out);
        };
        let mut kept;
        let waits = later.must_wait(route);
        let place = if waits {
            kept = Encoder::new();
            &mut kept
        } else {
            &mut *out
        };
        let mark = place.mark();
        let handle = || {
            // Made here, where the service reads it.
            let args = Args {
                function: &function.name,
                taken: 0,
                decoder: Decoder::at(bytes, at, owner),
                context: self.context,
                route,
                process: &self.process.address,
            };
            service.call(index, Call { args, out: place, waker: self.waker })
        };
        match catch_unwind(AssertUnwindSafe(handle)) {
            Ok(Handled(None)) => {}
            Ok(Handled(Some(running))) => {
                return later.push(route, self.process, function.name.clone(), running, self.owner);
            }
            Err(panic) => {
                place.rollback(mark);
                let rejection = panic_rejection(&function.name, &*panic);
                route.write_error(place, &rejection);
                self.context.counters().panicked();
                self.context.inner().panicked(&self.process.address, &rejection);
            }
        }
        if waits {
            let kept = std::mem::take(place);
            later.queue(route, kept);
        }
    }

    /// Answers a message that calls nothing.
    #[cold]
    fn unknown(&self, route: &Route<'_>, name: &[u8], later: &mut LaterCalls, out: &mut Encoder) {
        tracing::debug!(peer = %self.context.peer(), name = %name.escape_ascii(), kind = ?route.kind, "an unknown call");
        self.context.counters().unknown();
        if let Some(spawned) = route.spawned {
            return spawned.undef(route, out);
        }
        // `{error, ..}` is an answer itself; answering it could go on for ever between two nodes of this kind.
        if route.kind == CallKind::Plain && name == b"error" {
            return;
        }
        if later.must_wait(route) {
            let mut kept = Encoder::new();
            route.write_error(&mut kept, &Rejection::unknown_call());
            later.queue(route, kept);
        } else {
            route.write_error(out, &Rejection::unknown_call());
        }
    }
}

/// What stands in front of the name where [`short_head`] finds one.
const SHORT_HEAD: usize = 4;

/// Name and number of arguments of `{Name, A1..An}` as every BEAM and `ei` send it for up to 254 arguments.
#[inline(always)]
fn short_head(term: &[u8]) -> Option<(&[u8], usize)> {
    let [tag::SMALL_TUPLE_EXT, arity @ 1..=255, tag::SMALL_ATOM_UTF8_EXT, length, rest @ ..] = term else {
        return None;
    };
    Some((rest.get(..usize::from(*length))?, usize::from(*arity) - 1))
}

/// Name and number of arguments of `{Name, A1..An}` or `Name`; the decoder then stands at the first argument.
#[inline]
fn head<'a>(decoder: &mut Decoder<'a>) -> Option<(&'a [u8], usize)> {
    if let Some((name, arity)) = short_head(decoder.remaining()) {
        decoder.rewind(decoder.position() + SHORT_HEAD + name.len());
        return Some((name, arity));
    }
    let arity = match decoder.remaining().first()? {
        &(tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT) => decoder.tuple().ok()?.checked_sub(1)?,
        _ => 0,
    };
    let name = AtomTerm::new(decoder.skip().ok()?)?;
    Some((name.name_bytes(), arity))
}

/// Pid and tag of a gen call's `{Pid, Tag}`, encoded.
pub(super) fn gen_from<'a>(decoder: &mut Decoder<'a>) -> Option<(PidTerm<'a>, &'a [u8])> {
    if decoder.tuple().ok()? != 2 {
        return None;
    }
    let pid = PidTerm::new(decoder.skip().ok()?)?;
    Some((pid, decoder.skip().ok()?))
}

/// The reference in a tag of the form `[alias|Ref]` or `[[alias|Ref]|_]` (`gen:reply/2`).
pub(super) fn alias_of(tag: &[u8]) -> Option<RefTerm<'_>> {
    const PAIR: &[u8] = b"\x6c\0\0\0\x01";
    let inner = tag.strip_prefix(PAIR).filter(|inner| inner.first() == Some(&tag::LIST_EXT)).unwrap_or(tag);
    let mut decoder = Decoder::new(inner.strip_prefix(PAIR)?);
    (decoder.atom_name().ok()? == "alias").then_some(())?;
    RefTerm::new(decoder.skip().ok()?)
}
