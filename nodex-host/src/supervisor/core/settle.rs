//! Determines which starts and stops are due.

use std::time::Instant;

use super::{Action, Core, Phase, Strategy, child::Fresh, child::Goal, child::Member, child::State};

/// How many independent children are restarted at the same time. A machine that starts a thousand programs at once
/// starts none of them in time.
const RESTARTS_AT_ONCE: usize = 64;

impl Core {
    /// Starts and stops everything that is due.
    pub(super) fn settle(&mut self, now: Instant) {
        self.settled = Some(now);
        self.remove();
        match self.phase {
            Phase::Ended => {}
            Phase::Ending(end) => {
                self.stop_in_order(|_| true);
                if self.children.iter().all(|child| child.state == State::Down) {
                    self.phase = Phase::Ended;
                    self.actions.push_back(Action::Ended(end));
                }
            }
            Phase::Starting | Phase::Running => {
                self.stop_unwanted();
                self.stop_in_order(|child| child.cycle);
                match self.rules.strategy {
                    Strategy::OneForOne => {
                        self.start_each(now);
                        self.start_in_order(|child| child.fresh == Fresh::Initial);
                    }
                    _ => self.start_group(now),
                }
                if self.children.iter().all(|child| child.fresh != Fresh::Initial) {
                    self.phase = Phase::Running;
                }
            }
        }
    }

    fn remove(&mut self) {
        let actions = &mut self.actions;
        self.children.retain(|child| {
            let gone = child.goal == Goal::Removed && child.state == State::Down;
            if gone {
                actions.push_back(Action::Remove(child.key));
            }
            !gone
        });
    }

    fn begin_stop(&mut self, at: usize) {
        self.children[at].state = State::Stopping;
        self.actions.push_back(Action::Stop(self.children[at].key));
    }

    fn begin_start(&mut self, at: usize) {
        let child = &mut self.children[at];
        child.state = State::Starting;
        child.due = None;
        self.actions.push_back(Action::Start(child.key));
    }

    /// Stops children that are to be down, whatever the others do.
    fn stop_unwanted(&mut self) {
        for at in 0..self.children.len() {
            let child = &self.children[at];
            if child.goal != Goal::Up && !child.cycle && child.is_running() {
                self.begin_stop(at);
            }
        }
    }

    /// Stops children in reverse order.
    fn stop_in_order(&mut self, concerned: impl Fn(&Member) -> bool) {
        let mut stopping = 0;
        for at in (0..self.children.len()).rev() {
            if !concerned(&self.children[at]) || self.children[at].state == State::Down {
                continue;
            }
            if stopping == self.rules.at_once {
                return;
            }
            stopping += 1;
            if self.children[at].is_running() {
                self.begin_stop(at);
            }
        }
    }

    /// Restarts children that do not depend on others.
    fn start_each(&mut self, now: Instant) {
        let mut starting = self.children.iter().filter(|child| child.state == State::Starting).count();
        for at in 0..self.children.len() {
            let child = &self.children[at];
            if child.wants_start() && child.fresh != Fresh::Initial && child.due.is_none_or(|due| due <= now) {
                if starting >= RESTARTS_AT_ONCE {
                    return;
                }
                starting += 1;
                self.begin_start(at);
            }
        }
    }

    /// Starts a group when all its children are down and the pause is over.
    fn start_group(&mut self, now: Instant) {
        if self.children.iter().any(|child| child.cycle || child.state == State::Stopping)
            || self.group_due.is_some_and(|due| due > now)
        {
            return;
        }
        self.group_due = None;
        self.start_in_order(|_| true);
    }

    /// Starts children in order, each when those before it are up, except for those that may start at the same time.
    fn start_in_order(&mut self, concerned: impl Fn(&Member) -> bool) {
        let mut starting = 0;
        for at in 0..self.children.len() {
            let child = &self.children[at];
            if !concerned(child) || child.goal != Goal::Up || matches!(child.state, State::Up { .. }) {
                continue;
            }
            if starting == self.rules.at_once {
                return;
            }
            starting += 1;
            if child.wants_start() {
                self.begin_start(at);
            }
        }
    }
}

impl Member {
    fn is_running(&self) -> bool {
        matches!(self.state, State::Starting | State::Up { .. })
    }

    pub(super) fn wants_start(&self) -> bool {
        self.state == State::Down && self.goal == Goal::Up
    }
}
