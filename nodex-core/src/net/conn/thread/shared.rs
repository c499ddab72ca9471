//! The state that the thread and the runtime share.

use std::sync::{
    Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError,
    atomic::{AtomicBool, Ordering},
};

use crate::{
    net::conn::Outbox,
    protocol::channel::{Channel, LinkEnd, Receive},
};

pub(super) struct Shared<R> {
    core: Mutex<Core<R>>,
    /// Notified when something changes that the thread may wait for.
    pub(super) changed: Condvar,
    pub(super) outbox: Arc<Outbox>,
    /// Whether something has arrived.
    pub(super) heard: AtomicBool,
    /// Whether the connection has ended; further input is dropped.
    pub(super) finished: AtomicBool,
    /// Whether the runtime has found the core locked and must be woken when it is free.
    pub(super) wanted: AtomicBool,
}

pub(super) struct Core<R> {
    pub(super) channel: Channel<R, Arc<Outbox>>,
    pub(super) end: Option<LinkEnd>,
}

impl<R: Receive> Shared<R> {
    pub(super) fn new(channel: Channel<R, Arc<Outbox>>, outbox: Arc<Outbox>) -> Arc<Self> {
        Arc::new(Shared {
            core: Mutex::new(Core { channel, end: None }),
            changed: Condvar::new(),
            outbox,
            heard: AtomicBool::new(true),
            finished: AtomicBool::new(false),
            wanted: AtomicBool::new(false),
        })
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Core<R>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the core if it is free. Otherwise the runtime is woken when it is.
    pub(super) fn try_lock(&self) -> Option<MutexGuard<'_, Core<R>>> {
        for _ in 0..2 {
            match self.core.try_lock() {
                Ok(core) => return Some(core),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                // Tries once more after this, because it may have become free just before.
                Err(TryLockError::WouldBlock) => self.wanted.store(true, Ordering::Release),
            }
        }
        None
    }
}
