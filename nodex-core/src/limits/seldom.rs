//! Log events that unknown peers cause, with a bound on how many are written.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How many events are logged in a [`WINDOW`].
const MOST: u32 = 100;
/// The period in which events are counted.
const WINDOW: Duration = Duration::from_secs(10);

/// Events of one kind.
#[derive(Debug, Default)]
pub(crate) struct Seldom(Mutex<Told>);

#[derive(Debug, Default)]
struct Told {
    since: Option<Instant>,
    told: u32,
    left_out: u64,
}

impl Seldom {
    /// Returns whether the event is to be logged, and how many were left out before it, if any.
    pub(crate) fn admit(&self, now: Instant) -> Option<Option<u64>> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.since.is_none_or(|since| now.saturating_duration_since(since) >= WINDOW) {
            let left_out = told.left_out;
            *told = Told { since: Some(now), told: 1, left_out: 0 };
            return Some((left_out > 0).then_some(left_out));
        }
        if told.told < MOST {
            told.told += 1;
            return Some(None);
        }
        told.left_out += 1;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_told_in_part_and_its_number_afterwards() {
        let (seldom, start) = (Seldom::default(), Instant::now());
        let told = (0..1000).filter(|_| seldom.admit(start) == Some(None)).count();
        assert_eq!(told, MOST as usize);
        assert_eq!(seldom.admit(start + WINDOW), Some(Some(1000 - u64::from(MOST))));
        assert_eq!(seldom.admit(start + WINDOW), Some(None));
    }
}
