//! Counters of the messages of a connection.

use std::sync::atomic::{AtomicU64, Ordering};

/// How a function was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallKind {
    /// A plain message; the reply is a plain message to its sender.
    Plain,
    /// `GenServer.call`; the reply carries the caller's tag.
    GenCall,
    /// `GenServer.cast`; there is no reply.
    Cast,
    /// `rpc` or `erpc`; the reply is what the function returns.
    Rpc,
}

/// The counters of a connection. One thread at a time handles its messages and writes them, so an increment is a load
/// and a store.
#[derive(Debug, Default)]
pub(in crate::node) struct Counters {
    pub(in crate::node) plain: AtomicU64,
    pub(in crate::node) calls: AtomicU64,
    pub(in crate::node) casts: AtomicU64,
    pub(in crate::node) rpc: AtomicU64,
    /// Messages and calls for which there is no function.
    pub(in crate::node) unknown: AtomicU64,
    /// Handlers that panicked.
    pub(in crate::node) panics: AtomicU64,
    /// Casts that failed: the handler panicked or returned an error, or there was none.
    pub(in crate::node) failed_casts: AtomicU64,
    /// Calls that were refused because the node is stopping.
    pub(in crate::node) refused: AtomicU64,
    /// Casts that were dropped for the same reason.
    pub(in crate::node) dropped: AtomicU64,
}

/// The sums over some connections.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Sums {
    pub(in crate::node) plain: u64,
    pub(in crate::node) calls: u64,
    pub(in crate::node) casts: u64,
    pub(in crate::node) rpc: u64,
    pub(in crate::node) unknown: u64,
    pub(in crate::node) panics: u64,
    pub(in crate::node) failed_casts: u64,
    pub(in crate::node) refused: u64,
    pub(in crate::node) dropped: u64,
}

impl Counters {
    /// Counts a message of this kind.
    #[inline]
    pub(in crate::node) fn count_call(&self, kind: CallKind) {
        bump(match kind {
            CallKind::Plain => &self.plain,
            CallKind::GenCall => &self.calls,
            CallKind::Cast => &self.casts,
            CallKind::Rpc => &self.rpc,
        });
    }

    #[cold]
    pub(in crate::node) fn unknown(&self) {
        bump(&self.unknown);
    }

    #[cold]
    pub(in crate::node) fn panicked(&self) {
        bump(&self.panics);
    }

    #[cold]
    pub(in crate::node) fn cast_failed(&self) {
        bump(&self.failed_casts);
    }

    #[cold]
    pub(in crate::node) fn refused(&self) {
        bump(&self.refused);
    }

    #[cold]
    pub(in crate::node) fn dropped(&self) {
        bump(&self.dropped);
    }
}

#[inline]
fn bump(counter: &AtomicU64) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
}

impl Sums {
    /// Adds the counters of a connection.
    pub(in crate::node) fn add(&mut self, counters: &Counters) {
        let Sums { plain, calls, casts, rpc, unknown, panics, failed_casts, refused, dropped } = self;
        for (sum, counter) in [
            (plain, &counters.plain),
            (calls, &counters.calls),
            (casts, &counters.casts),
            (rpc, &counters.rpc),
            (unknown, &counters.unknown),
            (panics, &counters.panics),
            (failed_casts, &counters.failed_casts),
            (refused, &counters.refused),
            (dropped, &counters.dropped),
        ] {
            *sum = sum.wrapping_add(counter.load(Ordering::Relaxed));
        }
    }

    /// Returns every counter with its name.
    pub(in crate::node) fn named(self) -> [(&'static str, u64); 9] {
        let Sums { plain, calls, casts, rpc, unknown, panics, failed_casts, refused, dropped } = self;
        [
            ("plain", plain),
            ("calls", calls),
            ("casts", casts),
            ("rpc", rpc),
            ("unknown", unknown),
            ("panics", panics),
            ("failed_casts", failed_casts),
            ("refused", refused),
            ("dropped", dropped),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_counter_of_its_own() {
        let counters = Counters::default();
        for (kind, times) in [(CallKind::Plain, 1), (CallKind::GenCall, 2), (CallKind::Cast, 3), (CallKind::Rpc, 4)] {
            (0..times).for_each(|_| counters.count_call(kind));
        }
        (0..5).for_each(|_| counters.unknown());
        (0..6).for_each(|_| counters.panicked());
        (0..7).for_each(|_| counters.cast_failed());
        (0..8).for_each(|_| counters.refused());
        (0..9).for_each(|_| counters.dropped());
        let mut sums = Sums::default();
        sums.add(&counters);
        sums.add(&counters);
        assert_eq!(sums.named().map(|(_, count)| count), [2, 4, 6, 8, 10, 12, 14, 16, 18]);
    }
}
