//! Aliases: references that messages can be sent to for as long as the process behind them wants it.
//!
//! Follows erts, chapter `processes` ("Process Aliases").

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::{call_table as replies, table::Number};
use crate::{
    node::{api::node::Node, connection::inner::Inner, service::context::Context},
    protocol::control::RefTerm,
    term::{Pid, Reference},
};

/// The active aliases of a node.
#[derive(Debug)]
pub(in crate::node) struct Aliases {
    next: AtomicU64,
    table: Mutex<Table>,
}

impl Default for Aliases {
    fn default() -> Self {
        Aliases { next: AtomicU64::new(1), table: Mutex::default() }
    }
}

#[derive(Debug, Default)]
struct Table {
    /// The processes behind them.
    processes: HashMap<u64, Number>,
    by_process: HashMap<Number, HashSet<u64>>,
}

impl Aliases {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No number is given twice.
    fn create(&self, process: Number) -> u64 {
        let alias = self.next.fetch_add(1, Ordering::Relaxed);
        let mut table = self.lock();
        table.processes.insert(alias, process);
        table.by_process.entry(process).or_default().insert(alias);
        alias
    }

    fn remove(&self, alias: u64) -> bool {
        let mut table = self.lock();
        let Some(process) = table.processes.remove(&alias) else { return false };
        if let Some(aliases) = table.by_process.get_mut(&process) {
            aliases.remove(&alias);
            if aliases.is_empty() {
                table.by_process.remove(&process);
            }
        }
        true
    }

    fn get(&self, alias: u64) -> Option<Number> {
        self.lock().processes.get(&alias).copied()
    }

    /// A process is gone, and its aliases with it.
    pub(in crate::node) fn ended(&self, process: Number) {
        let mut table = self.lock();
        for alias in table.by_process.remove(&process).unwrap_or_default() {
            table.processes.remove(&alias);
        }
    }
}

impl Inner {
    pub(in crate::node) fn new_alias(&self, process: Number) -> Reference {
        self.own_reference(0, self.aliases.create(process))
    }

    /// The process of ours behind an active alias.
    pub(in crate::node) fn aliased(&self, alias: RefTerm<'_>) -> Option<Number> {
        let number = match alias.words_of(self.name.as_bytes(), self.creation) {
            Some(words) => alias_number(&words),
            None => self.alias_number(&alias.to_reference().ok()?),
        };
        self.aliases.get(number?)
    }

    fn alias_number(&self, alias: &Reference) -> Option<u64> {
        let own = alias.creation == self.creation && alias.node == self.name;
        alias_number(alias.words()).filter(|_| own)
    }
}

/// The number of the alias that a reference of this node with these words is.
fn alias_number(words: &[u32]) -> Option<u64> {
    match replies::of_reference_words(words)? {
        (0, number) => Some(number),
        _ => None,
    }
}

impl Node {
    /// A new alias of a service or a [`Mailbox`](crate::node::Mailbox) of this node, as `erlang:alias/0` makes one: messages to it
    /// reach the process until [`Self::unalias`] or the end of the process; after that they are dropped. BEAMs have known
    /// aliases since OTP 24. `None` when there is no such process.
    pub fn alias(&self, process: &Pid) -> Option<Reference> {
        let number = self.own(process)?;
        let there = || self.0.replies.is_mailbox(number) || self.0.registry.by_number(number).is_some();
        if !there() {
            return None;
        }
        let alias = self.0.new_alias(number);
        // It may have ended just before, and its aliases have been taken away by then.
        if there() {
            return Some(alias);
        }
        self.unalias(&alias);
        None
    }

    /// Takes an alias away: messages that are sent to it, or that are on their way, are dropped. False when there is no such
    /// alias.
    pub fn unalias(&self, alias: &Reference) -> bool {
        self.0.alias_number(alias).is_some_and(|number| self.0.aliases.remove(number))
    }
}

impl Context {
    /// A new alias of the service that the handler belongs to: see [`Node::alias`]. `None` unless this is an argument of a
    /// handler, and when the service has ended.
    pub fn alias(&self) -> Option<Reference> {
        self.node().alias(&self.pid()?)
    }
}
