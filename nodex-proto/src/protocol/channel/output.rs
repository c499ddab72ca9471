//! Bytes that wait to be written.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    sync::Arc,
    time::Duration,
};

use super::{
    KEEP, KEEP_IDLE,
    lanes::{LaneLoad, Lanes, WHOLE},
    pair::Owners,
};
use crate::{
    etf::{Encoder, Mark},
    protocol::control::FrameForm,
};

/// A tick that arrives sooner than this after one of ours is not answered. No `net_ticktime` is so short that it needs
/// more.
const TICK_PAUSE: Duration = Duration::from_secs(1);

/// A frame of length zero.
const TICK: [u8; 4] = [0; 4];

/// Frames in the order in which they are written, and the position up to which they have been written.
///
/// The caller passes in a function `write`, which writes bytes from a position on, as many as there is room for, and
/// returns the position that it has reached.
///
/// If both nodes support fragments, a message that is longer than one fragment is kept separately and sent one fragment
/// at a time, so that messages of other processes can overtake it.
#[derive(Debug)]
pub struct Output {
    out: Encoder,
    /// How many bytes of `out` have been written.
    done: usize,
    /// The waiting bytes that are not replies to the peer, or somewhat more; bytes in lanes do not count.
    own: usize,
    ticked: Option<Duration>,
    /// Output longer than this must be checked frame by frame: a message may have to be cut, or to wait behind another
    /// one.
    look: usize,
    /// The bytes that wait in lanes.
    in_lanes: usize,
    lanes: Option<Box<Lanes>>,
    /// This many bytes of replies may wait in lanes without being counted.
    max_fragments: usize,
}

impl Default for Output {
    fn default() -> Self {
        let (out, lanes) = (Encoder::new(), None);
        Output { out, done: 0, own: 0, ticked: None, look: usize::MAX, in_lanes: 0, lanes, max_fragments: 0 }
    }
}

impl Output {
    /// Creates an output for frames in this form. `max_fragments` bytes of replies in fragments may wait without being
    /// counted.
    pub fn new(form: FrameForm, max_fragments: usize) -> Self {
        match form {
            FrameForm::PassThrough => Output::default(),
            FrameForm::Header => {
                Output { look: WHOLE, lanes: Some(Box::new(Lanes::new())), max_fragments, ..Output::default() }
            }
        }
    }

    /// Sets who knows the owner of an alias. Without it, a message to an alias waits for all unfinished messages of its
    /// sender.
    pub fn set_owners(&mut self, owners: Arc<dyn Owners>) {
        if let Some(lanes) = &mut self.lanes {
            lanes.set_owners(owners);
        }
    }

    /// Appends bytes without checking them.
    pub fn append_as_they_are(&mut self, own: bool, bytes: &[u8]) {
        self.out.put_slice(bytes);
        if own {
            self.own += bytes.len();
        }
    }

    /// Appends whole frames. `own` says that they are not replies to the peer.
    pub fn append<T>(&mut self, own: bool, write: impl FnOnce(&mut Encoder) -> T) -> T {
        let (before, mark) = (self.out.len(), self.out.mark());
        // Values write themselves, by code that is not ours and may panic.
        let result = catch_unwind(AssertUnwindSafe(|| write(&mut self.out))).unwrap_or_else(|panic| {
            // The peer would read the next frame as the rest of an unfinished one.
            self.out.rollback(mark);
            resume_unwind(panic)
        });
        let written = self.out.len() - before;
        if written > self.look {
            self.sort(mark, own);
        } else if own {
            self.own += written;
        }
        result
    }

    /// Moves the frames that were appended since `mark` and must be cut, or must wait, to the lanes.
    #[cold]
    fn sort(&mut self, mark: Mark, own: bool) {
        let Some(lanes) = &mut self.lanes else { return };
        let frames = self.out.split_off(mark);
        let short = if lanes.is_empty() && !Lanes::has_long(&frames) {
            self.out.append(&frames);
            frames.len()
        } else {
            lanes.put(frames, own, &mut self.out)
        };
        if own {
            self.own += short;
        }
        self.look_at_lanes();
    }

    /// Updates the fields that depend on the lanes.
    fn look_at_lanes(&mut self) {
        let Some(lanes) = &self.lanes else { return };
        let LaneLoad { long, short, .. } = lanes.load();
        self.in_lanes = long + short;
        self.look = if lanes.is_empty() { WHOLE } else { 0 };
    }

    /// Returns the number of bytes that have not been written yet.
    #[inline]
    pub fn waiting(&self) -> usize {
        self.in_line() + self.in_lanes
    }

    /// Returns how many of them wait in lanes: in fragments, or behind a message in fragments.
    #[inline]
    pub fn in_lanes(&self) -> usize {
        self.in_lanes
    }

    /// Returns how many of them wait in fragments. Senders wait only when these are very many.
    pub fn in_fragments(&self) -> usize {
        self.lane_load().long
    }

    fn lane_load(&self) -> LaneLoad {
        self.lanes.as_ref().map_or(LaneLoad::default(), |lanes| lanes.load())
    }

    /// Returns how many bytes wait outside of the lanes.
    #[inline]
    fn in_line(&self) -> usize {
        self.out.len() - self.done
    }

    /// Returns how many waiting bytes are replies to the peer, or somewhat fewer: written bytes count as replies as
    /// long as some replies may be left, so that other output is never counted as replies. Of replies in fragments,
    /// only the bytes over their limit count.
    #[inline]
    pub fn answers(&mut self) -> usize {
        if self.in_lanes > 0 {
            return self.answers_in_lanes();
        }
        let waiting = self.in_line();
        self.own = self.own.min(waiting);
        waiting - self.own
    }

    #[cold]
    fn answers_in_lanes(&mut self) -> usize {
        let LaneLoad { long_answers, short, .. } = self.lane_load();
        let waiting = self.in_line() + short;
        self.own = self.own.min(waiting);
        waiting - self.own + long_answers.saturating_sub(self.max_fragments)
    }

    /// Writes `batch` behind the bytes that wait, as far as `write` accepts it at once, and keeps the rest.
    ///
    /// # Errors
    /// Returns those of `write`.
    #[inline]
    pub fn submit<E>(
        &mut self,
        batch: &mut Encoder,
        write: impl FnMut(&Encoder, usize) -> Result<usize, E>,
    ) -> Result<(), E> {
        if batch.len() > self.look && self.take_sorted(batch) {
            return self.flush(write);
        }
        self.submit_in_line(batch, write)
    }

    #[inline]
    fn submit_in_line<E>(
        &mut self,
        batch: &mut Encoder,
        mut write: impl FnMut(&Encoder, usize) -> Result<usize, E>,
    ) -> Result<(), E> {
        if self.in_line() == 0 {
            let written = write(batch, 0)?;
            if written < batch.len() {
                std::mem::swap(&mut self.out, batch);
                self.done = written;
            }
        } else if !batch.is_empty() {
            self.out.append(batch);
            self.flush(write)?;
        }
        Ok(())
    }

    /// Adds replies of which some may have to be cut or to wait. Returns `false` if there is no such reply.
    #[cold]
    fn take_sorted(&mut self, batch: &mut Encoder) -> bool {
        let Some(lanes) = &mut self.lanes else { return false };
        if lanes.is_empty() && !Lanes::has_long(batch) {
            return false;
        }
        lanes.put(std::mem::take(batch), false, &mut self.out);
        self.look_at_lanes();
        true
    }

    /// Writes the bytes that wait, as far as `write` accepts them at once. Of messages in fragments it writes one
    /// fragment; then other connections have their turn.
    ///
    /// # Errors
    /// Returns those of `write`.
    pub fn flush<E>(&mut self, mut write: impl FnMut(&Encoder, usize) -> Result<usize, E>) -> Result<(), E> {
        self.done = write(&self.out, self.done)?;
        self.let_go();
        if self.look == 0 && self.in_line() == 0 {
            self.next_fragment();
            self.done = write(&self.out, self.done)?;
            self.let_go();
        }
        Ok(())
    }

    #[cold]
    fn next_fragment(&mut self) {
        let Some(lanes) = &mut self.lanes else { return };
        self.own += lanes.next(&mut self.out);
        self.look_at_lanes();
    }

    /// Writes a tick if nothing waits; otherwise writes the bytes that wait, which have the effect of a tick.
    ///
    /// # Errors
    /// Returns those of `write`.
    pub fn tick<E>(&mut self, now: Duration, write: impl FnMut(&Encoder, usize) -> Result<usize, E>) -> Result<(), E> {
        self.ticked = Some(now);
        if self.waiting() == 0 {
            self.out.clear();
            self.done = 0;
            self.out.put_slice(&TICK);
        }
        self.flush(write)
    }

    /// Returns whether a tick of the peer must be answered: not if one of ours has just been sent, because two nodes
    /// that answered every tick would never stop.
    pub fn answers_tick(&self, now: Duration) -> bool {
        self.ticked.is_none_or(|ticked| now.saturating_sub(ticked) >= TICK_PAUSE)
    }

    /// Drops the bytes that wait.
    pub fn clear(&mut self) {
        *self = Output::default();
    }

    /// Frees the memory of written bytes, if nothing waits. Called when nothing has been written for a while.
    pub fn shrink_idle(&mut self) {
        if self.out.is_empty() {
            self.out.shrink_to(KEEP_IDLE);
        }
    }

    /// Drops the bytes that have been written. If some bytes always wait, it does so each time the written ones are the
    /// larger part.
    fn let_go(&mut self) {
        let (done, all) = (self.done, self.out.len());
        if done == all {
            self.out.clear();
            self.done = 0;
        } else if done > KEEP && done >= all - done {
            self.out.drop_front(done);
            self.done = 0;
        } else {
            return;
        }
        self.out.shrink_to(KEEP);
    }

    /// Returns all bytes in memory: those that wait, after those that have been written and not dropped yet.
    pub fn held(&self) -> &Encoder {
        &self.out
    }
}
