//! The state of a service, for `sys:get_state/1,2` and `sys:get_status/1,2`.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};

use futures::FutureExt;
use tokio::time::timeout;

use super::{
    envelope::{Envelope, Tagged},
    pending_calls::PendingCalls,
    sys_status::Status,
};
use crate::{
    convert::IntoTerm,
    error::Chain,
    etf::{Decoder, EncodeError, Encoder, tag},
    node::{
        connection::{
            erpc::RpcError,
            inner::Inner,
            peer::{Peer, StateForm},
        },
        moment::Moment,
        service::{
            args::Args,
            call::{Call, Handled, panic_rejection},
            call_tag::CallTag,
            caller::Share,
            interface::Service,
            rejection::Rejection,
            reply_to::ReplyTo,
            system_state::SystemState,
        },
    },
    reply::IntoReply,
    term::{Atom, RawTerm},
};

/// The time limit for asking a node in which form its `sys` takes a state. Its own callers wait 5 s.
const FORM_LIMIT: Duration = Duration::from_secs(4);

const OK: &[u8] = b"\x77\x02ok";
const ERROR: &[u8] = b"\x77\x05error";
const NODEX: &[u8] = b"\x77\x05nodex";
/// `{error, undef}`: the class and the reason for a function that does not exist.
pub(super) const UNDEF: &[u8] = b"\x68\x02\x77\x05error\x77\x05undef";

/// Returns the states that these services show.
fn states(services: &[Arc<dyn Service>]) -> Vec<SystemState> {
    services.iter().filter_map(|service| service.system_state()).collect()
}

/// Returns the state of a process: of the service that shows one, or the list of them.
async fn all(states: Vec<SystemState>) -> Result<RawTerm, EncodeError> {
    let mut terms = Vec::with_capacity(states.len());
    for SystemState(state) in states {
        terms.push(state.await?);
    }
    if let [one] = &terms[..] { Ok(one.clone()) } else { RawTerm::from_value(&terms) }
}

/// The request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    State,
    Status,
}

/// Answers with the state, in the form that the caller's `sys` takes, or as a part of the status.
pub(super) fn show(
    envelope: &Envelope<'_>,
    call: &Tagged<'_>,
    asked: Asked,
    later: &mut PendingCalls,
    out: &mut Encoder,
) {
    let mark = out.mark();
    let call_tag = CallTag::new(call.tag);
    let reply_to = envelope.reply_to(call, &call_tag);
    let shown = catch_unwind(AssertUnwindSafe(|| run(envelope, &reply_to, asked, out)));
    match shown {
        Ok(Handled(None)) => {}
        Ok(Handled(Some(running))) => {
            later.push(&reply_to, envelope.process, crate::atom!("get_state"), running, envelope.input);
        }
        // The state was requested synchronously.
        Err(panic) => {
            out.rollback(mark);
            let reason = panic_rejection("system_state", &*panic).reason().to_vec();
            envelope.tell(call, out, |out| match asked {
                Asked::State => failed(out, &reason),
                Asked::Status => status(envelope, None).write(out),
            });
        }
    }
}

fn run(envelope: &Envelope<'_>, reply_to: &ReplyTo<'_>, asked: Asked, out: &mut Encoder) -> Handled {
    let states = states(envelope.process.services());
    let function = crate::atom!("get_state");
    let decoder = Decoder::new(&[]);
    let (context, process) = (&envelope.connection.context, &envelope.process.address);
    let share = Share::default();
    let args = Args { function: &function, taken: 0, decoder, context, reply_to, process, share: &share };
    let call = Call { args, out, waker: envelope.input.waker };
    if states.is_empty() {
        return match asked {
            Asked::State => call.reply(Answer::State(None, StateForm::Either)),
            Asked::Status => call.reply(Answer::Status(status(envelope, None))),
        };
    }
    // No state is kept in memory while the peer is asked for its form: it could answer many such questions late.
    let known = asked == Asked::Status || envelope.connection.peer.state_form.initialized();
    let (states, services) = (known.then_some(states), envelope.process.services().to_vec());
    let status = status(envelope, None);
    let (inner, peer) = (envelope.connection.inner.clone(), envelope.connection.peer.clone());
    call.run(async move {
        let form = match asked {
            Asked::State => state_form(&inner, &peer).await,
            Asked::Status => StateForm::Either,
        };
        let state = async { all(states.unwrap_or_else(|| self::states(&services))).await };
        let state = match AssertUnwindSafe(state).catch_unwind().await {
            Ok(Ok(state)) => Ok(state),
            Ok(Err(error)) => Err(Rejection::unencodable(&error).reason().to_vec()),
            Err(panic) => Err(panic_rejection("system_state", &*panic).reason().to_vec()),
        };
        match asked {
            Asked::State => Answer::State(Some(state), form),
            Asked::Status => Answer::Status(Status { state: state.ok(), ..status }),
        }
    })
}

fn status(envelope: &Envelope<'_>, state: Option<RawTerm>) -> Status {
    Status {
        pid: envelope.process.address.pid().map(|pid| pid.as_bytes().to_vec()),
        name: envelope.process.name.clone(),
        state,
    }
}

/// Returns the form in which the node at the other end takes a state. Its flags do not tell, so it is asked once, for
/// the answer of a process of its own to the same question.
async fn state_form(inner: &Arc<Inner>, peer: &Peer) -> StateForm {
    let ask = || async {
        peer.line.outbox.room().await;
        let arguments: [&(dyn IntoTerm + Sync); 3] =
            [&crate::atom!("rex"), &crate::atom!("system"), &crate::atom!("get_state")];
        let until = Moment::now().plus(FORM_LIMIT);
        let (module, function) = (crate::atom!("gen"), crate::atom!("call"));
        let answer = inner.erpc(peer, &module, &function, &arguments, FORM_LIMIT, until).await;
        let (_, state): (Atom, RawTerm) = answer?;
        match state.decode::<(Atom, RawTerm)>() {
            Ok((ok, _)) if ok == "ok" => Ok::<_, RpcError>(StateForm::Ok),
            _ => Ok(StateForm::Bare),
        }
    };
    match timeout(FORM_LIMIT, peer.state_form.get_or_try_init(ask)).await {
        Ok(Ok(form)) => *form,
        // Many callers wait for one answer, and none of them for longer than the limit.
        Err(_) => StateForm::Ok,
        Ok(Err(error)) => {
            tracing::debug!(peer = %peer.name(), error = %Chain(&error), "how it takes a state cannot be told");
            StateForm::Ok
        }
    }
}

/// The answer to a question for the state.
enum Answer {
    /// The encoded state, or the reason why there is none; `None` if no service shows its state.
    State(Option<Result<RawTerm, Vec<u8>>>, StateForm),
    Status(Status),
}

impl IntoReply for Answer {
    fn encode_reply(&self, out: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Answer::State(None, _) => callback_failed(out, "system_get_state", UNDEF),
            Answer::State(Some(Err(reason)), _) => failed(out, reason),
            Answer::State(Some(Ok(state)), form) => {
                if *form != StateForm::Bare {
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

/// Writes `{error, {callback_failed, {nodex, Function}, {Class, Reason}}}`.
pub(super) fn callback_failed(out: &mut Encoder, function: &'static str, exception: &[u8]) {
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
    out.put_slice(ERROR);
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 3]);
    out.put_atom(&crate::atom!("callback_failed"));
    out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
    out.put_slice(NODEX);
    out.put_atom(&Atom::from_static(function));
    out.put_slice(exception);
}

/// Writes the same error for a state that could not be shown.
fn failed(out: &mut Encoder, reason: &[u8]) {
    let exception = [b"\x68\x02", ERROR, reason].concat();
    callback_failed(out, "system_get_state", &exception);
}
