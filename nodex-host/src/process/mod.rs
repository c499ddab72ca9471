//! Operating-system processes that cannot be left behind.
//!
//! Every process started here leads a process group of its own and has a pipe as its stdin, which stays open as long
//! as the process shall run. It is stopped by the same sequence whatever the reason: end of its stdin, SIGTERM to the
//! group, a grace period, SIGKILL to the group, reaped. The reasons are [`OsProcess::stop`], dropping it, and its own
//! end while others of its group go on. When this program is killed, the end of stdin reaches the whole group, the kernel
//! kills the process itself, and a small shell that was started with the first process ends the rest of its group: by
//! SIGTERM, and after 5 s by SIGKILL.
//!
//! What gets away: a process that leaves the group by `setsid` or `setpgid`, and, when this program is killed on a system
//! without `/bin/sh` or `/proc`, grandchildren that ignore the end of their stdin.

mod before_exec;
mod child;
mod ending;
mod exit;
mod feed;
mod group;
mod guard;
mod launch;
mod lines;
mod output;
mod stop;
mod strays;
mod warden;

use std::{io, os::fd::OwnedFd, time::Duration};

use rustix::process::Pid;
use tokio::sync::watch;

use child::Life;
pub use ending::Ending;
pub use exit::Exit;
use feed::Feed;
pub use launch::{Launch, LaunchError};
pub(crate) use output::Output;
pub use output::{LINE_LIMIT, Line, Stream};
pub use stop::{StopOptions, StopSignal, UnknownStopSignal};
use warden::Warden;

/// Kills every process that was started here and is still there, with its group. It does not wait for them to be gone;
/// whoever stops them does. For a program that has been told twice to end.
pub fn kill_all() {
    if let Ok(warden) = Warden::get() {
        warden.kill_all();
    }
}

/// From now on, reaps children that this program has not started from here: a program that is process 1 of a container
/// gets all orphans of the container, and they stay as zombies otherwise. Not for programs that start children in any
/// other way, whose exit status it would take.
///
/// # Errors
/// When the thread for it cannot be started.
pub fn reap_strays() -> Result<(), LaunchError> {
    Warden::get()?.reap_strays();
    Ok(())
}

/// A child process. Dropping it begins the stop sequence, which goes on without it.
#[derive(Debug)]
pub struct OsProcess {
    id: u64,
    pid: Pid,
    life: watch::Receiver<Life>,
    warden: Warden,
    grace: Duration,
    pipes: Pipes,
    feed: Option<Feed>,
}

/// This program's ends of the pipes of a process.
#[derive(Debug)]
struct Pipes {
    /// A second hold of its stdin, if there is something to be written to it.
    stdin: Option<OwnedFd>,
    stdout: Option<OwnedFd>,
    stderr: Option<OwnedFd>,
}

impl OsProcess {
    /// Starts an executable. `stop` is how it is asked to end, and how long its group may take to end when it is
    /// dropped, or when it ends and others of its group go on; a [`Duration`] is a grace period.
    ///
    /// # Errors
    /// When it cannot be started; what is known about the file is told apart.
    pub async fn start(launch: Launch, stop: impl Into<StopOptions>) -> Result<OsProcess, LaunchError> {
        let (path, input) = (launch.program.clone(), launch.input.clone());
        let mut process = Warden::get()?.launch(launch, stop.into()).await?;
        if !input.is_empty() {
            // The warden had no second descriptor for it.
            let stdin =
                process.pipes.stdin.take().ok_or_else(|| io::Error::other("no file descriptor is left for its stdin"));
            match stdin.and_then(|stdin| Feed::start(stdin, input)) {
                Ok(feed) => process.feed = Some(feed),
                Err(source) => return Err(LaunchError::Refused { path, source }),
            }
        }
        Ok(process)
    }

    fn new(id: u64, pid: Pid, life: watch::Receiver<Life>, warden: Warden, grace: Duration, pipes: Pipes) -> OsProcess {
        OsProcess { id, pid, life, warden, grace, pipes, feed: None }
    }

    /// Its process id, which is the number of its group as well.
    pub fn pid(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Its end, for those who wait for it without owning it.
    pub fn ending(&self) -> Ending {
        Ending(self.life.clone())
    }

    /// Begins the stop sequence with this grace period; if it has begun, shortens its grace period to this.
    pub fn begin_stop(&self, grace: Duration) {
        if let Some(feed) = &self.feed {
            feed.end();
        }
        self.warden.stop(self.id, grace);
    }

    /// Stops it and waits until nobody of its group is left.
    pub async fn stop(&self, grace: Duration) -> Exit {
        self.begin_stop(grace);
        self.ending().gone().await
    }

    /// What it prints. Only the first call gives it, in a tokio runtime.
    pub(crate) fn take_output(&mut self) -> io::Result<Output> {
        Output::new(self.pipes.stdout.take(), self.pipes.stderr.take())
    }
}

impl Drop for OsProcess {
    fn drop(&mut self) {
        self.begin_stop(self.grace);
    }
}
