//! The ends of processes, and the exit signals that bring them about.

use std::sync::{Arc, PoisonError, atomic::Ordering};

use crate::{
    node::{
        connection::{inner::Inner, peers::Peer},
        process::{
            call_table::{Completed, Outcome, ReplyId},
            registry::Process,
            rpc_process::NORMAL,
            service_end,
            table::{Found, Number},
        },
        service::{args::Rejection, reply_to::Address},
    },
    protocol::control::PidTerm,
    term::RawTerm,
    text::Text,
};

/// The atom `kill`.
const KILL: &[u8] = b"\x77\x04kill";
/// The atom `killed`.
const KILLED: &[u8] = b"\x77\x06killed";
/// The atom `noconnection`.
const NOCONNECTION: &[u8] = b"\x77\x0cnoconnection";

impl Inner {
    /// True for a process that is there.
    pub(in crate::node) fn is_alive(&self, number: Number) -> bool {
        match self.registry.permanent(number) {
            Some(_) => true,
            None => match self.registry.spawned.get(number) {
                Some(Found::Service(service)) => service.address.is_alive(),
                Some(Found::Call(call)) => !call.is_over(),
                None => self.replies.is_open(number),
            },
        }
    }

    /// Hands an outcome that came over this connection to a call of ours that waits for it, or a message to a mailbox.
    pub(in crate::node) fn complete_reply(&self, id: Number, outcome: Outcome, peer: &Arc<Peer>) {
        match self.replies.complete(id, outcome, peer.id) {
            Completed::Done { watched: true } => self.notify_watchers(id, &RawTerm::from_slice(NORMAL, None)),
            Completed::Mail(letters, message) => letters.put(&message, peer),
            Completed::Done { watched: false } | Completed::Dropped => {}
        }
    }

    /// A call of ours waits no longer, or a mailbox is gone.
    pub(in crate::node) fn close_reply(&self, id: ReplyId) {
        if self.replies.close(id) {
            self.notify_watchers(id.number, &RawTerm::from_slice(NORMAL, None));
        }
    }

    /// An exit signal of `exit/2`. `kill` cannot be trapped, and shows as `killed`.
    pub(in crate::node) fn exit(&self, number: Number, reason: &RawTerm) {
        match reason.as_bytes() {
            KILL => self.signal(number, &RawTerm::from_slice(KILLED, None), true),
            _ => self.signal(number, reason, false),
        }
    }

    /// A process on another node that this one is linked to has ended.
    pub(in crate::node) fn linked_has_ended(&self, number: Number, reason: &RawTerm) {
        self.signal(number, reason, false);
    }

    fn signal(&self, number: Number, reason: &RawTerm, untrappable: bool) {
        let accepts_exit = |process: &Process| {
            let exit_policy = process.exit_policy;
            !exit_policy.system && (untrappable || !exit_policy.trap_exit && !is_normal(reason))
        };
        if let Some(process) = self.registry.permanent(number) {
            if accepts_exit(process) {
                self.fall(process, reason);
            }
            return;
        }
        match self.registry.spawned.get(number) {
            Some(Found::Service(process)) if accepts_exit(&process) => {
                self.fall(&process, reason);
            }
            Some(Found::Call(call)) if untrappable || !is_normal(reason) => call.exit(reason),
            _ => {}
        }
    }

    /// A handler of this process has panicked.
    #[cold]
    pub(in crate::node) fn panicked(&self, process: &Address, rejection: &Rejection) {
        if let Some(process) = self.registry.by_number(process.number())
            && process.exit_policy.stop_on_panic
        {
            self.fall(&process, &RawTerm::from_slice(&rejection.reason().to_vec(), None));
        }
    }

    /// Ends a service as its type says: it may be made anew, or take the node along.
    pub(in crate::node) fn fall(&self, process: &Process, reason: &RawTerm) {
        if self.end(process, reason) {
            self.has_ended(process, reason);
        }
    }

    /// Ends a service and nothing else: its name and pid are gone at once, its calls that still run are dropped, and all
    /// who watch it are told. False when it had ended already.
    pub(in crate::node) fn end(&self, process: &Process, reason: &RawTerm) -> bool {
        if !process.address.end() {
            return false;
        }
        let name = process.name.as_deref().unwrap_or_default();
        let shown = Text::of_valid(reason.as_bytes()).max_len(1000);
        match service_end::is_ordinary(reason) {
            true => tracing::info!(name, pid = ?process.pid, reason = %shown, "a service has ended"),
            false => tracing::error!(name, pid = ?process.pid, reason = %shown, "a service has ended"),
        }
        let number = process.address.number();
        self.registry.spawned.release(number);
        self.aliases.ended(number);
        self.kept.ended(number);
        if process.watched.load(Ordering::SeqCst) {
            self.notify_watchers(number, reason);
        }
        for peer in self.peers.all() {
            peer.watches.set_pending();
            peer.outbox.wake();
        }
        true
    }

    /// Has every connection tell those who watch this process that it has ended.
    pub(in crate::node) fn notify_watchers(&self, number: Number, reason: &RawTerm) {
        for peer in self.peers.all() {
            if peer.watches.ended(number, reason) {
                peer.outbox.wake();
            }
        }
    }

    /// A connection is gone, and with it all links over it.
    pub(in crate::node) fn disconnected(&self, peer: &Peer) {
        let dropped = peer.counters.dropped.load(Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(peer = %peer.name, dropped, "casts came too late, when the node was to end");
        }
        for id in self.replies.disconnected(peer.id) {
            self.notify_watchers(id, &RawTerm::from_slice(NORMAL, None));
        }
        let noconnection = RawTerm::from_slice(NOCONNECTION, None);
        for (number, other) in peer.watches.close() {
            tracing::debug!(peer = %peer.name, other = ?PidTerm::new(&other), "a link is broken");
            self.linked_has_ended(number, &noconnection);
        }
        self.past.lock().unwrap_or_else(PoisonError::into_inner).add(&peer.counters);
    }
}

fn is_normal(reason: &RawTerm) -> bool {
    reason.as_bytes() == NORMAL
}
