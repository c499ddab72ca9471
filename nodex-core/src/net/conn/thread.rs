//! Drives one connection from a thread of its own.
//!
//! A node with one connection spends most of a round trip in the kernel: waiting on a socket that blocks takes one call
//! where a task needs two, one to wait and one to read. The thread reads, runs handlers and writes; the runtime goes on
//! with handlers that are not ready at once, writes what the socket did not take, and watches the tick time.

use std::{
    io,
    os::fd::OwnedFd,
    sync::{
        Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::{Outbox, clock::Clock, sys::fill};
use crate::protocol::channel::{Channel, FAREWELL, Handled, Inbox, LinkEnd, LinkLimits, Receive, Room, Transmit as _};

/// How soon the runtime is woken again while the thread waits for it.
const RETRY: Duration = Duration::from_millis(10);

/// The name of the thread.
pub(crate) const THREAD: &str = "nodex-link";

/// How long what runs may go on when the link is lost.
pub(crate) const LAST: Duration = Duration::from_millis(80);

/// How long a handler may go on when the time to stop is over.
const AT_ONCE: Duration = Duration::from_millis(20);

/// What the thread and the runtime share.
struct Shared<R> {
    core: Mutex<Core<R>>,
    /// Something that the thread may wait for has changed.
    changed: Condvar,
    outbox: Arc<Outbox>,
    heard: AtomicBool,
    /// All is said and done, and what still comes is dropped.
    finished: AtomicBool,
    /// The runtime found the core in use and wants to be woken when it is free.
    wanted: AtomicBool,
}

struct Core<R> {
    channel: Channel<R, Arc<Outbox>>,
    end: Option<LinkEnd>,
}

/// Runs until the connection ends, and says why. `socket` is the same as that of `outbox`, and blocks; `rest` came behind
/// the handshake.
pub(crate) async fn drive<R: Receive + 'static>(
    socket: OwnedFd,
    outbox: Arc<Outbox>,
    rest: &[u8],
    limits: LinkLimits,
    receive: R,
) -> LinkEnd {
    let inbox = Inbox::new(rest, limits.max_frame);
    outbox.intake.read(rest.len());
    let shared = Arc::new(Shared {
        core: Mutex::new(Core { channel: Channel::new(receive, outbox.clone(), limits), end: None }),
        changed: Condvar::new(),
        outbox,
        heard: AtomicBool::new(true),
        finished: AtomicBool::new(false),
        wanted: AtomicBool::new(false),
    });
    let mut clock = Clock::new(limits.tick_time);
    let mut start = Some((socket, inbox));
    let (gone, mut thread) = oneshot::channel::<()>();
    let mut gone = Some(gone);
    let end = std::future::poll_fn(|context| {
        if let Some((socket, inbox)) = start.take() {
            let (shared, waker, gone) = (shared.clone(), context.waker().clone(), gone.take());
            // Handlers find the runtime, for timers and tasks.
            let runtime = tokio::runtime::Handle::current();
            let read = move || {
                let _in_runtime = runtime.enter();
                shared.read(socket, inbox, &waker);
                // Whoever waits for the thread has the last reference, and drops what is left.
                drop(shared);
                drop(gone);
            };
            if let Err(error) = thread::Builder::new().name(THREAD.into()).spawn(read) {
                return Poll::Ready(error.into());
            }
        }
        match shared.poll(context, &mut clock) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        }
    });
    let end = end.await;
    let mut left = true;
    if end == LinkEnd::Shutdown && !shared.outbox.aborted() {
        shared.finished.store(true, Ordering::Release);
        shared.outbox.finish();
        shared.changed.notify_all();
        left = timeout(FAREWELL, &mut thread).await.is_err();
    }
    shared.outbox.close();
    shared.changed.notify_all();
    if end != LinkEnd::Shutdown {
        shared.last_calls().await;
    }
    if left {
        // A handler that goes on for longer keeps what it has. Without one the thread is about to end.
        let limit = match shared.outbox.handled() % 2 {
            0 => FAREWELL,
            _ if shared.outbox.aborted() => AT_ONCE,
            _ => LAST,
        };
        let _ = timeout(limit, thread).await;
    }
    end
}

impl<R: Receive> Shared<R> {
    fn lock(&self) -> MutexGuard<'_, Core<R>> {
        self.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The thread.
    fn read(&self, socket: OwnedFd, mut inbox: Inbox, waker: &Waker) {
        let end = loop {
            if let Err(end) = self.handle(&mut inbox, waker) {
                break end;
            }
            let Some(Room { buffer, most }) = inbox.room() else { continue };
            match fill(&socket, buffer, most) {
                Ok(0) => break LinkEnd::Closed,
                Ok(count) => {
                    self.heard.store(true, Ordering::Relaxed);
                    if self.finished.load(Ordering::Acquire) {
                        buffer.clear();
                        continue;
                    }
                    self.outbox.intake.read(count);
                    inbox.filled(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => break error.into(),
            }
        };
        self.lock().end.get_or_insert(end);
        waker.wake_by_ref();
    }

    /// Handles all whole frames, and waits while too much does.
    fn handle(&self, inbox: &mut Inbox, waker: &Waker) -> Result<(), LinkEnd> {
        let mut core = self.lock();
        loop {
            let Core { channel, end } = &mut *core;
            if end.is_some() || self.outbox.closed() {
                return Err(LinkEnd::Shutdown);
            }
            // The thread serves nobody else, so its turn never ends.
            let handled = channel.handle(inbox, waker, &mut { usize::MAX })?;
            let stalled = channel.is_congested();
            if handled == Handled::All && !stalled {
                break;
            }
            self.outbox.set_stalled(stalled);
            if stalled {
                // The runtime writes, and goes on with handlers. It is told again and again, for it may have looked for
                // the core just before this thread gave it up.
                waker.wake_by_ref();
                core = self.changed.wait_timeout(core, RETRY).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        drop(core);
        if self.wanted.swap(false, Ordering::AcqRel) || self.outbox.waiting() > 0 || self.outbox.intake.draining() {
            waker.wake_by_ref();
        }
        Ok(())
    }

    /// The runtime's part.
    fn poll(&self, context: &mut Context<'_>, clock: &mut Clock) -> Result<(), LinkEnd> {
        self.outbox.attend(context.waker())?;
        let (mut reading, mut settle) = (false, None);
        match self.try_lock() {
            // A handler may run for long, and timers and tasks are not to wait for it. Nothing is read then, so that the
            // peer is not heard means nothing; what waits is written all the same.
            None => {
                let _ = self.outbox.poll_flush(context)?;
            }
            Some(mut core) => {
                let Core { channel, end } = &mut *core;
                if let Some(end) = end.take() {
                    return Err(end);
                }
                channel.poll_later(context)?;
                channel.submit()?;
                channel.settle(context, || clock.now())?;
                (reading, settle) = (!channel.is_congested(), channel.next_check());
                self.changed.notify_one();
            }
        }
        clock.poll(settle, || self.heard.swap(false, Ordering::Relaxed), reading, context)?;
        Ok(())
    }

    /// The link is lost: goes on with the calls that run, for a moment. Nobody gets their replies, but what they have begun
    /// they may end.
    async fn last_calls(&self) {
        let done = std::future::poll_fn(|context| {
            let _ = self.outbox.attend(context.waker());
            let Some(mut core) = self.try_lock() else { return Poll::Pending };
            if core.channel.poll_last(context) { Poll::Ready(()) } else { Poll::Pending }
        });
        let _ = timeout(LAST, done).await;
    }

    /// The core if it is free; else this task is woken when it is.
    fn try_lock(&self) -> Option<MutexGuard<'_, Core<R>>> {
        for _ in 0..2 {
            match self.core.try_lock() {
                Ok(core) => return Some(core),
                Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
                // Once more after this, for it may have become free just before.
                Err(TryLockError::WouldBlock) => self.wanted.store(true, Ordering::Release),
            }
        }
        None
    }
}
