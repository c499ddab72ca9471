//! Handshakes in progress with nodes that connect to this one.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::task::AbortHandle;

use crate::limits::{Crowd, Seldom, descriptors};

/// The most handshakes in progress at once. One more ends the oldest of the address that has most of them.
///
/// A correct peer needs two round trips, so its handshake must survive for about two thirds of a second, while others
/// may arrive from its own address. Each takes a descriptor and some 10 KiB.
const MOST: usize = 2048;

/// Handshakes may take the descriptors divided by this number; the rest is for connected nodes. A process with very few
/// descriptors ends some handshakes when none are left.
const SHARE: usize = 2;
const LEAST: usize = 64;

/// The handshakes in progress.
#[derive(Debug)]
pub(in crate::node) struct Pending {
    crowd: Mutex<Crowd<AbortHandle>>,
    limit: usize,
    refused: Seldom,
    ended: Seldom,
}

impl Default for Pending {
    fn default() -> Self {
        let limit = (descriptors() / SHARE).clamp(LEAST, MOST);
        Pending { crowd: Mutex::default(), limit, refused: Seldom::default(), ended: Seldom::default() }
    }
}

impl Pending {
    fn lock(&self) -> MutexGuard<'_, Crowd<AbortHandle>> {
        self.crowd.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a handshake and makes room for it. It cannot end before it is in the table.
    pub(in crate::node) fn enter(&self, id: u64, from: SocketAddr, start: impl FnOnce() -> AbortHandle) {
        let mut crowd = self.lock();
        while crowd.len() >= self.limit {
            self.end_one(&mut crowd);
        }
        let task = start();
        crowd.enter(id, from.ip(), task);
    }

    /// Returns the entry that the task of a handshake holds.
    pub(in crate::node) fn entry(&self, id: u64) -> PendingEntry<'_> {
        PendingEntry { pending: self, id }
    }

    /// Ends some handshakes, because the system has no descriptors left.
    pub(in crate::node) fn end_some(&self) {
        let mut crowd = self.lock();
        for _ in 0..crowd.len().div_ceil(8) {
            self.end_one(&mut crowd);
        }
    }

    fn end_one(&self, crowd: &mut Crowd<AbortHandle>) {
        if let Some((from, task)) = crowd.evict() {
            let (limit, pending) = (self.limit, crowd.len() + 1);
            if let Some(left_out) = self.ended.admit(Instant::now()) {
                let event = "a handshake was ended before its time, as too many are under way";
                tracing::warn!(%from, pending, limit, left_out, "{event}");
            }
            task.abort();
        }
    }
}

/// Removes a handshake from the table when its task ends, however it ends.
pub(in crate::node) struct PendingEntry<'a> {
    pending: &'a Pending,
    id: u64,
}

impl PendingEntry<'_> {
    /// Records that it was refused. If this is to be logged, returns how many others were refused without being logged.
    pub(in crate::node) fn refused(&self, now: Instant) -> Option<Option<u64>> {
        self.pending.refused.admit(now)
    }

    /// Completes the handshake. Returns `false` if it was ended in favour of a newer one.
    pub(in crate::node) fn complete(&self) -> bool {
        self.pending.lock().leave(self.id).is_some()
    }
}

impl Drop for PendingEntry<'_> {
    fn drop(&mut self) {
        self.complete();
    }
}
