//! Times that may be never.

use std::{
    cmp::Ordering,
    time::{Duration, Instant},
};

/// A time of the clock, or never.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Moment(Option<Instant>);

impl Moment {
    pub(in crate::node) const NEVER: Moment = Moment(None);

    pub(in crate::node) fn now() -> Self {
        Moment(Some(Instant::now()))
    }

    /// Returns the time that is later by this duration: never, if no clock can represent it.
    pub(in crate::node) fn plus(self, time: Duration) -> Self {
        Moment(self.0.and_then(|at| at.checked_add(time)))
    }

    /// Returns how long it is until this time.
    pub(in crate::node) fn left(self) -> Duration {
        self.0.map_or(Duration::MAX, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Returns the same time for timers, which cannot represent never.
    pub(in crate::node) fn instant(self) -> tokio::time::Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        tokio::time::Instant::now() + self.left().min(30 * YEAR)
    }
}

impl Ord for Moment {
    #[inline]
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.0, other.0) {
            (Some(one), Some(other)) => one.cmp(&other),
            (one, other) => one.is_none().cmp(&other.is_none()),
        }
    }
}

impl PartialOrd for Moment {
    #[inline]
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn never_comes_last() {
        const SECOND: Duration = Duration::from_secs(1);
        let now = Moment::now();
        let soon = now.plus(SECOND);
        assert!(now < soon && soon < Moment::NEVER && Moment::NEVER <= Moment::NEVER && now >= now);
        assert_eq!(now.plus(Duration::MAX), Moment::NEVER);
        assert_eq!(Moment::NEVER.plus(SECOND), Moment::NEVER);
        assert!(soon.left() <= SECOND && Moment::now().left().is_zero());
        assert!(Moment::NEVER.left() > SECOND && Moment::NEVER.instant() > tokio::time::Instant::now());
    }
}
