//! Drives one connection: one read, the messages in it, one write.

use std::{
    cell::Cell,
    future::Future,
    io, mem,
    pin::{Pin, pin},
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use bytes::{BufMut, Bytes};
use tokio::{
    io::AsyncReadExt,
    net::tcp::OwnedReadHalf,
    time::{Interval, MissedTickBehavior, interval_at},
};

use super::{
    Outbox,
    outbox::{KEEP, REST},
    silence::Silence,
};
use crate::{
    etf::Encoder,
    protocol::channel::{Inbox, LinkEnd, LinkLimits, Room, Together},
};

/// Replies are handed to the socket when they reach this size, also in the middle of a read. More than a read of small
/// messages makes, since each write wakes the peer, which costs as much as a hundred messages.
pub(crate) const BATCH: usize = KEEP - 16 * 1024;

/// What a connection takes in, in bytes, before the others that its runtime drives have their turn.
const TURN: usize = 16 * 1024;

/// What a frame counts for besides its bytes: a small message costs as much as this many bytes of a large one.
const FRAME_COST: usize = 256;

/// After so much the load is looked at, whatever became of the messages: other threads add to it as well.
const UNLOOKED: usize = 64 * FRAME_COST;

/// How long a peer that was told that nothing more comes may take to hang up.
pub(super) const FAREWELL: Duration = Duration::from_millis(500);

/// What a link has taken in and not answered yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Load {
    /// Calls that wait for their handlers.
    pub(crate) calls: usize,
    /// Bytes of messages that these keep in memory.
    pub(crate) calls_bytes: usize,
    /// Bytes of replies that wait for their turn behind those of calls.
    pub(crate) replies_bytes: usize,
}

/// What frames come with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Input<'a> {
    /// What was read together, of which the frame is a slice.
    pub(crate) read: &'a Together,
    /// Wakes whoever drives the link.
    pub(crate) waker: &'a Waker,
}

impl<'a> Input<'a> {
    /// What keeps the frame in memory.
    #[inline(always)]
    pub(crate) fn owner(&self) -> &'a Bytes {
        &self.read.bytes
    }
}

/// What became of a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It is done with.
    Handled,
    /// It may have added to the [`Load`].
    Kept,
}

/// What is done with the messages of a link.
pub(crate) trait Receive: Send {
    /// One frame, without its length and never empty. Replies go to `out`.
    fn frame(&mut self, frame: &[u8], input: Input<'_>, out: &mut Encoder) -> Result<Taken, LinkEnd>;

    /// The same when the node is to end. `late` says that the frame came after that was asked for.
    fn last_frame(&mut self, frame: &[u8], late: bool, input: Input<'_>, out: &mut Encoder) -> Result<Taken, LinkEnd>;

    /// A tick. Whether it is to be answered: the peer may expect ticks more often than our own tick time says.
    fn tick(&mut self) -> bool {
        true
    }

    /// Goes on with calls that were not answered at once; their replies go to `out`, and are handed on when there are
    /// many. The same for what the peer has to be told, as far as there is room.
    fn poll_later(&mut self, context: &mut Context<'_>, out: &mut Encoder) -> Result<(), LinkEnd>;

    /// True when more has to be told as soon as there is room.
    fn has_news(&self) -> bool;

    /// A frame of this length that is over the limit: all of its head that is kept. Replies go to `out`.
    fn too_long(&mut self, head: &[u8], length: u64, out: &mut Encoder) -> Result<(), LinkEnd>;

    /// What waits for handlers.
    fn load(&self) -> Load;

    /// True while the node has no other connection, so that nobody waits while this one is served.
    fn alone(&self) -> bool;

    /// True when the link is to end as soon as all is written: the node is to end, and nothing of it runs any more.
    /// `drained` says that all that was there when this was asked for has been handled.
    fn may_end(&mut self, context: &mut Context<'_>, drained: bool) -> bool;
}

/// Handles the frames of the inbox until it is empty, too much waits, or nothing is left of `turn`.
pub(super) fn handle_frames<R: Receive>(
    inbox: &mut Inbox,
    receive: &mut R,
    outbox: &Outbox,
    out: &mut Encoder,
    limits: &LinkLimits,
    waker: &Waker,
    turn: &mut usize,
) -> Result<(), LinkEnd> {
    outbox.handling(|| {
        if let Some((head, length)) = inbox.too_long() {
            receive.too_long(head, length, out)?;
            inbox.pass_over();
        }
        let mut batch = inbox.batch();
        let input = Input { read: batch.read, waker };
        let mut left = mem::take(turn);
        while left > 0 && !congested(outbox, receive, limits) {
            // The load need not be looked at again for each of the messages that do not add to it.
            let mut unlooked = UNLOOKED.min(left);
            left -= unlooked;
            // Once for all of these: a look for each message is seen in what it costs, and a call more or less does no harm.
            let draining = outbox.intake.draining();
            while unlooked > 0 {
                let Some(frame) = batch.next() else {
                    *turn = left + unlooked;
                    return Ok(());
                };
                if frame.is_empty() {
                    if receive.tick() {
                        // As `ei` does.
                        outbox.answer_tick()?;
                    }
                    continue;
                }
                unlooked = unlooked.saturating_sub(FRAME_COST + frame.len());
                let taken = if draining {
                    let late = outbox.intake.is_late(batch.left_with(frame));
                    receive.last_frame(frame, late, input, out)?
                } else {
                    receive.frame(frame, input, out)?
                };
                let full = out.len() > BATCH;
                if full {
                    outbox.submit(out)?;
                }
                if full || taken == Taken::Kept {
                    break;
                }
            }
            left += unlooked;
        }
        *turn = left;
        Ok(())
    })
}

/// True when no more messages are to be taken for now.
pub(super) fn congested<R: Receive>(outbox: &Outbox, receive: &R, limits: &LinkLimits) -> bool {
    let load = receive.load();
    outbox.answers() + load.replies_bytes > limits.max_waiting
        || load.calls >= limits.max_in_flight
        || load.calls_bytes > limits.max_in_flight_bytes
}

/// Whether the peer still shows signs of life.
#[derive(Debug)]
pub(super) struct Life {
    tick_time: Duration,
    quarter: Interval,
    silent_quarters: u32,
}

impl Life {
    pub(super) fn new(tick_time: Duration) -> Self {
        let period = (tick_time / 4).max(Duration::from_millis(1));
        let mut quarter = interval_at(tokio::time::Instant::now() + period, period);
        quarter.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Life { tick_time, quarter, silent_quarters: 0 }
    }

    /// Counts quarters of the tick time in which nothing was heard; true if one has just passed. `heard` tells, and
    /// forgets, whether something was; while reading is stopped, silence means nothing.
    pub(super) fn poll(
        &mut self,
        context: &mut Context<'_>,
        heard: impl Fn() -> bool,
        reading: bool,
    ) -> Result<bool, LinkEnd> {
        let mut passed = false;
        while Pin::new(&mut self.quarter).poll_tick(context).is_ready() {
            passed = true;
            if heard() || !reading {
                self.silent_quarters = 0;
                continue;
            }
            self.silent_quarters += 1;
            // The quarter before these had a sign of life in it, so that was four to five quarters ago.
            if self.silent_quarters >= 4 {
                return Err(LinkEnd::TickTimeout(self.tick_time));
            }
        }
        Ok(passed)
    }
}

/// One connection and what is done with its messages, driven by a task.
pub(crate) struct Link<R> {
    read: OwnedReadHalf,
    outbox: Arc<Outbox>,
    receive: R,
    limits: LinkLimits,
    inbox: Inbox,
    out: Encoder,
    heard: Cell<bool>,
    life: Life,
    silence: Silence,
}

impl<R: Receive> Link<R> {
    /// `rest` came behind the handshake.
    pub(crate) fn new(read: OwnedReadHalf, outbox: Arc<Outbox>, rest: &[u8], limits: LinkLimits, receive: R) -> Self {
        let inbox = Inbox::new(rest, limits.max_frame);
        outbox.intake.read(rest.len());
        let (life, silence) = (Life::new(limits.tick_time), Silence::default());
        Link { read, outbox, receive, limits, inbox, out: Encoder::new(), heard: Cell::new(true), life, silence }
    }

    pub(crate) fn receive_mut(&mut self) -> &mut R {
        &mut self.receive
    }

    /// Runs until the connection ends, and says why.
    pub(crate) async fn drive(mut self) -> LinkEnd {
        let end = std::future::poll_fn(|context| match self.poll(context) {
            Ok(()) => Poll::Pending,
            Err(end) => Poll::Ready(end),
        });
        let end = end.await;
        if end == LinkEnd::Shutdown && !self.outbox.aborted() {
            // Apart, so that no connection takes memory for it before.
            Box::pin(self.farewell()).await;
        }
        self.outbox.close();
        end
    }

    /// All is written: gives the peer time to take it.
    pub(crate) async fn farewell(&mut self) {
        self.outbox.finish();
        let mut rest = vec![0; 4096];
        let end = async { while matches!(self.read.read(&mut rest).await, Ok(1..)) {} };
        // Whoever does not hang up in time loses nothing but what it has not taken.
        let _ = tokio::time::timeout(FAREWELL, end).await;
    }

    /// Does all that can be done now. What has to be waited for wakes this task.
    pub(crate) fn poll(&mut self, context: &mut Context<'_>) -> Result<(), LinkEnd> {
        self.outbox.register(context.waker());
        if self.outbox.aborted() {
            return Err(LinkEnd::Shutdown);
        }
        let mut turn = if self.receive.alone() { usize::MAX } else { TURN };
        loop {
            let Link { inbox, receive, outbox, out, limits, silence, .. } = self;
            outbox.handling(|| receive.poll_later(context, out))?;
            handle_frames(inbox, receive, outbox, out, limits, context.waker(), &mut turn)?;
            if turn == 0 && !inbox.is_done() {
                // Goes on when the runtime has looked for others that are ready. What is written by now waits with the
                // rest of the batch, so that a turn costs no write of its own.
                let _ = pin!(tokio::task::yield_now()).poll(context);
                break;
            }
            outbox.submit(out)?;
            let drained = outbox.poll_flush(context)?.is_ready();
            let congested = congested(outbox, receive, limits);
            if !inbox.is_done() {
                if congested {
                    break;
                }
                continue;
            }
            outbox.intake.done();
            let has_news = receive.has_news();
            if receive.may_end(context, outbox.intake.drained() && !has_news)
                && drained
                && silence.poll(outbox, context).is_ready()
            {
                return Err(LinkEnd::Shutdown);
            }
            if has_news && outbox.has_room() {
                context.waker().wake_by_ref();
            }
            if congested || !self.poll_read(context)? {
                break;
            }
        }
        let mut reading = !congested(&self.outbox, &self.receive, &self.limits);
        self.outbox.set_stalled(!reading);
        if !reading && !congested(&self.outbox, &self.receive, &self.limits) {
            context.waker().wake_by_ref();
            reading = true;
        }
        if self.life.poll(context, || self.heard.replace(false), reading)? {
            self.inbox.shrink_idle();
            if self.out.is_empty() {
                self.out.shrink_to(REST);
            }
        }
        Ok(())
    }

    /// One read; false when there is nothing to read now.
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
