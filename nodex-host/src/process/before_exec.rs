//! What a child does between fork and exec.
//!
//! It has itself killed when its parent is gone, the second line against orphans. The first line is the end of the child's
//! stdin, which a good node obeys by itself. This one needs no good will, but it has two limits: it reaches the child and
//! not the child's own children, and it is bound to the *thread* that started the child. That is why one thread, the
//! warden, starts them all and never ends.
//!
//! And it can be asked to stop: what its host ignores, it would ignore as well. A shell has what it runs in the background
//! ignore SIGINT and SIGQUIT, and a shell that is started so cannot even trap them. SIGHUP is left as it is, for `nohup`
//! is meant for all that a host starts.

#![allow(unsafe_code)]

use std::{io, os::unix::process::CommandExt as _, process::Command};

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

use super::StopSignal;

/// Has the child killed when the thread that calls `spawn` ends, and ignore no signal by which it is asked to stop, SIGHUP
/// aside.
pub(super) fn prepare(command: &mut Command) {
    let parent = getpid();
    let before_exec = move || {
        for signal in StopSignal::ALL {
            if signal == StopSignal::Hup {
                continue;
            }
            // SAFETY: to restore the default takes no handler, so none of ours can run in the child.
            if unsafe { libc::signal(signal.signal().as_raw(), libc::SIG_DFL) } == libc::SIG_ERR {
                return Err(io::Error::last_os_error());
            }
        }
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // A parent that died before the line above sends no signal any more.
        if getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::NotConnected.into()) }
    };
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe work is allowed. It makes system calls
    // only (sigaction, prctl, getppid), neither allocates nor locks, and builds its errors without allocating.
    unsafe { command.pre_exec(before_exec) };
}
