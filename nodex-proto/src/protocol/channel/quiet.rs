//! A moment of silence before a connection ends. A caller that has just received a reply and calls again is then
//! refused; if the connection were closed, it could not tell whether its call was carried out.

use std::time::Duration;

/// The connection counts as silent when nothing has arrived for this long.
const QUIET: Duration = Duration::from_millis(10);

/// Callers that continue to call do not delay the end for longer than this.
const LONGEST: Duration = Duration::from_millis(100);

/// How long the connection has been silent. Times count from any fixed moment.
#[derive(Debug, Default)]
pub(super) struct Quiet(Option<Waiting>);

#[derive(Debug)]
struct Waiting {
    received: usize,
    over: Duration,
    until: Duration,
    paused: bool,
}

impl Quiet {
    /// Returns `true` when the connection can end: at once if nobody was answered since the stop was requested,
    /// otherwise when nothing has arrived for a while. `received` is the number of bytes received so far.
    pub(super) fn is_over(&mut self, unanswered: bool, received: usize, now: Duration) -> bool {
        if unanswered {
            return true;
        }
        let waiting =
            self.0.get_or_insert_with(|| Waiting { received, over: now + QUIET, until: now + LONGEST, paused: false });
        waiting.paused = false;
        if waiting.received != received {
            waiting.received = received;
            waiting.over = (now + QUIET).min(waiting.until);
        }
        now >= waiting.over
    }

    /// Starts again, because work is left.
    pub(super) fn pause(&mut self) {
        if let Some(waiting) = &mut self.0 {
            waiting.paused = true;
        }
    }

    /// Returns the time at which to check again.
    pub(super) fn next_check(&self) -> Option<Duration> {
        self.0.as_ref().filter(|waiting| !waiting.paused).map(|waiting| waiting.over)
    }
}
