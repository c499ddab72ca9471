//! From a message to the handler that it calls.

use std::panic::{AssertUnwindSafe, catch_unwind};

use super::{
    connection::{Connection, Ending},
    draining,
    envelope::Envelope,
    forms,
    pending_calls::PendingCalls,
    sys,
};
use crate::{
    etf::{Decoder, Encoder, Mark, tag},
    net::{Input, Taken},
    node::{
        counters::CallKind,
        process::{
            function_table::Target,
            service_process::{Process, Role},
        },
        service::{
            args::Args,
            call::{Call, Handled, panic_rejection},
            call_tag::{CallTag, gen_from, usual_call},
            caller::Share,
            failed_casts,
            interface::{Accepts, Function},
            rejection::Rejection,
            reply_sink::Failure,
            reply_to::ReplyTo,
        },
    },
    protocol::control::{AtomTerm, PidTerm},
};

/// A message that calls a function of a permanent process by name, with a handler that answers at once: what nearly every
/// one is. `None` for all else, which is then untouched, and for [`message`].
#[inline(always)]
#[expect(clippy::too_many_arguments)]
pub(super) fn dispatch_fast(
    process: &Process,
    connection: &Connection,
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
    connection.context.counters().count_call(CallKind::Plain);
    let mark = out.mark();
    let address = &process.address;
    let reply_to =
        ReplyTo { kind: CallKind::Plain, flags: connection.flags, to: Some(from), from: address, call_tag: None };
    // Made where the service reads it.
    let context = &connection.context;
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
        Err(panic) => panicked(process, connection, function, &reply_to, mark, out, &*panic),
    }
    Some(Taken::Kept)
}

#[inline(never)]
pub(super) fn message(
    envelope: &Envelope<'_>,
    from: Option<PidTerm<'_>>,
    term: &[u8],
    later: &mut PendingCalls,
    out: &mut Encoder,
) {
    let mut reply_to = ReplyTo {
        kind: CallKind::Plain,
        flags: envelope.connection.flags,
        to: from,
        from: &envelope.process.address,
        call_tag: None,
    };
    let mut decoder = Decoder::with_owner(term, envelope.input.owner());
    let call_tag;
    if let Some((call, request)) = from.and_then(|from| usual_call(term, from)) {
        decoder.rewind(request);
        call_tag = call;
        reply_to = ReplyTo { kind: CallKind::GenCall, call_tag: Some(&call_tag), ..reply_to };
    } else {
        let Some((name, arity)) = head(&mut decoder) else {
            return unknown(envelope, &reply_to, b"", term, later, out);
        };
        match (name, arity) {
            (b"$gen_call", 2) => {
                let Some((to, tag)) = gen_from(&mut decoder) else {
                    tracing::warn!(peer = %envelope.connection.context.peer(), "a gen call without a pid and a tag was dropped");
                    return;
                };
                call_tag = CallTag::new(tag);
                reply_to = ReplyTo { kind: CallKind::GenCall, to: Some(to), call_tag: Some(&call_tag), ..reply_to };
            }
            (b"$gen_cast", 1) => reply_to = ReplyTo { kind: CallKind::Cast, ..reply_to },
            (b"system", 2) if sys::answer(envelope, term, later, out) => return,
            _ => return invoke(envelope, &decoder, name, arity, &reply_to, later, out),
        }
    }
    match head(&mut decoder) {
        Some((name, arity)) => invoke(&for_call(*envelope, name, arity), &decoder, name, arity, &reply_to, later, out),
        None => unknown(envelope, &reply_to, b"", term, later, out),
    }
}

/// What every node answers to calls of `net_kernel` and its like, it answers also where services take any name.
pub(super) fn for_call<'a>(mut envelope: Envelope<'a>, function: &[u8], arity: usize) -> Envelope<'a> {
    if let Some(name) = envelope.name
        && envelope.process.name.is_none()
        && let Some(system) = envelope.connection.inner.registry.system(name.name_bytes())
        && system.function(function, function.len(), arity).is_some()
    {
        envelope.process = system;
    }
    envelope
}

/// Calls `name/arity` with the arguments that the decoder comes to next.
pub(super) fn invoke(
    envelope: &Envelope<'_>,
    decoder: &Decoder<'_>,
    name: &[u8],
    arity: usize,
    reply_to: &ReplyTo<'_>,
    later: &mut PendingCalls,
    out: &mut Encoder,
) {
    let (process, context) = (envelope.process, &envelope.connection.context);
    if envelope.ending != Ending::No && draining::refused(envelope, decoder.bytes(), name, arity, reply_to, later, out)
    {
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
    let Some(Target { service, index, function }) = function.filter(|target| target.function.accepts.admits(accepts))
    else {
        return unknown(envelope, reply_to, name, decoder.bytes(), later, out);
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
    let args = Args { function: &function.name, taken: 0, decoder, context, reply_to, process: address, share: &share };
    let call = Call { args, out: place, waker: envelope.input.waker };
    let handled = catch_unwind(AssertUnwindSafe(|| service.call(*index, call)));
    share.over(handled.is_err());
    match handled {
        Ok(Handled(None)) => {}
        Ok(Handled(Some(running))) => {
            return later.push(reply_to, process, function.name.clone(), running, envelope.input);
        }
        Err(panic) => panicked(process, envelope.connection, function, reply_to, mark, place, &*panic),
    }
    if waits {
        later.queue(reply_to, place);
    }
}

/// Answers a message that calls nothing.
#[cold]
fn unknown(
    envelope: &Envelope<'_>,
    reply_to: &ReplyTo<'_>,
    name: &[u8],
    term: &[u8],
    later: &mut PendingCalls,
    out: &mut Encoder,
) {
    if reply_to.kind == CallKind::Plain && forms::answer(envelope, term, out) {
        return;
    }
    tracing::debug!(peer = %envelope.connection.context.peer(), name = %name.escape_ascii(), kind = ?reply_to.kind, "an unknown call");
    envelope.connection.context.counters().unknown();
    if reply_to.kind == CallKind::Cast {
        let function = name.escape_ascii().to_string();
        failed_casts::failed(&envelope.connection.context, &function, Rejection::unknown_call().reason());
    }
    if let Some(sink) = reply_to.sink() {
        return reply_to.fail(sink, &Failure::Undef, out);
    }
    // `{error, ..}` is an answer itself; answering it could go on for ever between two nodes of this kind. To parts of
    // a BEAM only others of their kind send plain messages.
    let mute = || name == b"error" || envelope.process.is_system() && envelope.process.role != Role::Console;
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

/// After a handler that has panicked: its reply is an error, whatever of another one has been written.
#[cold]
fn panicked(
    process: &Process,
    connection: &Connection,
    function: &Function,
    reply_to: &ReplyTo<'_>,
    mark: Mark,
    out: &mut Encoder,
    panic: &(dyn std::any::Any + Send),
) {
    out.rollback(mark);
    let rejection = panic_rejection(&function.name, panic);
    if reply_to.kind == CallKind::Cast {
        failed_casts::failed(&connection.context, &function.name, rejection.reason());
    }
    reply_to.write_error(out, &rejection);
    connection.context.counters().panicked();
    connection.inner.panicked(&process.address, &rejection);
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
pub(super) fn head<'a>(decoder: &mut Decoder<'a>) -> Option<(&'a [u8], usize)> {
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
