//! The thread: it reads, runs handlers and writes.

use std::{
    io,
    os::fd::OwnedFd,
    sync::{PoisonError, atomic::Ordering},
    task::Waker,
    time::Duration,
};

use super::{
    linger::Linger,
    shared::{Core, Shared},
};
use crate::{
    net::conn::sys::{fill, fill_at_once},
    protocol::channel::{Handled, Inbox, LinkEnd, Receive, Room, Transmit as _},
};

/// How soon the runtime is woken again while the thread waits for it.
const RETRY: Duration = Duration::from_millis(10);

impl<R: Receive> Shared<R> {
    /// Reads until the connection ends. `waker` wakes the runtime's part.
    pub(super) fn read(&self, socket: OwnedFd, mut inbox: Inbox, waker: &Waker) {
        let mut linger = Linger::default();
        let end = loop {
            if let Err(end) = self.handle(&mut inbox, waker) {
                break end;
            }
            let Some(Room { buffer, most }) = inbox.room() else { continue };
            let soon = linger.look(|count| *count, || fill_at_once(&socket, buffer, most));
            match soon.and_then(|soon| soon.map_or_else(|| fill(&socket, buffer, most), Ok)) {
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

    /// Handles all complete frames, and waits while too much output waits.
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
                // The runtime writes and continues the handlers. It is woken repeatedly, because it may have tried to
                // lock the core just before this thread released it.
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
}
