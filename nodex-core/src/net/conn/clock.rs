//! The times of one connection.

use std::{future::Future as _, pin::Pin, task::Context, time::Duration};

use tokio::time::{Instant, Sleep, sleep};

use crate::protocol::channel::{Life, LinkEnd};

/// A timer for a time that no clock can show is set for this, some decades after the beginning.
const FAR: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 30);

/// Counts from the beginning of a connection, and wakes its driver at the times at which something has to be decided.
#[derive(Debug)]
pub(super) struct Clock {
    start: Instant,
    timer: Pin<Box<Sleep>>,
    set: Duration,
    life: Life,
}

impl Clock {
    /// For a peer that is given up when nothing came from it for `tick_time`. In a tokio runtime.
    pub(super) fn new(tick_time: Duration) -> Self {
        let (start, life) = (Instant::now(), Life::new(tick_time, Duration::ZERO));
        Clock { start, timer: Box::pin(sleep(Duration::ZERO)), set: Duration::ZERO, life }
    }

    pub(super) fn now(&self) -> Duration {
        self.start.elapsed()
    }

    /// Looks after the peer: `heard` tells, and forgets, whether something came, and `reading` whether that would have been
    /// read. Wakes the driver at `settle` as well. Returns whether a quarter of the tick time has just passed.
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
