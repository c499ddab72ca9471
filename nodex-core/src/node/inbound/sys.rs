//! System messages: the requests of `sys`, `proc_lib:stop/3` and the tools that use them.
//!
//! Follows `sys.erl`. A service has no code to change, cannot be traced, and is not suspended. Requests that would have
//! no effect are refused with the errors of `sys`.

use super::{
    envelope::Envelope,
    forms::Form,
    pending_calls::PendingCalls,
    sys_state::{self, Asked, UNDEF},
};
use crate::{
    etf::{Decoder, Encoder, tag},
    term::RawTerm,
};

const OK: &[u8] = b"\x77\x02ok";
const ERROR: &[u8] = b"\x77\x05error";
/// `{ok, no_statistics}`.
const NO_STATISTICS: &[u8] = b"\x68\x02\x77\x02ok\x77\x0dno_statistics";
/// `{ok, []}`.
const NO_EVENTS: &[u8] = b"\x68\x02\x77\x02ok\x6a";
const UNKNOWN_DEBUG: &[u8] = b"\x77\x0dunknown_debug";
/// `{error, open_file}`.
const OPEN_FILE: &[u8] = b"\x68\x02\x77\x05error\x77\x09open_file";

/// A request of `sys`.
enum Request<'a> {
    GetState,
    GetStatus,
    ReplaceState,
    Resume,
    Debug(&'static [u8]),
    Terminate(&'a [u8]),
    Other,
}

impl<'a> Request<'a> {
    fn read(request: &'a [u8]) -> Self {
        Self::known(request).unwrap_or(Request::Other)
    }

    fn known(request: &'a [u8]) -> Option<Self> {
        let mut decoder = Decoder::new(request);
        let is_tuple = matches!(request.first(), Some(&(tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT)));
        let arity = if is_tuple { decoder.tuple().ok()? } else { 0 };
        let name = decoder.atom_name().ok()?;
        Some(match (&*name, arity) {
            ("get_state", 0) => Request::GetState,
            ("get_status", 0) => Request::GetStatus,
            ("resume", 0) => Request::Resume,
            ("replace_state", 2) => Request::ReplaceState,
            ("debug", 2) => Request::Debug(debug(decoder.skip().ok()?)),
            ("terminate", 2) => Request::Terminate(decoder.skip().ok()?),
            _ => return None,
        })
    }
}

/// Returns the answer to `{debug, What}`. Nothing is traced, logged or counted; requests that are consistent with this
/// are answered as `sys` does.
fn debug(what: &[u8]) -> &'static [u8] {
    let mut decoder = Decoder::new(what);
    let is_tuple = matches!(what.first(), Some(&(tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT)));
    let arity = if is_tuple { decoder.tuple().unwrap_or_default() } else { 0 };
    let command = decoder.atom_name().unwrap_or_default();
    let value = if arity == 2 { decoder.atom_name().unwrap_or_default() } else { Default::default() };
    match (&*command, arity, &*value) {
        ("no_debug", 0, _) | ("remove", 2, _) | ("trace" | "log" | "log_to_file" | "statistics", 2, "false") => OK,
        ("log", 2, "print") => OK,
        ("log", 2, "get") => NO_EVENTS,
        ("statistics", 2, "get") => NO_STATISTICS,
        ("log_to_file", 2, _) => OPEN_FILE,
        _ => UNKNOWN_DEBUG,
    }
}

/// Returns `true` when this was a system message, which is answered.
#[cold]
pub(super) fn answer(envelope: &Envelope<'_>, message: &[u8], later: &mut PendingCalls, out: &mut Encoder) -> bool {
    let Form::System(call) = Form::of(message) else { return false };
    // Services that answer any name do not replace the processes of every node.
    if envelope.process.name.is_none()
        && let Some(process) =
            envelope.name.and_then(|name| envelope.connection.inner.registry.system(name.name_bytes()))
    {
        return answer(&Envelope { process, ..*envelope }, message, later, out);
    }
    // The part that was left out would be a term that has not been checked.
    let request = Request::read(call.request);
    tracing::debug!(peer = %envelope.connection.context.peer(), process = ?envelope.process, "a system message");
    match request {
        Request::GetState => sys_state::show(envelope, &call, Asked::State, later, out),
        Request::GetStatus => sys_state::show(envelope, &call, Asked::Status, later, out),
        Request::Resume => envelope.tell(&call, out, |out| out.put_slice(OK)),
        Request::Debug(answer) => envelope.tell(&call, out, |out| out.put_slice(answer)),
        Request::ReplaceState => {
            envelope.tell(&call, out, |out| sys_state::callback_failed(out, "system_replace_state", UNDEF));
        }
        Request::Terminate(reason) if !envelope.process.is_system() => {
            // Monitors and links fire after this reply.
            envelope.tell(&call, out, |out| out.put_slice(OK));
            envelope.connection.inner.fall(envelope.process, &RawTerm::from_slice(reason, None));
        }
        Request::Terminate(_) | Request::Other => envelope.tell(&call, out, |out| {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(ERROR);
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_atom(&crate::atom!("unknown_system_msg"));
            out.put_slice(call.request);
        }),
    }
    true
}

#[cfg(test)]
mod tests {
    use nodex_testkit::encoded;

    use super::*;
    use crate::term::Atom;

    fn atom(name: &'static str) -> Atom {
        Atom::from_static(name)
    }

    #[test]
    fn what_is_switched_off_is_off_and_nothing_is_switched_on() {
        let on = [
            encoded((atom("trace"), true)),
            encoded((atom("log"), true)),
            encoded((atom("log"), (true, 5))),
            encoded((atom("statistics"), true)),
            encoded((atom("install"), (1, 2))),
            encoded(atom("trace")),
            encoded(5),
        ];
        assert!(on.iter().all(|what| debug(what) == UNKNOWN_DEBUG));
        let off = [
            encoded((atom("trace"), false)),
            encoded((atom("log"), false)),
            encoded((atom("log"), atom("print"))),
            encoded((atom("statistics"), false)),
            encoded((atom("log_to_file"), false)),
            encoded((atom("remove"), atom("id"))),
            encoded(atom("no_debug")),
        ];
        assert!(off.iter().all(|what| debug(what) == OK));
        assert_eq!(debug(&encoded((atom("log"), atom("get")))), NO_EVENTS);
        assert_eq!(debug(&encoded((atom("statistics"), atom("get")))), NO_STATISTICS);
        assert_eq!(debug(&encoded((atom("log_to_file"), "name"))), OPEN_FILE);
    }

    #[test]
    fn requests_that_are_cut_or_unknown_are_other_ones() {
        for request in
            [encoded(atom("suspend")), encoded(5), encoded((atom("get_state"), 1)), encoded("get_state"), vec![]]
        {
            assert!(matches!(Request::read(&request), Request::Other));
        }
        assert!(matches!(Request::read(&encoded(atom("get_state"))), Request::GetState));
        assert!(matches!(
            Request::read(&encoded((atom("terminate"), atom("normal")))),
            Request::Terminate(b"\x77\x06normal")
        ));
    }
}
