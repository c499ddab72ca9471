//! A process that was started here.

use std::{io, time::Duration};

use super::{
    Ending, Exit, Launch, LaunchError, Output, StopOptions,
    feed::Feed,
    warden::{Held, Pipes, Warden},
};

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
/// Returns an error when the thread for it cannot be started.
pub fn reap_strays() -> Result<(), LaunchError> {
    Warden::get()?.reap_strays();
    Ok(())
}

/// A child process. Dropping it begins the stop sequence, which goes on without it.
#[derive(Debug)]
pub struct OsProcess {
    /// Lets go of its stdin first.
    feed: Option<Feed>,
    held: Held,
    pipes: Pipes,
}

impl OsProcess {
    /// Starts an executable. `stop` is how it is asked to end, and how long its group may take to end when it is
    /// dropped, or when it ends and others of its group go on; a [`Duration`] is a grace period.
    ///
    /// # Errors
    /// Returns an error when it cannot be started; what is known about the file is told apart.
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

    /// Returns its process id, which is the number of its group as well.
    pub fn pid(&self) -> u32 {
        self.held.pid().as_raw_nonzero().get().unsigned_abs()
    }

    /// Returns its end, for those who wait for it without owning it.
    pub fn ending(&self) -> Ending {
        self.held.ending()
    }

    /// Begins the stop sequence with this grace period; if it has begun, shortens its grace period to this.
    pub fn begin_stop(&self, grace: Duration) {
        if let Some(feed) = &self.feed {
            feed.end();
        }
        self.held.stop(grace);
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
