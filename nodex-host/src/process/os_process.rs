//! [`OsProcess`].

use std::{io, time::Duration};

use super::{
    Ending, Exit, Launch, LaunchError, Output, StopOptions,
    feed::Feed,
    warden::{Held, Pipes, Warden},
};

/// Kills every running process that was started here, with its group, without waiting for their end. For a program that
/// was asked twice to end.
pub fn kill_all() {
    if let Ok(warden) = Warden::get() {
        warden.kill_all();
    }
}

/// Starts reaping children that were not started here. A program that is process 1 of a container inherits all orphans,
/// which stay zombies otherwise. Must not be used by programs that start children in other ways, because it takes their
/// exit status.
///
/// # Errors
/// Returns an error when the thread for it cannot be started.
pub fn reap_strays() -> Result<(), LaunchError> {
    Warden::get()?.reap_strays();
    Ok(())
}

/// A child process. Dropping it begins the stop sequence, which continues in the background.
#[derive(Debug)]
pub struct OsProcess {
    /// Dropped first, so that its stdin is closed.
    feed: Option<Feed>,
    held: Held,
    pipes: Pipes,
}

impl OsProcess {
    /// Starts an executable. `stop` sets how it is asked to end, and the grace period of its group when the value is
    /// dropped or the process ends while others of its group run. A [`Duration`] is a grace period.
    ///
    /// # Errors
    /// Returns an error when the executable cannot be started.
    pub async fn start(launch: Launch, stop: impl Into<StopOptions>) -> Result<OsProcess, LaunchError> {
        let (path, input) = (launch.program.clone(), launch.input.clone());
        let (held, pipes) = Warden::get()?.launch(launch, stop.into()).await?;
        let mut process = OsProcess { feed: None, held, pipes };
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

    /// Returns the process id, which is also the number of the process group.
    pub fn pid(&self) -> u32 {
        self.held.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// Returns a handle to wait for its end without owning it.
    pub fn ending(&self) -> Ending {
        self.held.ending()
    }

    /// Begins the stop sequence with this grace period. If it has begun, shortens the grace period.
    pub fn begin_stop(&self, grace: Duration) {
        if let Some(feed) = &self.feed {
            feed.end();
        }
        self.held.stop(grace);
    }

    /// Stops the process and waits until its group is empty.
    pub async fn stop(&self, grace: Duration) -> Exit {
        self.begin_stop(grace);
        self.ending().gone().await
    }

    /// Returns its output. Must be called once, in a tokio runtime.
    pub(crate) fn take_output(&mut self) -> io::Result<Output> {
        Output::new(self.pipes.stdout.take(), self.pipes.stderr.take())
    }
}
