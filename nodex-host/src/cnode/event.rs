//! Events of nodes.

use std::{sync::Arc, time::Duration};

use nodex_core::node::Subscription;
use tokio::sync::broadcast;

use super::NodeDown;
use crate::process::{Exit, Line};

/// An event of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CnodeEvent {
    /// The full name of the node.
    pub node: Arc<str>,
    /// What happened.
    pub kind: EventKind,
}

/// What happened to a node.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventKind {
    /// Its process has been started.
    Started {
        /// The process id, which is also the number of its process group.
        pid: u32,
    },
    /// It printed a line.
    Line(Line),
    /// It printed its ready line.
    Ready {
        /// The time since the start of its process.
        after: Duration,
    },
    /// It is connected with the host, and thus up.
    Connected,
    /// It is down, after it was up.
    Down(NodeDown),
    /// Its process has ended.
    Exited(Exit),
    /// The subscriber was too slow, and has missed this many events. The node of this event is empty.
    Missed(u64),
}

/// A channel for the events of one or more nodes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Events(broadcast::Sender<CnodeEvent>);

impl Events {
    /// Creates a channel that keeps this many events for a slow subscriber, which receives the number of events that it
    /// has missed.
    pub fn new(capacity: usize) -> Events {
        Events(broadcast::Sender::new(capacity.clamp(1, 1 << 20)))
    }

    /// Subscribes to all events from now on.
    pub fn subscribe(&self) -> Subscription<CnodeEvent> {
        let missed = |count| CnodeEvent { node: Arc::from(""), kind: EventKind::Missed(count) };
        Subscription::new(self.0.subscribe(), missed)
    }

    pub(crate) fn send(&self, node: &Arc<str>, kind: EventKind) {
        // It fails when nobody is subscribed.
        let _ = self.0.send(CnodeEvent { node: node.clone(), kind });
    }
}

impl Default for Events {
    fn default() -> Self {
        Events::new(64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_slow_subscriber_is_told_what_it_missed() {
        let events = Events::new(2);
        let mut subscription = events.subscribe();
        let node = Arc::from("a@b");
        for pid in 0..5 {
            events.send(&node, EventKind::Started { pid });
        }
        assert_eq!(subscription.next().await.unwrap().kind, EventKind::Missed(3));
        assert_eq!(subscription.next().await.unwrap().kind, EventKind::Started { pid: 3 });
        drop(events);
        assert_eq!(subscription.next().await.unwrap().kind, EventKind::Started { pid: 4 });
        assert_eq!(subscription.next().await, None);
    }
}
