//! Stopping a node: its connections are asked to end, and wait for each other until no call runs.

use std::sync::Arc;

use super::inner::Inner;
use crate::node::shared::Shared;

impl Inner {
    /// Asks the node to stop. A second call changes nothing.
    pub(in crate::node) fn begin_stop(&self) {
        if self.drain.ask() {
            for peer in self.peers.all() {
                peer.line.outbox.drain();
            }
        }
        self.stop.cancel();
    }

    /// Returns whether no call runs on any connection, because a call of one may need others. Kept callers count.
    pub(in crate::node) fn nothing_runs(&self) -> bool {
        self.drain.is_idle() && !self.common.kept.is_awaited()
    }
}

/// A connection with a running call, or one that may start.
#[derive(Debug)]
pub(in crate::node) struct Busy(Arc<Inner>);

impl Busy {
    pub(in crate::node) fn new(inner: Arc<Inner>) -> Self {
        inner.drain.enter();
        Busy(inner)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        if self.0.drain.leave() {
            self.0.call_ended();
        }
    }
}
