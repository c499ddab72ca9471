//! What supervisors decide, as transcripts. Time is made up.

mod limits;
mod order;
mod otp;
mod requests;
mod strategies;

use nodex_core::node::Backoff;

use super::*;
use crate::supervisor::Restart;
const MS: Duration = Duration::from_millis(1);

/// A supervisor whose children are named by letters, in start order.
struct Script {
    core: Core,
    names: String,
    now: Instant,
}

fn rules(strategy: Strategy) -> Rules {
    Rules { strategy, intensity: Intensity::new(3, 5000 * MS), auto_shutdown: AutoShutdown::Never, at_once: 1 }
}

/// The pauses are 100, 200, 400, .. ms.
fn backoff() -> Backoff {
    Backoff::new(100 * MS, 10_000 * MS).jitter(0.0)
}

impl Script {
    fn new(rules: Rules) -> Script {
        Script { core: Core::new(rules), names: String::new(), now: Instant::now() }
    }

    /// With permanent children that are all up.
    fn up(strategy: Strategy, names: &str) -> Script {
        Script::up_with(rules(strategy), names, |_| Restart::permanent())
    }

    fn up_with(rules: Rules, names: &str, restart: impl Fn(char) -> Restart) -> Script {
        let mut script = Script::new(rules);
        for name in names.chars() {
            script.add(name, restart(name), Fresh::Initial);
        }
        for name in names.chars() {
            script.core.started(script.key(name), true, script.now);
        }
        script.says();
        assert!(script.core.is_running());
        script
    }

    fn add(&mut self, name: char, restart: Restart, fresh: Fresh) {
        self.names.push(name);
        self.core.add(Member::new(self.key(name), &restart, backoff(), fresh, 0), self.now);
    }

    fn key(&self, name: char) -> Key {
        u64::try_from(self.names.chars().position(|known| known == name).unwrap()).unwrap()
    }

    fn name(&self, key: Key) -> char {
        self.names.chars().nth(usize::try_from(key).unwrap()).unwrap()
    }

    /// What is to be done now, in words.
    fn says(&mut self) -> String {
        let mut words = Vec::new();
        while let Some(action) = self.core.poll() {
            words.push(match action {
                Action::Start(key) => format!("start {}", self.name(key)),
                Action::Stop(key) => format!("stop {}", self.name(key)),
                Action::Remove(key) => format!("remove {}", self.name(key)),
                Action::Restart { key, pause } => format!("restart {} in {pause:?}", self.name(key)),
                Action::GaveUp(key) => format!("give {} up", self.name(key)),
                Action::Ending(end) => format!("ending: {}", self.end(end)),
                Action::Ended(end) => format!("ended: {}", self.end(end)),
            });
        }
        words.join(", ")
    }

    fn end(&self, end: End) -> String {
        match end {
            End::Stopped => "stopped".to_owned(),
            End::StartFailed(key) => format!("{} did not start", self.name(key)),
            End::GaveUp(key) => format!("gave up, last {}", self.name(key)),
            End::AutoShutdown(key) => format!("{} was significant", self.name(key)),
        }
    }

    fn up_is(&mut self, name: char) -> String {
        self.core.started(self.key(name), true, self.now);
        self.says()
    }

    fn failed(&mut self, name: char) -> String {
        self.core.started(self.key(name), false, self.now);
        self.says()
    }

    fn down(&mut self, name: char) -> String {
        self.core.down(self.key(name), false, self.now);
        self.says()
    }

    fn ends_normally(&mut self, name: char) -> String {
        self.core.down(self.key(name), true, self.now);
        self.says()
    }

    fn stopped(&mut self, name: char) -> String {
        self.core.stopped(self.key(name), self.now);
        self.says()
    }

    fn after(&mut self, ms: u32) -> String {
        self.now += MS * ms;
        self.core.wake(self.now);
        self.says()
    }

    fn due_in(&self) -> Option<Duration> {
        self.core.due().map(|due| due - self.now)
    }

    fn terminate(&mut self, name: char) -> String {
        self.core.terminate(self.key(name), self.now);
        self.says()
    }

    fn restart(&mut self, name: char) -> String {
        self.core.restart(self.key(name), self.now);
        self.says()
    }

    fn stop(&mut self) -> String {
        self.core.stop(self.now);
        self.says()
    }

    fn status(&self, name: char) -> Option<Status> {
        self.core.status(self.key(name))
    }
}
