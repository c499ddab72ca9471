//! What happens to a supervisor and its children.

use std::{sync::Arc, time::Duration};

use nodex_core::{error::Chain, node::Subscription, term::Atom};
use tokio::sync::broadcast;

use super::Ended;
use crate::cnode::{NodeDown, SpawnError};

/// Events that a slow subscriber may lag behind before it loses the oldest.
const KEPT: usize = 1024;

/// Something changed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SupervisorEvent {
    /// The id of the child, empty when it is about the supervisor itself.
    pub child: Arc<str>,
    /// What changed.
    pub change: Change,
}

/// What changed.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Change {
    /// The child is being started.
    Starting,
    /// The child is up.
    Up {
        /// Its node.
        node: Atom,
        /// Its process, unless it was already running.
        pid: Option<u32>,
        /// How long its start took.
        after: Duration,
    },
    /// The child did not come up.
    StartFailed {
        /// Why.
        error: Arc<SpawnError>,
    },
    /// The child ended, though nobody had asked it to.
    Down {
        /// Its node.
        node: Atom,
        /// Why.
        down: NodeDown,
    },
    /// The child will be restarted, and the others that the strategy says.
    Restarting {
        /// The pause before.
        pause: Duration,
    },
    /// The child is being stopped.
    Stopping,
    /// The child is down, and nothing is left of it.
    Stopped,
    /// The child is a member of a pool, which is going to restart it: it gets no more calls.
    Draining {
        /// How many calls it has yet to answer.
        calls: usize,
    },
    /// It has answered them.
    Drained {
        /// How many it has not answered in the time that it had; they fail now.
        left: usize,
    },
    /// The child has been restarted too often, and stays down.
    GaveUp,
    /// The child is not known any more.
    Removed,
    /// The supervisor begins to end: it stops all children.
    Ending(Ended),
    /// The supervisor has ended: all children are down.
    Ended(Ended),
    /// This subscription was too slow, and this many events are lost to it.
    Missed(u64),
}

/// Where the events of one supervisor go.
#[derive(Debug, Clone)]
pub(super) struct Changes(broadcast::Sender<SupervisorEvent>);

impl Changes {
    pub(super) fn new() -> Changes {
        Changes(broadcast::Sender::new(KEPT))
    }

    pub(super) fn subscribe(&self) -> Subscription<SupervisorEvent> {
        let missed = |count| SupervisorEvent { child: Arc::from(""), change: Change::Missed(count) };
        Subscription::new(self.0.subscribe(), missed)
    }

    pub(super) fn send(&self, child: &Arc<str>, change: Change) {
        match &change {
            Change::Down { node, down } => tracing::warn!(%child, %node, down = %Chain(down), "a child ended"),
            Change::StartFailed { error } => tracing::warn!(%child, error = %Chain(error), "a child did not start"),
            Change::GaveUp => tracing::error!(%child, "a child was restarted too often and stays down"),
            Change::Ending(ended @ Ended::GaveUp { .. }) => {
                tracing::error!(ended = %Chain(ended), "a supervisor gave up")
            }
            change => tracing::debug!(%child, ?change, "a change"),
        }
        // It fails when nobody is subscribed.
        let _ = self.0.send(SupervisorEvent { child: child.clone(), change });
    }
}
