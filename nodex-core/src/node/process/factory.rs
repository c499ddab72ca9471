//! Services that are made anew when they have failed.

use std::{
    collections::VecDeque,
    fmt,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use super::registry::Process;
use crate::node::{connection::inner::Inner, service::interface::Service};

/// Makes a service, as often as need be but not too often.
pub(in crate::node) struct Factory {
    make: Box<dyn Fn() -> Box<dyn Service> + Send + Sync>,
    intensity: Intensity,
    /// When it has made one anew.
    made: Mutex<VecDeque<Instant>>,
}

/// So many times within this time.
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

    /// The first one.
    pub(in crate::node) fn make(&self) -> Box<dyn Service> {
        (self.make)()
    }

    /// Whether another one may be made now; it counts then.
    fn may_make(&self, now: Instant) -> bool {
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

impl Inner {
    /// Puts a new service in the place of one that has ended: the same name, another pid. False when that cannot be done.
    pub(in crate::node) fn make_anew(&self, old: &Process, factory: &Arc<Factory>) -> bool {
        let name = old.name.as_deref().unwrap_or_default();
        if !factory.may_make(Instant::now()) {
            let Intensity { times, within } = factory.intensity;
            tracing::error!(name, times, ?within, "a service was made anew too often, and is not again");
            return false;
        }
        let Ok(service) = catch_unwind(AssertUnwindSafe(|| factory.make())) else {
            tracing::error!(name, "a service cannot be made anew: its factory panicked");
            return false;
        };
        if let Err(error) = service.check(&self.extensions) {
            tracing::error!(name, %error, "a service cannot be made anew");
            return false;
        }
        let number = self.registry.spawned.take();
        let process = Process::new(old.name.clone(), self.pid(number), vec![service], old.exit_policy);
        let process = match process {
            Ok(process) => Arc::new(process.with_end(old.ends, Some(factory.clone()))),
            Err(error) => {
                self.registry.spawned.release(number);
                tracing::error!(name, %error, "a service cannot be made anew");
                return false;
            }
        };
        if !self.registry.spawned.set_service(number, &process) {
            self.registry.spawned.release(number);
            tracing::error!(name, "a service cannot be made anew: its name was taken");
            return false;
        }
        tracing::warn!(name, pid = ?process.pid, "a service was made anew");
        self.registry.take_place(old, process);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        atom,
        node::{api::builder::Builder, service::functions::Functions, testing::TestNode},
        term::RawTerm,
    };

    #[tokio::test]
    async fn one_that_was_made_anew_and_is_stopped_is_dropped() {
        let held = Arc::new(());
        let holders = Arc::downgrade(&held);
        let make = move || {
            let held = held.clone();
            Functions::new().add("count", move || Arc::strong_count(&held))
        };
        let node = TestNode::start(Builder::new().factory(make)).await.unwrap();
        let registry = &node.node().0.registry;
        node.node().0.fall(&registry.catch_all().unwrap(), &RawTerm::from_value(&atom!("killed")).unwrap());
        let pid = registry.catch_all().unwrap().pid.clone();
        // The factory, the first one, which the node was built with, and the second one.
        assert_eq!(holders.strong_count(), 3);
        assert_eq!(node.node().stop_service(&pid, &atom!("shutdown")), Ok(true));
        assert_eq!((holders.strong_count(), registry.catch_all().is_none()), (2, true));
        assert_eq!(node.node().stop_service(&pid, &atom!("shutdown")), Ok(false));
    }

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
