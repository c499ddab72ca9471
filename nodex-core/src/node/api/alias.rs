//! Aliases of services and mailboxes.

use super::node::Node;
use crate::term::{Pid, Reference};

impl Node {
    /// Creates an alias of a service or a [`Mailbox`](crate::node::Mailbox) of this node, like `erlang:alias/0`.
    /// Messages to the alias reach the process until [`Self::unalias`] or the end of the process; later ones are
    /// dropped. Returns `None` when there is no such process. BEAMs know aliases since OTP 24.
    pub fn alias(&self, process: &Pid) -> Option<Reference> {
        let number = self.0.identity.number(process)?;
        let there = || self.0.registry.table.is_mailbox(number) || self.0.registry.by_number(number).is_some();
        if !there() {
            return None;
        }
        let alias = self.0.aliases.create(&self.0.identity, number);
        // It may have ended just before, and its aliases have been taken away by then.
        if there() {
            return Some(alias);
        }
        self.unalias(&alias);
        None
    }

    /// Deactivates an alias: messages to it, including those on their way, are dropped. Returns `false` when there is
    /// no such alias.
    pub fn unalias(&self, alias: &Reference) -> bool {
        self.0.aliases.remove(&self.0.identity, alias)
    }
}
