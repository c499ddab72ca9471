//! A connection as services see it: its peer and its output.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use crate::{net::Outbox, node::counters::Counters, protocol::Flags, term::Atom};

/// The part of a connection that is needed to answer over it.
#[derive(Debug)]
pub(in crate::node) struct Line {
    /// The number of the connection on this node. It is never reused; 0 means no connection.
    pub(in crate::node) id: u64,
    /// The full name of the other node.
    pub(in crate::node) name: Atom,
    pub(in crate::node) creation: u32,
    /// The flags that both nodes support.
    pub(in crate::node) flags: Flags,
    pub(in crate::node) outbox: Arc<Outbox>,
    pub(in crate::node) counters: Counters,
    /// How many bytes are kept for the other node.
    kept: AtomicUsize,
}

impl Line {
    pub(in crate::node) fn new(id: u64, name: Atom, creation: u32, flags: Flags, outbox: Arc<Outbox>) -> Self {
        let (counters, kept) = (Counters::default(), AtomicUsize::new(0));
        Line { id, name, creation, flags, outbox, counters, kept }
    }

    /// Returns how many bytes are kept for the other node: mailbox messages that were not received, and kept callers.
    #[inline]
    pub(in crate::node) fn kept_bytes(&self) -> usize {
        self.kept.load(Ordering::SeqCst)
    }
}

/// Memory that is kept for the other node. It bounds how much its connection reads.
#[derive(Debug)]
pub(in crate::node) struct Counted {
    line: Arc<Line>,
    bytes: usize,
}

impl Counted {
    pub(in crate::node) fn new(line: &Arc<Line>, bytes: usize) -> Self {
        line.kept.fetch_add(bytes, Ordering::Relaxed);
        Counted { line: line.clone(), bytes }
    }
}

impl Clone for Counted {
    fn clone(&self) -> Self {
        Self::new(&self.line, self.bytes)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.line.kept.fetch_sub(self.bytes, Ordering::SeqCst);
        self.line.outbox.wake_if_stalled();
    }
}
