//! Calls that are over and whose callers were kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use crate::node::number::Number;

/// A call whose caller is kept.
pub(in crate::node) trait KeptCall: Send + Sync {
    /// Returns the process whose function was called.
    fn process(&self) -> Number;

    /// Returns whether somebody waits for its answer.
    fn is_awaited(&self) -> bool;

    /// Tells whoever waits that nobody will answer.
    fn give_up(&self, why: &str);
}

/// Why those who called a service that has ended get no answer.
pub(in crate::node) const ENDED: &str = "the service has ended";

/// The calls of one process, by where they are in memory.
type Calls = HashMap<usize, Weak<dyn KeptCall>>;

/// These calls of a node, by the process whose function was called.
#[derive(Default)]
pub(in crate::node) struct KeptCalls(Mutex<HashMap<Number, Calls>>);

impl KeptCalls {
    fn lock(&self) -> MutexGuard<'_, HashMap<Number, Calls>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::node) fn enter<C: KeptCall + 'static>(&self, call: &Arc<C>) {
        let (place, weak): (_, Weak<C>) = (Arc::as_ptr(call).addr(), Arc::downgrade(call));
        self.lock().entry(call.process()).or_default().insert(place, weak);
    }

    pub(in crate::node) fn remove<C: KeptCall>(&self, call: &C) {
        let number = call.process();
        let mut all = self.lock();
        if let Some(calls) = all.get_mut(&number)
            && calls.remove(&std::ptr::from_ref(call).addr()).is_some()
            && calls.is_empty()
        {
            all.remove(&number);
        }
    }

    /// Returns whether anybody waits for the answer of a kept caller.
    pub(in crate::node) fn is_awaited(&self) -> bool {
        // Not under the lock, which the end of a call takes: one of these may be the last reference.
        let all: Vec<_> = self.lock().values().flat_map(HashMap::values).cloned().collect();
        all.iter().any(|call| call.upgrade().is_some_and(|call| call.is_awaited()))
    }

    /// A process has ended: tells those who wait for answers of its kept callers.
    pub(in crate::node) fn ended(&self, process: Number) {
        let calls = self.lock().remove(&process).unwrap_or_default();
        // Not under the lock, which the end of a call takes.
        for call in calls.values().filter_map(Weak::upgrade) {
            call.give_up(ENDED);
        }
    }

    /// Returns `true` when no call is kept.
    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }
}

impl std::fmt::Debug for KeptCalls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptCalls").field("processes", &self.lock().len()).finish()
    }
}
