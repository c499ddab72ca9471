//! The decisions about one connection.

use std::{
    mem,
    sync::Arc,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{
    BATCH, Inbox, Input, Intake, KEEP_IDLE, LinkEnd, LinkLimits, Quiet, Receive, Taken,
    assembly::{Assembled, Assembly},
};
use crate::{
    etf::Encoder,
    protocol::control::{Fragment, FrameForm},
};

/// How many bytes a connection handles before the runtime drives the other connections.
const TURN: usize = 16 * 1024;

/// The cost of a frame besides its bytes: a small message costs as much as this many bytes of a large one.
const FRAME_COST: usize = 256;

/// After this much input the load is checked even if no message has added to it, because other threads add to it as
/// well.
const UNLOOKED: usize = 64 * FRAME_COST;

/// The destination of a channel's output: an [`Output`](super::Output) and the socket, which other senders may share.
pub trait Transmit {
    /// Writes `batch` behind the bytes that wait, as far as there is room, keeps the rest, and empties `batch`.
    ///
    /// # Errors
    /// Returns an error when the connection has failed.
    fn submit(&self, batch: &mut Encoder) -> Result<(), LinkEnd>;

    /// Writes the bytes that wait; ready when no byte waits any more.
    ///
    /// # Errors
    /// Returns an error when the connection has failed.
    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), LinkEnd>>;

    /// Answers a tick of the peer, if one of ours has not just been sent.
    ///
    /// # Errors
    /// Returns an error when the connection has failed.
    fn answer_tick(&self) -> Result<(), LinkEnd>;

    /// Returns the number of waiting bytes that are replies to the peer.
    fn answers(&self) -> usize;

    /// Returns whether there is room for output that is not a reply.
    fn has_room(&self) -> bool;

    /// Returns the number of bytes written so far.
    fn written(&self) -> usize;

    /// Returns how far the input has been handled.
    fn intake(&self) -> &Intake;

    /// Records whether reading is stopped, for senders that make room.
    fn set_stalled(&self, stalled: bool);

    /// Records whether handlers are running. Only one thread at a time runs the handlers of a connection.
    fn set_handling(&self, handling: bool);
}

impl<T: Transmit> Transmit for Arc<T> {
    #[inline]
    fn submit(&self, batch: &mut Encoder) -> Result<(), LinkEnd> {
        T::submit(self, batch)
    }

    #[inline]
    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), LinkEnd>> {
        T::poll_flush(self, context)
    }

    fn answer_tick(&self) -> Result<(), LinkEnd> {
        T::answer_tick(self)
    }

    #[inline]
    fn answers(&self) -> usize {
        T::answers(self)
    }

    fn has_room(&self) -> bool {
        T::has_room(self)
    }

    fn written(&self) -> usize {
        T::written(self)
    }

    #[inline]
    fn intake(&self) -> &Intake {
        T::intake(self)
    }

    fn set_stalled(&self, stalled: bool) {
        T::set_stalled(self, stalled);
    }

    #[inline]
    fn set_handling(&self, handling: bool) {
        T::set_handling(self, handling);
    }
}

/// The result of handling the frames of an inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// No whole frame is left: more can be read if the channel is not congested.
    All,
    /// Frames are left.
    Some,
    /// Frames are left, and other connections must have their turn first. The replies have not been submitted.
    Turn,
}

/// One connection after its handshake. The channel decides when frames are handled and when they wait, when reading
/// stops, and when the connection ends. See the [module](super).
///
/// Input goes into a separate [`Inbox`], so that one thread can wait for it while others continue running calls.
#[derive(Debug)]
pub struct Channel<R, T> {
    receive: R,
    output: T,
    limits: LinkLimits,
    form: FrameForm,
    /// Messages of which only some fragments have arrived.
    assembly: Assembly,
    /// Replies that have not been submitted to the output.
    replies: Encoder,
    quiet: Quiet,
}

impl<R: Receive, T: Transmit> Channel<R, T> {
    /// Creates a channel that passes messages to `receive` and replies to `output`. `form` is the form of the frames.
    pub fn new(receive: R, output: T, limits: LinkLimits, form: FrameForm) -> Self {
        let (assembly, replies) = (Assembly::default(), Encoder::new());
        Channel { receive, output, limits, form, assembly, replies, quiet: Quiet::default() }
    }

    /// Returns the receiver of the messages.
    pub fn receive_mut(&mut self) -> &mut R {
        &mut self.receive
    }

    /// Returns the output for the replies.
    pub fn output(&self) -> &T {
        &self.output
    }

    /// Returns how much may be handled before other connections have their turn, for [`Self::handle`].
    pub fn turn(&self) -> usize {
        if self.receive.alone() { usize::MAX } else { TURN }
    }

    /// Continues the calls that were not answered at once.
    ///
    /// # Errors
    /// Returns an error when the connection must end.
    pub fn poll_later(&mut self, context: &mut Context<'_>) -> Result<(), LinkEnd> {
        self.output.set_handling(true);
        let polled = self.receive.poll_later(context, &mut self.replies);
        self.output.set_handling(false);
        polled
    }

    /// Handles the frames of the inbox until it is empty, too much waits, or `turn` is used up. Submits the replies to
    /// the output, in one write unless they are very many.
    ///
    /// # Errors
    /// Returns an error when the connection must end. The input before the cause has been handled and answered.
    #[inline]
    pub fn handle(&mut self, inbox: &mut Inbox, waker: &Waker, turn: &mut usize) -> Result<Handled, LinkEnd> {
        self.output.set_handling(true);
        let handled = self.frames(inbox, waker, turn);
        self.output.set_handling(false);
        if let Err(end) = handled {
            // Fails only if the connection has failed.
            let _ = self.output.submit(&mut self.replies);
            return Err(end);
        }
        let done = inbox.is_done();
        if *turn == 0 && !done {
            return Ok(Handled::Turn);
        }
        self.output.submit(&mut self.replies)?;
        if !done {
            return Ok(Handled::Some);
        }
        self.output.intake().done();
        Ok(Handled::All)
    }

    #[inline]
    fn frames(&mut self, inbox: &mut Inbox, waker: &Waker, turn: &mut usize) -> Result<(), LinkEnd> {
        if inbox.too_long().is_some() {
            self.too_long(inbox, waker)?;
        }
        // Checked once for all frames.
        match self.form {
            FrameForm::PassThrough => self.frames_in::<false>(inbox, waker, turn),
            FrameForm::Header => self.frames_in::<true>(inbox, waker, turn),
        }
    }

    fn frames_in<const HEADER: bool>(
        &mut self,
        inbox: &mut Inbox,
        waker: &Waker,
        turn: &mut usize,
    ) -> Result<(), LinkEnd> {
        let Channel { receive, output, limits, replies, assembly, .. } = self;
        let mut batch = inbox.batch();
        let input = Input { read: batch.read, waker };
        let mut left = mem::take(turn);
        while left > 0 && !congested(output, receive, limits) {
            // Messages that do not add to the load need no check of it.
            let mut unlooked = UNLOOKED.min(left);
            left -= unlooked;
            // Checked once for all of these frames: a check for each message has a measurable cost, and one call more
            // or less does no harm.
            let draining = output.intake().draining();
            while unlooked > 0 {
                let Some(frame) = batch.next() else {
                    *turn = left + unlooked;
                    return Ok(());
                };
                if frame.is_empty() {
                    if receive.tick() {
                        // As `ei` does.
                        output.answer_tick()?;
                    }
                    continue;
                }
                unlooked = unlooked.saturating_sub(FRAME_COST + frame.len());
                let mut taken = if draining {
                    let late = output.intake().is_late(batch.left_with(frame));
                    receive.last_frame::<HEADER>(frame, late, input, replies)?
                } else {
                    receive.frame::<HEADER>(frame, input, replies)?
                };
                if HEADER && taken == Taken::Fragment {
                    let late = draining.then(|| output.intake().is_late(batch.left_with(frame)));
                    taken = assemble(assembly.add(frame, limits)?, receive, late, waker, replies)?;
                }
                let full = replies.len() > BATCH;
                if full {
                    output.submit(replies)?;
                }
                if full || taken == Taken::Kept {
                    break;
                }
            }
            left += unlooked;
        }
        *turn = left;
        Ok(())
    }

    /// Reports the frame that is too long to the receiver, and skips it.
    #[cold]
    fn too_long(&mut self, inbox: &mut Inbox, waker: &Waker) -> Result<(), LinkEnd> {
        let Channel { receive, output, limits, replies, assembly, form, .. } = self;
        if let Some((head, length)) = inbox.too_long() {
            if *form == FrameForm::Header && Fragment::is_one(head) {
                let late = output.intake().draining().then_some(true);
                assemble(assembly.add_too_long(head, length, limits)?, receive, late, waker, replies)?;
            } else {
                receive.too_long(head, length, limits.max_frame, replies)?;
            }
        }
        inbox.pass_over();
        Ok(())
    }

    /// Submits the replies of calls to the output.
    ///
    /// # Errors
    /// Returns an error when the connection has failed.
    pub fn submit(&mut self) -> Result<(), LinkEnd> {
        self.output.submit(&mut self.replies)
    }

    /// Writes the bytes that wait, as far as there is room, and ends the connection if all work is done.
    ///
    /// # Errors
    /// Returns [`LinkEnd::Shutdown`] when all work is done and written, and another error when the connection has
    /// failed.
    #[inline]
    pub fn settle(&mut self, context: &mut Context<'_>, now: impl FnOnce() -> Duration) -> Result<(), LinkEnd> {
        let written = self.output.poll_flush(context)?.is_ready();
        let has_news = self.receive.has_news();
        let intake = self.output.intake();
        if self.receive.may_end(context, intake.drained() && !has_news) && written {
            let unanswered = intake.is_silent(self.output.written());
            if self.quiet.is_over(unanswered, intake.received(), now()) {
                return Err(LinkEnd::Shutdown);
            }
        } else {
            self.quiet.pause();
        }
        if has_news && self.output.has_room() {
            context.waker().wake_by_ref();
        }
        Ok(())
    }

    /// Returns the time at which [`Self::settle`] is due even if nothing happens.
    pub fn next_check(&self) -> Option<Duration> {
        self.quiet.next_check()
    }

    /// Returns `true` when no more messages may be handled for now.
    #[inline]
    pub fn is_congested(&self) -> bool {
        congested(&self.output, &self.receive, &self.limits)
    }

    /// Returns whether reading continues, and records it for senders that make room. It is checked again after it was
    /// recorded, because a sender that makes room in between wakes nobody.
    pub fn is_reading(&self) -> bool {
        let congested = self.is_congested();
        self.output.set_stalled(congested);
        !congested || !self.is_congested()
    }

    /// Frees the memory of replies, and drops them if the connection is lost. Called from time to time.
    pub fn shrink_idle(&mut self) {
        if self.replies.is_empty() {
            self.replies.shrink_to(KEEP_IDLE);
        }
    }

    /// Continues the calls of a connection that is lost. Returns `true` when none is left.
    pub fn poll_last(&mut self, context: &mut Context<'_>) -> bool {
        // The peer is gone, so an error has no consequence.
        let _ = self.receive.poll_later(context, &mut self.replies);
        self.replies = Encoder::new();
        self.receive.load().calls == 0
    }
}

/// Handles the result of adding a fragment. `late` is present when the node is stopping.
#[inline(never)]
fn assemble<R: Receive>(
    assembled: Assembled,
    receive: &mut R,
    late: Option<bool>,
    waker: &Waker,
    replies: &mut Encoder,
) -> Result<Taken, LinkEnd> {
    match assembled {
        Assembled::Part => return Ok(Taken::Handled),
        Assembled::Whole(read) => {
            let (frame, input) = (&read.bytes, Input { read: &read, waker });
            match late {
                Some(late) => receive.last_frame::<true>(frame, late, input, replies)?,
                None => receive.frame::<true>(frame, input, replies)?,
            };
        }
        Assembled::TooLong(head, length, limit) => receive.too_long(&head, length, limit, replies)?,
    }
    Ok(Taken::Kept)
}

#[inline]
fn congested<R: Receive, T: Transmit>(output: &T, receive: &R, limits: &LinkLimits) -> bool {
    let load = receive.load();
    output.answers() + load.replies_bytes > limits.max_waiting
        || load.calls >= limits.max_in_flight
        || load.calls_bytes > limits.max_in_flight_bytes
}
