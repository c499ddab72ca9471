//! How far the input of one connection has been read and handled. When a node stops, this distinguishes input that
//! arrived before the stop was requested from later input.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Positions in the stream of bytes of one connection, counted from the end of the handshake.
#[derive(Debug)]
pub struct Intake {
    /// The node is stopping.
    draining: AtomicBool,
    /// A frame that begins behind this position is late.
    mark: AtomicUsize,
    /// How many bytes had been written when the stop was requested.
    written: AtomicUsize,
    /// How many bytes have been read from the socket.
    received: AtomicUsize,
    /// All whole frames before this position have been handled.
    handled: AtomicUsize,
}

impl Default for Intake {
    fn default() -> Self {
        Intake {
            draining: AtomicBool::new(false),
            mark: AtomicUsize::new(usize::MAX),
            written: AtomicUsize::new(0),
            received: AtomicUsize::new(0),
            handled: AtomicUsize::new(0),
        }
    }
}

impl Intake {
    /// Records that bytes were read. Only the driver of the connection reads.
    #[inline]
    pub fn read(&self, count: usize) {
        self.received.store(self.received.load(Ordering::Relaxed).wrapping_add(count), Ordering::Release);
    }

    /// Records that all whole frames that were read have been handled.
    #[inline]
    pub fn done(&self) {
        self.handled.store(self.received.load(Ordering::Relaxed), Ordering::Release);
    }

    /// Returns whether the node is stopping.
    #[inline(always)]
    pub fn draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Returns how many bytes have been read.
    pub fn received(&self) -> usize {
        self.received.load(Ordering::Relaxed)
    }

    /// Returns whether nothing was written since the stop was requested. `written` is the number of bytes written by
    /// now.
    pub fn is_silent(&self, written: usize) -> bool {
        self.written.load(Ordering::Relaxed) == written
    }

    /// Records that the node is stopping. `unread` returns how many bytes wait in the socket; `written` is the number
    /// of bytes written by now.
    pub fn drain(&self, unread: impl Fn() -> usize, written: usize) {
        let mut received = self.received.load(Ordering::Acquire);
        let mark = loop {
            let mark = received.saturating_add(unread());
            // Bytes that are read in between would count twice, and the end would wait for bytes that never arrive.
            match self.received.load(Ordering::Acquire) {
                same if same == received => break mark,
                more => received = more,
            }
        };
        if !self.draining() {
            self.written.store(written, Ordering::Relaxed);
        }
        if self.mark.compare_exchange(usize::MAX, mark, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            self.draining.store(true, Ordering::Release);
        }
    }

    /// Returns whether the frame that begins `before_end` bytes before the end of the input arrived after the stop was
    /// requested.
    pub fn is_late(&self, before_end: usize) -> bool {
        self.received.load(Ordering::Relaxed).saturating_sub(before_end) >= self.mark.load(Ordering::Relaxed)
    }

    /// Returns whether all whole frames that had arrived when the stop was requested have been handled.
    pub fn drained(&self) -> bool {
        self.draining.load(Ordering::Acquire)
            && self.handled.load(Ordering::Acquire) >= self.mark.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_was_there_is_told_from_what_came_later() {
        let intake = Intake::default();
        intake.read(100);
        assert!(!intake.draining() && !intake.drained());
        // 100 bytes have been read, of which the last 40 have not been handled, and 50 wait in the socket.
        intake.drain(|| 50, 7);
        assert!(intake.is_silent(7) && !intake.is_silent(8));
        assert!(intake.draining() && !intake.drained());
        assert!(!intake.is_late(40));
        intake.done();
        assert!(!intake.drained());
        intake.read(80);
        assert!(!intake.is_late(31), "begins at 149");
        assert!(intake.is_late(30), "begins at 150");
        assert!(!intake.drained());
        intake.done();
        assert!(intake.drained());
        // Asked again, later.
        intake.drain(|| 1000, 9);
        assert!(intake.drained() && intake.is_silent(7));
    }

    #[test]
    fn what_is_read_while_the_socket_is_looked_at_counts_once() {
        let (intake, looks) = (Intake::default(), Cell::new(0));
        let unread = || {
            looks.set(looks.get() + 1);
            if looks.get() == 1 {
                // Read just after it was counted.
                intake.read(50);
                return 50;
            }
            0
        };
        intake.drain(unread, 0);
        intake.done();
        assert!(intake.drained() && looks.get() == 2);
        assert!(!intake.is_late(1) && intake.is_late(0));
    }
}
