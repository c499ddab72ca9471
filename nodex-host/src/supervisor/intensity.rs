//! The limit of restarts within a time (`supervisor.erl`, `add_restart`).

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// A limit of restarts within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Intensity {
    /// The number of restarts that are allowed; with 0 the first failure is one too many.
    pub max_restarts: u32,
    /// The time in which they are counted (`max_seconds`, OTP's period).
    pub within: Duration,
}

impl Intensity {
    /// Creates a limit of `max_restarts` within this time.
    pub const fn new(max_restarts: u32, within: Duration) -> Intensity {
        Intensity { max_restarts, within }
    }
}

impl Default for Intensity {
    /// 3 within 5 s, as in Elixir; OTP itself has 1 within 5 s.
    fn default() -> Self {
        Intensity::new(3, Duration::from_secs(5))
    }
}

/// The restarts that still count.
#[derive(Debug, Clone)]
pub(super) struct Restarts {
    intensity: Intensity,
    /// The oldest first.
    times: VecDeque<Instant>,
}

impl Restarts {
    pub(super) fn new(intensity: Intensity) -> Restarts {
        Restarts { intensity, times: VecDeque::new() }
    }

    pub(super) fn intensity(&self) -> Intensity {
        self.intensity
    }

    /// Counts a restart at `now`, which is not before an earlier one. Returns `false` if it is one too many. A restart
    /// that is exactly `within` old still counts.
    pub(super) fn add(&mut self, now: Instant) -> bool {
        let Intensity { max_restarts, within } = self.intensity;
        while self.times.front().is_some_and(|time| now.saturating_duration_since(*time) > within) {
            self.times.pop_front();
        }
        self.times.push_back(now);
        self.times.len() <= usize::try_from(max_restarts).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The verdicts on restarts at these milliseconds.
    fn verdicts(max_restarts: u32, within_ms: u64, at_ms: &[u64]) -> Vec<bool> {
        let start = Instant::now();
        let mut restarts = Restarts::new(Intensity::new(max_restarts, Duration::from_millis(within_ms)));
        at_ms.iter().map(|ms| restarts.add(start + Duration::from_millis(*ms))).collect()
    }

    #[test]
    fn none_is_allowed() {
        assert_eq!(verdicts(0, 5000, &[0]), [false]);
        assert_eq!(verdicts(0, 5000, &[0, 100_000]), [false, false]);
    }

    #[test]
    fn the_first_one_over_the_limit_is_too_many() {
        assert_eq!(verdicts(3, 5000, &[0, 1, 2, 3]), [true, true, true, false]);
        assert_eq!(verdicts(1, 5000, &[0, 0]), [true, false]);
    }

    #[test]
    fn old_ones_do_not_count_any_more() {
        // The window slides, and does not begin again.
        assert_eq!(verdicts(2, 5000, &[0, 4000, 5001, 8999]), [true, true, true, false]);
        assert_eq!(verdicts(2, 5000, &[0, 4000, 5001, 9001]), [true, true, true, true]);
        assert_eq!(verdicts(1, 5000, &[0, 5001, 10_002]), [true, true, true]);
    }

    #[test]
    fn one_that_is_as_old_as_the_window_counts() {
        assert_eq!(verdicts(1, 5000, &[0, 5000]), [true, false]);
        assert_eq!(verdicts(1, 0, &[7, 7, 8]), [true, false, true]);
    }

    #[test]
    fn one_that_was_too_many_counts_for_the_next() {
        assert_eq!(verdicts(1, 5000, &[0, 1, 5000]), [true, false, false]);
    }

    #[test]
    fn a_steady_rate_goes_on_for_ever_or_not() {
        let every = |ms: u64| (0..1000).map(|count| count * ms).collect::<Vec<_>>();
        assert!(verdicts(3, 5000, &every(1667)).iter().all(|allowed| *allowed), "four in 5,001 ms");
        assert_eq!(verdicts(3, 5000, &every(1666)).iter().position(|allowed| !allowed), Some(3), "four in 4,998 ms");
    }
}
