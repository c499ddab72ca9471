//! What a process needs around it before it can be a node or a host.

use std::{io, os::fd::OwnedFd};

use rustix::{
    fs::{Mode, OFlags, open},
    io::{Errno, fcntl_dupfd_cloexec, fcntl_getfd},
    process::{Resource, getrlimit},
};

use super::os_signals;

/// Descriptors that are needed beyond those that are open: the runtime, signals, a lookup, a connection twice.
const NEEDED: usize = 12;

/// What is missing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurroundingsError {
    /// The process may not open enough files.
    #[error("the limit of {} open files (RLIMIT_NOFILE) leaves {free} free, and {needed} are needed", shown(*limit))]
    Descriptors {
        /// The limit.
        limit: Option<u64>,
        /// How many could be opened now, or some more.
        free: usize,
        /// How many are needed at least.
        needed: usize,
    },
    /// stdin, stdout or stderr is closed, and there is no `/dev/null` to put in its place.
    #[error("stdin, stdout or stderr is closed, and /dev/null cannot be opened")]
    Streams {
        /// What the operating system says.
        source: io::Error,
    },
    /// What the process does about a signal cannot be set.
    #[error("SIGXFSZ cannot be handled")]
    Signal {
        /// What the operating system says.
        source: io::Error,
    },
}

fn shown(limit: Option<u64>) -> String {
    limit.map_or_else(|| "any number of".to_owned(), |limit| limit.to_string())
}

/// Readies the process for what it may have been started with, once, before it does anything else:
///
/// - A limit on the size of files (`RLIMIT_FSIZE`) has writes fail, and not SIGXFSZ end the process, unless the program
///   handles that signal itself.
/// - In place of stdin, stdout and stderr, if they are closed, stands `/dev/null`: no socket may get their numbers.
/// - There are descriptors enough for a runtime and a connection.
///
/// [`main`](crate::node::main) calls this, and so do the hosts of `nodex-host`.
///
/// # Errors
/// What is missing.
pub fn ready_process() -> Result<(), SurroundingsError> {
    os_signals::outlive_file_size_limit().map_err(|source| SurroundingsError::Signal { source })?;
    open_streams().map_err(|error| SurroundingsError::Streams { source: error.into() })?;
    let mut taken: Vec<OwnedFd> = Vec::with_capacity(NEEDED);
    while taken.len() < NEEDED {
        match fcntl_dupfd_cloexec(rustix::stdio::stdin(), 3) {
            Ok(descriptor) => taken.push(descriptor),
            Err(_) => {
                let limit = getrlimit(Resource::Nofile).current;
                return Err(SurroundingsError::Descriptors { limit, free: taken.len(), needed: NEEDED });
            }
        }
    }
    Ok(())
}

/// Rust's own start does this for programs whose `main` is Rust's.
fn open_streams() -> Result<(), Errno> {
    loop {
        let streams = [rustix::stdio::stdin(), rustix::stdio::stdout(), rustix::stdio::stderr()];
        if streams.into_iter().all(|stream| fcntl_getfd(stream) != Err(Errno::BADF)) {
            return Ok(());
        }
        // The lowest free number is the one that is missing.
        let null = open("/dev/null", OFlags::RDWR, Mode::empty())?;
        std::mem::forget(null);
    }
}
