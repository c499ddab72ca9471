//! System messages: what `sys`, `proc_lib:stop/3` and the tools that build on them ask of a process.
//!
//! Follows `sys.erl`. A service has no code to change and nothing that could be traced, and it is not suspended: what would
//! have no effect is refused in the words of `sys`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use tokio::time::timeout;

use super::{
    dispatch::Arrival,
    forms::{Form, Tagged},
    pending_calls::PendingCalls,
};
use crate::{
    convert::IntoTerm,
    etf::{Decoder, EncodeError, Encoder, tag},
    node::{
        api::rpc_out::RpcError,
        connection::peers::Peer,
        service::{
            args::{Args, Rejection},
            call::{Call, Handled, panic_rejection},
            call_tag::alias_of,
            caller::Share,
            context::Context,
            interface::Service,
            reply_to::{CallTag, ReplyTo},
            system_state::SystemState,
        },
    },
    reply::IntoReply,
    term::{Atom, RawTerm},
};

/// How long a node is asked in which form its `sys` takes a state. Its own callers wait 5 s.
const FORM_LIMIT: Duration = Duration::from_secs(4);

const OK: &[u8] = b"\x77\x02ok";
const ERROR: &[u8] = b"\x77\x05error";
const NODEX: &[u8] = b"\x77\x05nodex";
/// `{ok, no_statistics}`.
const NO_STATISTICS: &[u8] = b"\x68\x02\x77\x02ok\x77\x0dno_statistics";
/// `{ok, []}`.
const NO_EVENTS: &[u8] = b"\x68\x02\x77\x02ok\x6a";
const UNKNOWN_DEBUG: &[u8] = b"\x77\x0dunknown_debug";
/// `{error, open_file}`.
const OPEN_FILE: &[u8] = b"\x68\x02\x77\x05error\x77\x09open_file";
/// `{error, undef}`: the class and the reason of a function that is not there.
const UNDEF: &[u8] = b"\x68\x02\x77\x05error\x77\x05undef";

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

/// The answer to `{debug, What}`: nothing is traced, logged or counted, and what says so or asks for that is answered as
/// `sys` does.
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

impl Arrival<'_> {
    /// True when this was a system message, which is answered.
    #[cold]
    pub(in crate::node) fn system(&self, message: &[u8], later: &mut PendingCalls, out: &mut Encoder) -> bool {
        let Form::System(call) = Form::of(message) else { return false };
        // Services that answer any name do not do so for what every node has.
        if self.process.name.is_none()
            && let Some(process) = self.name.and_then(|name| self.registry.system(name.name_bytes()))
        {
            return Arrival { process, ..*self }.system(message, later, out);
        }
        // What has been left out would be a term that nobody has looked at.
        let request = Request::read(call.request);
        tracing::debug!(peer = %self.context.peer(), process = ?self.process, "a system message");
        match request {
            Request::GetState => self.show_state(&call, Asked::State, later, out),
            Request::GetStatus => self.show_state(&call, Asked::Status, later, out),
            Request::Resume => self.tell(&call, out, |out| out.put_slice(OK)),
            Request::Debug(answer) => self.tell(&call, out, |out| out.put_slice(answer)),
            Request::ReplaceState => {
                self.tell(&call, out, |out| callback_failed(out, "system_replace_state", UNDEF));
            }
            Request::Terminate(reason) if !self.process.exit_policy.system => {
                // Whoever watches it is told after this.
                self.tell(&call, out, |out| out.put_slice(OK));
                self.context.inner().fall(self.process, &RawTerm::from_slice(reason, None));
            }
            Request::Terminate(_) | Request::Other => self.tell(&call, out, |out| {
                out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
                out.put_slice(ERROR);
                out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
                out.put_atom(&crate::atom!("unknown_system_msg"));
                out.put_slice(call.request);
            }),
        }
        true
    }

    /// Answers with the state, in the form that the caller's `sys` takes, or as a part of the status.
    fn show_state(&self, call: &Tagged<'_>, asked: Asked, later: &mut PendingCalls, out: &mut Encoder) {
        let mark = out.mark();
        let more = CallTag { tag: call.tag, alias: alias_of(call.tag), spawned: None };
        let reply_to = self.route_to(call, &more);
        let shown = catch_unwind(AssertUnwindSafe(|| self.run(&reply_to, asked, out)));
        match shown {
            Ok(Handled(None)) => {}
            Ok(Handled(Some(running))) => {
                later.push(&reply_to, self.process, crate::atom!("get_state"), running, self.input);
            }
            // Of a state that was asked for here and now.
            Err(panic) => {
                out.rollback(mark);
                let reason = panic_rejection("system_state", &*panic).reason().to_vec();
                self.tell(call, out, |out| match asked {
                    Asked::State => failed(out, &reason),
                    Asked::Status => self.status(None).write(out),
                });
            }
        }
    }

    fn run(&self, reply_to: &ReplyTo<'_>, asked: Asked, out: &mut Encoder) -> Handled {
        let states = states(self.process.services());
        let function = crate::atom!("get_state");
        let decoder = Decoder::new(&[]);
        let (context, process) = (self.context, &self.process.address);
        let share = Share::default();
        let args = Args { function: &function, taken: 0, decoder, context, reply_to, process, share: &share };
        let call = Call { args, out, waker: self.input.waker };
        if states.is_empty() {
            return match asked {
                Asked::State => call.reply(Answer::State(None, Taken::Either)),
                Asked::Status => call.reply(Answer::Status(self.status(None))),
            };
        }
        // No state is kept while the peer is asked how it takes one: it could take its time over many questions.
        let known = asked == Asked::Status || context.connection().form_of_state.initialized();
        let (states, services) = (known.then_some(states), self.process.services().to_vec());
        let (status, context) = (self.status(None), self.context.clone());
        call.run(async move {
            let taken = match asked {
                Asked::State => form_of_state(&context).await,
                Asked::Status => Taken::Either,
            };
            let state = async { all(states.unwrap_or_else(|| self::states(&services))).await };
            let state = match AssertUnwindSafe(state).catch_unwind().await {
                Ok(Ok(state)) => Ok(state),
                Ok(Err(error)) => Err(Rejection::unencodable(&error).reason().to_vec()),
                Err(panic) => Err(panic_rejection("system_state", &*panic).reason().to_vec()),
            };
            match asked {
                Asked::State => Answer::State(Some(state), taken),
                Asked::Status => Answer::Status(Status { state: state.ok(), ..status }),
            }
        })
    }

    fn status(&self, state: Option<RawTerm>) -> Status {
        Status {
            pid: self.process.address.pid().map(|pid| pid.as_bytes().to_vec()),
            name: self.process.name.clone(),
            state,
        }
    }
}

/// The states that these services show.
fn states(services: &[Arc<dyn Service>]) -> Vec<SystemState> {
    services.iter().filter_map(|service| service.system_state()).collect()
}

/// The state of a process: of the service that shows one, or the list of them.
async fn all(states: Vec<SystemState>) -> Result<RawTerm, EncodeError> {
    let mut terms = Vec::with_capacity(states.len());
    for SystemState(state) in states {
        terms.push(state.await?);
    }
    if let [one] = &terms[..] { Ok(one.clone()) } else { RawTerm::from_value(&terms) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    State,
    Status,
}

/// The form in which a node's `sys` takes a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Taken {
    /// As it is, up to OTP 25.
    Bare,
    /// `{ok, State}`.
    Ok,
    /// There is no state, so it does not matter.
    Either,
}

/// The form in which the node at the other end takes a state. Its flags do not tell, so it is asked once, for the answer of
/// a process of its own to the same question.
async fn form_of_state(context: &Context) -> Taken {
    let peer: &Arc<Peer> = context.connection();
    let ask = || async {
        let node = context.node();
        let arguments: [&(dyn IntoTerm + Sync); 3] =
            [&crate::atom!("rex"), &crate::atom!("system"), &crate::atom!("get_state")];
        let answer: Result<(Atom, RawTerm), _> = node.rpc(peer.name(), "gen", "call", &arguments, FORM_LIMIT).await;
        let (_, state) = answer?;
        match state.decode::<(Atom, RawTerm)>() {
            Ok((ok, _)) if ok == "ok" => Ok::<_, RpcError>(Taken::Ok),
            _ => Ok(Taken::Bare),
        }
    };
    match timeout(FORM_LIMIT, peer.form_of_state.get_or_try_init(ask)).await {
        Ok(Ok(taken)) => *taken,
        // Many wait for one answer, and none of them for longer.
        Err(_) => Taken::Ok,
        Ok(Err(error)) => {
            tracing::debug!(peer = %peer.name(), %error, "how it takes a state cannot be told");
            Taken::Ok
        }
    }
}

/// The answer to a question for the state.
enum Answer {
    /// The state, or why there is none, encoded; nothing where no service shows its state.
    State(Option<Result<RawTerm, Vec<u8>>>, Taken),
    Status(Status),
}

impl IntoReply for Answer {
    fn encode_reply(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Answer::State(None, _) => callback_failed(out, "system_get_state", UNDEF),
            Answer::State(Some(Err(reason)), _) => failed(out, reason),
            Answer::State(Some(Ok(state)), taken) => {
                if *taken != Taken::Bare {
                    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
                    out.put_slice(OK);
                }
                out.put_slice(state.as_bytes());
            }
            Answer::Status(status) => status.write(out),
        }
        Ok(())
    }
}

/// `{error, {callback_failed, {nodex, Function}, {Class, Reason}}}`.
fn callback_failed(out: &mut Encoder, function: &'static str, exception: &[u8]) {
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
    out.put_slice(ERROR);
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
    out.put_atom(&crate::atom!("callback_failed"));
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
    out.put_slice(NODEX);
    out.put_atom(&Atom::from_static(function));
    out.put_slice(exception);
}

/// The same for a state that could not be shown.
fn failed(out: &mut Encoder, reason: &[u8]) {
    let exception = [b"\x68\x02", ERROR, reason].concat();
    callback_failed(out, "system_get_state", &exception);
}

/// What `sys:get_status/1,2` gives, in the shape of a `gen_server`'s.
struct Status {
    /// Of the process, encoded.
    pid: Option<Vec<u8>>,
    name: Option<Atom>,
    state: Option<RawTerm>,
}

impl Status {
    /// `{status, Pid, {module, nodex}, [PDict, running, Parent, Debug, Misc]}`.
    fn write(&self, out: &mut Encoder) {
        let Some(pid) = &self.pid else { return };
        let header = match &self.name {
            Some(name) => format!("Status for service {name}"),
            None => "Status for service".to_owned(),
        };
        out.put_slice(&[tag::SMALL_TUPLE_EXT, 4]);
        out.put_atom(&crate::atom!("status"));
        out.put_slice(pid);
        out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
        out.put_atom(&crate::atom!("module"));
        out.put_slice(NODEX);
        list(out, 5);
        out.put_nil();
        out.put_atom(&crate::atom!("running"));
        out.put_slice(pid);
        out.put_nil();
        list(out, if self.state.is_some() { 3 } else { 2 });
        pair(out, "header");
        text(out, &header);
        pair(out, "data");
        list(out, 3);
        titled(out, "Status");
        out.put_atom(&crate::atom!("running"));
        titled(out, "Parent");
        out.put_slice(pid);
        titled(out, "Logged events");
        out.put_nil();
        out.put_nil();
        if let Some(state) = &self.state {
            pair(out, "data");
            list(out, 1);
            titled(out, "State");
            out.put_slice(state.as_bytes());
            out.put_nil();
        }
        out.put_nil();
        out.put_nil();
    }
}

/// The start of a list of so many elements, which `put_nil` ends.
fn list(out: &mut Encoder, length: u32) {
    out.put_u8(tag::LIST_EXT);
    out.put_slice(&length.to_be_bytes());
}

/// The start of `{Name, _}`.
fn pair(out: &mut Encoder, name: &'static str) {
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
    out.put_atom(&Atom::from_static(name));
}

/// The start of `{"Title", _}`.
fn titled(out: &mut Encoder, title: &str) {
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
    text(out, title);
}

/// Text as a list of characters.
fn text(out: &mut Encoder, text: &str) {
    let length = text.chars().count() as u32;
    list(out, length);
    for character in text.chars() {
        out.put_u8(tag::INTEGER_EXT);
        out.put_slice(&u32::from(character).to_be_bytes());
    }
    out.put_nil();
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(term: impl IntoTerm) -> Vec<u8> {
        RawTerm::from_value(&term).unwrap().as_bytes().to_vec()
    }

    fn atom(name: &'static str) -> Atom {
        Atom::from_static(name)
    }

    #[test]
    fn what_is_switched_off_is_off_and_nothing_is_switched_on() {
        let on = [
            bytes((atom("trace"), true)),
            bytes((atom("log"), true)),
            bytes((atom("log"), (true, 5))),
            bytes((atom("statistics"), true)),
            bytes((atom("install"), (1, 2))),
            bytes(atom("trace")),
            bytes(5),
        ];
        assert!(on.iter().all(|what| debug(what) == UNKNOWN_DEBUG));
        let off = [
            bytes((atom("trace"), false)),
            bytes((atom("log"), false)),
            bytes((atom("log"), atom("print"))),
            bytes((atom("statistics"), false)),
            bytes((atom("log_to_file"), false)),
            bytes((atom("remove"), atom("id"))),
            bytes(atom("no_debug")),
        ];
        assert!(off.iter().all(|what| debug(what) == OK));
        assert_eq!(debug(&bytes((atom("log"), atom("get")))), NO_EVENTS);
        assert_eq!(debug(&bytes((atom("statistics"), atom("get")))), NO_STATISTICS);
        assert_eq!(debug(&bytes((atom("log_to_file"), "name"))), OPEN_FILE);
    }

    #[test]
    fn requests_that_are_cut_or_unknown_are_other_ones() {
        for request in [bytes(atom("suspend")), bytes(5), bytes((atom("get_state"), 1)), bytes("get_state"), vec![]] {
            assert!(matches!(Request::read(&request), Request::Other));
        }
        assert!(matches!(Request::read(&bytes(atom("get_state"))), Request::GetState));
        assert!(matches!(
            Request::read(&bytes((atom("terminate"), atom("normal")))),
            Request::Terminate(b"\x77\x06normal")
        ));
    }

    #[test]
    fn a_status_is_a_term() {
        for (name, state) in [(None, None), (Some(atom("größe")), Some(RawTerm::from_value(&5).unwrap()))] {
            let status = Status { pid: Some(bytes(atom("pid"))), name, state };
            let mut out = Encoder::new();
            status.write(&mut out);
            let written = out.to_vec();
            let mut decoder = Decoder::new(&written);
            decoder.skip().unwrap();
            assert!(decoder.is_empty());
        }
    }
}
