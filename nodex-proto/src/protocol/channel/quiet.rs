//! A moment of silence before a connection ends, so that whoever just got an answer and calls again is refused and not cut
//! off: it could not tell whether its call was carried out.

use std::time::Duration;

/// Nothing more is expected when nothing came for this long.
const QUIET: Duration = Duration::from_millis(10);

/// Those who go on calling do not hold up the end for longer than this.
const LONGEST: Duration = Duration::from_millis(100);

/// How long it has been silent. Times count from any fixed moment.
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
    /// Returns `true` when the connection can end: at once if nobody was answered since that was asked for, else when
    /// nothing came for a while. So many bytes have been received.
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

    /// Something has to be done first.
    pub(super) fn pause(&mut self) {
        if let Some(waiting) = &mut self.0 {
            waiting.paused = true;
        }
    }

    /// When to ask again.
    pub(super) fn next_check(&self) -> Option<Duration> {
        self.0.as_ref().filter(|waiting| !waiting.paused).map(|waiting| waiting.over)
    }
}
