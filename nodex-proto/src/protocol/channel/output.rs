//! Bytes that wait to be written.

use std::{
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    time::Duration,
};

use super::{KEEP, KEEP_IDLE};
use crate::etf::Encoder;

/// A tick that comes sooner than this after one of ours is not answered. No `net_ticktime` is so short that it needs more.
const TICK_PAUSE: Duration = Duration::from_secs(1);

/// A frame of length zero.
const TICK: [u8; 4] = [0; 4];

/// Frames in the order in which they are written, and how far they have been.
///
/// Writing is handed in as `write`: it takes bytes from a position on, as many as there is room for, and returns the position
/// that it came to.
#[derive(Debug, Default)]
pub struct Output {
    out: Encoder,
    /// How much of `out` has been written.
    done: usize,
    /// Bytes that wait and that the peer has not asked for, or some more.
    own: usize,
    ticked: Option<Duration>,
}

impl Output {
    /// Appends whole frames. `own` says that the peer has not asked for them.
    pub fn append<T>(&mut self, own: bool, write: impl FnOnce(&mut Encoder) -> T) -> T {
        let (before, mark) = (self.out.len(), self.out.mark());
        // Values write themselves, and theirs is other people's code.
        let result = catch_unwind(AssertUnwindSafe(|| write(&mut self.out))).unwrap_or_else(|panic| {
            // The beginning of a frame would be taken for the next one.
            self.out.rollback(mark);
            resume_unwind(panic)
        });
        if own {
            self.own += self.out.len() - before;
        }
        result
    }

    /// Returns bytes that have not been written yet.
    #[inline]
    pub fn waiting(&self) -> usize {
        self.out.len() - self.done
    }

    /// Those of them that answer what the peer has sent, or some less: what was written is taken to be answers as long as any
    /// can be left. So what is counted as answers never has anything of our own accord in it.
    #[inline]
    pub fn answers(&mut self) -> usize {
        let waiting = self.waiting();
        self.own = self.own.min(waiting);
        waiting - self.own
    }

    /// Writes `batch` behind what waits, as far as it is taken at once, and keeps the rest.
    ///
    /// # Errors
    /// Returns those of `write`.
    #[inline]
    pub fn submit<E>(
        &mut self,
        batch: &mut Encoder,
        write: impl FnOnce(&Encoder, usize) -> Result<usize, E>,
    ) -> Result<(), E> {
        if self.waiting() == 0 {
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

    /// Writes what waits, as far as it is taken at once.
    ///
    /// # Errors
    /// Returns those of `write`.
    pub fn flush<E>(&mut self, write: impl FnOnce(&Encoder, usize) -> Result<usize, E>) -> Result<(), E> {
        self.done = write(&self.out, self.done)?;
        self.let_go();
        Ok(())
    }

    /// Writes a tick if nothing waits; else what waits, which is as good as a tick.
    ///
    /// # Errors
    /// Returns those of `write`.
    pub fn tick<E>(&mut self, now: Duration, write: impl FnOnce(&Encoder, usize) -> Result<usize, E>) -> Result<(), E> {
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
