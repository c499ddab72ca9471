//! The decisions of a supervisor (`supervisor.erl`), without processes and clock: events and times come in, actions go
//! out.
//!
//! ```text
//!          Start                started, up                down: Stop, for what is left of it
//!  Down ──────────▶ Starting ───────────────▶ Up ─────────────────────────────────────────▶ Stopping
//!   ▲                 │  │                     │                                             ▲    │
//!   │  started, failed│  └────── Stop ─────────┴───────────────── Stop ──────────────────────┘    │
//!   └─────────────────┴───────────────────────────────────── stopped ─────────────────────────────┘
//! ```
//!
//! Every child has a state and a goal. Events change goals; `settle` then determines which starts and stops are due, in
//! the order of the strategy.

mod child;
mod settle;
#[cfg(test)]
mod tests;

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

pub(super) use child::{Fresh, Key, Member, Status};
use child::{Goal, State};

use super::{AutoShutdown, Intensity, RestartType, Strategy, intensity::Restarts};

/// Bounds times so that the clock cannot overflow.
const LONGEST_PAUSE: Duration = Duration::from_secs(365 * 24 * 3600);

/// An action to carry out, or an event to report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Start the child. `started` must follow, or `stopped` if it is stopped before.
    Start(Key),
    /// Stop the child: cancel its start, or end it and what is left of it. `stopped` must follow.
    Stop(Key),
    /// The child is deleted.
    Remove(Key),
    /// The child will be restarted, with those that depend on it.
    Restart { key: Key, pause: Duration },
    /// The child was restarted too often and stays down.
    GaveUp(Key),
    /// The supervisor begins to end.
    Ending(End),
    /// All children are down, and no further action follows.
    Ended(End),
}

/// Why a supervisor ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It was stopped.
    Stopped,
    /// This child did not come up at the start of the supervisor.
    StartFailed(Key),
    /// There were too many restarts, the last one of this child.
    GaveUp(Key),
    /// This significant child ended and is not restarted.
    AutoShutdown(Key),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// The children that it was made with are started for the first time.
    Starting,
    Running,
    Ending(End),
    Ended,
}

/// The options that all children share.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules {
    pub(super) strategy: Strategy,
    pub(super) intensity: Intensity,
    pub(super) auto_shutdown: AutoShutdown,
    /// How many children may be started, or stopped, at the same time where there is an order.
    pub(super) at_once: usize,
}

/// The state of a supervisor.
#[derive(Debug)]
pub(super) struct Core {
    rules: Rules,
    restarts: Restarts,
    /// In start order.
    children: Vec<Member>,
    phase: Phase,
    /// When a group that is being restarted may start again.
    group_due: Option<Instant>,
    /// The time up to which everything that was due was started, or waits for another event.
    settled: Option<Instant>,
    actions: VecDeque<Action>,
}

impl Core {
    pub(super) fn new(rules: Rules) -> Core {
        Core {
            rules,
            restarts: Restarts::new(rules.intensity),
            children: Vec::new(),
            phase: Phase::Starting,
            group_due: None,
            settled: None,
            actions: VecDeque::new(),
        }
    }

    /// Returns the next action.
    pub(super) fn poll(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// Returns when to call [`wake`](Self::wake).
    pub(super) fn due(&self) -> Option<Instant> {
        if self.is_ending() {
            return None;
        }
        let waiting = self.children.iter().filter(|child| child.wants_start());
        let to_come = |due: &Instant| Some(*due) > self.settled;
        match self.rules.strategy {
            Strategy::OneForOne => waiting.filter_map(|child| child.due).filter(to_come).min(),
            _ => waiting.filter_map(|_| self.group_due).find(to_come),
        }
    }

    /// Returns the state of a child; `None` if it is not known.
    pub(super) fn status(&self, key: Key) -> Option<Status> {
        self.children.iter().find(|child| child.key == key).map(Member::status)
    }

    /// Returns all children in start order.
    pub(super) fn children(&self) -> impl Iterator<Item = (Key, Status)> {
        self.children.iter().map(|child| (child.key, child.status()))
    }

    /// Returns whether its initial children have all been up once, and it is not ending.
    pub(super) fn is_running(&self) -> bool {
        self.phase == Phase::Running
    }

    /// Returns whether it is ending.
    pub(super) fn is_ending(&self) -> bool {
        matches!(self.phase, Phase::Ending(_) | Phase::Ended)
    }

    /// Adds a child after all others, and starts it in turn.
    pub(super) fn add(&mut self, child: Member, now: Instant) {
        self.children.push(child);
        self.settle(now);
    }

    /// Handles the time that [`due`](Self::due) returned.
    pub(super) fn wake(&mut self, now: Instant) {
        self.settle(now);
    }

    /// Handles the end of a start, which succeeded if `up`.
    pub(super) fn started(&mut self, key: Key, up: bool, now: Instant) {
        let Some(at) = self.position(key) else { return };
        let child = &mut self.children[at];
        if child.state != State::Starting {
            return;
        }
        if up {
            child.state = State::Up { since: now };
            child.fresh = Fresh::No;
        } else {
            child.state = State::Down;
            match child.fresh {
                Fresh::Initial => self.end(End::StartFailed(key)),
                Fresh::Added => child.goal = Goal::Removed,
                Fresh::Requested => child.goal = Goal::Down,
                Fresh::No => self.failed(at, now),
            }
        }
        self.settle(now);
    }

    /// Handles the end of a child that was up.
    pub(super) fn down(&mut self, key: Key, normally: bool, now: Instant) {
        let Some(at) = self.position(key) else { return };
        let child = &mut self.children[at];
        let State::Up { since } = child.state else { return };
        child.state = State::Stopping;
        self.actions.push_back(Action::Stop(key));
        if now.saturating_duration_since(since) >= child.backoff.stable {
            child.pauses = 0;
        }
        // It may have been about to be stopped anyway.
        if child.goal == Goal::Up && !child.cycle {
            match (child.restart_type, normally) {
                (RestartType::Permanent, _) | (RestartType::Transient, false) => self.failed(at, now),
                (RestartType::Transient, true) => {
                    child.goal = Goal::Down;
                    self.ended_for_good(at);
                }
                (RestartType::Temporary, _) => {
                    child.goal = Goal::Removed;
                    self.ended_for_good(at);
                }
            }
        }
        self.settle(now);
    }

    /// Handles the end of a stop.
    pub(super) fn stopped(&mut self, key: Key, now: Instant) {
        let Some(at) = self.position(key) else { return };
        self.children[at].state = State::Down;
        self.children[at].cycle = false;
        self.settle(now);
    }

    /// `terminate_child`: stops a child, or ends its restart.
    pub(super) fn terminate(&mut self, key: Key, now: Instant) {
        let Some(at) = self.position(key) else { return };
        let child = &mut self.children[at];
        child.cycle = false;
        child.due = None;
        if child.fresh == Fresh::Initial {
            child.fresh = Fresh::Requested;
        }
        child.goal = match child.restart_type {
            RestartType::Temporary => Goal::Removed,
            _ => Goal::Down,
        };
        self.settle(now);
    }

    /// `restart_child`: starts a child that is down, as the caller has checked.
    pub(super) fn restart(&mut self, key: Key, now: Instant) {
        let Some(at) = self.position(key) else { return };
        let child = &mut self.children[at];
        if child.goal == Goal::Down {
            child.goal = Goal::Up;
            child.fresh = Fresh::Requested;
            child.due = None;
            child.begin_anew();
        }
        self.settle(now);
    }

    /// `delete_child`: deletes a child that is down, as the caller has checked.
    pub(super) fn delete(&mut self, key: Key, now: Instant) {
        let Some(at) = self.position(key) else { return };
        if self.children[at].goal == Goal::Down {
            self.children[at].goal = Goal::Removed;
        }
        self.settle(now);
    }

    /// Stops all children and ends.
    pub(super) fn stop(&mut self, now: Instant) {
        self.end(End::Stopped);
        self.settle(now);
    }

    fn position(&self, key: Key) -> Option<usize> {
        self.children.iter().position(|child| child.key == key)
    }

    /// Restarts a child and those that depend on it, unless there were too many restarts.
    fn failed(&mut self, at: usize, now: Instant) {
        if self.is_ending() {
            return;
        }
        let strategy = self.rules.strategy;
        let child = &mut self.children[at];
        let key = child.key;
        if child.restarts.as_mut().is_some_and(|restarts| !restarts.add(now)) {
            match strategy {
                Strategy::OneForOne => {
                    child.goal = Goal::Down;
                    self.actions.push_back(Action::GaveUp(key));
                }
                _ => self.end(End::GaveUp(key)),
            }
            return;
        }
        if !self.restarts.add(now) {
            return self.end(End::GaveUp(key));
        }
        let pause = child.pause();
        let due = Some(now + pause.min(LONGEST_PAUSE));
        self.actions.push_back(Action::Restart { key, pause });
        let from = match strategy {
            Strategy::OneForOne => return child.due = due,
            Strategy::OneForAll => 0,
            Strategy::RestForOne => at,
        };
        self.group_due = self.group_due.max(due);
        for (index, other) in self.children.iter_mut().enumerate().skip(from) {
            if index != at {
                other.take_part();
            }
        }
    }

    /// Handles the end of a child that is not restarted.
    fn ended_for_good(&mut self, at: usize) {
        let last = |(index, child): (usize, &Member)| index == at || !child.significant || child.goal != Goal::Up;
        let ends = match self.rules.auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => self.children.iter().enumerate().all(last),
        };
        if ends && self.children[at].significant {
            self.end(End::AutoShutdown(self.children[at].key));
        }
    }

    fn end(&mut self, end: End) {
        if self.is_ending() {
            return;
        }
        self.phase = Phase::Ending(end);
        self.actions.push_back(Action::Ending(end));
        for child in &mut self.children {
            child.cycle = false;
            child.due = None;
            child.goal = Goal::Down;
        }
    }
}
