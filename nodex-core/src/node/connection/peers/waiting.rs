//! The tasks that wait for a change of a node's connection.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, futures::Notified};

/// The waiting tasks, by the names of the nodes.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<HashMap<Box<str>, Arc<Notify>>>);

impl Waiting {
    /// Wakes the tasks that wait for this node, and no others.
    pub(super) fn changed(&self, name: &str) {
        if let Some(notify) = self.lock().get(name) {
            notify.notify_waiters();
        }
    }

    /// Returns the changes of a node; to be called before its state is first checked.
    pub(super) fn changes(&self, name: &str) -> Changes<'_> {
        let mut waiting = self.lock();
        let notify = match waiting.get(name) {
            Some(notify) => notify.clone(),
            None => waiting.entry(name.into()).or_default().clone(),
        };
        Changes { waiting: self, name: name.into(), notify }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns for how many nodes a task waits.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

/// A task that waits for changes of a node. The last one removes the entry.
pub(super) struct Changes<'a> {
    waiting: &'a Waiting,
    name: Box<str>,
    notify: Arc<Notify>,
}

impl Changes<'_> {
    /// Is ready after the next change; to be called before each check.
    pub(super) fn notified(&self) -> Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        let mut waiting = self.waiting.lock();
        // That of the table, and this one.
        if Arc::strong_count(&self.notify) == 2 {
            waiting.remove(&self.name);
        }
    }
}
