//! Services that are made again when they fail.

use std::{
    collections::VecDeque,
    fmt,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::node::service::interface::Service;

/// Makes a service, again and again within a limit.
pub(in crate::node) struct Factory {
    make: Box<dyn Fn() -> Box<dyn Service> + Send + Sync>,
    pub(in crate::node) intensity: Intensity,
    /// The times at which it made one again.
    made: Mutex<VecDeque<Instant>>,
}

/// A limit of restarts within a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct Intensity {
    pub(in crate::node) times: usize,
    pub(in crate::node) within: Duration,
}

impl Intensity {
    pub(in crate::node) const USUAL: Intensity = Intensity { times: 3, within: Duration::from_secs(5) };
}

impl Default for Intensity {
    fn default() -> Self {
        Self::USUAL
    }
}

impl Factory {
    pub(in crate::node) fn new(
        make: impl Fn() -> Box<dyn Service> + Send + Sync + 'static,
        intensity: Intensity,
    ) -> Self {
        Factory { make: Box::new(make), intensity, made: Mutex::default() }
    }

    /// Makes a service.
    pub(in crate::node) fn make(&self) -> Box<dyn Service> {
        (self.make)()
    }

    /// Returns whether another service may be made now, and counts it.
    pub(in crate::node) fn may_make(&self, now: Instant) -> bool {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        while made.front().is_some_and(|first| now.saturating_duration_since(*first) > self.intensity.within) {
            made.pop_front();
        }
        if made.len() >= self.intensity.times {
            return false;
        }
        made.push_back(now);
        true
    }
}

impl fmt::Debug for Factory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Factory").field("intensity", &self.intensity).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::node::service::functions::Functions;

    #[test]
    fn it_makes_as_many_as_it_may_within_its_time() {
        let intensity = Intensity { times: 2, within: Duration::from_secs(5) };
        let factory = Factory::new(|| Box::new(Functions::new()), intensity);
        let start = Instant::now();
        let at = |second| start + Duration::from_secs(second);
        let made: Vec<bool> =
            [0, 1, 2, 5, 6, 6, 7, 12].into_iter().map(|second| factory.may_make(at(second))).collect();
        assert_eq!(made, [true, true, false, false, true, false, true, true]);
    }
}
