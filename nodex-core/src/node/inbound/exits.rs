//! The ends of processes, and the exit signals that bring them about.

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
    /// Returns `true` for a process that is there.
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
            service_ends::has_ended(self, process, reason);
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

    /// A connection is gone, and with it all links over it.
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
