//! Commands that run until they are done, or until somebody wants them to end.

use std::{process::ExitCode, time::Duration};

use tokio::signal::unix::{SignalKind, signal};

use super::watch::{self, interrupted};
use crate::{failure::Failure, options::Global};

/// As [`interruptible`], for commands that are meant to run until they are stopped: SIGTERM is a good end for them.
pub(crate) fn until_stopped(
    global: &Global,
    command: impl Future<Output = Result<ExitCode, Failure>>,
) -> Result<ExitCode, Failure> {
    interruptible(global, async {
        let mut terminate = signal(SignalKind::terminate())?;
        tokio::select! {
            result = command => result,
            _ = terminate.recv() => Ok(ExitCode::SUCCESS),
        }
    })
}

/// Runs to the end, or to Ctrl-C. One thread: an answer then never waits for another one to wake up.
pub(crate) fn interruptible(
    global: &Global,
    command: impl Future<Output = Result<ExitCode, Failure>>,
) -> Result<ExitCode, Failure> {
    interruptible_with(global, watch::AT_ONCE, command)
}

/// Returns the same for a command that has this time to clean up after Ctrl-C.
pub(crate) fn interruptible_with(
    global: &Global,
    patience: Duration,
    command: impl Future<Output = Result<ExitCode, Failure>>,
) -> Result<ExitCode, Failure> {
    watch::interrupts(global.json, patience)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(async {
        tokio::select! {
            result = command => result,
            result = tokio::signal::ctrl_c() => {
                watch::seen();
                result?;
                Err(interrupted())
            }
        }
    });
    watch::done();
    result
}
