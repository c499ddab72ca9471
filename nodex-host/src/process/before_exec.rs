//! What a child does between fork and exec.
//!
//! It requests the parent-death signal, the second measure against orphans. The first is the end of the child's stdin,
//! at which a cooperative node ends. The signal needs no cooperation, but has two limits: it does not reach the child's
//! own children, and it depends on the *thread* that started the child. So one thread, the warden, starts all children
//! and never ends.
//!
//! It also resets the signals that ask it to stop: it would inherit ignored signals. A shell makes background programs
//! ignore SIGINT and SIGQUIT, and a shell that is started so cannot even trap them. SIGHUP is kept, because `nohup` is
//! meant for everything that a host starts.

#![allow(unsafe_code)]

use std::{io, os::unix::process::CommandExt as _, process::Command};

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

use super::StopSignal;

/// Makes the kernel kill the child when the thread that calls `spawn` ends, and resets the signals that ask it to stop,
/// except SIGHUP.
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
