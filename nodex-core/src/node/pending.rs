//! Handshakes of nodes that connect to this one.

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::task::AbortHandle;

/// Handshakes that may be under way at once. One more ends the oldest of them: those that are meant
/// seriously take milliseconds, and whoever holds all places in silence keeps nobody out.
const MAX_PENDING: usize = 64;

/// Handshakes that are under way, the oldest first.
#[derive(Debug, Default)]
pub(super) struct Pending(Mutex<BTreeMap<u64, (AbortHandle, SocketAddr)>>);

impl Pending {
    pub(super) fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, (AbortHandle, SocketAddr)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the task of a handshake holds.
    pub(super) fn entry(&self, id: u64) -> PendingEntry<'_> {
        PendingEntry { pending: self, id }
    }

    /// Sees to it that one more has a place.
    pub(super) fn make_room(&self) {
        while self.lock().len() >= MAX_PENDING {
            self.end_oldest();
        }
    }

    pub(super) fn end_oldest(&self) {
        let oldest = self.lock().pop_first();
        if let Some((_, (task, from))) = oldest {
            tracing::warn!(%from, "a handshake was ended before its time, as more than {MAX_PENDING} are under way");
            task.abort();
        }
    }
}

/// Takes a handshake out of the books when its task ends, however it ends.
pub(super) struct PendingEntry<'a> {
    pending: &'a Pending,
    id: u64,
}

impl PendingEntry<'_> {
    /// The handshake is over. False when it has been given up for a newer one.
    pub(super) fn complete(&self) -> bool {
        self.pending.lock().remove(&self.id).is_some()
    }
}

impl Drop for PendingEntry<'_> {
    fn drop(&mut self) {
        self.complete();
    }
}
