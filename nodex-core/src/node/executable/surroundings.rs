//! The conditions that a process needs to be a node or a host: descriptors, standard streams, signals.

use std::{io, os::fd::OwnedFd};

use rustix::{
    fs::{Mode, OFlags, open},
    io::{Errno, fcntl_dupfd_cloexec, fcntl_getfd},
    process::{Resource, getrlimit},
};

use super::os_signals;

/// How many more descriptors are needed: for the runtime, signals, a lookup, and a connection twice.
const NEEDED: usize = 12;

/// Why the process cannot be a node or a host.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SurroundingsError {
    /// The process cannot open enough files.
    #[error("the limit of {} open files (RLIMIT_NOFILE) leaves {free} free, and {needed} are needed", shown(*limit))]
    Descriptors {
        /// The limit.
        limit: Option<u64>,
        /// About how many can be opened now.
        free: usize,
        /// How many are needed at least.
        needed: usize,
    },
    /// stdin, stdout or stderr is closed, and there is no `/dev/null` to replace it.
    #[error("stdin, stdout or stderr is closed, and /dev/null cannot be opened")]
    Streams {
        /// What the operating system says.
        source: io::Error,
    },
    /// A signal handler cannot be installed.
    #[error("SIGXFSZ cannot be handled")]
    Signal {
        /// What the operating system says.
        source: io::Error,
    },
}

fn shown(limit: Option<u64>) -> String {
    limit.map_or_else(|| "any number of".to_owned(), |limit| limit.to_string())
}

/// Prepares the process for the conditions it was started in. Must be called once, before anything else:
///
/// - With a limit on file sizes (`RLIMIT_FSIZE`) writes fail, instead of ending the process by SIGXFSZ, unless the
///   program handles that signal itself.
/// - Closed standard streams are replaced by `/dev/null`, so that no socket gets their numbers.
/// - There must be enough descriptors for a runtime and a connection.
///
/// [`main`](crate::node::main()) calls this, and so do the hosts of `nodex-host`.
///
/// # Errors
/// Returns an error when one of these conditions cannot be met.
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

/// Opens `/dev/null` in place of closed standard streams, as Rust's runtime does for programs with a Rust `main`.
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
