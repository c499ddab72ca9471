//! Whether the peer still shows signs of life.

use std::time::Duration;

use super::LinkEnd;

/// Counts the quarters of the tick time in which nothing arrived (`dist_util:con_loop`). Times count from any fixed
/// moment.
#[derive(Debug)]
pub struct Life {
    tick_time: Duration,
    quarter: Duration,
    next: Duration,
    silent_quarters: u32,
}

impl Life {
    /// Starts at `now`, for a peer that counts as lost when nothing arrives from it for `tick_time`.
    pub fn new(tick_time: Duration, now: Duration) -> Self {
        let quarter = (tick_time / 4).max(Duration::from_millis(1));
        Life { tick_time, quarter, next: now.saturating_add(quarter), silent_quarters: 0 }
    }

    /// Returns the time at which [`Self::check`] is due.
    pub fn next_check(&self) -> Duration {
        self.next
    }

    /// Returns `true` if a quarter has passed since the last check. `heard` returns, and resets, whether something
    /// arrived; while reading is stopped, silence means nothing.
    ///
    /// # Errors
    /// Returns an error when the peer counts as lost.
    pub fn check(&mut self, now: Duration, heard: impl FnOnce() -> bool, reading: bool) -> Result<bool, LinkEnd> {
        if now < self.next {
            return Ok(false);
        }
        self.next = now.saturating_add(self.quarter);
        if heard() || !reading {
            self.silent_quarters = 0;
            return Ok(true);
        }
        self.silent_quarters += 1;
        // Something arrived in the quarter before these, which was four to five quarters ago.
        if self.silent_quarters >= 4 { Err(LinkEnd::TickTimeout(self.tick_time)) } else { Ok(true) }
    }
}
