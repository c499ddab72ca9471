//! Messages that call no function, recognized by their form: requests that are answered in their own form, and messages
//! to which no sender awaits an answer. An answer in another form would stay in a mailbox forever.
//!
//! Follows `gen.erl`, `sys.erl`, `gen_event.erl`, and stdlib, chapter "The Erlang I/O Protocol".

use super::envelope::{Envelope, Tagged};
use crate::{
    etf::{Decoder, Encoder, tag},
    node::{
        process::service_process::Role,
        service::{
            call_tag::{CallTag, alias_of, gen_from},
            rejection::Rejection,
        },
    },
    protocol::control::PidTerm,
};

/// The atoms `io_reply` and `file_reply`.
pub(in crate::node) const IO_REPLY: &[u8] = b"\x77\x08io_reply";
pub(in crate::node) const FILE_REPLY: &[u8] = b"\x77\x0afile_reply";
/// `{error, enotsup}`.
const ENOTSUP: &[u8] = b"\x68\x02\x77\x05error\x77\x07enotsup";
/// `{error, bad_module}`, of `gen_event:call/3` where there is no such handler.
const BAD_MODULE: &[u8] = b"\x68\x02\x77\x05error\x77\x0abad_module";
/// `{error, module_not_found}`, of `gen_event:delete_handler/3` where there is no such handler.
const MODULE_NOT_FOUND: &[u8] = b"\x68\x02\x77\x05error\x77\x10module_not_found";
const OK: &[u8] = b"\x77\x02ok";

/// The form of a plain message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Form<'a> {
    /// `{system, From, Request}`, of `sys`.
    System(Tagged<'a>),
    /// `{Pid, From, Request}`, of `gen_event`.
    Event(Tagged<'a>),
    /// A synchronous call of another behaviour.
    Call(Tagged<'a>),
    /// `{io_request, From, ReplyAs, Request}`, or the same for files, and how its answer begins.
    Io { to: PidTerm<'a>, reply: &'static [u8], reply_as: &'a [u8], request: &'a [u8] },
    /// An event, a reply or a signal as a message, which has no answer.
    Silent,
    /// Anything else; its sender may wait for any answer.
    Plain,
}

impl<'a> Form<'a> {
    /// Returns the form of this message.
    pub(in crate::node) fn of(message: &'a [u8]) -> Self {
        Self::read(message).unwrap_or(Form::Plain)
    }

    fn read(message: &'a [u8]) -> Option<Self> {
        let mut decoder = Decoder::new(message);
        let &(tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT) = message.first()? else {
            // The timeout message of a `gen_server`.
            return (&*decoder.atom_name().ok()? == "timeout").then_some(Form::Silent);
        };
        let arity = decoder.tuple().ok()?;
        if arity == 0 {
            return None;
        }
        let first = decoder.skip().ok()?;
        match first.first()? {
            &(tag::NEW_PID_EXT | tag::PID_EXT) if arity == 3 => tagged(decoder).map(Form::Event),
            tag if is_port(*tag) || is_reference(*tag) => Some(Form::Silent),
            // `{[alias|Ref], Reply}`, and the replies to `gen_server:multi_call`.
            _ if arity == 2 && (alias_of(first).is_some() || begins_with_reference(first)) => Some(Form::Silent),
            _ => {
                let name = Decoder::new(first).atom_name().ok()?;
                Self::named(&name, arity, decoder)
            }
        }
    }

    /// Returns the form of `{Name, ..}`. The decoder is after the name.
    fn named(name: &str, arity: usize, decoder: Decoder<'a>) -> Option<Self> {
        let silent = |is: bool| is.then_some(Form::Silent);
        let second = || decoder.remaining().first().copied();
        match (name, arity) {
            ("system", 3) => Some(tagged(decoder).map_or(Form::Silent, Form::System)),
            ("$gen_sync_event" | "$gen_sync_all_state_event", 3) => {
                Some(tagged(decoder).map_or(Form::Silent, Form::Call))
            }
            ("io_request", 4) => Some(io(decoder, IO_REPLY).unwrap_or(Form::Silent)),
            ("file_request", 4) => Some(io(decoder, FILE_REPLY).unwrap_or(Form::Silent)),
            // The labels of behaviours and of the runtime system: events, casts, subscriptions.
            _ if name.starts_with('$') => Some(Form::Silent),
            ("EXIT", 3)
            | ("DOWN", 5)
            | ("notify", 2)
            | ("nodeup" | "nodedown", 2 | 3)
            | ("io_reply" | "file_reply" | "features_reply" | "gen_event_EXIT", 3)
            | ("spawn_reply" | "ETS-TRANSFER", 4)
            | ("global_name_conflict", 2 | 3)
            | ("inet_reply", 3)
            | ("inet_async", 4) => Some(Form::Silent),
            ("timeout", 3) => silent(second().is_some_and(is_reference)),
            ("tcp" | "udp" | "sctp" | "ssl", 3..=6)
            | (
                "tcp_closed" | "udp_closed" | "tcp_passive" | "udp_passive" | "sctp_passive" | "ssl_closed"
                | "ssl_passive",
                2,
            )
            | ("tcp_error" | "udp_error" | "sctp_error" | "ssl_error", 3) => silent(second().is_some_and(is_socket)),
            ("trace" | "trace_ts", 3..) | ("monitor", 4) => {
                silent(second().is_some_and(|tag| is_pid(tag) || is_port(tag)))
            }
            // The message of `logger` to the node of a group leader: its last element is the metadata.
            ("log", 4 | 5) => silent(last_is_map(decoder, arity - 1)),
            _ => None,
        }
    }
}

fn is_pid(tag: u8) -> bool {
    matches!(tag, tag::NEW_PID_EXT | tag::PID_EXT)
}

fn is_port(tag: u8) -> bool {
    matches!(tag, tag::V4_PORT_EXT | tag::NEW_PORT_EXT | tag::PORT_EXT)
}

fn is_reference(tag: u8) -> bool {
    matches!(tag, tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::REFERENCE_EXT)
}

/// Returns whether a term begins like a socket: a port, `{'$inet', ..}`, or a record of `ssl`.
fn is_socket(tag: u8) -> bool {
    is_port(tag) || is_reference(tag) || matches!(tag, tag::SMALL_TUPLE_EXT | tag::MAP_EXT)
}

/// Returns whether a term is `{Ref, _}` or `{[alias|Ref], _}`.
fn begins_with_reference(term: &[u8]) -> bool {
    let mut decoder = Decoder::new(term);
    let pair = term.first() == Some(&tag::SMALL_TUPLE_EXT) && decoder.tuple().is_ok_and(|arity| arity == 2);
    pair && decoder
        .skip()
        .is_ok_and(|first| first.first().copied().is_some_and(is_reference) || alias_of(first).is_some())
}

fn last_is_map(mut decoder: Decoder<'_>, left: usize) -> bool {
    let skipped = (1..left).try_for_each(|_| decoder.skip().map(|_| ()));
    skipped.is_ok() && decoder.remaining().first() == Some(&tag::MAP_EXT)
}

/// Reads `{Pid, Tag}` and the request after it.
fn tagged(mut decoder: Decoder<'_>) -> Option<Tagged<'_>> {
    let &(tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT) = decoder.remaining().first()? else { return None };
    let (to, tag) = gen_from(&mut decoder)?;
    Some(Tagged { to, tag, request: decoder.skip().ok()? })
}

fn io<'a>(mut decoder: Decoder<'a>, reply: &'static [u8]) -> Option<Form<'a>> {
    let to = PidTerm::new(decoder.skip().ok()?)?;
    let reply_as = decoder.skip().ok()?;
    Some(Form::Io { to, reply, reply_as, request: decoder.skip().ok()? })
}

/// Returns `true` when this plain message, which calls no function, has a form of its own. It is then answered in that
/// form, or not at all.
#[cold]
pub(super) fn answer(envelope: &Envelope<'_>, message: &[u8], out: &mut Encoder) -> bool {
    match Form::of(message) {
        // It has been answered earlier.
        Form::System(_) => {}
        Form::Silent => {
            tracing::debug!(peer = %envelope.connection.context.peer(), process = ?envelope.process, "a message for nobody");
            envelope.connection.context.counters().unknown();
        }
        Form::Event(call) => envelope.tell(&call, out, |out| out.put_slice(event_reply(call.request))),
        Form::Call(call) => {
            let call_tag = CallTag::new(call.tag);
            envelope.reply_to(&call, &call_tag).write_error(out, &Rejection::unknown_call());
        }
        Form::Io { to, reply, reply_as, request } => {
            let answer = if envelope.process.role == Role::GroupLeader && prints(request) { OK } else { ENOTSUP };
            let plain = envelope.plain_reply_to(Some(to));
            if let Some(frame) = plain.begin(out) {
                out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
                [reply, reply_as, answer].into_iter().for_each(|part| out.put_slice(part));
                plain.finish(frame, out);
            }
        }
        Form::Plain => return false,
    }
    true
}

/// Returns whether a request is `{put_chars, ..}`.
fn prints(request: &[u8]) -> bool {
    let mut decoder = Decoder::new(request);
    decoder.tuple().is_ok() && decoder.atom_name().is_ok_and(|name| name == "put_chars")
}

/// Returns the answer of a `gen_event` that has no handlers and accepts none.
fn event_reply(request: &[u8]) -> &'static [u8] {
    let mut decoder = Decoder::new(request);
    let is_tuple = matches!(request.first(), Some(&(tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT)));
    let arity = if is_tuple { decoder.tuple().unwrap_or_default() } else { 1 };
    match (decoder.atom_name().as_deref().unwrap_or_default(), arity) {
        ("which_handlers" | "get_modules", 1) => b"\x6a",
        ("sync_notify", 2) => OK,
        ("delete_handler", 3) => MODULE_NOT_FOUND,
        _ => BAD_MODULE,
    }
}

#[cfg(test)]
mod tests {
    use nodex_testkit::encoded;

    use super::*;
    use crate::{
        convert::IntoTerm,
        term::{Atom, Pid, RawTerm, Reference},
    };

    fn atom(name: &'static str) -> Atom {
        Atom::from_static(name)
    }

    fn pid() -> Pid {
        Pid { node: atom("a@b"), id: 7, serial: 0, creation: 3 }
    }

    fn reference() -> Reference {
        Reference::new(atom("a@b"), 3, &[1, 2, 3]).unwrap()
    }

    /// `[alias|Ref]`.
    fn alias() -> RawTerm {
        RawTerm::from_slice(&[b"\x6c\0\0\0\x01\x77\x05alias".as_slice(), &encoded(reference())].concat(), None)
    }

    fn port() -> RawTerm {
        RawTerm::from_slice(b"\x78\x77\x03a@b\0\0\0\0\0\0\0\x05\0\0\0\x03", None)
    }

    fn empty_map() -> RawTerm {
        RawTerm::from_slice(b"\x74\0\0\0\0", None)
    }

    fn is_silent(message: impl IntoTerm) -> bool {
        Form::of(&encoded(message)) == Form::Silent
    }

    fn is_plain(message: impl IntoTerm) -> bool {
        Form::of(&encoded(message)) == Form::Plain
    }

    #[test]
    fn requests_are_told_by_their_form() {
        let from = || (pid(), reference());
        let message = encoded((atom("system"), from(), atom("get_state")));
        let Form::System(call) = Form::of(&message) else { panic!() };
        assert_eq!((call.tag, call.request), (&*encoded(reference()), &*encoded(atom("get_state"))));
        let message = encoded((atom("system"), (pid(), alias()), (atom("debug"), 1)));
        assert!(matches!(Form::of(&message), Form::System(call) if call.tag == alias().as_bytes()));
        let message = encoded((pid(), from(), (atom("sync_notify"), 1)));
        assert!(matches!(Form::of(&message), Form::Event(_)));
        let message = encoded((atom("$gen_sync_event"), from(), 1));
        assert!(matches!(Form::of(&message), Form::Call(_)));
        for (name, answer) in [("io_request", IO_REPLY), ("file_request", FILE_REPLY)] {
            let message = encoded((atom(name), pid(), 5, atom("getopts")));
            let Form::Io { reply, reply_as, request, .. } = Form::of(&message) else { panic!() };
            assert_eq!((reply, reply_as), (answer, &b"\x61\x05"[..]));
            assert!(!prints(request) && prints(&encoded((atom("put_chars"), atom("unicode"), "text"))));
        }
    }

    #[test]
    fn what_nobody_waits_for_is_not_answered() {
        assert!(is_silent(atom("timeout")));
        assert!(is_silent((reference(), 1)) && is_silent((alias(), 1)) && is_silent(((reference(), atom("n@h")), 1)));
        assert!(is_silent((port(), (atom("data"), 1))));
        assert!(is_silent((atom("EXIT"), pid(), atom("normal"))));
        assert!(is_silent((atom("DOWN"), reference(), atom("process"), pid(), atom("normal"))));
        assert!(is_silent((atom("nodeup"), atom("n@h"))) && is_silent((atom("nodedown"), atom("n@h"), 1)));
        assert!(is_silent((atom("notify"), 1)) && is_silent((atom("$gen_event"), 1)));
        assert!(is_silent((atom("$gen_producer"), (pid(), reference()), 1)));
        assert!(is_silent((atom("timeout"), reference(), 1)) && is_silent((atom("inet_reply"), port(), 1)));
        assert!(is_silent((atom("tcp"), port(), 1)) && is_silent((atom("ssl_closed"), (atom("sslsocket"), 1))));
        assert!(is_silent((atom("trace"), pid(), atom("call"), 1)));
        assert!(is_silent((atom("log"), atom("info"), "x", Vec::<u8>::new(), empty_map())));
        // Requests without a sender that could be answered.
        assert!(is_silent((atom("system"), 1, 2)) && is_silent((atom("io_request"), 1, 2, 3)));
    }

    #[test]
    fn everything_else_is_a_plain_message() {
        assert!(is_plain(atom("ping")) && is_plain(5) && is_plain("text") && is_plain(pid()) && is_plain(reference()));
        assert!(is_plain((atom("ping"), 1)) && is_plain((pid(), atom("ping"))) && is_plain(((atom("ping"), 1),)));
        assert!(is_plain((atom("system"), 1)) && is_plain((atom("timeout"), 1)) && is_plain((atom("tcp"), 1, 2)));
        assert!(is_plain((atom("log"), 1, 2, 3)) && is_plain((atom("notify"), 1, 2)) && is_plain((pid(), 1, 2)));
        assert!(is_plain(RawTerm::from_slice(b"\x68\0", None)));
    }

    #[test]
    fn a_message_that_is_cut_is_read_as_far_as_it_goes() {
        for message in [
            encoded((atom("system"), (pid(), alias()), atom("get_state"))),
            encoded((atom("io_request"), pid(), 5, 6)),
            encoded((pid(), (pid(), reference()), 1)),
        ] {
            for end in 0..message.len() {
                // This does not panic, and sends no reply.
                assert!(!matches!(Form::of(&message[..end]), Form::System(_) | Form::Event(_)), "{end}");
            }
        }
    }

    #[test]
    fn events_are_answered_as_by_a_manager_without_handlers() {
        let reply = |request: Vec<u8>| event_reply(&request);
        assert_eq!(reply(encoded((atom("call"), atom("h"), 1))), BAD_MODULE);
        assert_eq!(reply(encoded((atom("add_handler"), atom("h"), 1))), BAD_MODULE);
        assert_eq!(reply(encoded((atom("delete_handler"), atom("h"), 1))), MODULE_NOT_FOUND);
        assert_eq!(reply(encoded((atom("sync_notify"), 1))), OK);
        assert_eq!(reply(encoded(atom("which_handlers"))), b"\x6a");
        assert_eq!(reply(encoded(5)), BAD_MODULE);
    }
}
