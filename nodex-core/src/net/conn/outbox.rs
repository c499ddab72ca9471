//! The output of one connection.

mod transmit;

use std::{
    io::{self, IoSlice},
    pin::pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    task::{Context, Poll, Waker},
    time::Instant,
};

use futures::task::AtomicWaker;
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    net::{SendAncillaryBuffer, SendFlags, send, sendmsg},
};
use tokio::sync::Notify;

use super::WriteSide;
use crate::{
    etf::Encoder,
    protocol::{
        channel::{Intake, KEEP, LinkEnd, LinkLimits, Output, Owners},
        control::FrameForm,
    },
};

/// How many writes that succeed at once follow each other before other tasks of the runtime have their turn.
const WRITES: usize = 4;

/// The most pieces in one vectored write.
const PIECES: usize = 16;

/// The output of one connection. Handlers of the connection submit whole batches, other senders append frames, and the
/// connection's driver writes. The lock is never held while a handler runs.
#[derive(Debug)]
pub struct Outbox {
    socket: WriteSide,
    /// The time from which the times of the output count.
    start: Instant,
    pending: Mutex<Pending>,
    /// The number of bytes that wait, readable without the lock.
    waiting: AtomicUsize,
    /// How many of them are replies to the peer, or somewhat fewer; readable without the lock.
    answers: AtomicUsize,
    /// How many of them wait in fragments; readable without the lock.
    in_fragments: AtomicUsize,
    /// [`Self::room`] waits while more than this many bytes wait outside of fragments.
    limit: usize,
    /// [`Self::room`] also waits while more than this many bytes wait in fragments.
    max_fragments: usize,
    /// Notified when there is room for one waiting sender.
    room: Notify,
    /// Notified when few bytes wait in fragments, or none.
    eased: Notify,
    /// The number of bytes written so far. It changes with every write, so the ticker sees whether the connection was
    /// idle.
    written: AtomicUsize,
    /// Whether output has been appended for which the driver was woken.
    appended: AtomicBool,
    closed: AtomicBool,
    aborted: AtomicBool,
    /// Whether the driver has stopped reading because too much waits.
    stalled: AtomicBool,
    driver: AtomicWaker,
    /// Incremented when handlers start and when they end: odd while they run.
    handling: AtomicUsize,
    pub(super) intake: Intake,
}

/// The output that waits, and how many senders wait for room.
#[derive(Debug, Default)]
struct Pending {
    output: Output,
    blocked: usize,
}

impl Outbox {
    /// Creates an outbox. Senders that do not reply to the peer wait while more than `limit` bytes wait.
    pub(crate) fn new(socket: WriteSide, limit: usize) -> Self {
        Outbox {
            socket,
            start: Instant::now(),
            pending: Mutex::default(),
            waiting: AtomicUsize::new(0),
            answers: AtomicUsize::new(0),
            in_fragments: AtomicUsize::new(0),
            limit,
            max_fragments: 0,
            room: Notify::new(),
            eased: Notify::new(),
            written: AtomicUsize::new(0),
            appended: AtomicBool::new(false),
            closed: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
            stalled: AtomicBool::new(false),
            driver: AtomicWaker::new(),
            handling: AtomicUsize::new(0),
            intake: Intake::default(),
        }
    }

    /// Sets the form of the frames.
    #[must_use]
    pub(crate) fn in_form(mut self, form: FrameForm, limits: &LinkLimits) -> Self {
        self.max_fragments = limits.max_fragments;
        let pending = self.pending.get_mut().unwrap_or_else(PoisonError::into_inner);
        pending.output = Output::new(form, limits.max_fragments);
        self
    }

    /// Sets who knows the owner of an alias of the peer.
    pub(crate) fn set_owners(&self, owners: Arc<dyn Owners>) {
        self.lock().output.set_owners(owners);
    }

    /// Starts draining: input that arrived before is distinguished from later input, and the connection ends when all
    /// work is done. A second call changes nothing.
    pub(crate) fn drain(&self) {
        // Fails only when the socket is gone.
        let unread = || rustix::io::ioctl_fionread(self.socket.as_fd()).unwrap_or(0);
        self.intake.drain(|| usize::try_from(unread()).unwrap_or(usize::MAX), self.written());
    }

    /// Tells the peer that nothing more follows. Its input is still read and dropped: a socket that is closed with
    /// unread input discards the output that the peer has not read yet.
    pub(super) fn finish(&self) {
        // Fails only when it is not connected any more.
        let _ = rustix::net::shutdown(self.socket.as_fd(), rustix::net::Shutdown::Write);
    }

    /// Returns whether the peer has ended its side of the connection.
    pub(crate) fn hung_up(&self) -> bool {
        let mut socket = [PollFd::from_borrowed_fd(self.socket.as_fd(), PollFlags::RDHUP)];
        self.closed() || matches!(poll(&mut socket, Some(&Timespec::default())), Ok(1..))
    }

    /// Returns a number that is odd while handlers run, and differs each time.
    pub(super) fn handled(&self) -> usize {
        self.handling.load(Ordering::Relaxed)
    }

    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Appends whole frames that answer the peer, and has the driver write them.
    pub(crate) fn push<T>(&self, write: impl FnOnce(&mut Encoder) -> T) -> T {
        self.append(false, false, write)
    }

    /// Appends whole frames that do not answer the peer, and has the driver write them. They do not stop the link from
    /// reading, because two nodes that both send much could then wait for each other forever; [`Self::room`] bounds
    /// them.
    pub(crate) fn send<T>(&self, write: impl FnOnce(&mut Encoder) -> T) -> T {
        self.append(true, false, write)
    }

    /// Like [`Self::send`], but if nothing waits, the frames are written immediately, as far as the socket accepts
    /// them. It is for a caller that is the only one to wait for a reply: the driver then does not have to run for it.
    pub(crate) fn send_at_once<T>(&self, write: impl FnOnce(&mut Encoder) -> T) -> T {
        self.append(true, true, write)
    }

    /// Appends bytes without checking them, and has the driver write them.
    pub(crate) fn send_as_they_are(&self, bytes: &[u8]) {
        let mut pending = self.lock();
        if !self.closed() {
            pending.output.append_as_they_are(true, bytes);
        }
        self.count(&mut pending);
        drop(pending);
        self.driver.wake();
    }

    fn append<T>(&self, own: bool, at_once: bool, write: impl FnOnce(&mut Encoder) -> T) -> T {
        let mut pending = self.lock();
        // If output waits already, the driver was woken for it or waits for room, and writes this output as well.
        let first = pending.output.waiting() == 0;
        let result = pending.output.append(own, write);
        if self.closed() {
            pending.output.clear();
        }
        if at_once && first {
            // If this fails, it fails for the driver as well, which ends the connection.
            let _ = pending.output.flush(|out, done| self.write(out, done));
        }
        let waiting = self.count(&mut pending);
        drop(pending);
        if first && waiting > 0 {
            self.appended.store(true, Ordering::Release);
            self.driver.wake();
        }
        result
    }

    /// Returns whether the driver was woken for output that was appended since the last call.
    pub(super) fn take_appended(&self) -> bool {
        self.appended.load(Ordering::Relaxed) && self.appended.swap(false, Ordering::Acquire)
    }

    /// Waits until there is room for a frame that does not answer the peer, or the connection has ended. Senders take
    /// turns.
    pub(crate) async fn room(&self) {
        while !self.has_room() {
            let turn = self.room.notified();
            let Some(_waits) = Blocked::enter(self) else { return };
            turn.await;
        }
    }

    /// Returns whether there is room now. Messages in fragments take no room from others, unless very many bytes wait.
    pub(crate) fn has_room(&self) -> bool {
        let in_fragments = self.in_fragments.load(Ordering::Relaxed);
        let in_line = self.waiting().saturating_sub(in_fragments);
        (in_line <= self.limit && in_fragments <= self.max_fragments) || self.closed()
    }

    /// Returns whether many bytes wait, outside of fragments or in them, for senders that must not wait.
    pub(crate) fn is_busy(&self) -> bool {
        self.waiting() > self.limit && !self.closed()
    }

    /// Waits until few bytes wait in fragments. The sender of a long message waits for this, as a process of a BEAM is
    /// suspended; other senders need not.
    pub(crate) async fn ease(&self) {
        while self.in_fragments.load(Ordering::Relaxed) > self.limit && !self.closed() {
            let mut eased = pin!(self.eased.notified());
            eased.as_mut().enable();
            if self.in_fragments.load(Ordering::Relaxed) > self.limit && !self.closed() {
                eased.await;
            }
        }
    }

    /// Returns the number of bytes that have not been written yet.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// Returns how many of them are replies to the peer.
    pub(crate) fn answers(&self) -> usize {
        self.answers.load(Ordering::Relaxed)
    }

    /// Updates the counts after a change. Returns how many bytes wait.
    #[inline(always)]
    fn count(&self, pending: &mut Pending) -> usize {
        let waiting = pending.output.waiting();
        self.waiting.store(waiting, Ordering::Relaxed);
        self.answers.store(pending.output.answers(), Ordering::Relaxed);
        if pending.output.in_lanes() | self.in_fragments.load(Ordering::Relaxed) | pending.blocked != 0 {
            self.tell(pending);
        }
        waiting
    }

    /// Notifies the senders that wait for room.
    #[cold]
    fn tell(&self, pending: &Pending) {
        let in_fragments = pending.output.in_fragments();
        if self.in_fragments.swap(in_fragments, Ordering::Relaxed) > self.limit && in_fragments <= self.limit {
            self.eased.notify_waiters();
        }
        if pending.blocked > 0 && self.has_room() {
            self.room.notify_one();
        }
    }

    /// Returns the number of bytes written since the connection was established.
    pub fn written(&self) -> usize {
        self.written.load(Ordering::Relaxed)
    }

    /// Returns `true` once the connection has ended.
    pub(crate) fn closed(&self) -> bool {
        self.closed.load(Ordering::Acquire)
    }

    /// Drops the output that waits and shuts the socket down: references to the connection do not keep it open, and a
    /// thread that reads from it ends.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        // Fails only when it is not connected any more.
        let _ = rustix::net::shutdown(self.socket.as_fd(), rustix::net::Shutdown::Both);
        let mut pending = self.lock();
        pending.output.clear();
        self.count(&mut pending);
        drop(pending);
        self.room.notify_waiters();
        self.eased.notify_waiters();
    }

    /// Has the driver end the connection, even if output waits.
    pub(crate) fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
        self.driver.wake();
    }

    pub(crate) fn aborted(&self) -> bool {
        self.aborted.load(Ordering::Acquire)
    }

    /// Wakes the driver.
    pub(crate) fn wake(&self) {
        self.driver.wake();
    }

    /// Wakes the driver if it had stopped reading: less output waits now.
    pub(crate) fn wake_if_stalled(&self) {
        if self.stalled.load(Ordering::SeqCst) {
            self.driver.wake();
        }
    }

    /// Registers the task that is woken by all events of the driver.
    ///
    /// # Errors
    /// Returns an error when the driver must end the connection at once.
    pub(crate) fn attend(&self, waker: &Waker) -> Result<(), LinkEnd> {
        self.driver.register(waker);
        if self.aborted() { Err(LinkEnd::Shutdown) } else { Ok(()) }
    }

    /// Writes `batch` after the output that waits, as far as the socket accepts it at once, and keeps the rest.
    pub(crate) fn submit(&self, batch: &mut Encoder) -> io::Result<()> {
        if batch.is_empty() && self.waiting() == 0 {
            return Ok(());
        }
        let mut pending = self.lock();
        pending.output.submit(batch, |out, done| self.write(out, done))?;
        self.count(&mut pending);
        drop(pending);
        batch.clear();
        batch.shrink_to(KEEP);
        Ok(())
    }

    /// Writes the output that waits, in addition to the driver.
    pub(crate) async fn flush(&self) -> io::Result<()> {
        while !self.write_waiting()? {
            self.socket.writable().await?;
        }
        if self.closed() { Err(io::ErrorKind::NotConnected.into()) } else { Ok(()) }
    }

    /// Writes the output that waits; ready when nothing waits any more.
    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.waiting() == 0 {
            return Poll::Ready(Ok(()));
        }
        for _ in 0..WRITES {
            if self.write_waiting()? {
                return Poll::Ready(Ok(()));
            }
            std::task::ready!(self.socket.poll_ready(context))?;
        }
        // Messages in fragments may continue for long, so other tasks have their turn first.
        context.waker().wake_by_ref();
        Poll::Pending
    }

    /// Writes the output that waits, as far as the socket accepts it at once. Returns `true` when nothing waits any
    /// more.
    fn write_waiting(&self) -> io::Result<bool> {
        let mut pending = self.lock();
        pending.output.flush(|out, done| self.write(out, done))?;
        Ok(self.count(&mut pending) == 0)
    }

    /// Sends a tick (a frame of length zero) if nothing waits. Can be called from any thread and never blocks: if the
    /// output is locked, it is being written to, which is as good as a tick.
    pub(crate) fn tick(&self) -> io::Result<()> {
        match self.pending.try_lock() {
            Ok(pending) => self.write_tick(pending),
            Err(_) => Ok(()),
        }
    }

    /// Frees the memory of the output, if nothing waits and the output is not locked. Called when nothing has been
    /// written for a while.
    pub(super) fn shrink_idle(&self) {
        if self.waiting() == 0
            && let Ok(mut pending) = self.pending.try_lock()
        {
            pending.output.shrink_idle();
        }
    }

    fn write_tick(&self, mut pending: MutexGuard<'_, Pending>) -> io::Result<()> {
        pending.output.tick(self.start.elapsed(), |out, done| self.write(out, done))?;
        let waiting = self.count(&mut pending);
        drop(pending);
        if waiting > 0 {
            // The driver writes the rest as soon as there is room.
            self.driver.wake();
        }
        Ok(())
    }

    /// Writes `out` from `done` on until all is written or the socket is full; returns the new `done`.
    fn write(&self, out: &Encoder, mut done: usize) -> io::Result<usize> {
        // Each call says that it must not block, because the socket of a reader with its own thread is in blocking
        // mode.
        let flags = SendFlags::DONTWAIT | SendFlags::NOSIGNAL;
        while done < out.len() {
            let result = match out.in_one_piece() {
                // The usual case.
                Some(bytes) => self.socket.try_write(|socket| Ok(send(socket, &bytes[done..], flags)?)),
                None => {
                    let mut slices = [IoSlice::new(&[]); PIECES];
                    let count = out.io_slices(done, &mut slices);
                    let slices = &slices[..count];
                    let mut nothing_else = SendAncillaryBuffer::default();
                    self.socket.try_write(|socket| Ok(sendmsg(socket, slices, &mut nothing_else, flags)?))
                }
            };
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => {
                    done += count;
                    self.written.fetch_add(count, Ordering::Relaxed);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }
}

/// A sender that waits for room, until this value is dropped.
struct Blocked<'a>(&'a Outbox);

impl<'a> Blocked<'a> {
    /// Returns `None` when there is room after all.
    fn enter(outbox: &'a Outbox) -> Option<Self> {
        let mut pending = outbox.lock();
        if outbox.has_room() {
            return None;
        }
        pending.blocked += 1;
        Some(Blocked(outbox))
    }
}

impl Drop for Blocked<'_> {
    fn drop(&mut self) {
        self.0.lock().blocked -= 1;
    }
}

#[cfg(test)]
mod tests;
