//! Calls of our own that wait for their replies.

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
    /// Hands an outcome that came over this connection to a call of ours that waits for it, or a message to a mailbox.
    pub(in crate::node) fn complete_reply(&self, id: Number, outcome: Outcome, peer: &Peer) {
        match self.registry.table.complete(id, outcome, peer.line.id) {
            Completed::Done { watched: true } => self.notify_watchers(id, &RawTerm::from_slice(NORMAL, None)),
            Completed::Mail(letters, message) => letters.put(&message, &peer.line),
            Completed::Done { watched: false } | Completed::Dropped => {}
        }
    }

    /// A call of ours waits no longer, or a mailbox is gone.
    pub(in crate::node) fn close_reply(&self, id: ReplyId) {
        if self.registry.table.close(id) {
            self.notify_watchers(id.number, &RawTerm::from_slice(NORMAL, None));
        }
    }

    /// Gives the reply pid back when the value is dropped.
    pub(in crate::node) fn open_reply(&self, id: ReplyId) -> OpenReply<'_> {
        OpenReply { inner: self, id }
    }
}

/// A reply pid, which is given back also when the caller stops waiting.
pub(in crate::node) struct OpenReply<'a> {
    inner: &'a Inner,
    id: ReplyId,
}

impl Drop for OpenReply<'_> {
    fn drop(&mut self) {
        self.inner.close_reply(self.id);
    }
}
