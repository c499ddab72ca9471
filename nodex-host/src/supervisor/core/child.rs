//! The state of a child.

use std::time::{Duration, Instant};

use nodex_core::node::Backoff;

use super::super::{Restart, RestartType, intensity::Restarts};

/// Identifies a child as long as it is known. It is never reused.
pub(in super::super) type Key = u64;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    Down,
    Starting,
    Up { since: Instant },
    Stopping,
}

/// The state that a child is to reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    Up,
    Down,
    Removed,
}

/// What a failed start means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Fresh {
    /// The supervisor itself does not start.
    Initial,
    /// A child that was added is deleted (`start_child`).
    Added,
    /// It stays down (`restart_child`).
    Requested,
    /// It counts as a failure, and is tried again.
    No,
}

/// The state of a child, for others.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Status {
    Up,
    /// It is being started, or will be.
    Restarting,
    /// It is being stopped and stays down.
    Stopping,
    Down,
}

#[derive(Debug)]
pub(in super::super) struct Member {
    pub(super) key: Key,
    pub(super) restart_type: RestartType,
    pub(super) significant: bool,
    pub(super) backoff: Backoff,
    /// Its own limit.
    pub(super) restarts: Option<Restarts>,
    pub(super) state: State,
    pub(super) goal: Goal,
    pub(super) fresh: Fresh,
    /// It takes part in the restart of a group, and must go down first.
    pub(super) cycle: bool,
    /// When it may be started, if it is restarted alone.
    pub(super) due: Option<Instant>,
    /// The number of pauses since it was last stable.
    pub(super) pauses: u32,
    random: u64,
}

impl Member {
    pub(in super::super) fn new(key: Key, restart: &Restart, backoff: Backoff, fresh: Fresh, random: u64) -> Member {
        Member {
            key,
            restart_type: restart.restart_type,
            significant: restart.significant,
            backoff: restart.backoff.unwrap_or(backoff),
            restarts: restart.intensity.map(Restarts::new),
            state: State::Down,
            goal: Goal::Up,
            fresh,
            cycle: false,
            due: None,
            pauses: 0,
            random,
        }
    }

    pub(super) fn status(&self) -> Status {
        match (self.goal, self.state) {
            (Goal::Up, State::Up { .. }) if !self.cycle => Status::Up,
            (Goal::Up, _) => Status::Restarting,
            (_, State::Down) => Status::Down,
            (_, _) => Status::Stopping,
        }
    }

    /// Returns the next pause.
    pub(super) fn pause(&mut self) -> Duration {
        // A step of an ordinary linear congruential generator: children only need to differ.
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pause = self.backoff.pause(self.pauses, self.random);
        self.pauses = self.pauses.saturating_add(1);
        pause
    }

    /// Forgets earlier failures.
    pub(super) fn begin_anew(&mut self) {
        self.pauses = 0;
        self.restarts = self.restarts.as_ref().map(|restarts| Restarts::new(restarts.intensity()));
    }

    /// Makes it take part in the restart for another child. One that is down is started too, as in OTP.
    pub(super) fn take_part(&mut self) {
        self.cycle = self.state != State::Down;
        self.due = None;
        if self.fresh != Fresh::Initial {
            self.fresh = Fresh::No;
        }
        self.goal = match self.restart_type {
            RestartType::Temporary => Goal::Removed,
            _ => Goal::Up,
        };
    }
}
