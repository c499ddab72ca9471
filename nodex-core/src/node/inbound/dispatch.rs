//! From a frame to the handler and back.

use std::{
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{Arc, atomic::Ordering},
    task,
};

use bytes::Bytes;
use tokio_util::sync::WaitForCancellationFutureOwned;

use super::{global, pending_calls::PendingCalls};
use crate::{
    etf::{Decoder, Encoder, Mark, tag},
    net::{BATCH, Input, LinkEnd, Load, Receive, Taken},
    node::{
        connection::{
            drain::{Busy, Ending},
            inner::Inner,
        },
        process::{
            call_table::Outcome,
            registry::{Process, ProcessRef, Registry},
            table::Number,
        },
        service::{
            args::{Args, Rejection},
            call::{Call, Handled, panic_rejection},
            call_tag::{alias_of, gen_from, usual_call},
            caller::{CallKind, Share},
            context::Context,
            failed_casts,
            function_table::Target,
            interface::{Accepts, Function},
            reply_to::{CallTag, ReplyTo},
        },
    },
    protocol::{
        Flags,
        control::{self, AtomTerm, Control, PidTerm, Target as Receiver},
    },
};

/// The server of `rpc` on a BEAM (OTP's `rpc.erl`).
pub(in crate::node) const REX: &[u8] = b"rex";

/// What one connection's messages are handed to.
pub(in crate::node) struct Dispatch {
    pub(in crate::node) inner: Arc<Inner>,
    pub(in crate::node) context: Context,
    pub(in crate::node) flags: Flags,
    pub(in crate::node) later: PendingCalls,
    pub(in crate::node) ending: Ending,
    /// Given up when nothing of this connection runs any more and the node is to end.
    busy: Option<Busy>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    stop_registered: bool,
}

impl Dispatch {
    pub(in crate::node) fn new(inner: Arc<Inner>, context: Context, flags: Flags) -> Self {
        let stop = Box::pin(inner.stop.clone().cancelled_owned());
        let (later, busy) = (PendingCalls::default(), Some(Busy::new(inner.clone())));
        Dispatch { inner, context, flags, later, ending: Ending::No, busy, stop, stop_registered: false }
    }
}

/// What has to be known to handle a message to one of our processes.
#[derive(Clone, Copy)]
pub(in crate::node) struct Arrival<'a> {
    pub(in crate::node) process: &'a Process,
    /// The name that it was sent to, if it was one.
    pub(in crate::node) name: Option<AtomTerm<'a>>,
    pub(in crate::node) registry: &'a Registry,
    pub(in crate::node) context: &'a Context,
    pub(in crate::node) flags: Flags,
    pub(in crate::node) input: Input<'a>,
    pub(in crate::node) ending: Ending,
}

impl Receive for Dispatch {
    #[inline(always)]
    fn frame(&mut self, frame: &[u8], input: Input<'_>, out: &mut Encoder) -> Result<Taken, LinkEnd> {
        if let Some((from, name, message)) = control::decode_reg_send(frame)
            && let Dispatch { inner, context, flags, later, .. } = self
            && let Some(process) = inner.registry.lookup_static(name.name_bytes())
        {
            let flags = *flags;
            if let Some(taken) = plain(process, flags, context, from, message, input, later, out) {
                return Ok(taken);
            }
            if name.name_bytes() != REX {
                let (registry, ending) = (&inner.registry, Ending::No);
                let arrival = Arrival { process, name: Some(name), registry, context, flags, input, ending };
                arrival.message(Some(from), message, later, out);
                return Ok(Taken::Kept);
            }
        }
        self.any_frame(frame, input, out)
    }

    #[cold]
    fn last_frame(&mut self, frame: &[u8], late: bool, input: Input<'_>, out: &mut Encoder) -> Result<Taken, LinkEnd> {
        self.ending = if late { Ending::Late } else { Ending::Early };
        self.any_frame(frame, input, out)
    }

    fn poll_later(&mut self, context: &mut task::Context<'_>, out: &mut Encoder) -> Result<(), LinkEnd> {
        let outbox = &self.context.connection().outbox;
        // What cannot be handed on fails for the driver of the link as well.
        let hand_on = |out: &mut Encoder| {
            if out.len() > BATCH {
                let _ = outbox.submit(out);
            }
        };
        for (process, rejection) in self.later.poll(context, out, hand_on) {
            self.context.counters().panicked();
            self.inner.panicked(&process, &rejection);
        }
        let watches = self.context.watches();
        if watches.take_pending() {
            self.later.drop_ended();
        }
        if watches.has_news() { self.tell_ended(out) } else { Ok(()) }
    }

    fn has_news(&self) -> bool {
        self.context.watches().has_news()
    }

    fn too_long(&mut self, head: &[u8], length: u64, out: &mut Encoder) -> Result<(), LinkEnd> {
        self.pass_over(head, length, out)
    }

    fn load(&self) -> Load {
        let calls_bytes = self.later.kept() + self.context.connection().mail.bytes();
        Load { calls: self.later.len(), calls_bytes, replies_bytes: self.later.queued() }
    }

    fn alone(&self) -> bool {
        self.inner.connections.load(Ordering::Relaxed) <= 1
    }

    fn may_end(&mut self, context: &mut task::Context<'_>, drained: bool) -> bool {
        if !self.stop_registered {
            // The task that drives a link stays the same, so registering once is enough.
            self.stop_registered = self.stop.as_mut().poll(context).is_pending();
        }
        if !drained || self.later.len() > 0 || self.context.watches().is_pending() {
            return false;
        }
        self.busy = None;
        self.inner.nothing_runs()
    }
}

/// A message that calls a function of a permanent process by name, with a handler that answers at once: what nearly every
/// one is. `None` for all else, which is then untouched, and for [`Arrival::message`].
#[inline(always)]
#[expect(clippy::too_many_arguments)]
fn plain(
    process: &Process,
    flags: Flags,
    context: &Context,
    from: PidTerm<'_>,
    message: &[u8],
    input: Input<'_>,
    later: &mut PendingCalls,
    out: &mut Encoder,
) -> Option<Taken> {
    let (name, length, arity) = short_head(message)?;
    let Target { service, index, function } = process.function(name, length, arity)?;
    if !function.accepts.contains(Accepts::PLAIN) || !later.nothing_queued() {
        return None;
    }
    context.counters().count_call(CallKind::Plain);
    let mark = out.mark();
    let address = &process.address;
    let reply_to = ReplyTo { kind: CallKind::Plain, flags, to: Some(from), from: address, more: None };
    // Made where the service reads it.
    let decoder = Decoder::at(message, SHORT_HEAD + length, Some(input.owner()));
    let share = Share::default();
    let args = Args {
        function: &function.name,
        taken: 0,
        decoder,
        context,
        reply_to: &reply_to,
        process: address,
        share: &share,
    };
    let call = Call { args, out, waker: input.waker };
    let handled = catch_unwind(AssertUnwindSafe(|| service.call(*index, call)));
    share.over(handled.is_err());
    match handled {
        Ok(Handled(None)) => return Some(Taken::Handled),
        Ok(Handled(Some(running))) => later.push(&reply_to, process, function.name.clone(), running, input),
        Err(panic) => panicked(process, context, function, &reply_to, mark, out, &*panic),
    }
    Some(Taken::Kept)
}

impl Dispatch {
    /// Any frame.
    #[inline(never)]
    fn any_frame(&mut self, frame: &[u8], input: Input<'_>, out: &mut Encoder) -> Result<Taken, LinkEnd> {
        if let Some((from, name, message)) = control::decode_reg_send(frame) {
            self.message(Some(from), Receiver::Name(name), message, input, out);
        } else if let Some((from, to, message)) = control::decode_send(frame) {
            self.message(from, Receiver::Pid(to), message, input, out);
        } else {
            self.other_frame(frame, input, out)?;
        }
        Ok(Taken::Kept)
    }

    /// A frame that is a signal, or a message in a form that few nodes use.
    fn other_frame(&mut self, frame: &[u8], input: Input<'_>, out: &mut Encoder) -> Result<(), LinkEnd> {
        match control::decode(frame) {
            Ok((_, Control::Send { from, to, message, .. })) => {
                self.message(from, to, message, input, out);
                Ok(())
            }
            Ok((_, control)) => self.signal(&control, input, out),
            Err(error) if error.closes_connection() => Err(LinkEnd::Protocol(error.to_string().into())),
            Err(error) => {
                tracing::warn!(peer = %self.context.peer(), %error, "a message was dropped");
                Ok(())
            }
        }
    }

    /// A message to whatever it may be for. As on a BEAM, one to nobody is dropped.
    fn message(
        &mut self,
        from: Option<PidTerm<'_>>,
        to: Receiver<'_>,
        message: &[u8],
        input: Input<'_>,
        out: &mut Encoder,
    ) {
        let process = match to {
            Receiver::Name(name) if name.name_bytes() == REX && self.rex(to, message, input, out) => None,
            Receiver::Name(name) if name.name_bytes() == global::NAME_SERVER && self.global(message, out) => None,
            Receiver::Name(name) => self.inner.registry.by_name(name),
            // Those of an earlier incarnation of this node are gone.
            Receiver::Pid(pid) if pid.creation() != self.inner.creation => None,
            Receiver::Pid(pid) => self.inner.numbered(
                Number { id: pid.id(), serial: pid.serial() },
                message,
                input.owner(),
                &self.context,
            ),
            Receiver::Alias(alias) => match self.inner.aliased(alias) {
                Some(number) => self.inner.numbered(number, message, input.owner(), &self.context),
                None => None,
            },
        };
        if let Some(process) = process {
            let name = if let Receiver::Name(name) = to { Some(name) } else { None };
            let (process, registry, context, flags) = (&*process, &self.inner.registry, &self.context, self.flags);
            let arrival = Arrival { process, name, registry, context, flags, input, ending: self.ending };
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
    #[inline(never)]
    pub(in crate::node) fn message(
        &self,
        from: Option<PidTerm<'_>>,
        term: &[u8],
        later: &mut PendingCalls,
        out: &mut Encoder,
    ) {
        let mut reply_to =
            ReplyTo { kind: CallKind::Plain, flags: self.flags, to: from, from: &self.process.address, more: None };
        let mut decoder = Decoder::with_owner(term, self.input.owner());
        let more;
        if let Some((call, request)) = from.and_then(|from| usual_call(term, from)) {
            decoder.rewind(request);
            more = call;
            reply_to = ReplyTo { kind: CallKind::GenCall, more: Some(&more), ..reply_to };
        } else {
            let Some((name, arity)) = head(&mut decoder) else {
                return self.unknown(&reply_to, b"", term, later, out);
            };
            match (name, arity) {
                (b"$gen_call", 2) => {
                    let Some((to, tag)) = gen_from(&mut decoder) else {
                        tracing::warn!(peer = %self.context.peer(), "a gen call without a pid and a tag was dropped");
                        return;
                    };
                    more = CallTag { tag, alias: alias_of(tag), spawned: None };
                    reply_to = ReplyTo { kind: CallKind::GenCall, to: Some(to), more: Some(&more), ..reply_to };
                }
                (b"$gen_cast", 1) => reply_to = ReplyTo { kind: CallKind::Cast, ..reply_to },
                (b"system", 2) if self.system(term, later, out) => return,
                _ => return self.invoke(&decoder, name, arity, &reply_to, later, out),
            }
        }
        match head(&mut decoder) {
            Some((name, arity)) => self.for_call(name, arity).invoke(&decoder, name, arity, &reply_to, later, out),
            None => self.unknown(&reply_to, b"", term, later, out),
        }
    }

    /// What every node answers to calls of `net_kernel` and its like, it answers also where services take any name.
    pub(in crate::node) fn for_call(mut self, function: &[u8], arity: usize) -> Self {
        if let Some(name) = self.name
            && self.process.name.is_none()
            && let Some(system) = self.registry.system(name.name_bytes())
            && system.function(function, function.len(), arity).is_some()
        {
            self.process = system;
        }
        self
    }

    /// Calls `name/arity` with the arguments that the decoder comes to next.
    pub(in crate::node) fn invoke(
        &self,
        decoder: &Decoder<'_>,
        name: &[u8],
        arity: usize,
        reply_to: &ReplyTo<'_>,
        later: &mut PendingCalls,
        out: &mut Encoder,
    ) {
        let (process, context) = (self.process, self.context);
        if self.ending != Ending::No && self.refused(decoder.bytes(), name, arity, reply_to, later, out) {
            return;
        }
        context.counters().count_call(reply_to.kind);
        let accepts = match reply_to.kind {
            CallKind::Plain => Accepts::PLAIN,
            CallKind::GenCall => Accepts::CALL,
            CallKind::Cast => Accepts::CAST,
            CallKind::Rpc => Accepts::RPC,
        };
        let function = process.function(name, name.len(), arity);
        let Some(Target { service, index, function }) =
            function.filter(|target| target.function.accepts.admits(accepts))
        else {
            return self.unknown(reply_to, name, decoder.bytes(), later, out);
        };
        let mut kept;
        let waits = later.must_wait(reply_to);
        let place = if waits {
            kept = Encoder::new();
            &mut kept
        } else {
            &mut *out
        };
        let mark = place.mark();
        // Made where the service reads it: to copy what has just been written in pieces stalls the processor.
        let decoder = Decoder::at(decoder.bytes(), decoder.position(), decoder.owner());
        let (address, share) = (&process.address, Share::default());
        let args =
            Args { function: &function.name, taken: 0, decoder, context, reply_to, process: address, share: &share };
        let call = Call { args, out: place, waker: self.input.waker };
        let handled = catch_unwind(AssertUnwindSafe(|| service.call(*index, call)));
        share.over(handled.is_err());
        match handled {
            Ok(Handled(None)) => {}
            Ok(Handled(Some(running))) => {
                return later.push(reply_to, process, function.name.clone(), running, self.input);
            }
            Err(panic) => panicked(process, context, function, reply_to, mark, place, &*panic),
        }
        if waits {
            later.queue(reply_to, place);
        }
    }

    /// Answers a message that calls nothing.
    #[cold]
    fn unknown(&self, reply_to: &ReplyTo<'_>, name: &[u8], term: &[u8], later: &mut PendingCalls, out: &mut Encoder) {
        if reply_to.kind == CallKind::Plain && self.formed(term, out) {
            return;
        }
        tracing::debug!(peer = %self.context.peer(), name = %name.escape_ascii(), kind = ?reply_to.kind, "an unknown call");
        self.context.counters().unknown();
        if reply_to.kind == CallKind::Cast {
            let function = name.escape_ascii().to_string();
            failed_casts::failed(self.context, &function, Rejection::unknown_call().reason());
        }
        if let Some(spawned) = reply_to.spawned() {
            return spawned.undef(reply_to, out);
        }
        // `{error, ..}` is an answer itself; answering it could go on for ever between two nodes of this kind. To parts of
        // a BEAM only others of their kind send plain messages.
        let mute = || name == b"error" || self.process.exit_policy.system && !self.process.is_introspection();
        if reply_to.kind == CallKind::Plain && mute() {
            return;
        }
        if later.must_wait(reply_to) {
            let mut kept = Encoder::new();
            reply_to.write_error(&mut kept, &Rejection::unknown_call());
            later.queue(reply_to, &kept);
        } else {
            reply_to.write_error(out, &Rejection::unknown_call());
        }
    }
}

/// After a handler that has panicked: its reply is an error, whatever of another one has been written.
#[cold]
fn panicked(
    process: &Process,
    context: &Context,
    function: &Function,
    reply_to: &ReplyTo<'_>,
    mark: Mark,
    out: &mut Encoder,
    panic: &(dyn std::any::Any + Send),
) {
    out.rollback(mark);
    let rejection = panic_rejection(&function.name, panic);
    if reply_to.kind == CallKind::Cast {
        failed_casts::failed(context, &function.name, rejection.reason());
    }
    reply_to.write_error(out, &rejection);
    context.counters().panicked();
    context.inner().panicked(&process.address, &rejection);
}

/// What stands in front of the name where [`short_head`] finds one.
const SHORT_HEAD: usize = 4;

/// Of `{Name, A1..An}` as every BEAM and `ei` send it for up to 254 arguments: what begins with the name, the length of the
/// name, and the number of arguments.
#[inline(always)]
fn short_head(term: &[u8]) -> Option<(&[u8], usize, usize)> {
    let (head, name) = term.split_first_chunk::<SHORT_HEAD>()?;
    let [tuple, arity, atom, length] = *head;
    let (length, arity) = (usize::from(length), usize::from(arity));
    let fits = [tuple, 0, atom, 0] == [tag::SMALL_TUPLE_EXT, 0, tag::SMALL_ATOM_UTF8_EXT, 0] && length <= name.len();
    if fits { Some((name, length, arity.checked_sub(1)?)) } else { None }
}

/// Name and number of arguments of `{Name, A1..An}` or `Name`; the decoder then stands at the first argument.
#[inline]
pub(in crate::node) fn head<'a>(decoder: &mut Decoder<'a>) -> Option<(&'a [u8], usize)> {
    if let Some((name, length, arity)) = short_head(decoder.remaining()) {
        decoder.rewind(decoder.position() + SHORT_HEAD + length);
        return Some((&name[..length], arity));
    }
    let arity = match decoder.remaining().first()? {
        &(tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT) => decoder.tuple().ok()?.checked_sub(1)?,
        _ => 0,
    };
    let name = AtomTerm::new(decoder.skip().ok()?)?;
    Some((name.name_bytes(), arity))
}
