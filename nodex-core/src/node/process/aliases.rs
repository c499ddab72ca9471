//! Process aliases: references to which messages can be sent until the process deactivates them.
//!
//! Follows erts, chapter `processes` ("Process Aliases").

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use super::references;
use crate::{
    node::{number::Number, shared::Identity},
    protocol::control::RefTerm,
    term::Reference,
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
    /// The processes of the aliases.
    processes: HashMap<u64, Number>,
    by_process: HashMap<Number, HashSet<u64>>,
}

impl Aliases {
    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a new alias of this process.
    pub(in crate::node) fn create(&self, identity: &Identity, process: Number) -> Reference {
        identity.reference(references::words_of(0, self.enter(process)))
    }

    /// Removes an alias. Returns `false` when there is none.
    pub(in crate::node) fn remove(&self, identity: &Identity, alias: &Reference) -> bool {
        identity.words(alias).and_then(alias_number).is_some_and(|number| self.leave(number))
    }

    /// Returns the process of ours behind an active alias.
    pub(in crate::node) fn process(&self, identity: &Identity, alias: RefTerm<'_>) -> Option<Number> {
        self.get(identity.read_words(alias, alias_number)?)
    }

    /// Adds an alias, with a number that is never reused.
    fn enter(&self, process: Number) -> u64 {
        let alias = self.next.fetch_add(1, Ordering::Relaxed);
        let mut table = self.lock();
        table.processes.insert(alias, process);
        table.by_process.entry(process).or_default().insert(alias);
        alias
    }

    fn leave(&self, alias: u64) -> bool {
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

    /// Removes the aliases of a process that has ended.
    pub(in crate::node) fn ended(&self, process: Number) {
        let mut table = self.lock();
        for alias in table.by_process.remove(&process).unwrap_or_default() {
            table.processes.remove(&alias);
        }
    }
}

/// Returns the number of the alias that a reference of this node with these words is.
fn alias_number(words: &[u32]) -> Option<u64> {
    match references::read_words(words)? {
        (0, number) => Some(number),
        _ => None,
    }
}
