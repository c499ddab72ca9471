//! [`Backoff`].

use std::time::Duration;

/// The pauses before a connection is made again ([`Node::keep_connected`](crate::node::Node::keep_connected)) or a
/// child of a supervisor is restarted. Each pause is twice as long as the one before, up to a limit. After a time
/// without a failure they start again with the first.
///
/// ```
/// use std::time::Duration;
///
/// use nodex_core::node::Backoff;
///
/// let backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(30)).jitter(0.0);
/// assert_eq!(backoff.pause(0, 0), Duration::from_millis(100));
/// assert_eq!(backoff.pause(3, 0), Duration::from_millis(800));
/// assert_eq!(backoff.pause(20, 0), Duration::from_secs(30));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Backoff {
    /// The first pause. Default: 100 ms.
    pub first: Duration,
    /// The longest pause. Default: 10 s.
    pub max: Duration,
    /// The random part of each pause, from 0 to 1, so that many that fail together do not come back together. It only
    /// shortens a pause. Default: 0.2.
    pub jitter: f64,
    /// The time without a failure after which the next pause is the first again. Default: 10 s.
    pub stable: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff::new(Duration::from_millis(100), Duration::from_secs(10))
    }
}

impl Backoff {
    /// No pause, as in OTP's supervisors.
    pub const NONE: Backoff =
        Backoff { first: Duration::ZERO, max: Duration::ZERO, jitter: 0.0, stable: Duration::ZERO };

    /// Creates a backoff with this first and this longest pause.
    pub const fn new(first: Duration, max: Duration) -> Backoff {
        Backoff { first, max, jitter: 0.2, stable: Duration::from_secs(10) }
    }

    /// Sets the random part of each pause, from 0 to 1. Default: 0.2.
    #[must_use]
    pub const fn jitter(mut self, part: f64) -> Backoff {
        self.jitter = part;
        self
    }

    /// Sets the time without a failure after which the next pause is the first again. Default: 10 s.
    #[must_use]
    pub const fn stable(mut self, time: Duration) -> Backoff {
        self.stable = time;
        self
    }

    /// Returns the pause after this number of failures in a row after the first. `random` is any number.
    pub fn pause(&self, failures: u32, random: u64) -> Duration {
        let factor = 1u32.checked_shl(failures).unwrap_or(u32::MAX);
        let pause = self.first.saturating_mul(factor).min(self.max);
        let jitter = if self.jitter.is_nan() { 0.0 } else { self.jitter.clamp(0.0, 1.0) };
        // The upper 32 bits, as a number from 0 to 1.
        let chance = f64::from((random >> 32) as u32) / f64::from(u32::MAX);
        pause.mul_f64(1.0 - jitter * chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn pauses(backoff: &Backoff, random: u64) -> Vec<u128> {
        (0..10).map(|restarts| backoff.pause(restarts, random).as_millis()).collect()
    }

    #[test]
    fn doubles_up_to_the_limit() {
        let backoff = Backoff { first: 100 * MS, max: 3000 * MS, jitter: 0.0, stable: MS };
        assert_eq!(pauses(&backoff, 7), [100, 200, 400, 800, 1600, 3000, 3000, 3000, 3000, 3000]);
        assert_eq!(backoff.pause(u32::MAX, 0), 3000 * MS);
        assert_eq!(Backoff { max: Duration::MAX, ..backoff }.pause(40, 0), 100 * MS * u32::MAX);
    }

    #[test]
    fn jitter_shortens_by_its_part_at_most() {
        let backoff = Backoff { first: 1000 * MS, max: 1000 * MS, jitter: 0.2, stable: MS };
        assert_eq!(backoff.pause(0, 0), 1000 * MS);
        assert_eq!(backoff.pause(0, u64::MAX), 800 * MS);
        let half = backoff.pause(0, u64::MAX / 2);
        assert!(half > 890 * MS && half < 910 * MS, "{half:?}");
    }

    #[test]
    fn a_jitter_that_is_no_part_is_made_one() {
        let with = |jitter| Backoff { first: 1000 * MS, max: 1000 * MS, jitter, stable: MS }.pause(0, u64::MAX);
        assert_eq!((with(5.0), with(-1.0), with(f64::NAN)), (Duration::ZERO, 1000 * MS, 1000 * MS));
    }

    #[test]
    fn none() {
        assert!(pauses(&Backoff::NONE, u64::MAX).iter().all(|pause| *pause == 0));
    }
}
