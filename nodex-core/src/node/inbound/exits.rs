//! The ends of processes, and exit signals.

use std::sync::{PoisonError, atomic::Ordering};

use super::service_ends;
use crate::{
    node::{
        address::Address,
        connection::{inner::Inner, peer::Peer},
        number::Number,
        process::{
            exit_policy::{NORMAL, is_normal},
            service_end::is_ordinary,
            service_process::Process,
            table::Found,
        },
        service::{rejection::Rejection, reply_sink::ReplySink},
        shared::Shared,
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
    /// Returns whether a process exists.
    pub(in crate::node) fn is_alive(&self, number: Number) -> bool {
        match self.registry.permanent(number) {
            Some(_) => true,
            None => match self.registry.table.get(number) {
                Some(Found::Service(service)) => service.address.is_alive(),
                Some(Found::Call(call)) => !call.is_over(),
                None => self.registry.table.is_open(number),
            },
        }
    }

    /// Handles an exit signal of `exit/2`. `kill` cannot be trapped, and becomes `killed`.
    pub(in crate::node) fn exit(&self, number: Number, reason: &RawTerm) {
        match reason.as_bytes() {
            KILL => self.signal(number, &RawTerm::from_slice(KILLED, None), true),
            _ => self.signal(number, reason, false),
        }
    }

    /// Handles the end of a linked process of another node.
    pub(in crate::node) fn linked_has_ended(&self, number: Number, reason: &RawTerm) {
        self.signal(number, reason, false);
    }

    fn signal(&self, number: Number, reason: &RawTerm, untrappable: bool) {
        let accepts_exit =
            |process: &Process| !process.is_system() && process.exit_policy.accepts_exit(reason, untrappable);
        if let Some(process) = self.registry.permanent(number) {
            if accepts_exit(process) {
                self.fall(process, reason);
            }
            return;
        }
        match self.registry.table.get(number) {
            Some(Found::Service(process)) if accepts_exit(&process) => {
                self.fall(&process, reason);
            }
            Some(Found::Call(call)) if untrappable || !is_normal(reason) => call.exit(reason),
            _ => {}
        }
    }

    /// Handles a panic of a handler of this process.
    #[cold]
    pub(in crate::node) fn panicked(&self, process: &Address, rejection: &Rejection) {
        if let Some(process) = self.registry.by_number(process.number())
            && process.exit_policy.stop_on_panic
        {
            self.fall(&process, &RawTerm::from_slice(&rejection.reason().to_vec(), None));
        }
    }

    /// Ends a service as its type requires: it may be created again, or end the node.
    pub(in crate::node) fn fall(&self, process: &Process, reason: &RawTerm) {
        if self.end(process, reason) {
            service_ends::has_ended(self, process, reason);
        }
    }

    /// Ends a service only: its name and pid are free at once, its running calls are dropped, and its monitors and
    /// links fire. Returns `false` when it had ended already.
    pub(in crate::node) fn end(&self, process: &Process, reason: &RawTerm) -> bool {
        if !process.address.end() {
            return false;
        }
        let name = process.name.as_deref().unwrap_or_default();
        let shown = Text::of_valid(reason.as_bytes()).max_len(1000);
        match is_ordinary(reason) {
            true => tracing::info!(name, pid = ?process.pid, reason = %shown, "a service has ended"),
            false => tracing::error!(name, pid = ?process.pid, reason = %shown, "a service has ended"),
        }
        let number = process.address.number();
        self.registry.table.release(number);
        self.aliases.ended(number);
        self.common.kept.ended(number);
        if process.watched.load(Ordering::SeqCst) {
            self.notify_watchers(number, reason);
        }
        for peer in self.peers.all() {
            peer.watches.set_pending();
            peer.line.outbox.wake();
        }
        true
    }

    /// Handles the end of a connection, and thus of all links over it.
    pub(in crate::node) fn disconnected(&self, peer: &Peer) {
        let dropped = peer.line.counters.dropped.load(Ordering::Relaxed);
        if dropped > 0 {
            tracing::warn!(peer = %peer.name(), dropped, "casts came too late, when the node was to end");
        }
        for id in self.registry.table.disconnected(peer.line.id) {
            self.notify_watchers(id, &RawTerm::from_slice(NORMAL, None));
        }
        let noconnection = RawTerm::from_slice(NOCONNECTION, None);
        for (number, other) in peer.watches.close() {
            tracing::debug!(peer = %peer.name(), other = ?PidTerm::new(&other), "a link is broken");
            self.linked_has_ended(number, &noconnection);
        }
        self.past.lock().unwrap_or_else(PoisonError::into_inner).add(&peer.line.counters);
    }
}
