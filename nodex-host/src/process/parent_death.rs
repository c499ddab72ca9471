//! The second line against orphans: the kernel kills a child whose parent is gone.
//!
//! The first line is the end of the child's stdin, which a good node obeys by itself. This one needs no good will, but
//! it has two limits: it reaches the child and not the child's own children, and it is bound to the *thread* that
//! started the child. That is why one thread, the warden, starts them all and never ends.

#![allow(unsafe_code)]

use std::{io, os::unix::process::CommandExt as _, process::Command};

use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};

/// Has the child killed when the thread that calls `spawn` ends.
pub(super) fn kill_child_with_this_thread(command: &mut Command) {
    let parent = getpid();
    let before_exec = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // A parent that died before the line above sends no signal any more.
        if getppid() == Some(parent) { Ok(()) } else { Err(io::ErrorKind::NotConnected.into()) }
    };
    // SAFETY: the closure runs between fork and exec, where only async-signal-safe work is allowed. It makes two system
    // calls (prctl, getppid), neither allocates nor locks, and builds its errors without allocating.
    unsafe { command.pre_exec(before_exec) };
}
