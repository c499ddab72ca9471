//! The pause before a restart.

use std::time::Duration;

/// How long to wait before a restart: twice as long each time, up to a limit, and from the start again once the child
/// has been up for a while. OTP has no such pause.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Backoff {
    /// The pause before the first restart. Default: 100 ms.
    pub first: Duration,
    /// The longest pause. Default: 10 s.
    pub max: Duration,
    /// The part of each pause that is left to chance, from 0 to 1, so that many children that fail together do not
    /// come back together. A pause is never longer for it. Default: 0.2.
    pub jitter: f64,
    /// After so long without a failure the next pause is the first again. Default: 10 s.
    pub stable: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Backoff {
            first: Duration::from_millis(100),
            max: Duration::from_secs(10),
            jitter: 0.2,
            stable: Duration::from_secs(10),
        }
    }
}

impl Backoff {
    /// No pause at all, as in OTP.
    pub const NONE: Backoff =
        Backoff { first: Duration::ZERO, max: Duration::ZERO, jitter: 0.0, stable: Duration::ZERO };

    /// The pause after so many restarts since the child was last stable. `random` is any number.
    pub(super) fn pause(&self, restarts: u32, random: u64) -> Duration {
        let factor = 1u32.checked_shl(restarts).unwrap_or(u32::MAX);
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
