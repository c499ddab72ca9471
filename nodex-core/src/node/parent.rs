//! Notices that the node is to stop: SIGTERM, SIGINT, or the end of stdin.
//!
//! On a thread of its own, so that a handler that computes for a minute cannot hold up the end of the process.

use std::{
    io::{self, Read},
    os::unix::net::UnixStream,
    process, thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, fstat},
};
use signal_hook::consts::{SIGINT, SIGTERM};

/// Why the node stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stop {
    Signal,
    /// Whoever holds the other end of stdin is gone.
    EndOfInput,
}

/// Calls `stop` once when the node is to stop, and ends the process itself, with status 0, if it is still there after
/// `grace` or at a second signal.
pub(super) fn watch(grace: Duration, stop: impl FnOnce(Stop) + Send + 'static) -> io::Result<()> {
    let (signals, raised) = UnixStream::pair()?;
    for signal in [SIGTERM, SIGINT] {
        signal_hook::low_level::pipe::register(signal, raised.try_clone()?)?;
    }
    let watch = move || {
        let why = wait(&signals, follows_stdin());
        stop(why);
        let deadline = Instant::now() + grace;
        // Signals only now: stdin has ended or does not matter any more.
        while poll_one(&signals, deadline.saturating_duration_since(Instant::now())) {
            if drain(&signals) > 0 {
                break;
            }
        }
        process::exit(0);
    };
    thread::Builder::new().name("nodex-parent".into()).stack_size(64 * 1024).spawn(watch)?;
    Ok(())
}

/// Whether the end of stdin means the end of the parent: for a pipe or a socket, not for a file, a terminal or
/// `/dev/null`, which are at their end without anybody being gone.
fn follows_stdin() -> bool {
    fstat(rustix::stdio::stdin())
        .is_ok_and(|stat| matches!(FileType::from_raw_mode(stat.st_mode), FileType::Fifo | FileType::Socket))
}

fn wait(signals: &UnixStream, follow_stdin: bool) -> Stop {
    let stdin = rustix::stdio::stdin();
    loop {
        let mut fds = vec![PollFd::new(signals, PollFlags::IN)];
        if follow_stdin {
            fds.push(PollFd::from_borrowed_fd(stdin, PollFlags::IN));
        }
        if poll(&mut fds, None).is_err() {
            continue;
        }
        if !fds[0].revents().is_empty() {
            drain(signals);
            return Stop::Signal;
        }
        if fds.get(1).is_some_and(|fd| !fd.revents().is_empty()) {
            // What a parent writes is not for us, but it must not fill the pipe.
            match rustix::io::read(stdin, &mut [0u8; 4096]) {
                Ok(0) => return Stop::EndOfInput,
                Ok(_) | Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => {}
                Err(_) => return Stop::EndOfInput,
            }
        }
    }
}

fn poll_one(signals: &UnixStream, time: Duration) -> bool {
    if time.is_zero() {
        return false;
    }
    let time = Timespec { tv_sec: time.as_secs() as i64, tv_nsec: i64::from(time.subsec_nanos()) };
    !matches!(poll(&mut [PollFd::new(signals, PollFlags::IN)], Some(&time)), Ok(0))
}

fn drain(mut signals: &UnixStream) -> usize {
    signals.read(&mut [0; 16]).unwrap_or(0)
}
