//! Frames over the limit: they are skipped, and the sender receives an error in the form of the reply that it waits
//! for.

use super::{
    connection::{Connection, Dispatch},
    forms::{self, FILE_REPLY, IO_REPLY},
    rex,
    run::head as name_of,
};
use crate::{
    error::Chain,
    etf::{Decoder, Encoder, tag},
    net::{Input, LinkEnd, Together},
    node::{
        connection::inner::Inner,
        counters::CallKind,
        number::Number,
        process::{names::REX, waiting::Outcome},
        service::{
            call_tag::{CallTag, gen_from, usual_call},
            rejection::Rejection,
            reply_to::ReplyTo,
        },
    },
    protocol::control::{self, AtomTerm, Control, FrameForm, PidTerm, ProcTerm, Target},
    term::RawTerm,
};

/// The atom that answers a request to spawn.
const MESSAGE_TOO_BIG: &[u8] = b"\x77\x0fmessage_too_big";

/// The start of `{error, Reason}`.
const ERROR: &[u8] = b"\x68\x02\x77\x05error";

/// The form of the reply that the sender of a message waits for.
enum Form<'a> {
    Plain(PidTerm<'a>),
    /// A gen call, from this process and with this tag.
    Call(PidTerm<'a>, CallTag<'a>),
    /// A request for I/O, from this process: the start of the reply, and its second element.
    Io(PidTerm<'a>, &'static [u8], &'a [u8]),
    Nobody,
}

impl Dispatch {
    /// Handles a frame of this length, or a message in fragments, of which all but the head is skipped. A head that
    /// cannot be read ends the connection.
    pub(super) fn pass_over(
        &mut self,
        head: &[u8],
        length: u64,
        limit: usize,
        out: &mut Encoder,
    ) -> Result<(), LinkEnd> {
        let (op, control) = match control::decode_in(FrameForm::of(self.connection.flags), head) {
            Ok(decoded) => decoded,
            Err(error) if error.closes_connection() => return Err(LinkEnd::FrameTooLong { length, limit }),
            Err(error) => {
                tracing::error!(peer = %self.connection.context.peer(), length, limit, error = %Chain(&error), "a frame over the limit was dropped");
                return Ok(());
            }
        };
        tracing::error!(peer = %self.connection.context.peer(), ?op, length, limit, "a frame over the limit was dropped");
        let rejection = Rejection::too_long(length, limit);
        // Signals have their effect even without their reasons.
        let reason = &rejection.reason().to_vec()[..];
        let control = match control {
            Control::Send { from, to, message, .. } => {
                let too_long = Outcome::TooLong { head: RawTerm::from_slice(message, None), length, limit };
                self.refuse(from, to, message, &rejection, too_long, out);
                return Ok(());
            }
            Control::SpawnRequest { id, from, token, .. } => {
                if let Some(result) = AtomTerm::new(MESSAGE_TOO_BIG).map(ProcTerm::Name) {
                    self.connection.answer(&Control::SpawnReply { id, to: from, flags: 0, result, token }, out);
                }
                return Ok(());
            }
            Control::Exit { from, to, token, .. } => Control::Exit { from, to, token, reason },
            Control::Exit2 { from, to, token, priority, .. } => Control::Exit2 { from, to, token, priority, reason },
            // The result of `erpc` comes in this form.
            Control::MonitorExit { reference, .. } => {
                let reason = RawTerm::from_slice(reason, None);
                self.complete(reference, Outcome::DownTooLong { reason, length, limit });
                return Ok(());
            }
            control => control,
        };
        let waker = std::task::Waker::noop();
        self.signal(&control, Input { read: &Together::default(), waker }, out)
    }

    /// Answers a message of which only the head was kept, if its receiver exists.
    fn refuse(
        &mut self,
        from: Option<PidTerm<'_>>,
        to: Target<'_>,
        head: &[u8],
        rejection: &Rejection,
        too_long: Outcome,
        out: &mut Encoder,
    ) {
        let Dispatch { connection, later, .. } = self;
        let Connection { inner, peer, flags, .. } = &*connection;
        let process = match to {
            Target::Name(name)
                if name.name_bytes() == REX.as_bytes() && inner.registry.named(REX.as_bytes()).is_none() =>
            {
                return refuse_rex(inner, *flags, head, rejection, out);
            }
            Target::Name(name) => inner.registry.by_name(name),
            Target::Pid(pid) => {
                let number = Number { id: pid.id(), serial: pid.serial() };
                if pid.creation() != inner.identity.creation {
                    return;
                }
                inner.registry.by_number(number).or_else(|| {
                    inner.complete_reply(number, too_long, peer);
                    None
                })
            }
            Target::Alias(alias) => {
                let Some(number) = inner.aliases.process(&inner.identity, alias) else { return };
                inner.registry.by_number(number)
            }
        };
        let Some(process) = process else { return };
        let address = &process.address;
        let reply_to = ReplyTo { kind: CallKind::Plain, flags: *flags, to: None, from: address, call_tag: None };
        let call_tag;
        let reply_to = match Form::read(from, head) {
            Form::Nobody => return,
            Form::Io(to, reply, reply_as) => {
                let reply_to = ReplyTo { to: Some(to), ..reply_to };
                if let Some(frame) = reply_to.begin(out) {
                    out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
                    [reply, reply_as, ERROR].into_iter().for_each(|part| out.put_slice(part));
                    out.append(rejection.reason());
                    reply_to.finish(frame, out);
                }
                return;
            }
            Form::Plain(to) => ReplyTo { to: Some(to), ..reply_to },
            Form::Call(to, call) => {
                call_tag = call;
                ReplyTo { kind: CallKind::GenCall, to: Some(to), call_tag: Some(&call_tag), ..reply_to }
            }
        };
        if later.must_wait(&reply_to) {
            let mut kept = Encoder::new();
            reply_to.write_error(&mut kept, rejection);
            later.queue(&reply_to, &kept);
        } else {
            reply_to.write_error(out, rejection);
        }
    }
}

impl<'a> Form<'a> {
    /// Reads the form from the head of a message.
    fn read(from: Option<PidTerm<'a>>, head: &'a [u8]) -> Self {
        if let Some(from) = from
            && let Some((more, _)) = usual_call(head, from)
        {
            return Form::Call(from, more);
        }
        let mut decoder = Decoder::new(head);
        match name_of(&mut decoder) {
            // Calls of `sys` and of behaviours before `gen_statem` have the same form.
            Some((b"$gen_call" | b"system" | b"$gen_sync_event" | b"$gen_sync_all_state_event", 2)) => call(decoder),
            Some((b"io_request", 3)) => io(decoder, IO_REPLY),
            Some((b"file_request", 3)) => io(decoder, FILE_REPLY),
            Some((b"$gen_cast", 1) | (b"error", _)) => Form::Nobody,
            _ if is_from_a_process(head) => {
                let mut decoder = Decoder::new(head);
                let is_read = decoder.tuple().is_ok() && decoder.skip().is_ok();
                if is_read { call(decoder) } else { Form::Nobody }
            }
            _ if forms::Form::of(head) != forms::Form::Plain => Form::Nobody,
            _ => from.map_or(Form::Nobody, Form::Plain),
        }
    }
}

/// Reads `{Pid, Tag}`, which comes next.
fn call(mut decoder: Decoder<'_>) -> Form<'_> {
    match gen_from(&mut decoder) {
        Some((to, tag)) => Form::Call(to, CallTag::new(tag)),
        None => Form::Nobody,
    }
}

/// Reads `From` and `ReplyAs`, which come next.
fn io<'a>(mut decoder: Decoder<'a>, reply: &'static [u8]) -> Form<'a> {
    let to = decoder.skip().ok().and_then(PidTerm::new);
    match (to, decoder.skip()) {
        (Some(to), Ok(reply_as)) => Form::Io(to, reply, reply_as),
        _ => Form::Nobody,
    }
}

/// Returns whether this is `{Pid, _, _}`, a request of `gen_event`.
fn is_from_a_process(head: &[u8]) -> bool {
    matches!(head, [tag::SMALL_TUPLE_EXT, 3, tag::NEW_PID_EXT | tag::PID_EXT, ..])
}

/// Answers as `rex` does: `{badrpc, {'EXIT', Reason}}`.
fn refuse_rex(inner: &Inner, flags: crate::protocol::Flags, head: &[u8], rejection: &Rejection, out: &mut Encoder) {
    const BADRPC_EXIT: &[u8] = b"\x68\x02\x77\x06badrpc\x68\x02\x77\x04EXIT";
    let Some(process) = inner.registry.system(REX.as_bytes()) else { return };
    let (to, tag) = match Form::read(None, head) {
        Form::Call(to, more) => (to, more.tag),
        // A request in the form of C nodes.
        _ => match head.strip_prefix(&[tag::SMALL_TUPLE_EXT, 2]).and_then(|pair| {
            let mut decoder = Decoder::new(pair);
            PidTerm::new(decoder.skip().ok()?)
        }) {
            Some(to) => (to, rex::TAG),
            None => return,
        },
    };
    let call_tag = CallTag::new(tag);
    let reply_to =
        ReplyTo { kind: CallKind::Rpc, flags, to: Some(to), from: &process.address, call_tag: Some(&call_tag) };
    if let Some(frame) = reply_to.begin(out) {
        out.put_slice(BADRPC_EXIT);
        out.append(rejection.reason());
        reply_to.finish(frame, out);
    }
}
