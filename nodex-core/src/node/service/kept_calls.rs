//! Calls whose handlers are over and whose callers are kept.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use crate::node::number::Number;

/// A call whose caller is kept.
pub(in crate::node) trait KeptCall: Send + Sync {
    /// Returns the process whose function was called.
    fn process(&self) -> Number;

    /// Returns whether its caller waits for an answer.
    fn is_awaited(&self) -> bool;

    /// Tells the caller that there will be no answer.
    fn give_up(&self, why: &str);
}

/// The text for callers of a service that has ended.
pub(in crate::node) const ENDED: &str = "the service has ended";

/// The calls of one process, by their addresses in memory.
type Calls = HashMap<usize, Weak<dyn KeptCall>>;

/// The calls of a node with kept callers, by the process that was called.
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

    /// Returns whether any kept caller waits for an answer.
    pub(in crate::node) fn is_awaited(&self) -> bool {
        // Not under the lock, which the end of a call takes: one of these may be the last reference.
        let all: Vec<_> = self.lock().values().flat_map(HashMap::values).cloned().collect();
        all.iter().any(|call| call.upgrade().is_some_and(|call| call.is_awaited()))
    }

    /// Tells the kept callers of a process that it has ended.
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
