//! The thread that starts, watches, stops and reaps every child of this program.
//!
//! It is a thread, so that it works after the end of an async runtime, and it never ends, because a child is killed
//! with the thread that started it. It serves all children, and sleeps in `epoll` on their pidfds.
//!
//! A child is signalled only until it is reaped, so a reused pid never receives a signal.

use std::{
    collections::{HashMap, HashSet},
    io,
    os::fd::{AsFd as _, OwnedFd},
    sync::{Arc, Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    buffer::spare_capacity,
    event::{EventfdFlags, Timespec, epoll, eventfd},
    process::Pid,
};
use tokio::sync::oneshot;

use super::{Ending, Launch, LaunchError, StopOptions, child::Child, group, guard::Guard, strays};

/// How often a child without a pidfd is checked.
const LOOK_WITHOUT_PIDFD: Duration = Duration::from_millis(20);

/// How often strays are searched.
const LOOK_FOR_STRAYS: Duration = Duration::from_secs(1);

/// `epoll` data of the eventfd; children count from 1.
const WAKE: u64 = 0;

/// A request to the thread.
enum Request {
    Start { launch: Launch, stop: StopOptions, reply: oneshot::Sender<Result<(Held, Pipes), LaunchError>> },
    Stop { child: u64, grace: Duration },
    KillAll,
    ReapStrays,
}

/// The handle of the thread.
#[derive(Debug, Clone)]
pub(super) struct Warden {
    requests: mpsc::Sender<Request>,
    wake: Arc<OwnedFd>,
}

impl Warden {
    /// Returns the handle of the only thread of this program, which the first call starts.
    pub(super) fn get() -> Result<Warden, LaunchError> {
        static WARDEN: Mutex<Option<Warden>> = Mutex::new(None);
        let mut warden = WARDEN.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(warden) = &*warden {
            return Ok(warden.clone());
        }
        let started = Warden::start().map_err(|source| LaunchError::NoWarden { source })?;
        Ok(warden.insert(started).clone())
    }

    fn start() -> io::Result<Warden> {
        let wake = Arc::new(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?);
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &*wake, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        let (requests, received) = mpsc::channel();
        let warden = Warden { requests, wake };
        let work = Work {
            warden: warden.clone(),
            requests: received,
            epoll,
            children: HashMap::new(),
            next: WAKE + 1,
            guard: Guard::default(),
            strays_at: None,
        };
        thread::Builder::new().name("nodex-warden".into()).spawn(move || work.run())?;
        Ok(warden)
    }

    /// Starts an executable. If the caller is gone by then, the process is stopped.
    pub(super) async fn launch(&self, launch: Launch, stop: StopOptions) -> Result<(Held, Pipes), LaunchError> {
        let (reply, answer) = oneshot::channel();
        self.ask(Request::Start { launch, stop, reply });
        answer.await.unwrap_or_else(|_| Err(LaunchError::NoWarden { source: io::ErrorKind::BrokenPipe.into() }))
    }

    /// Begins the stop sequence of a child, or shortens its grace period.
    fn stop(&self, child: u64, grace: Duration) {
        self.ask(Request::Stop { child, grace });
    }

    /// Kills all children.
    pub(super) fn kill_all(&self) {
        self.ask(Request::KillAll);
    }

    /// Starts searching for strays.
    pub(super) fn reap_strays(&self) {
        self.ask(Request::ReapStrays);
    }

    fn ask(&self, request: Request) {
        // Both fail only when the thread is gone, and then its children are too.
        let _ = self.requests.send(request);
        let _ = rustix::io::write(&*self.wake, &1u64.to_ne_bytes());
    }
}

/// A process that runs as long as this is held.
#[derive(Debug)]
pub(super) struct Held {
    id: u64,
    pid: Pid,
    ending: Ending,
    warden: Warden,
    grace: Duration,
}

impl Held {
    pub(super) fn pid(&self) -> Pid {
        self.pid
    }

    pub(super) fn ending(&self) -> Ending {
        self.ending.clone()
    }

    /// Begins the stop sequence, or shortens the grace period of one that has begun.
    pub(super) fn stop(&self, grace: Duration) {
        self.warden.stop(self.id, grace);
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.stop(self.grace);
    }
}

/// This program's ends of the pipes of a process.
#[derive(Debug)]
pub(super) struct Pipes {
    /// A second handle of its stdin, if there is input to write.
    pub(super) stdin: Option<OwnedFd>,
    pub(super) stdout: Option<OwnedFd>,
    pub(super) stderr: Option<OwnedFd>,
}

/// The state of the thread.
struct Work {
    warden: Warden,
    requests: mpsc::Receiver<Request>,
    epoll: OwnedFd,
    children: HashMap<u64, Child>,
    next: u64,
    guard: Guard,
    /// When to search for strays, if at all.
    strays_at: Option<Instant>,
}

impl Work {
    fn run(mut self) {
        let mut events = Vec::with_capacity(256);
        loop {
            self.obey();
            self.advance();
            let timeout = self.sleep().map(|time| Timespec {
                tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: time.subsec_nanos().into(),
            });
            events.clear();
            // An error can only be an interruption by a signal.
            let _ = epoll::wait(&self.epoll, spare_capacity(&mut events), timeout.as_ref());
            for event in &events {
                match event.data.u64() {
                    WAKE => {
                        let _ = rustix::io::read(&*self.warden.wake, &mut [0; 8]);
                    }
                    child => {
                        if let Some(child) = self.children.get_mut(&child) {
                            child.look();
                        }
                    }
                }
            }
        }
    }

    fn obey(&mut self) {
        while let Ok(request) = self.requests.try_recv() {
            match request {
                Request::Start { launch, stop, reply } => {
                    // What is not taken is dropped, and a process that is dropped is stopped.
                    let _ = reply.send(self.start(&launch, stop));
                }
                Request::Stop { child, grace } => {
                    if let Some(child) = self.children.get_mut(&child) {
                        child.stop(grace);
                    }
                }
                Request::KillAll => self.children.values_mut().for_each(|child| child.stop(Duration::ZERO)),
                Request::ReapStrays => self.strays_at = Some(Instant::now()),
            }
        }
    }

    fn start(&mut self, launch: &Launch, stop: StopOptions) -> Result<(Held, Pipes), LaunchError> {
        let path = launch.check()?;
        let mut spawned = match launch.command(&path).spawn() {
            Ok(spawned) => spawned,
            Err(source) => return Err(launch.exec_failed(path, source)),
        };
        let (stdout, stderr) = (spawned.stdout.take().map(OwnedFd::from), spawned.stderr.take().map(OwnedFd::from));
        let stdin = match (&spawned.stdin, launch.input.is_empty()) {
            (Some(stdin), false) => stdin.as_fd().try_clone_to_owned().ok(),
            _ => None,
        };
        let id = self.next;
        self.next += 1;
        let child = Child::new(&mut spawned, stop);
        if let Some(pidfd) = child.pidfd() {
            let data = epoll::EventData::new_u64(id);
            let _ = epoll::add(&self.epoll, pidfd.as_fd(), data, epoll::EventFlags::IN | epoll::EventFlags::ONESHOT);
        }
        let pipes = Pipes { stdin, stdout, stderr };
        let held = Held {
            id,
            pid: child.pid(),
            ending: Ending(child.watch()),
            warden: self.warden.clone(),
            grace: stop.grace,
        };
        self.guard.add(child.pid());
        self.children.insert(id, child);
        Ok((held, pipes))
    }

    /// Performs the actions that are due, and removes children that have ended.
    fn advance(&mut self) {
        let now = Instant::now();
        // One look at the process table serves all children that wait for their group.
        let living =
            if self.children.values().any(|child| child.wants_group(now)) { Some(group::living()) } else { None };
        for child in self.children.values_mut() {
            if child.pidfd().is_none() {
                child.look();
            }
            let guard = &mut self.guard;
            child.advance(now, living.as_ref(), |pid| guard.remove(pid));
        }
        let guard = &mut self.guard;
        self.children.retain(|_, child| {
            let gone = child.is_gone();
            if gone {
                // A child that was reaped elsewhere.
                guard.remove(child.pid());
            }
            !gone
        });
        if self.strays_at.is_some_and(|due| due <= now) {
            strays::reap(
                &self.children.values().map(|child| child.pid().as_raw_nonzero().get()).collect::<HashSet<_>>(),
            );
            self.strays_at = Some(now + LOOK_FOR_STRAYS);
        }
    }

    /// Returns how long nothing is due.
    fn sleep(&self) -> Option<Duration> {
        let now = Instant::now();
        let due = self.children.values().filter_map(Child::due).chain(self.strays_at).min();
        let due = due.map(|due| due.saturating_duration_since(now));
        match due {
            due if self.children.values().any(Child::is_unwatched) => {
                Some(due.unwrap_or(LOOK_WITHOUT_PIDFD).min(LOOK_WITHOUT_PIDFD))
            }
            due => due,
        }
    }
}
