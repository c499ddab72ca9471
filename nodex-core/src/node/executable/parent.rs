//! The thread that stops the node at SIGTERM, SIGINT or the end of stdin.
//!
//! It is a thread of its own, so that a handler that computes for a minute cannot delay the end of the process. There
//! is one for the process, from the first call of [`watch`] on.

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    process,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{FileType, fstat},
};
use signal_hook::consts::{SIGINT, SIGTERM};
use tokio_util::sync::CancellationToken;

use super::{
    os_signals,
    phases::{Phases, Step, Stop},
};
use crate::net::Outbox;

/// How often the connection is checked while the node stops.
const LOOK: Duration = Duration::from_millis(10);

/// Called when the node is to stop.
type OnStop = Box<dyn FnOnce(Stop) + Send>;

/// The thread that watches.
#[derive(Debug, Clone)]
pub(in crate::node) struct Watch(Arc<Shared>);

struct Shared {
    state: Mutex<State>,
    /// Wakes the thread.
    wake: UnixStream,
    /// The exit status with which the thread ends the process.
    status: AtomicU8,
}

#[derive(Default)]
struct State {
    phases: Phases,
    stop: Option<OnStop>,
    give_up: CancellationToken,
    link: Option<Arc<Outbox>>,
}

/// A running node, until it is dropped.
#[derive(Debug)]
pub(in crate::node) struct Armed(Watch);

/// Starts watching for signals. While no node runs, they end the process with status 0.
pub(in crate::node) fn watch() -> io::Result<Watch> {
    static WATCH: Mutex<Option<Watch>> = Mutex::new(None);
    let mut watch = WATCH.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(watch) = &*watch {
        return Ok(watch.clone());
    }
    let (raised, reports) = UnixStream::pair()?;
    let wake = reports.try_clone()?;
    wake.set_nonblocking(true)?;
    let shared = Arc::new(Shared { state: Mutex::default(), wake, status: AtomicU8::new(0) });
    let watched = shared.clone();
    let run = move || watched.run(&raised);
    thread::Builder::new().name("nodex-parent".into()).stack_size(64 * 1024).spawn(run)?;
    os_signals::report(&[SIGTERM, SIGINT], reports)?;
    Ok(watch.insert(Watch(shared)).clone())
}

impl Watch {
    /// Watches for a running node: `stop` is called once when it is to stop, and `give_up` is cancelled when it has not
    /// stopped after `drain`, or at a second signal. If it still runs then, the process is ended.
    pub(in crate::node) fn arm(
        &self,
        drain: Duration,
        give_up: CancellationToken,
        stop: impl FnOnce(Stop) + Send + 'static,
    ) -> Armed {
        let mut state = self.0.lock();
        self.0.status.store(0, Ordering::Relaxed);
        state.phases = Phases::running(drain);
        state.stop = Some(Box::new(stop));
        state.give_up = give_up;
        drop(state);
        self.0.wake();
        Armed(self.clone())
    }
}

impl Armed {
    /// Shortens the time to stop when this connection is lost.
    pub(in crate::node) fn link(&self, outbox: Arc<Outbox>) {
        self.0.0.lock().link = Some(outbox);
        self.0.0.wake();
    }

    /// Records that the node stops by itself, with this exit status. The time that this may take starts now.
    pub(in crate::node) fn stopping(&self, status: u8) {
        self.0.0.status.store(status, Ordering::Relaxed);
        let mut state = self.0.0.lock();
        state.phases.stops(Instant::now());
        state.stop = None;
        drop(state);
        self.0.0.wake();
    }
}

impl Drop for Armed {
    fn drop(&mut self) {
        let mut state = self.0.0.lock();
        state.phases.over();
        let (stop, link) = (state.stop.take(), state.link.take());
        drop(state);
        // What these hold may have a say in its own end.
        drop((stop, link));
        self.0.0.wake();
    }
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Shared").field("phases", &self.lock().phases).finish_non_exhaustive()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wake(&self) {
        // When the socket is full, the thread has enough to wake up for.
        let _ = (&self.wake).write(&[0]);
    }

    /// Runs the thread.
    fn run(&self, raised: &UnixStream) {
        let stdin = rustix::stdio::stdin();
        loop {
            let state = self.lock();
            let follow_stdin = state.phases.is_running() && follows_stdin();
            let now = Instant::now();
            let mut time = state.phases.next().map(|next| next.saturating_duration_since(now));
            if state.phases.is_stopping() && state.link.is_some() {
                time = Some(time.map_or(LOOK, |time| time.min(LOOK)));
            }
            drop(state);

            let mut fds = vec![PollFd::new(raised, PollFlags::IN)];
            if follow_stdin {
                fds.push(PollFd::from_borrowed_fd(stdin, PollFlags::IN));
            }
            let time = time.map(|time| Timespec {
                tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(time.subsec_nanos()),
            });
            if poll(&mut fds, time.as_ref()).is_err() {
                continue;
            }
            let (report, input) = (fds[0].revents(), fds.get(1).map(PollFd::revents));
            let signals = if report.is_empty() { 0 } else { taken(raised) };
            let input_ended = input.is_some_and(|input| !input.is_empty()) && is_at_its_end(stdin);

            let mut steps = Vec::new();
            let mut state = self.lock();
            let now = Instant::now();
            for _ in 0..signals {
                steps.extend(state.phases.signal(now));
            }
            if input_ended {
                steps.extend(state.phases.input_ended(now));
            }
            if state.phases.is_stopping() && state.link.as_ref().is_some_and(|link| link.hung_up()) {
                state.link = None;
                state.phases.link_lost(now);
            }
            steps.extend(state.phases.passed(now));
            drop(state);
            steps.into_iter().for_each(|step| self.take(step));
        }
    }

    fn take(&self, step: Step) {
        match step {
            Step::Stop(why) => {
                let stop = self.lock().stop.take();
                if let Some(stop) = stop {
                    stop(why);
                }
            }
            Step::GiveUp => {
                let give_up = self.lock().give_up.clone();
                give_up.cancel();
            }
            Step::Exit => process::exit(self.status.load(Ordering::Relaxed).into()),
        }
    }
}

/// Returns whether the end of stdin means the end of the parent: for a pipe or a socket, but not for a file, a terminal
/// or `/dev/null`, which are at their end while the parent runs.
fn follows_stdin() -> bool {
    fstat(rustix::stdio::stdin())
        .is_ok_and(|stat| matches!(FileType::from_raw_mode(stat.st_mode), FileType::Fifo | FileType::Socket))
}

/// Reads and drops input, which must not fill the pipe. Returns `true` at the end of stdin.
fn is_at_its_end(stdin: std::os::fd::BorrowedFd<'_>) -> bool {
    match rustix::io::read(stdin, &mut [0u8; 4096]) {
        Ok(0) => true,
        Ok(_) | Err(rustix::io::Errno::INTR | rustix::io::Errno::AGAIN) => false,
        Err(_) => true,
    }
}

/// Returns how many signals were reported. A byte of 0 only wakes the thread.
fn taken(mut raised: &UnixStream) -> usize {
    let mut bytes = [0; 64];
    let count = raised.read(&mut bytes).unwrap_or(0);
    bytes[..count].iter().filter(|byte| **byte != 0).count()
}
