//! Calls of this node that wait for their replies.

use super::{inner::Inner, peer::Peer};
use crate::{
    node::{
        number::Number,
        process::{
            exit_policy::NORMAL,
            waiting::{Completed, Outcome, ReplyId},
        },
        shared::Shared,
    },
    term::RawTerm,
};

impl Inner {
    /// Passes an outcome that came over this connection to the call that waits for it, or a message to its mailbox.
    pub(in crate::node) fn complete_reply(&self, id: Number, outcome: Outcome, peer: &Peer) {
        match self.registry.table.complete(id, outcome, peer.line.id) {
            Completed::Done { watched: true } => self.notify_watchers(id, &RawTerm::from_slice(NORMAL, None)),
            Completed::Mail(letters, message) => letters.put(&message, &peer.line),
            Completed::Done { watched: false } | Completed::Dropped => {}
        }
    }

    /// Closes the pid of a call that no longer waits, or of a mailbox.
    pub(in crate::node) fn close_reply(&self, id: ReplyId) {
        if self.registry.table.close(id) {
            self.notify_watchers(id.number, &RawTerm::from_slice(NORMAL, None));
        }
    }

    /// Returns a guard that closes the reply pid when it is dropped.
    pub(in crate::node) fn open_reply(&self, id: ReplyId) -> OpenReply<'_> {
        OpenReply { inner: self, id }
    }
}

/// A reply pid, which is closed when the caller stops waiting.
pub(in crate::node) struct OpenReply<'a> {
    inner: &'a Inner,
    id: ReplyId,
}

impl Drop for OpenReply<'_> {
    fn drop(&mut self) {
        self.inner.close_reply(self.id);
    }
}
