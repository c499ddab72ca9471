//! Who waits for something to become of a node.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, futures::Notified};

/// By the names of the nodes.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<HashMap<Box<str>, Arc<Notify>>>);

impl Waiting {
    /// Something has become of this node: wakes those who wait for it, and nobody else.
    pub(super) fn changed(&self, name: &str) {
        if let Some(notify) = self.lock().get(name) {
            notify.notify_waiters();
        }
    }

    /// For waiting; to be taken before the first look.
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

    /// For how many nodes somebody waits.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.lock().len()
    }
}

/// Somebody waits for something to become of a node. The last one to go takes the entry along.
pub(super) struct Changes<'a> {
    waiting: &'a Waiting,
    name: Box<str>,
    notify: Arc<Notify>,
}

impl Changes<'_> {
    /// Ready after the next change; to be taken before each look.
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
