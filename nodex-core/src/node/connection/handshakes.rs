//! Handshakes of nodes that connect to this one.

use std::{
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use tokio::task::AbortHandle;

use crate::limits::{Crowd, Seldom, descriptors};

/// Handshakes that may be under way at once. One more ends the oldest of the address that has most of them.
///
/// An honest peer takes two round trips, so its handshake has to live for some two thirds of a second; so many others may
/// come within that time from its own address. What they take is a descriptor and some 10 KiB each.
const MOST: usize = 2048;

/// The part of the descriptors that handshakes may take: the rest is for nodes that are connected. Who has so few that this
/// is less than the least ends some when there are none left.
const SHARE: usize = 2;
const LEAST: usize = 64;

/// Handshakes that are under way.
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

    /// Enters a handshake, once there is a place for it. It cannot be over before it is in the books.
    pub(in crate::node) fn enter(&self, id: u64, from: SocketAddr, start: impl FnOnce() -> AbortHandle) {
        let mut crowd = self.lock();
        while crowd.len() >= self.limit {
            self.end_one(&mut crowd);
        }
        let task = start();
        crowd.enter(id, from.ip(), task);
    }

    /// What the task of a handshake holds.
    pub(in crate::node) fn entry(&self, id: u64) -> PendingEntry<'_> {
        PendingEntry { pending: self, id }
    }

    /// The system has no descriptors left: some handshakes give theirs back.
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

/// Takes a handshake out of the books when its task ends, however it ends.
pub(in crate::node) struct PendingEntry<'a> {
    pending: &'a Pending,
    id: u64,
}

impl PendingEntry<'_> {
    /// It was refused. Gives back how many others were and have not been told, if this is to be told.
    pub(in crate::node) fn refused(&self, now: Instant) -> Option<Option<u64>> {
        self.pending.refused.admit(now)
    }

    /// The handshake is over. False when it has been given up for a newer one.
    pub(in crate::node) fn complete(&self) -> bool {
        self.pending.lock().leave(self.id).is_some()
    }
}

impl Drop for PendingEntry<'_> {
    fn drop(&mut self) {
        self.complete();
    }
}
