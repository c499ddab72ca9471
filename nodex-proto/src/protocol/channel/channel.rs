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

/// What a connection takes in, in bytes, before the others that its runtime drives have their turn.
const TURN: usize = 16 * 1024;

/// What a frame counts for besides its bytes: a small message costs as much as this many bytes of a large one.
const FRAME_COST: usize = 256;

/// After so much the load is looked at, whatever became of the messages: other threads add to it as well.
const UNLOOKED: usize = 64 * FRAME_COST;

/// What a channel writes to: an [`Output`](super::Output), the way to the peer, and whoever else uses them.
pub trait Transmit {
    /// Writes `batch` behind what waits, as far as there is room, keeps the rest, and empties `batch`.
    ///
    /// # Errors
    /// Returns an error when the connection has failed.
    fn submit(&self, batch: &mut Encoder) -> Result<(), LinkEnd>;

    /// Writes what waits; ready when nothing waits any more.
    ///
    /// # Errors
    /// Returns an error when the connection has failed.
    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), LinkEnd>>;

    /// Answers a tick of the peer, if one of ours has not just been sent.
    ///
    /// # Errors
    /// Returns an error when the connection has failed.
    fn answer_tick(&self) -> Result<(), LinkEnd>;

    /// Returns bytes that wait to be written and answer what the peer has sent.
    fn answers(&self) -> usize;

    /// Returns whether there is room for what the peer has not asked for.
    fn has_room(&self) -> bool;

    /// Returns bytes written so far.
    fn written(&self) -> usize;

    /// Returns how far what comes has been handled.
    fn intake(&self) -> &Intake;

    /// Notes whether reading is stopped, for those who make room.
    fn set_stalled(&self, stalled: bool);

    /// Handlers run from now on, or they have given way. Only one thread at a time has them run.
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

/// What became of what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Handled {
    /// There is no whole frame left: more can be read if the channel is not congested.
    All,
    /// Frames are left.
    Some,
    /// Frames are left, and others have to have their turn before them. The replies have not been handed on.
    Turn,
}

/// One connection after its handshake, and what is done with its messages: when frames are handled and when that has to wait,
/// when reading stops, and when all is done. See the [module](super).
///
/// What is read goes into an [`Inbox`] apart, so that a thread can wait for it while others go on with calls.
#[derive(Debug)]
pub struct Channel<R, T> {
    receive: R,
    output: T,
    limits: LinkLimits,
    form: FrameForm,
    /// Messages that are under way in fragments.
    assembly: Assembly,
    /// Replies that have not been handed to the output.
    replies: Encoder,
    quiet: Quiet,
}

impl<R: Receive, T: Transmit> Channel<R, T> {
    /// Messages go to `receive`, replies to `output`. Frames come in this form.
    pub fn new(receive: R, output: T, limits: LinkLimits, form: FrameForm) -> Self {
        let (assembly, replies) = (Assembly::default(), Encoder::new());
        Channel { receive, output, limits, form, assembly, replies, quiet: Quiet::default() }
    }

    /// What is done with messages.
    pub fn receive_mut(&mut self) -> &mut R {
        &mut self.receive
    }

    /// What replies go to.
    pub fn output(&self) -> &T {
        &self.output
    }

    /// Returns how much may be handled before others have their turn, for [`Self::handle`].
    pub fn turn(&self) -> usize {
        if self.receive.alone() { usize::MAX } else { TURN }
    }

    /// Goes on with calls that were not answered at once.
    ///
    /// # Errors
    /// Returns an error when the connection has to end.
    pub fn poll_later(&mut self, context: &mut Context<'_>) -> Result<(), LinkEnd> {
        self.output.set_handling(true);
        let polled = self.receive.poll_later(context, &mut self.replies);
        self.output.set_handling(false);
        polled
    }

    /// Handles the frames of the inbox until it is empty, too much waits, or nothing is left of `turn`, and hands the replies
    /// to the output, all in one write if they are not very many.
    ///
    /// # Errors
    /// Returns an error when the connection has to end. What came before that has been handled and answered.
    #[inline]
    pub fn handle(&mut self, inbox: &mut Inbox, waker: &Waker, turn: &mut usize) -> Result<Handled, LinkEnd> {
        self.output.set_handling(true);
        let handled = self.frames(inbox, waker, turn);
        self.output.set_handling(false);
        if let Err(end) = handled {
            // It fails when the connection has.
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
        // Looked at once for all frames.
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
            // The load need not be looked at again for each of the messages that do not add to it.
            let mut unlooked = UNLOOKED.min(left);
            left -= unlooked;
            // Once for all of these: a look for each message is seen in what it costs, and a call more or less does no
            // harm.
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

    /// Looks at the frame that is too long, and passes over it.
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

    /// Hands the replies of calls to the output.
    ///
    /// # Errors
    /// Returns an error when the connection has failed.
    pub fn submit(&mut self) -> Result<(), LinkEnd> {
        self.output.submit(&mut self.replies)
    }

    /// Writes what waits, as far as there is room, and ends the connection if all is done.
    ///
    /// # Errors
    /// [`LinkEnd::Shutdown`] when all is done and written; else when the connection has failed.
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

    /// When [`Self::settle`] is due even if nothing happens.
    pub fn next_check(&self) -> Option<Duration> {
        self.quiet.next_check()
    }

    /// Returns `true` when no more messages are to be taken for now.
    #[inline]
    pub fn is_congested(&self) -> bool {
        congested(&self.output, &self.receive, &self.limits)
    }

    /// Returns whether reading goes on, for those who make room. It is looked at once more after it was noted: who has
    /// made room in between wakes nobody.
    pub fn is_reading(&self) -> bool {
        let congested = self.is_congested();
        self.output.set_stalled(congested);
        !congested || !self.is_congested()
    }

    /// Gives back memory of replies, and drops them if the connection is lost. For now and then.
    pub fn shrink_idle(&mut self) {
        if self.replies.is_empty() {
            self.replies.shrink_to(KEEP_IDLE);
        }
    }

    /// Goes on with calls whose replies nobody gets; true when there are none.
    pub fn poll_last(&mut self, context: &mut Context<'_>) -> bool {
        // There is nobody left who could break a rule.
        let _ = self.receive.poll_later(context, &mut self.replies);
        self.replies = Encoder::new();
        self.receive.load().calls == 0
    }
}

/// Hands on what a fragment has come to. `late` is there when the node is to end.
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
