//! The timer of one connection.

use std::{future::Future as _, pin::Pin, task::Context, time::Duration};

use tokio::time::{Instant, Sleep, sleep};

use crate::protocol::channel::{Life, LinkEnd};

/// The time at which a timer is set when no clock can hold its time: some decades from the start.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// Counts from the start of a connection, and wakes its driver when a decision is due.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    timer: Pin<Box<Sleep>>,
    set: Duration,
    life: Life,
}

impl Clock {
    /// Creates the timer for a peer that counts as lost after `tick_time` without a byte. Needs a tokio runtime.
    pub(super) fn new(tick_time: Duration) -> Self {
        let (start, life) = (Instant::now(), Life::new(tick_time, Duration::ZERO));
        Clock { start, timer: Box::pin(sleep(Duration::ZERO)), set: Duration::ZERO, life }
    }

    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Checks the peer: `heard` returns, and resets, whether something arrived; `reading` tells whether it would have
    /// been read. Also wakes the driver at `settle`. Returns whether a quarter of the tick time has just passed.
    pub(super) fn poll(
        &mut self,
        settle: Option<Duration>,
        heard: impl Fn() -> bool,
        reading: bool,
        context: &mut Context<'_>,
    ) -> Result<bool, LinkEnd> {
        let mut passed = false;
        loop {
            let next = self.life.next_check().min(settle.unwrap_or(Duration::MAX));
            if next != self.set {
                self.set = next;
                self.timer.as_mut().reset(self.start.checked_add(next).unwrap_or(self.start + FAR));
            }
            if self.timer.as_mut().poll(context).is_pending() {
                return Ok(passed);
            }
            let now = self.now();
            passed |= self.life.check(now, &heard, reading)?;
            if settle.is_some_and(|at| at <= now) {
                context.waker().wake_by_ref();
                return Ok(passed);
            }
        }
    }
}
