//! From a message to the handler that it calls.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;

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
    net::Taken,
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

/// The head of a message that begins as nearly every one does: see [`short_head`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ShortHead {
    /// The length of the name.
    length: u8,
    arity: u8,
}

impl ShortHead {
    /// Returns the position of the first argument.
    #[inline(always)]
    fn arguments(self) -> usize {
        SHORT_HEAD + usize::from(self.length)
    }

    /// Returns the name in the message that this is the head of.
    fn name(self, message: &[u8]) -> &[u8] {
        message.get(SHORT_HEAD..self.arguments()).unwrap_or_default()
    }
}

/// The result of reading the beginning of a message, which is done once for each message.
///
/// It fits registers: a larger value would be written to memory for every message.
#[derive(Clone, Copy)]
pub(super) struct Looked<'a> {
    /// `None` if the message does not begin as nearly every message does.
    head: Option<ShortHead>,
    /// The function that has this name and arity.
    target: Option<&'a Target>,
}

/// Reads the beginning of a message to this process.
#[inline(always)]
pub(super) fn look<'a>(process: &'a Process, message: &[u8]) -> Looked<'a> {
    let Some((name, head)) = short_head(message) else { return Looked { head: None, target: None } };
    let target = process.function(name, usize::from(head.length), usize::from(head.arity));
    Looked { head: Some(head), target }
}

/// Calls the function of a plain message that can be called directly, as nearly every message can. Returns `None` for
/// all other messages, without an effect; [`message`] handles those.
#[inline(always)]
pub(super) fn dispatch_fast(
    envelope: Envelope<'_>,
    from: PidTerm<'_>,
    message: &[u8],
    looked: Looked<'_>,
    later: &mut PendingCalls,
    out: &mut Encoder,
) -> Option<Taken> {
    let Looked { head: Some(head), target: Some(target) } = looked else { return None };
    if !target.function.accepts.contains(Accepts::PLAIN) || !later.nothing_queued() {
        return None;
    }
    let (connection, process) = (envelope.connection, envelope.process);
    let reply_to = ReplyTo {
        kind: CallKind::Plain,
        flags: connection.flags,
        to: Some(from),
        from: &process.address,
        call_tag: None,
    };
    let arguments = (message, head.arguments());
    Some(match run(envelope, target, arguments, Some(envelope.input.owner()), &reply_to, later, out) {
        Ran::Done => Taken::Handled,
        Ran::Failed | Ran::Runs => Taken::Kept,
    })
}

/// The result of starting a handler.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ran {
    Done,
    /// It has panicked, and the reply says so.
    Failed,
    /// It is pending.
    Runs,
}

/// Runs a handler. Its reply is in `out` if it is ready at once, otherwise the call is kept. The arguments begin at a
/// position in `message`.
///
/// Every message passes through this, so it is inlined into both callers.
#[inline(always)]
fn run(
    envelope: Envelope<'_>,
    target: &Target,
    (message, position): (&[u8], usize),
    owner: Option<&Bytes>,
    reply_to: &ReplyTo<'_>,
    later: &mut PendingCalls,
    out: &mut Encoder,
) -> Ran {
    let Envelope { process, connection, input, .. } = envelope;
    let Target { service, index, function } = target;
    let context = &connection.context;
    context.counters().count_call(reply_to.kind);
    let mark = out.mark();
    // Created where the service reads it: copying a value that has just been written in pieces stalls the processor.
    let decoder = Decoder::at(message, position, owner);
    let (address, share) = (&process.address, Share::default());
    let args = Args { function: &function.name, taken: 0, decoder, context, reply_to, process: address, share: &share };
    let call = Call { args, out, waker: input.waker };
    let handled = catch_unwind(AssertUnwindSafe(|| service.call(*index, call)));
    share.over(handled.is_err());
    match handled {
        Ok(Handled(None)) => Ran::Done,
        Ok(Handled(Some(running))) => {
            later.push(reply_to, process, function.name.clone(), running, input);
            Ran::Runs
        }
        Err(panic) => {
            panicked(process, connection, function, reply_to, mark, out, &*panic);
            Ran::Failed
        }
    }
}

/// Handles a message of any kind.
#[inline(never)]
pub(super) fn message(
    envelope: &Envelope<'_>,
    from: Option<PidTerm<'_>>,
    term: &[u8],
    looked: Looked<'_>,
    later: &mut PendingCalls,
    out: &mut Encoder,
) {
    let mut reply_to = envelope.plain_reply_to(from);
    let mut decoder = Decoder::with_owner(term, envelope.input.owner());
    let call_tag;
    if let (None, Some(_), Some((call, request))) =
        (looked.target, looked.head, from.and_then(|from| usual_call(term, from)))
    {
        decoder.rewind(request);
        call_tag = call;
        reply_to = ReplyTo { kind: CallKind::GenCall, call_tag: Some(&call_tag), ..reply_to };
    } else {
        let (name, arity) = match looked.head {
            Some(head) => {
                decoder.rewind(head.arguments());
                (head.name(term), usize::from(head.arity))
            }
            None => match head(&mut decoder) {
                Some(head) => head,
                None => return unknown(envelope, &reply_to, b"", term, later, out),
            },
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
            _ => {
                let target = match looked.head {
                    Some(_) => looked.target,
                    // The function has not been looked up yet.
                    None => envelope.process.function(name, name.len(), arity),
                };
                return invoke(envelope, &decoder, name, target, &reply_to, later, out);
            }
        }
    }
    match head(&mut decoder) {
        Some(head) => call(envelope, &decoder, head, &reply_to, later, out),
        None => unknown(envelope, &reply_to, b"", term, later, out),
    }
}

/// Calls `name/arity` for a call that is not a plain message.
pub(super) fn call(
    envelope: &Envelope<'_>,
    decoder: &Decoder<'_>,
    (name, arity): (&[u8], usize),
    reply_to: &ReplyTo<'_>,
    later: &mut PendingCalls,
    out: &mut Encoder,
) {
    let envelope = for_call(*envelope, name, arity);
    let target = envelope.process.function(name, name.len(), arity);
    invoke(&envelope, decoder, name, target, reply_to, later, out);
}

/// Chooses the process for a call: calls to `net_kernel` and the other processes of every node are answered by them
/// even if services answer any name.
fn for_call<'a>(mut envelope: Envelope<'a>, function: &[u8], arity: usize) -> Envelope<'a> {
    if let Some(name) = envelope.name
        && envelope.process.name.is_none()
        && let Some(system) = envelope.connection.inner.registry.system(name.name_bytes())
        && system.function(function, function.len(), arity).is_some()
    {
        envelope.process = system;
    }
    envelope
}

/// Calls the function with this name, if there is one for calls of this kind, with the arguments at the position of the
/// decoder.
#[inline]
fn invoke(
    envelope: &Envelope<'_>,
    decoder: &Decoder<'_>,
    name: &[u8],
    target: Option<&Target>,
    reply_to: &ReplyTo<'_>,
    later: &mut PendingCalls,
    out: &mut Encoder,
) {
    if envelope.ending != Ending::No
        && draining::refused(envelope, decoder.bytes(), (name, target.is_some()), reply_to, later, out)
    {
        return;
    }
    let accepts = match reply_to.kind {
        CallKind::Plain => Accepts::PLAIN,
        CallKind::GenCall => Accepts::CALL,
        CallKind::Cast => Accepts::CAST,
        CallKind::Rpc => Accepts::RPC,
    };
    let Some(target) = target.filter(|target| target.function.accepts.admits(accepts)) else {
        envelope.connection.context.counters().count_call(reply_to.kind);
        return unknown(envelope, reply_to, name, decoder.bytes(), later, out);
    };
    let arguments = (decoder.bytes(), decoder.position());
    let mut kept;
    let waits = later.must_wait(reply_to);
    let place = if waits {
        kept = Encoder::new();
        &mut kept
    } else {
        &mut *out
    };
    let ran = run(*envelope, target, arguments, decoder.owner(), reply_to, later, place);
    if waits && ran != Ran::Runs {
        later.queue(reply_to, place);
    }
}

/// Answers a message that calls no function.
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
    // `{error, ..}` is a reply itself: two nodes of this kind could answer each other forever. The processes of every
    // node receive plain messages only from their counterparts.
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

/// Writes the reply of a handler that has panicked: an error in place of any part of another reply.
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

/// The number of bytes before the name where [`short_head`] finds one.
const SHORT_HEAD: usize = 4;

/// Reads `{Name, A1..An}` as every BEAM and `ei` send it for up to 254 arguments. Returns the bytes from the name on,
/// and the head.
#[inline(always)]
fn short_head(term: &[u8]) -> Option<(&[u8], ShortHead)> {
    let (head, name) = term.split_first_chunk::<SHORT_HEAD>()?;
    let [tuple, arity, atom, length] = *head;
    let fits = [tuple, 0, atom, 0] == [tag::SMALL_TUPLE_EXT, 0, tag::SMALL_ATOM_UTF8_EXT, 0];
    let fits = fits && usize::from(length) <= name.len();
    if fits { Some((name, ShortHead { length, arity: arity.checked_sub(1)? })) } else { None }
}

/// Returns the name and the number of arguments of `{Name, A1..An}` or `Name`. The decoder is then at the first
/// argument.
#[inline]
pub(super) fn head<'a>(decoder: &mut Decoder<'a>) -> Option<(&'a [u8], usize)> {
    if let Some((name, head)) = short_head(decoder.remaining()) {
        decoder.rewind(decoder.position() + head.arguments());
        return Some((&name[..usize::from(head.length)], usize::from(head.arity)));
    }
    let arity = match decoder.remaining().first()? {
        &(tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT) => decoder.tuple().ok()?.checked_sub(1)?,
        _ => 0,
    };
    let name = AtomTerm::new(decoder.skip().ok()?)?;
    Some((name.name_bytes(), arity))
}

#[cfg(test)]
mod tests {
    use nodex_testkit::encoded;
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::{
        node::{number::Number, process::exit_policy::ExitPolicy, service::functions::Functions, shared::Identity},
        term::{Atom, RawTerm},
    };

    /// Creates a process with the functions `ab/1`, `ab/2` and `system/2`.
    fn process() -> Process {
        let functions = Functions::new()
            .add("ab", |one: RawTerm| one)
            .add("ab", |one: RawTerm, two: RawTerm| (one, two))
            .add("system", |one: RawTerm, two: RawTerm| (one, two));
        let pid = Identity::new(crate::atom!("a@h"), 4).pid(Number { id: 1, serial: 0 });
        Process::new(None, pid, vec![Box::new(functions)], ExitPolicy::PERMANENT, Role::Service).unwrap()
    }

    /// Returns a message in one of its possible forms.
    fn message(name: &str, arguments: &[u8], long: [bool; 2]) -> Vec<u8> {
        let mut message = match long[0] {
            true => [&[tag::LARGE_TUPLE_EXT][..], &(arguments.len() as u32 + 1).to_be_bytes()].concat(),
            false => vec![tag::SMALL_TUPLE_EXT, arguments.len() as u8 + 1],
        };
        match long[1] {
            true => message.extend([&[tag::ATOM_UTF8_EXT][..], &(name.len() as u16).to_be_bytes()].concat()),
            false => message.extend([tag::SMALL_ATOM_UTF8_EXT, name.len() as u8]),
        }
        message.extend(name.as_bytes());
        message.extend(arguments.iter().flat_map(|argument| [tag::SMALL_INTEGER_EXT, *argument]));
        message
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        /// Compares the short way with the general one, which must handle all that the short one does not.
        #[test]
        fn what_a_look_at_a_message_tells_the_decoder_tells(
            name in "[ab$]{0,3}|system|[$a-zé]{0,40}",
            arguments in vec(any::<u8>(), 0..5),
            long in any::<[bool; 2]>(),
            cut in prop_oneof![Just(usize::MAX), 0..12_usize],
        ) {
            let process = process();
            let message = message(&name, &arguments, long);
            let message = &message[..message.len().min(cut)];
            let mut decoder = Decoder::new(message);
            let arity = decoder.tuple().ok();
            let read = decoder.atom_name().ok().map(|name| name.into_owned());
            let looked = look(&process, message);
            match looked.head {
                Some(short) => {
                    prop_assert_eq!(arity, Some(usize::from(short.arity) + 1));
                    prop_assert_eq!(read.as_deref().map(str::as_bytes), Some(short.name(message)));
                    prop_assert_eq!(decoder.position(), short.arguments());
                    let expected = match (short.name(message), short.arity) {
                        (b"ab", 1) => Some(0),
                        (b"ab", 2) => Some(1),
                        (b"system", 2) => Some(2),
                        _ => None,
                    };
                    prop_assert_eq!(looked.target.map(|target| target.index), expected);
                }
                // A message that begins in the short form and is complete up to the name is never unusual.
                None => prop_assert!(long != [false, false] || read.is_none()),
            }
            let mut decoder = Decoder::new(message);
            let general = head(&mut decoder);
            if let (Some(read), Some(arity)) = (&read, arity) {
                prop_assert_eq!(general, Some((read.as_bytes(), arity - 1)));
            }
        }
    }

    #[test]
    fn an_atom_is_a_name_without_arguments() {
        let atom = encoded(Atom::from_static("ab"));
        assert_eq!(look(&process(), &atom).head, None);
        assert_eq!(head(&mut Decoder::new(&atom)), Some((&b"ab"[..], 0)));
    }
}
