//! A short wait for more input before the thread sleeps.
//!
//! A sender must wake a thread that sleeps, and that costs the sender as much as the message itself: some microseconds
//! on the same core, and more if another core must be interrupted. A peer with many calling processes sends the next
//! message soon after the last. So the thread yields and checks the socket again, for about the time that sleeping and
//! waking would take. It often yields to the peer itself on the same core, which then sends more before this thread
//! continues, and is interrupted less.
//!
//! The wait only helps if more input arrives so soon, and if no other thread uses the core for long meanwhile. Both are
//! learned from earlier waits: a thread that gained nothing sleeps at once, and tries again after a number of waits, or
//! when enough time has passed to make the cost of a try small.

use std::{
    io,
    time::{Duration, Instant},
};

/// The longest wait: about the time that it takes to sleep and be woken from another core.
const MOMENT: Duration = Duration::from_micros(25);

/// A yield with no other thread to run takes less than this.
const SWITCH: Duration = Duration::from_micros(1);

/// How long other threads may have used the core during one yield.
const TURN: Duration = Duration::from_micros(100);

/// The additional time for each byte that arrived meanwhile, because its sender had work to do. A BEAM sends a byte in
/// less than half of that.
const FOR_A_BYTE: Duration = Duration::from_nanos(200);

/// Input of up to this many bytes is one small message. A single message whose sender needs this core arrives just as
/// soon if this thread sleeps, because the only cost is the switch to the sender and back. A call of a BEAM is longer,
/// and arrives in three parts.
const ONE_MESSAGE: usize = 200;

/// The greatest number of waits in vain that have no consequence after as many successful ones.
const CREDIT: u32 = 8;

/// The number of waits that are skipped after one in vain: at first, and at most.
const FIRST: u32 = 8;
const LAST: u32 = 64;

/// After other threads have used the core for long, this thread does not try again for this many times as long. The
/// cost is therefore at most this fraction of the time.
const REST: u32 = 256;

/// Decides, by what it has learned, whether a thread waits before it sleeps.
#[derive(Debug, Default)]
pub(super) struct Linger {
    credit: u32,
    /// How many waits are left to skip before the next try.
    skip: u32,
    /// How many were skipped the last time.
    skipped: u32,
    /// No try before this time.
    until: Option<Instant>,
}

/// The result of a wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Came,
    /// Nothing arrived, or only one small message, which the sender has sent when it used the core during the first
    /// yield.
    Nothing,
    /// Other threads used the core for this time.
    Busy(Duration),
}

impl Linger {
    /// Returns what `look` has found within [`MOMENT`], or `None` if the thread should sleep until input arrives.
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

    /// Returns whether other threads have used the core for long, and it is too soon to yield again.
    fn rests(&mut self, now: impl Fn() -> Instant) -> bool {
        let rests = self.until.is_some_and(|until| now() < until);
        if rests {
            // The clock is not read each time.
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

/// Yields and checks until input is found or [`MOMENT`] is over. It is a separate function, so that a profile shows the
/// time of waiting apart from that of work.
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

/// Returns the result of a wait in which other threads used the core for `turn` and `came` bytes were found, or `None`
/// if the wait continues.
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

    /// Returns how many of these waits are tries, each with this outcome, while the time stands still.
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
        // That it helps again is noticed within the longest pause.
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
        // The time that a BEAM needs on the same core for three plain calls, for 64, for 64 of `GenServer.call`, and
        // for a thousand.
        for (turn, bytes) in [(16, 3 * 70), (300, 64 * 70), (720, 64 * 303), (5000, 1000 * 70)] {
            assert_eq!(after(turn, bytes), Some(Outcome::Came), "{turn} {bytes}");
        }
        // A time slice of a thread that has sent nothing, while others have.
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
        // On a machine that is busy with other work the thread sleeps.
        assert!(matches!(found, Ok(Some(5) | None)), "{found:?}");
        linger = Linger::default();
        let error = linger.look(|_: &usize| 0, || Err(io::ErrorKind::ConnectionReset.into()));
        assert!(error.is_err_and(|error| error.kind() == io::ErrorKind::ConnectionReset));
        // In vain: the thread waits no longer than the limit, and then sleeps.
        assert!(matches!(linger.look(|_: &usize| 0, || Ok(None)), Ok(None)));
    }
}
