//! Stopping a node: running calls are finished and answered, new ones are refused.
//!
//! | input | before the stop was requested | later |
//! |---|---|---|
//! | casts, and messages without a sender | handled | counted and dropped |
//! | plain messages | `{error, draining}` | the same |
//! | calls of a `gen_server` | the monitor of the call fires with `{shutdown, draining}` | the same |
//! | calls by rpc | the error `draining` | the same |
//!
//! "Before" means that the system had received it. The processes of every node, which answer pings, answer as before.

use super::{connection::Ending, envelope::Envelope, forms, pending_calls::PendingCalls};
use crate::{
    error::Chain,
    etf::Encoder,
    node::{
        counters::CallKind,
        service::{rejection::Rejection, reply_to::ReplyTo},
    },
    protocol::control::{Control, ProcTerm, RefTerm},
};

/// The term `{shutdown, draining}`.
const SHUTDOWN_DRAINING: &[u8] = b"\x68\x02\x77\x08shutdown\x77\x08draining";

/// Returns `true` when the message is too late, and has been answered with a refusal.
#[cold]
pub(super) fn refused(
    envelope: &Envelope<'_>,
    term: &[u8],
    (name, is_function): (&[u8], bool),
    reply_to: &ReplyTo<'_>,
    later: &mut PendingCalls,
    out: &mut Encoder,
) -> bool {
    if envelope.process.is_system() {
        return false;
    }
    // A message that calls no function is answered in its own form or not at all, as always.
    if reply_to.kind == CallKind::Plain && !is_function && forms::answer(envelope, term, out) {
        return true;
    }
    let counters = envelope.connection.context.counters();
    if !is_answered(reply_to) {
        if envelope.ending == Ending::Early {
            return false;
        }
        counters.dropped();
        tracing::debug!(peer = %envelope.connection.context.peer(), name = %name.escape_ascii(), "a cast came too late");
        if reply_to.sink().is_some() {
            reply_to.write_error(out, &Rejection::draining());
        }
        return true;
    }
    counters.refused();
    tracing::debug!(peer = %envelope.connection.context.peer(), name = %name.escape_ascii(), kind = ?reply_to.kind, "a call was refused");
    if reply_to.kind == CallKind::GenCall && fire(envelope, reply_to, out) {
        return true;
    }
    deny(name, reply_to, later, out);
    true
}

/// Fires the monitor that `gen:call` has set for this call. Returns `false` when there is none.
fn fire(envelope: &Envelope<'_>, reply_to: &ReplyTo<'_>, out: &mut Encoder) -> bool {
    let Some(call_tag) = reply_to.call_tag else { return false };
    let Some(reference) = call_tag.alias.or_else(|| RefTerm::new(call_tag.tag)) else { return false };
    let fired = envelope.connection.peer.watches.fire(envelope.process.address.number(), reference);
    let Some(fired) = fired else { return false };
    let (Some((reference, to, name)), Some(own)) = (fired.parts(), envelope.process.address.pid()) else {
        return false;
    };
    let from = name.unwrap_or(ProcTerm::Pid(own));
    let down = Control::MonitorExit { from, to, reference, reason: SHUTDOWN_DRAINING };
    if let Err(error) = down.encode(envelope.connection.flags, out) {
        tracing::debug!(peer = %envelope.connection.context.peer(), error = %Chain(&error), "a monitor cannot fire");
    }
    true
}

/// Tells a caller that waits for an answer that the node is stopping.
fn deny(name: &[u8], reply_to: &ReplyTo<'_>, later: &mut PendingCalls, out: &mut Encoder) {
    let draining = Rejection::draining();
    // The message is a reply itself: two nodes of this kind could answer each other forever.
    if reply_to.kind == CallKind::Plain && name == b"error" {
        return;
    }
    if later.must_wait(reply_to) {
        let mut kept = Encoder::new();
        reply_to.write_error(&mut kept, &draining);
        later.queue(reply_to, &kept);
    } else {
        reply_to.write_error(out, &draining);
    }
}

/// Returns whether the sender waits for an answer.
fn is_answered(reply_to: &ReplyTo<'_>) -> bool {
    match reply_to.kind {
        // No process has the numbers 0 and 0: nodes of this kind use them as the sender of messages that need no reply.
        CallKind::Plain => reply_to.to.is_some_and(|to| (to.id(), to.serial()) != (0, 0)),
        CallKind::GenCall => true,
        CallKind::Cast => false,
        CallKind::Rpc => reply_to.sink().is_none_or(|sink| sink.is_awaited()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Notify;

    use crate::{
        atom,
        node::{service::functions::Functions, testing::TestNode},
        term::Atom,
        text::{Syntax, parse},
    };

    #[tokio::test]
    async fn what_has_a_form_of_its_own_is_answered_in_it_also_while_the_node_ends() {
        let runs = Arc::new(Notify::new());
        let begun = runs.clone();
        let functions = Functions::new().add("notify", |_: Atom| atom!("told")).add_async("wait", move || {
            begun.notify_one();
            std::future::pending::<Atom>()
        });
        let node = TestNode::serve(functions).await.unwrap();
        let (waiting, mut caller) = (node.caller().mailbox(), node.caller().mailbox());
        waiting.send(node.process("test"), atom!("wait")).await.unwrap();
        runs.notified().await;
        node.node().cancel();
        // Nobody waits for an answer to the first three. `notify` is a function here.
        for message in ["{nodedown, 'a@b'}", "{'EXIT', a, b}", "{'$gen_event', a}", "{notify, a}", "{other, a}"] {
            caller.send(node.process("test"), parse(message, Syntax::Erlang).unwrap()).await.unwrap();
        }
        let request = (atom!("io_request"), caller.pid(), 5, atom!("getopts"));
        caller.send(node.process("test"), request).await.unwrap();
        for answer in ["{error,draining}", "{error,draining}", "{io_reply,5,{error,enotsup}}"] {
            assert_eq!(caller.receive().await.to_string(), answer);
        }
    }
}
