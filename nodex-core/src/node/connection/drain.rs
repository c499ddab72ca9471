//! How far a node is that was asked to end.

use std::{
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    time::Duration,
};

/// How long running handlers may go on unless somebody says otherwise. Hosts kill after five seconds.
pub(in crate::node) const DEFAULT_TIME: Duration = Duration::from_secs(4);

/// What of a node is still at work when it is to end.
#[derive(Debug, Default)]
pub(in crate::node) struct Drain {
    asked: AtomicBool,
    /// Connections of which something runs.
    busy: AtomicUsize,
}

impl Drain {
    /// Returns whether the node was asked to end.
    pub(in crate::node) fn asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// Notes that it was asked to. True for the first time.
    pub(super) fn ask(&self) -> bool {
        !self.asked.swap(true, Ordering::SeqCst)
    }

    /// Returns whether nothing runs on any connection.
    pub(super) fn is_idle(&self) -> bool {
        self.busy.load(Ordering::SeqCst) == 0
    }

    pub(super) fn enter(&self) {
        self.busy.fetch_add(1, Ordering::SeqCst);
    }

    /// Returns `true` for the last one.
    pub(super) fn leave(&self) -> bool {
        self.busy.fetch_sub(1, Ordering::SeqCst) == 1
    }
}
