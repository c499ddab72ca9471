//! The thread that drives the only connection of a process.
//!
//! A node with one connection spends most of a round trip in the kernel. A blocking read takes one system call where a
//! task needs two, one to wait and one to read. The thread reads, runs handlers and writes; the runtime polls handlers
//! that are not ready at once, writes what the socket did not accept, and watches the tick time.

mod linger;
mod reader;
mod shared;

use std::{
    os::fd::OwnedFd,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, atomic::Ordering},
    task::{Context, Poll},
    thread,
    time::Duration,
};

use tokio::{sync::oneshot, time::timeout};

use super::{Outbox, clock::Clock};
use crate::protocol::{
    channel::{Channel, FAREWELL, Inbox, LinkEnd, LinkLimits, Receive},
    control::FrameForm,
};
use shared::{Core, Shared};

/// The name of the thread.
pub(crate) const THREAD: &str = "nodex-link";

/// How long running calls may continue when the link is lost.
pub(crate) const LAST: Duration = Duration::from_millis(80);

/// How long a handler may continue when the drain time is over.
const AT_ONCE: Duration = Duration::from_millis(20);

/// Runs until the connection ends, and returns why. `socket` is the socket of `outbox`, in blocking mode; `rest` is the
/// input that followed the handshake.
pub(crate) async fn drive<R: Receive + 'static>(
    socket: OwnedFd,
    outbox: Arc<Outbox>,
    rest: &[u8],
    (limits, form): (LinkLimits, FrameForm),
    receive: R,
) -> LinkEnd {
    let inbox = Inbox::new(rest, limits.max_frame).form(form);
    outbox.intake.read(rest.len());
    let shared = Shared::new(Channel::new(receive, outbox.clone(), limits, form), outbox);
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
                // Panics of handlers are caught earlier. A panic here would be an error of this library, and no task
                // may wait forever because of it.
                if catch_unwind(AssertUnwindSafe(|| shared.read(socket, inbox, &waker))).is_err() {
                    shared.lock().end.get_or_insert(LinkEnd::Shutdown);
                    waker.wake_by_ref();
                }
                // The task that waits for the thread has the last reference, and drops the rest.
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
        // A handler that runs for longer keeps its data. Without a running handler the thread is about to end.
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
    /// Polls the part of the runtime.
    fn poll(&self, context: &mut Context<'_>, clock: &mut Clock) -> Result<(), LinkEnd> {
        self.outbox.attend(context.waker())?;
        let (mut reading, mut settle) = (false, None);
        match self.try_lock() {
            // A handler may run for long, and timers and tasks must not wait for it. Nothing is read meanwhile, so
            // silence of the peer means nothing; waiting output is still written.
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

    /// Polls the running calls for a moment after the link was lost. Their replies are dropped, but they can finish
    /// what they have started.
    async fn last_calls(&self) {
        let done = std::future::poll_fn(|context| {
            let _ = self.outbox.attend(context.waker());
            let Some(mut core) = self.try_lock() else { return Poll::Pending };
            if core.channel.poll_last(context) { Poll::Ready(()) } else { Poll::Pending }
        });
        let _ = timeout(LAST, done).await;
    }
}
