//! The events of a supervisor.

use std::{sync::Arc, time::Duration};

use nodex_core::{error::Chain, node::Subscription, term::Atom};
use tokio::sync::broadcast;

use super::Ended;
use crate::cnode::{NodeDown, SpawnError};

/// How many events a slow subscriber may lag behind before it loses the oldest.
const KEPT: usize = 1024;

/// An event of a supervisor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SupervisorEvent {
    /// The id of the child; empty for an event of the supervisor itself.
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
        /// Its process id, unless it was already running.
        pid: Option<u32>,
        /// How long its start took.
        after: Duration,
    },
    /// The child could not be started.
    StartFailed {
        /// Why.
        error: Arc<SpawnError>,
    },
    /// The child ended without being asked to.
    Down {
        /// Its node.
        node: Atom,
        /// Why.
        down: NodeDown,
    },
    /// The child will be restarted, with the others that the strategy restarts.
    Restarting {
        /// The pause before the restart.
        pause: Duration,
    },
    /// The child is being stopped.
    Stopping,
    /// The child is down, and nothing is left of it.
    Stopped,
    /// The child is a member of a pool that is about to restart it, and receives no more calls.
    Draining {
        /// The number of running calls.
        calls: usize,
    },
    /// The running calls have ended, or their time is over.
    Drained {
        /// The number of calls that were not answered in time, and fail now.
        left: usize,
    },
    /// The child was restarted too often, and stays down.
    GaveUp,
    /// The child was deleted.
    Removed,
    /// The supervisor is ending, and stops all children.
    Ending(Ended),
    /// The supervisor has ended, and all children are down.
    Ended(Ended),
    /// The subscriber was too slow, and has missed this many events.
    Missed(u64),
}

/// The channel for the events of a supervisor.
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
