//! The state of a node that was asked to stop.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

/// How long running handlers may continue by default. Hosts kill after five seconds.
pub(in crate::node) const DEFAULT_TIME: Duration = Duration::from_secs(4);

/// The work that is left in a node that is to stop.
#[derive(Debug, Default)]
pub(in crate::node) struct Drain {
    asked: AtomicBool,
    /// The number of connections with running calls.
    busy: AtomicUsize,
}

impl Drain {
    /// Returns whether the node was asked to stop.
    pub(in crate::node) fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Records that the node was asked to stop. Returns `true` for the first time.
    pub(super) fn ask(&self) -> bool {
        !self.asked.swap(true, Ordering::SeqCst)
    }

    /// Returns whether no connection has a running call.
    pub(super) fn is_idle(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }

    pub(super) fn enter(&self) {
        self.busy.fetch_add(1, Ordering::SeqCst);
    }

    /// Removes a connection. Returns `true` for the last one.
    pub(super) fn leave(&self) -> bool {
        self.busy.fetch_sub(1, Ordering::SeqCst) == 1
    }
}
