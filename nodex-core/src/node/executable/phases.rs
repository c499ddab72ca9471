//! The state machine of a node executable that is asked to stop by signals or the end of stdin.

use std::time::{Duration, Instant};

use crate::net::thread::LAST;

/// How long a node that was told to give up may take before the process is ended: longer than it then waits for
/// handlers and threads, and short enough that both times end before hosts usually kill.
const GIVING_UP: Duration = Duration::from_millis(250);

/// The same time after a second signal.
const AT_ONCE: Duration = Duration::from_millis(80);

/// Why the node stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Stop {
    Signal,
    /// The other end of stdin was closed.
    EndOfInput,
}

/// The next step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum Step {
    /// Ask the node to stop.
    Stop(Stop),
    /// Make it end running calls.
    GiveUp,
    /// End the process.
    Exit,
}

/// The phase of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Phase {
    /// No node runs yet.
    #[default]
    Idle,
    Running,
    Stopping {
        until: Instant,
    },
    GivingUp {
        exit_at: Instant,
        /// The process must end, whatever it is doing.
        hurried: bool,
    },
    /// The node has ended, and the program continues.
    Over,
}

/// The state machine.
#[derive(Debug, Default)]
pub(in crate::node) struct Phases {
    phase: Phase,
    drain: Duration,
    /// No signal was the cause, and none has arrived since, so that the first one only repeats the cause.
    says_again: bool,
}

impl Phases {
    /// Creates the state of a running node that may take `drain` to stop.
    pub(in crate::node) fn running(drain: Duration) -> Self {
        Phases { phase: Phase::Running, drain, says_again: false }
    }

    pub(in crate::node) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    pub(in crate::node) fn is_stopping(&self) -> bool {
        matches!(self.phase, Phase::Stopping { .. })
    }

    /// Returns when [`Self::passed`] is due.
    pub(in crate::node) fn next(&self) -> Option<Instant> {
        match self.phase {
            Phase::Stopping { until } => Some(until),
            Phase::GivingUp { exit_at, .. } => Some(exit_at),
            Phase::Idle | Phase::Running | Phase::Over => None,
        }
    }

    /// Handles SIGTERM or SIGINT.
    pub(in crate::node) fn signal(&mut self, now: Instant) -> Option<Step> {
        if std::mem::take(&mut self.says_again) {
            return None;
        }
        match self.phase {
            Phase::Running => {
                self.stopping(now);
                Some(Step::Stop(Stop::Signal))
            }
            Phase::Stopping { .. } => {
                self.phase = Phase::GivingUp { exit_at: now + AT_ONCE, hurried: true };
                Some(Step::GiveUp)
            }
            Phase::Idle | Phase::GivingUp { .. } | Phase::Over => Some(Step::Exit),
        }
    }

    /// Handles the end of stdin.
    pub(in crate::node) fn input_ended(&mut self, now: Instant) -> Option<Step> {
        if self.phase != Phase::Running {
            return None;
        }
        self.stopping(now);
        self.says_again = true;
        Some(Step::Stop(Stop::EndOfInput))
    }

    /// Records that the node stops by itself.
    pub(in crate::node) fn stops(&mut self, now: Instant) {
        if self.phase == Phase::Running {
            self.stopping(now);
            self.says_again = true;
        }
    }

    fn stopping(&mut self, now: Instant) {
        if self.phase == Phase::Running {
            // What is longer than the clock can tell has no end.
            let until = now.checked_add(self.drain).unwrap_or_else(|| now + Duration::from_secs(1 << 32));
            self.phase = Phase::Stopping { until };
        }
    }

    /// Records that the link is lost, so that no caller can be answered.
    pub(in crate::node) fn link_lost(&mut self, now: Instant) {
        if let Phase::Stopping { until } = &mut self.phase {
            *until = (*until).min(now + LAST);
        }
    }

    /// Checks whether a time is over.
    pub(in crate::node) fn passed(&mut self, now: Instant) -> Option<Step> {
        if self.next().is_none_or(|next| now < next) {
            return None;
        }
        match self.phase {
            Phase::Stopping { .. } => {
                self.phase = Phase::GivingUp { exit_at: now + GIVING_UP, hurried: false };
                Some(Step::GiveUp)
            }
            _ => Some(Step::Exit),
        }
    }

    /// Records that the node has ended and the program goes on.
    pub(in crate::node) fn over(&mut self) {
        if !matches!(self.phase, Phase::GivingUp { hurried: true, .. }) {
            self.phase = Phase::Over;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DRAIN: Duration = Duration::from_secs(4);

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    fn running() -> (Phases, Instant) {
        (Phases::running(DRAIN), Instant::now())
    }

    #[test]
    fn a_signal_asks_for_a_stop_and_the_second_one_ends_it_at_once() {
        let (mut phases, start) = running();
        assert_eq!(phases.passed(start + DRAIN), None);
        assert_eq!(phases.signal(start), Some(Step::Stop(Stop::Signal)));
        assert_eq!(phases.next(), Some(start + DRAIN));
        assert_eq!(phases.signal(start + ms(100)), Some(Step::GiveUp));
        assert_eq!(phases.next(), Some(start + ms(180)));
        // Also while the rest of the program continues.
        phases.over();
        assert_eq!(phases.passed(start + ms(179)), None);
        assert_eq!(phases.passed(start + ms(180)), Some(Step::Exit));
        assert_eq!(phases.signal(start + ms(120)), Some(Step::Exit));
    }

    #[test]
    fn the_first_signal_after_the_end_of_stdin_says_nothing_new() {
        let (mut phases, start) = running();
        assert_eq!(phases.input_ended(start), Some(Step::Stop(Stop::EndOfInput)));
        assert_eq!(phases.signal(start + ms(1000)), None);
        assert_eq!(phases.next(), Some(start + DRAIN));
        assert_eq!(phases.signal(start + ms(1100)), Some(Step::GiveUp));
        // The other way round, the end of stdin is nothing new, and the next signal is the second one.
        let (mut phases, start) = running();
        assert_eq!(phases.signal(start), Some(Step::Stop(Stop::Signal)));
        assert_eq!(phases.input_ended(start), None);
        assert_eq!(phases.signal(start), Some(Step::GiveUp));
        // The same for a node that stops by itself.
        let (mut phases, start) = running();
        phases.stops(start);
        assert_eq!((phases.input_ended(start), phases.signal(start)), (None, None));
        assert_eq!(phases.signal(start), Some(Step::GiveUp));
        // The first signal may come when the rest of the program runs.
        let (mut phases, start) = running();
        assert_eq!(phases.input_ended(start), Some(Step::Stop(Stop::EndOfInput)));
        phases.over();
        assert_eq!((phases.signal(start), phases.signal(start)), (None, Some(Step::Exit)));
    }

    #[test]
    fn when_the_time_is_over_the_node_gives_up_or_the_process_ends() {
        let (mut phases, start) = running();
        phases.signal(start);
        assert_eq!(phases.passed(start + DRAIN - ms(1)), None);
        assert_eq!(phases.passed(start + DRAIN), Some(Step::GiveUp));
        assert_eq!(phases.passed(start + DRAIN + ms(200)), None);
        let late = start + DRAIN + GIVING_UP;
        assert_eq!(phases.passed(late), Some(Step::Exit));
        // What follows the node may take its time.
        phases.over();
        assert_eq!((phases.passed(late), phases.next()), (None, None));
    }

    #[test]
    fn when_the_connection_is_lost_little_time_is_left() {
        let (mut phases, start) = running();
        phases.link_lost(start);
        assert_eq!(phases.next(), None);
        phases.input_ended(start);
        phases.link_lost(start + ms(1000));
        assert_eq!(phases.next(), Some(start + ms(1000) + LAST));
        phases.link_lost(start + ms(2000));
        assert_eq!(phases.next(), Some(start + ms(1000) + LAST));
    }

    #[test]
    fn without_a_node_a_signal_ends_the_process() {
        let mut phases = Phases::default();
        assert_eq!(phases.input_ended(Instant::now()), None);
        assert_eq!(phases.signal(Instant::now()), Some(Step::Exit));
        let (mut phases, start) = running();
        phases.over();
        assert_eq!(phases.signal(start), Some(Step::Exit));
        // A drain of any length.
        let mut phases = Phases::running(Duration::MAX);
        phases.signal(start);
        assert!(phases.next() > Some(start + ms(1 << 40)));
    }
}
