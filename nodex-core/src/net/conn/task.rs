//! The task that drives one connection: it moves bytes, waits and wakes. The [`Channel`] makes all decisions.

use std::{
    cell::Cell,
    future::Future,
    io,
    pin::pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::BufMut;
use tokio::{
    io::AsyncReadExt,
    net::tcp::OwnedReadHalf,
    runtime::{Handle, RuntimeFlavor},
};

use super::{Outbox, clock::Clock};
use crate::protocol::{
    channel::{Channel, FAREWELL, Handled, Inbox, LinkEnd, LinkLimits, Receive, Room},
    control::FrameForm,
};

/// One connection and the receiver of its messages, driven by a task.
pub(crate) struct Link<R> {
    read: OwnedReadHalf,
    outbox: Arc<Outbox>,
    channel: Channel<R, Arc<Outbox>>,
    inbox: Inbox,
    heard: Cell<bool>,
    clock: Clock,
    /// Whether the task lets others run first: the runtime would run it right after the first sender that appends
    /// output.
    gives_way: bool,
}

impl<R: Receive> Link<R> {
    /// Creates the task. `rest` is the input that followed the handshake.
    pub(crate) fn new(
        read: OwnedReadHalf,
        outbox: Arc<Outbox>,
        rest: &[u8],
        (limits, form): (LinkLimits, FrameForm),
        receive: R,
    ) -> Self {
        outbox.intake.read(rest.len());
        let (inbox, clock) = (Inbox::new(rest, limits.max_frame).form(form), Clock::new(limits.tick_time));
        let channel = Channel::new(receive, outbox.clone(), limits, form);
        let flavor = Handle::try_current().map(|runtime| runtime.runtime_flavor());
        let gives_way = flavor.is_ok_and(|flavor| flavor != RuntimeFlavor::CurrentThread);
        Link { read, outbox, channel, inbox, heard: Cell::new(true), clock, gives_way }
    }

    pub(crate) fn receive_mut(&mut self) -> &mut R {
        self.channel.receive_mut()
    }

    /// Runs until the connection ends, and returns why.
    pub(crate) async fn drive(mut self) -> LinkEnd {
        let end = std::future::poll_fn(|context| match self.poll(context) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        });
        let end = end.await;
        if end == LinkEnd::Shutdown && !self.outbox.aborted() {
            // In a box, so that no connection takes memory for it before its end.
            Box::pin(self.farewell()).await;
        }
        self.outbox.close();
        end
    }

    /// Waits until the peer has read the output, all of which is written.
    pub(crate) async fn farewell(&mut self) {
        self.outbox.finish();
        let mut rest = vec![0; 4096];
        let end = async { while matches!(self.read.read(&mut rest).await, Ok(1..)) {} };
        // A peer that does not close in time loses only the output that it has not read.
        let _ = tokio::time::timeout(FAREWELL, end).await;
    }

    /// Does everything that can be done now, and registers for the events that come next.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Result<(), LinkEnd> {
        self.outbox.attend(context.waker())?;
        if self.gives_way && self.outbox.take_appended() {
            // Other senders that are ready append their output first, so that all is one write. The rest is done when
            // this task continues.
            let _ = pin!(tokio::task::yield_now()).poll(context);
            return Ok(());
        }
        let mut turn = self.channel.turn();
        let stopped = loop {
            self.channel.poll_later(context)?;
            let handled = self.channel.handle(&mut self.inbox, context.waker(), &mut turn)?;
            if handled == Handled::Turn {
                // Continues after the runtime has run other tasks that are ready. The replies so far wait with the rest
                // of the batch, so that a turn costs no write of its own.
                let _ = pin!(tokio::task::yield_now()).poll(context);
                break false;
            }
            self.channel.settle(context, || self.clock.now())?;
            if self.channel.is_congested() {
                break true;
            }
            if handled == Handled::All && !self.poll_read(context)? {
                break false;
            }
        };
        let reading = self.channel.is_reading();
        if stopped && reading {
            context.waker().wake_by_ref();
        }
        let Link { channel, inbox, clock, heard, .. } = self;
        if clock.poll(channel.next_check(), || heard.replace(false), reading, context)? {
            inbox.shrink_idle();
            channel.shrink_idle();
        }
        Ok(())
    }

    /// Reads once. Returns `false` when there is nothing to read now.
    fn poll_read(&mut self, context: &mut Context<'_>) -> Result<bool, LinkEnd> {
        let Some(Room { buffer, most }) = self.inbox.room() else { return Ok(true) };
        match pin!(self.read.read_buf(&mut buffer.limit(most))).poll(context) {
            Poll::Pending => Ok(false),
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::Interrupted => Ok(true),
            Poll::Ready(Err(error)) => Err(error.into()),
            Poll::Ready(Ok(0)) => Err(LinkEnd::Closed),
            Poll::Ready(Ok(count)) => {
                self.heard.set(true);
                self.outbox.intake.read(count);
                self.inbox.filled(count);
                Ok(true)
            }
        }
    }
}
