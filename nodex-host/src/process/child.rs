//! The states of a child: running, stopping, or ended with other processes left in its group.
//!
//! ```text
//!             stop: end of stdin, SIGTERM          grace over: SIGKILL
//!  Running ─────────────────────────────▶ Stopping ───────────────────▶ Stopping
//!     │ exit: end of stdin, SIGTERM           │ exit                        │ exit
//!     ▼                                       ▼                             ▼
//!  Ended (a zombie, it holds the number of its group) ── group empty ──▶ Gone (reaped)
//!                                                     ── grace over: SIGKILL, then as above
//! ```

use std::{
    collections::HashSet,
    os::fd::OwnedFd,
    process,
    time::{Duration, Instant},
};

use rustix::{
    io::Errno,
    process::{Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, pidfd_open, waitid},
};
use tokio::sync::watch;

use super::{Exit, StopOptions, group};

/// The first pause between two checks of the group of an ended child; it doubles up to `LAST_PAUSE`.
const FIRST_PAUSE: Duration = Duration::from_millis(2);
const LAST_PAUSE: Duration = Duration::from_millis(100);

/// How long processes may take to vanish after SIGKILL. Longer ones hang in the kernel and are given up.
const VANISH: Duration = Duration::from_secs(2);

/// Bounds times so that the clock cannot overflow.
const LONGEST_GRACE: Duration = Duration::from_secs(365 * 24 * 3600);

/// The state of a child that others see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Life {
    Running,
    /// It has ended; other processes of its group may be running.
    Ended(Exit),
    /// It has been reaped, and its group is empty.
    Gone(Exit),
}

#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    /// Readable when the child ends. `None` when the kernel has no pidfds, and after the end.
    pidfd: Option<OwnedFd>,
    /// Held open as long as the child is to run.
    stdin: Option<OwnedFd>,
    options: StopOptions,
    /// When the group is killed; set by a stop and by the end of the child, cleared by the kill.
    kill_at: Option<Instant>,
    stopping: bool,
    ended: Option<Ended>,
    life: watch::Sender<Life>,
}

/// A child that has ended but is not reaped: its group is checked until it is empty.
#[derive(Debug)]
struct Ended {
    exit: Exit,
    look_at: Instant,
    pause: Duration,
    give_up_at: Option<Instant>,
}

impl Child {
    pub(super) fn new(spawned: &mut process::Child, options: StopOptions) -> Child {
        let pid = Pid::from_child(spawned);
        Child {
            pid,
            pidfd: pidfd_open(pid, PidfdFlags::empty()).ok(),
            stdin: spawned.stdin.take().map(OwnedFd::from),
            options,
            kill_at: None,
            stopping: false,
            ended: None,
            life: watch::Sender::new(Life::Running),
        }
    }

    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    pub(super) fn pidfd(&self) -> Option<&OwnedFd> {
        self.pidfd.as_ref()
    }

    pub(super) fn watch(&self) -> watch::Receiver<Life> {
        self.life.subscribe()
    }

    pub(super) fn is_gone(&self) -> bool {
        matches!(*self.life.borrow(), Life::Gone(_))
    }

    /// Returns whether its end is found only by polling.
    pub(super) fn is_unwatched(&self) -> bool {
        self.pidfd.is_none() && self.ended.is_none()
    }

    /// Returns when it is to be checked again.
    pub(super) fn due(&self) -> Option<Instant> {
        let look = self.ended.as_ref().map(|ended| ended.look_at);
        [look, self.kill_at].into_iter().flatten().min()
    }

    /// Returns whether [`advance`](Self::advance) needs to know which groups have living processes.
    pub(super) fn wants_group(&self, now: Instant) -> bool {
        self.ended.as_ref().is_some_and(|ended| ended.look_at <= now)
    }

    /// Checks whether it has ended, without reaping it.
    pub(super) fn look(&mut self) {
        if self.ended.is_some() {
            return;
        }
        match waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG) {
            Ok(Some(status)) => self.has_ended(Exit::from_wait(&status)),
            Ok(None) => {}
            // It was reaped elsewhere: its number is not ours any more.
            Err(Errno::CHILD) => {
                self.stdin = None;
                self.life.send_replace(Life::Gone(Exit::Unknown));
            }
            Err(_) => {}
        }
    }

    fn has_ended(&mut self, exit: Exit) {
        let now = Instant::now();
        self.pidfd = None;
        self.ended = Some(Ended { exit, look_at: now, pause: FIRST_PAUSE, give_up_at: None });
        self.life.send_replace(Life::Ended(exit));
        self.stop(self.options.grace);
        if !self.options.group {
            group::signal(self.pid, self.options.signal.signal());
        }
        if let (None, Some(ended)) = (self.kill_at, &mut self.ended) {
            ended.give_up_at = Some(now + VANISH);
        }
    }

    /// Begins the stop sequence. A second call only shortens the grace period, because some programs take a second
    /// SIGTERM as a demand to end at once.
    pub(super) fn stop(&mut self, grace: Duration) {
        let kill_at = Instant::now() + grace.min(LONGEST_GRACE);
        if self.stopping {
            self.kill_at = self.kill_at.map(|before| before.min(kill_at));
            return;
        }
        self.stopping = true;
        self.kill_at = Some(kill_at);
        self.stdin = None;
        let signal = if self.options.group { group::signal } else { group::signal_leader };
        signal(self.pid, self.options.signal.signal());
        // A stopped process handles nothing before it continues.
        signal(self.pid, Signal::CONT);
    }

    /// Kills when the grace period is over, and reaps when the group is empty. `living` is the result of the last check
    /// of the groups; its inner `None` means that the process table cannot be read. `let_go` is called just before the
    /// number of the group can be reused.
    pub(super) fn advance(&mut self, now: Instant, living: Option<&Option<HashSet<i32>>>, let_go: impl FnOnce(Pid)) {
        if self.is_gone() {
            return;
        }
        let overdue = self.kill_at.is_some_and(|kill_at| kill_at <= now);
        if overdue {
            self.kill();
        }
        let Some(ended) = &mut self.ended else { return };
        let (Some(living), true) = (living, ended.look_at <= now || overdue) else { return };
        let empty = match living {
            Some(groups) => !groups.contains(&self.pid.as_raw_nonzero().get()),
            // Nobody can be waited for, so nobody is left.
            None => {
                group::signal(self.pid, Signal::KILL);
                true
            }
        };
        let ended_at = ended.exit;
        if empty || ended.give_up_at.is_some_and(|give_up_at| give_up_at <= now) {
            let_go(self.pid);
            self.reap(ended_at);
        } else {
            ended.look_at = now + ended.pause;
            ended.pause = (ended.pause * 2).min(LAST_PAUSE);
        }
    }

    fn kill(&mut self) {
        let now = Instant::now();
        self.kill_at = None;
        group::signal(self.pid, Signal::KILL);
        if let Some(ended) = &mut self.ended {
            ended.look_at = now;
            ended.pause = FIRST_PAUSE;
            ended.give_up_at = Some(now + VANISH);
        }
    }

    fn reap(&mut self, exit: Exit) {
        let _ = waitid(WaitId::Pid(self.pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        self.kill_at = None;
        self.life.send_replace(Life::Gone(exit));
    }
}
