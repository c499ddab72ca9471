//! The limits of a server.

use std::time::Duration;

/// The limits of a [`Server`](super::Server).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long a connection may take to make its request and receive its answer.
    pub idle: Duration,
    /// How many connections may be open without a registration; at most a quarter of the descriptors of the process.
    /// One more closes the oldest connection of the address that has most.
    pub max_waiting: usize,
    /// How many nodes can be registered; at most half of the descriptors. One user can register three quarters of them.
    pub max_nodes: usize,
    /// How many of them one process can register; at most half of all. Where the processes of another user cannot be
    /// distinguished, they count as one.
    pub max_nodes_each: usize,
    /// Whether nodes of this host can remove registrations of others, and stop the server while nodes are registered
    /// (`epmd -relaxed_command_check`).
    pub relaxed: bool,
}

impl Options {
    /// Sets [`idle`](Self#structfield.idle).
    #[must_use]
    pub const fn idle(mut self, limit: Duration) -> Self {
        self.idle = limit;
        self
    }

    /// Sets [`max_waiting`](Self#structfield.max_waiting).
    #[must_use]
    pub const fn max_waiting(mut self, limit: usize) -> Self {
        self.max_waiting = limit;
        self
    }

    /// Sets [`max_nodes`](Self#structfield.max_nodes).
    #[must_use]
    pub const fn max_nodes(mut self, limit: usize) -> Self {
        self.max_nodes = limit;
        self
    }

    /// Sets [`max_nodes_each`](Self#structfield.max_nodes_each).
    #[must_use]
    pub const fn max_nodes_each(mut self, limit: usize) -> Self {
        self.max_nodes_each = limit;
        self
    }

    /// Sets [`relaxed`](Self#structfield.relaxed).
    #[must_use]
    pub const fn relaxed(mut self, on: bool) -> Self {
        self.relaxed = on;
        self
    }
}

impl Default for Options {
    /// 60 seconds, 1,024 connections, 2,000 nodes, 1,000 nodes for each process, not relaxed.
    fn default() -> Self {
        Options {
            idle: Duration::from_secs(60),
            max_waiting: 1024,
            max_nodes: 2000,
            max_nodes_each: 1000,
            relaxed: false,
        }
    }
}

impl Options {
    /// Returns these limits, lowered to what this number of descriptors allows.
    pub(super) fn within(self, descriptors: usize) -> Self {
        let max_nodes = self.max_nodes.min(descriptors / 2);
        Options {
            max_waiting: self.max_waiting.min(descriptors / 4).max(1),
            max_nodes_each: self.max_nodes_each.min(max_nodes.div_ceil(2)),
            max_nodes,
            ..self
        }
    }
}
