//! When a tick is due.

use std::time::Duration;

/// The time since which nothing was written to a connection. Times count from any fixed moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle {
    written: usize,
    since: Duration,
}

impl Idle {
    /// Starts at `now`, with this number of bytes written.
    pub fn new(written: usize, now: Duration) -> Self {
        Idle { written, since: now }
    }

    /// Records how many bytes have been written. Returns `true` if there was none since the last check.
    pub fn check(&mut self, written: usize, now: Duration) -> bool {
        let idle = written == self.written;
        if !idle {
            *self = Idle { written, since: now };
        }
        idle
    }

    /// Returns whether nothing was written for this long.
    pub fn is_due(&self, now: Duration, limit: Duration) -> bool {
        now.saturating_sub(self.since) >= limit
    }

    /// Returns the time at which that will be so, if nothing is written until then.
    pub fn due(&self, limit: Duration) -> Duration {
        self.since + limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_due_when_nothing_was_written_for_the_limit() {
        const LIMIT: Duration = Duration::from_secs(15);
        let at = Duration::from_secs;
        let mut idle = Idle::new(0, at(100));
        assert!(!idle.is_due(at(114), LIMIT) && idle.is_due(at(115), LIMIT));
        assert!(!idle.check(7, at(110)), "something was written");
        assert!(idle.check(7, at(112)));
        assert!(!idle.is_due(at(124), LIMIT) && idle.is_due(at(125), LIMIT));
        assert_eq!(idle.due(LIMIT), at(125));
        assert!(!idle.is_due(at(1), LIMIT), "a clock that goes back does no harm");
    }
}
