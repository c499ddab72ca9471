//! The slaves of a host.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU32, Ordering},
    },
};

use futures::future::join_all;
use tokio::sync::{RwLock, RwLockReadGuard, watch};

use super::Slave;
use crate::cnode::Cancel;

#[derive(Debug)]
pub(in crate::distributed) struct Slaves {
    next: AtomicU32,
    running: Mutex<BTreeMap<u32, Slave>>,
    /// Set when the host goes down.
    closed: watch::Sender<bool>,
    cancel: Cancel,
    /// Held while a slave is started.
    starting: RwLock<()>,
}

impl Slaves {
    pub(in crate::distributed) fn new() -> Slaves {
        let (closed, cancel) = Cancel::new();
        let (running, starting) = (Mutex::default(), RwLock::default());
        Slaves { next: AtomicU32::new(1), running, closed, cancel, starting }
    }

    /// Returns the next `count` numbers. A number is used once, whether the start succeeds or not.
    pub(in crate::distributed) fn numbers(&self, count: u32) -> std::ops::Range<u32> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        first..first.saturating_add(count)
    }

    /// Returns the guard that a start holds to its end, and its cancellation.
    pub(in crate::distributed) async fn start(&self) -> (RwLockReadGuard<'_, ()>, Cancel) {
        (self.starting.read().await, self.cancel.clone())
    }

    pub(in crate::distributed) fn add(&self, slave: Slave) {
        self.running().insert(slave.number(), slave);
    }

    /// Returns the running slaves by number. Slaves that have ended are removed.
    fn running(&self) -> MutexGuard<'_, BTreeMap<u32, Slave>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, slave| slave.exit().is_none());
        running
    }

    pub(in crate::distributed) fn all(&self) -> Vec<Slave> {
        self.running().values().cloned().collect()
    }

    /// Cancels all starts and stops all running slaves, concurrently. No further slave can be started.
    pub(in crate::distributed) async fn stop(&self) {
        self.closed.send_replace(true);
        // When those that were starting have given up or are among the running.
        drop(self.starting.write().await);
        let all = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        join_all(all.values().map(Slave::stop)).await;
    }

    /// Begins to stop all running slaves, without waiting.
    pub(in crate::distributed) fn begin_stop(&self) {
        self.closed.send_replace(true);
        self.running().values().for_each(Slave::begin_stop);
    }
}
