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

/// A tick that comes sooner than this after one of ours is not answered. No `net_ticktime` is so short that it needs more.
const TICK_PAUSE: Duration = Duration::from_secs(1);

/// A frame of length zero.
const TICK: [u8; 4] = [0; 4];

/// Frames in the order in which they are written, and how far they have been.
///
/// Writing is handed in as `write`: it takes bytes from a position on, as many as there is room for, and returns the position
/// that it came to.
///
/// Where fragments were agreed on, a message longer than one is kept apart and goes out one fragment at a time, so that what
/// other processes say goes past it.
#[derive(Debug)]
pub struct Output {
    out: Encoder,
    /// How much of `out` has been written.
    done: usize,
    /// Bytes that wait and that the peer has not asked for, or some more; those of messages in lanes aside.
    own: usize,
    ticked: Option<Duration>,
    /// What is longer than this has to be looked at frame by frame: a message may have to be cut, or to wait behind one.
    look: usize,
    /// Bytes that wait in lanes.
    in_lanes: usize,
    lanes: Option<Box<Lanes>>,
    /// As many bytes of answers may wait in lanes and count as none.
    max_fragments: usize,
}

impl Default for Output {
    fn default() -> Self {
        let (out, lanes) = (Encoder::new(), None);
        Output { out, done: 0, own: 0, ticked: None, look: usize::MAX, in_lanes: 0, lanes, max_fragments: 0 }
    }
}

impl Output {
    /// For frames in this form. Of answers in fragments, `max_fragments` bytes may wait and count as none.
    pub fn new(form: FrameForm, max_fragments: usize) -> Self {
        match form {
            FrameForm::PassThrough => Output::default(),
            FrameForm::Header => {
                Output { look: WHOLE, lanes: Some(Box::new(Lanes::new())), max_fragments, ..Output::default() }
            }
        }
    }

    /// Has somebody be asked whose an alias is. Without it, what is sent to an alias waits for what its sender has under way.
    pub fn set_owners(&mut self, owners: Arc<dyn Owners>) {
        if let Some(lanes) = &mut self.lanes {
            lanes.set_owners(owners);
        }
    }

    /// Appends bytes that are not looked at.
    pub fn append_as_they_are(&mut self, own: bool, bytes: &[u8]) {
        self.out.put_slice(bytes);
        if own {
            self.own += bytes.len();
        }
    }

    /// Appends whole frames. `own` says that the peer has not asked for them.
    pub fn append<T>(&mut self, own: bool, write: impl FnOnce(&mut Encoder) -> T) -> T {
        let (before, mark) = (self.out.len(), self.out.mark());
        // Values write themselves, and theirs is other people's code.
        let result = catch_unwind(AssertUnwindSafe(|| write(&mut self.out))).unwrap_or_else(|panic| {
            // The beginning of a frame would be taken for the next one.
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

    /// Sorts out the frames that were appended since `mark`.
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

    /// After something was put into lanes or has left them.
    fn look_at_lanes(&mut self) {
        let Some(lanes) = &self.lanes else { return };
        let LaneLoad { long, short, .. } = lanes.load();
        self.in_lanes = long + short;
        self.look = if lanes.is_empty() { WHOLE } else { 0 };
    }

    /// Returns bytes that have not been written yet.
    #[inline]
    pub fn waiting(&self) -> usize {
        self.in_line() + self.in_lanes
    }

    /// Those of them that wait in fragments, or behind what does.
    #[inline]
    pub fn in_lanes(&self) -> usize {
        self.in_lanes
    }

    /// Those of them that wait in fragments, and keep nobody from sending before there are very many.
    pub fn in_fragments(&self) -> usize {
        self.lane_load().long
    }

    fn lane_load(&self) -> LaneLoad {
        self.lanes.as_ref().map_or(LaneLoad::default(), |lanes| lanes.load())
    }

    /// Bytes that wait in the order in which they are written.
    #[inline]
    fn in_line(&self) -> usize {
        self.out.len() - self.done
    }

    /// Those of them that answer what the peer has sent, or some less: what was written is taken to be answers as long as any
    /// can be left. So what is counted as answers never has anything of our own accord in it. Of those in fragments, only what
    /// is more than may wait is counted.
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

    /// Writes `batch` behind what waits, as far as it is taken at once, and keeps the rest.
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

    /// Takes replies, some of which may have to be cut or to wait; false if there are none of these.
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

    /// Writes what waits, as far as it is taken at once: of messages in fragments one fragment, and then it is somebody else's
    /// turn.
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

    /// Writes a tick if nothing waits; else what waits, which is as good as a tick.
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

    /// Returns whether a tick of the peer is to be answered: not if one of ours has just been sent. Two nodes that
    /// answered every tick would never come to rest.
    pub fn answers_tick(&self, now: Duration) -> bool {
        self.ticked.is_none_or(|ticked| now.saturating_sub(ticked) >= TICK_PAUSE)
    }

    /// Drops what waits.
    pub fn clear(&mut self) {
        *self = Output::default();
    }

    /// Gives back the memory of what has been written, if nothing waits. For when nothing has been written for a while.
    pub fn shrink_idle(&mut self) {
        if self.out.is_empty() {
            self.out.shrink_to(KEEP_IDLE);
        }
    }

    /// Lets go of what has been written. While something always waits, that is done each time it is the larger part.
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

    /// What is held: what waits, and in front of it what has been written and not let go of.
    pub fn held(&self) -> &Encoder {
        &self.out
    }
}
