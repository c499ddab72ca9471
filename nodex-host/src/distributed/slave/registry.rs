//! The slaves of one host: their numbers, and the end of all of them.

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
    /// Held by everyone who is starting one.
    starting: RwLock<()>,
}

impl Slaves {
    pub(in crate::distributed) fn new() -> Slaves {
        let (closed, cancel) = Cancel::new();
        let (running, starting) = (Mutex::default(), RwLock::default());
        Slaves { next: AtomicU32::new(1), running, closed, cancel, starting }
    }

    /// Returns the next `count` numbers. They are given once, whether the start succeeds or not.
    pub(in crate::distributed) fn numbers(&self, count: u32) -> std::ops::Range<u32> {
        let first = self.next.fetch_add(count, Ordering::Relaxed);
        first..first.saturating_add(count)
    }

    /// What a start holds to its end, and what calls it off.
    pub(in crate::distributed) async fn start(&self) -> (RwLockReadGuard<'_, ()>, Cancel) {
        (self.starting.read().await, self.cancel.clone())
    }

    pub(in crate::distributed) fn add(&self, slave: Slave) {
        self.running().insert(slave.number(), slave);
    }

    /// Those that run, by number. Who has ended is forgotten.
    fn running(&self) -> MutexGuard<'_, BTreeMap<u32, Slave>> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        running.retain(|_, slave| slave.exit().is_none());
        running
    }

    pub(in crate::distributed) fn all(&self) -> Vec<Slave> {
        self.running().values().cloned().collect()
    }

    /// Calls off all starts and stops all that run, side by side. None can be started any more.
    pub(in crate::distributed) async fn stop(&self) {
        self.closed.send_replace(true);
        // When those that were starting have given up or are among the running.
        drop(self.starting.write().await);
        let all = std::mem::take(&mut *self.running.lock().unwrap_or_else(PoisonError::into_inner));
        join_all(all.values().map(Slave::stop)).await;
    }

    /// Begins to stop all that run, without waiting.
    pub(in crate::distributed) fn begin_stop(&self) {
        self.closed.send_replace(true);
        self.running().values().for_each(Slave::begin_stop);
    }
}
