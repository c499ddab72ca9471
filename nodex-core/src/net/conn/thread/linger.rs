//! Waits a moment for more before the thread sleeps.
//!
//! Whoever sends to a thread that sleeps has to wake it, and that costs the sender as much as the message itself: some
//! microseconds on the same core, and more where another core has to be told. A peer with many processes that call sends
//! the next message soon after the last, so the thread gives way to others and looks again, for about as long as to sleep
//! and to be woken would take. The others are often the peer itself on the same core, which then sends more before this
//! thread goes on, and is interrupted less.
//!
//! This only pays where more comes so soon, and where nobody else takes the core for long meanwhile. Both are learned from
//! the waits before: a thread for which it did not pay sleeps at once, and tries again after a number of waits, or when
//! enough time has gone by for what it may cost.

use std::{
    io,
    time::{Duration, Instant},
};

/// For how long it waits: about what it takes to sleep and be woken from another core.
const MOMENT: Duration = Duration::from_micros(25);

/// To give way to nobody takes less.
const SWITCH: Duration = Duration::from_micros(1);

/// How long others may have had the core when it gave way once.
const TURN: Duration = Duration::from_micros(100);

/// How much longer, for each byte that has come meanwhile: those who sent it had work to do. A BEAM sends a byte in less
/// than half of that.
const FOR_A_BYTE: Duration = Duration::from_nanos(200);

/// Up to so many bytes are one small message. One at a time, whose sender needs this core to send it, comes as soon after a
/// sleep: the switch to the sender and back is all there is. A call of a BEAM has more, and comes in three parts.
const ONE_MESSAGE: usize = 200;

/// So many waits in vain are forgiven, when so many were not.
const CREDIT: u32 = 8;

/// Waits until the next try after one in vain, at first and at most.
const FIRST: u32 = 8;
const LAST: u32 = 64;

/// Others who had the core for long keep this thread from trying for so many times as long: what that may cost is no more
/// than this part of the time.
const REST: u32 = 256;

/// Whether a thread waits for a moment, as it has learned.
#[derive(Debug, Default)]
pub(super) struct Linger {
    credit: u32,
    /// Waits until the next try.
    skip: u32,
    /// How many it were the last time.
    skipped: u32,
    /// Not before this time.
    until: Option<Instant>,
}

/// What a wait has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Came,
    /// Also when the sender had the core in its first turn, and has sent one small message.
    Nothing,
    /// Others had the core for so long.
    Busy(Duration),
}

impl Linger {
    /// Returns what `look` has found within a moment, or `None` if the thread is to sleep until something comes.
    pub(super) fn look<T>(
        &mut self,
        bytes: impl Fn(&T) -> usize,
        look: impl FnMut() -> io::Result<Option<T>>,
    ) -> io::Result<Option<T>> {
        if self.skip > 0 {
            self.skip -= 1;
            return Ok(None);
        }
        if self.rests(Instant::now) {
            return Ok(None);
        }
        let (found, outcome) = moment(bytes, look)?;
        self.learn(outcome, Instant::now);
        Ok(found)
    }

    /// Whether others had the core for long and it is too soon to let them have it again.
    fn rests(&mut self, now: impl Fn() -> Instant) -> bool {
        let rests = self.until.is_some_and(|until| now() < until);
        if rests {
            // The clock is not looked at each time.
            self.skip = LAST;
        } else {
            self.until = None;
        }
        rests
    }

    fn learn(&mut self, outcome: Outcome, now: impl Fn() -> Instant) {
        match outcome {
            Outcome::Came => {
                self.credit = (self.credit + 1).min(CREDIT);
                self.skipped = 0;
            }
            Outcome::Nothing if self.credit > 0 => self.credit -= 1,
            Outcome::Nothing => {
                self.skipped = (self.skipped * 2).clamp(FIRST, LAST);
                self.skip = self.skipped;
            }
            Outcome::Busy(turn) => {
                self.credit = 0;
                self.until = now().checked_add(turn.saturating_mul(REST));
            }
        }
    }
}

/// Gives way and looks, until something is there or the moment is over. A function of its own, so that what it takes to
/// wait can be told from what it takes to work.
#[inline(never)]
fn moment<T>(
    bytes: impl Fn(&T) -> usize,
    mut look: impl FnMut() -> io::Result<Option<T>>,
) -> io::Result<(Option<T>, Outcome)> {
    let began = Instant::now();
    let mut before = began;
    loop {
        std::thread::yield_now();
        let now = Instant::now();
        let found = look()?;
        let came = found.as_ref().map(&bytes);
        let outcome = outcome(now - before, now - began, came);
        if let Some(outcome) = outcome {
            return Ok((found, outcome));
        }
        before = now;
    }
}

/// Returns what it has come to, when the core was given away for `turn` and so many bytes were found, or `None` if it goes
/// on.
fn outcome(turn: Duration, waited: Duration, came: Option<usize>) -> Option<Outcome> {
    let bytes = u32::try_from(came.unwrap_or_default()).unwrap_or(u32::MAX);
    if turn > TURN.saturating_add(FOR_A_BYTE.saturating_mul(bytes)) {
        return Some(Outcome::Busy(turn));
    }
    match came {
        Some(1..ONE_MESSAGE) if turn == waited && turn > SWITCH => Some(Outcome::Nothing),
        Some(_) => Some(Outcome::Came),
        None => (waited >= MOMENT).then_some(Outcome::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of so many waits are tries, each with this outcome, at a time that stands still.
    fn tries(linger: &mut Linger, waits: u32, outcome: Outcome, now: Instant) -> u32 {
        let mut tries = 0;
        for _ in 0..waits {
            if linger.skip > 0 {
                linger.skip -= 1;
            } else if !linger.rests(|| now) {
                tries += 1;
                linger.learn(outcome, || now);
            }
        }
        tries
    }

    #[test]
    fn what_pays_goes_on() {
        let (mut linger, now) = (Linger::default(), Instant::now());
        assert_eq!(tries(&mut linger, 1000, Outcome::Came, now), 1000);
        // A few in vain change nothing.
        assert_eq!(tries(&mut linger, CREDIT, Outcome::Nothing, now), CREDIT);
        assert_eq!(tries(&mut linger, 1000, Outcome::Came, now), 1000);
    }

    #[test]
    fn what_is_in_vain_is_tried_ever_less() {
        let (mut linger, now) = (Linger::default(), Instant::now());
        tries(&mut linger, 1000, Outcome::Nothing, now);
        let seldom = tries(&mut linger, 65_000, Outcome::Nothing, now);
        assert!((900..=1001).contains(&seldom), "{seldom}");
        // And found again within the longest pause.
        assert!(tries(&mut linger, 2 * LAST, Outcome::Came, now) >= LAST);
    }

    #[test]
    fn a_core_that_others_want_is_left_to_them() {
        let (mut linger, now) = (Linger::default(), Instant::now());
        let turn = Duration::from_millis(30);
        tries(&mut linger, 100, Outcome::Came, now);
        assert_eq!(tries(&mut linger, 100_000, Outcome::Busy(turn), now), 1);
        assert_eq!(tries(&mut linger, 100_000, Outcome::Came, now + turn * (REST - 1)), 0);
        assert!(tries(&mut linger, 2 * LAST, Outcome::Came, now + turn * REST) >= LAST);
    }

    #[test]
    fn others_may_take_as_long_as_they_have_sent() {
        let us = Duration::from_micros;
        let after = |turn, bytes| outcome(us(turn), us(turn), (bytes > 0).then_some(bytes));
        // Three plain calls, 64 of them, as GenServer.call, and a thousand: what a BEAM takes on the same core.
        for (turn, bytes) in [(16, 3 * 70), (300, 64 * 70), (720, 64 * 303), (5000, 1000 * 70)] {
            assert_eq!(after(turn, bytes), Some(Outcome::Came), "{turn} {bytes}");
        }
        // A slice of somebody who has sent nothing, whoever else has.
        for bytes in [0, 70, 16 * 70] {
            assert_eq!(after(2800, bytes), Some(Outcome::Busy(us(2800))), "{bytes}");
        }
        // One small message: from another core, or from this one.
        assert_eq!(outcome(us(1), us(8), Some(70)), Some(Outcome::Came));
        assert_eq!(after(8, 70), Some(Outcome::Nothing));
        // It was there already.
        assert_eq!(outcome(us(1), us(1), Some(70)), Some(Outcome::Came));
        assert_eq!(outcome(us(1), us(24), None), None);
        assert_eq!(outcome(us(1), us(25), None), Some(Outcome::Nothing));
    }

    #[test]
    fn what_is_found_is_returned_and_errors_too() {
        let mut linger = Linger::default();
        let mut looks = 0;
        let found = linger.look(|_| 70, || Ok((std::mem::replace(&mut looks, 1) > 0).then_some(5)));
        // On a machine that does something else for so long it is left to sleep.
        assert!(matches!(found, Ok(Some(5) | None)), "{found:?}");
        linger = Linger::default();
        let error = linger.look(|_: &usize| 0, || Err(io::ErrorKind::ConnectionReset.into()));
        assert!(error.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset));
        // In vain: not for longer than a moment, and then it sleeps.
        assert!(matches!(linger.look(|_: &usize| 0, || Ok(None)), Ok(None)));
    }
}
