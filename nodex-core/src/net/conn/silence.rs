//! A moment of silence before a connection ends, so that whoever just got an answer and calls again is refused and not cut
//! off: it could not tell whether its call was carried out.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};

use super::Outbox;

/// Nothing more is expected when nothing came for this long.
const QUIET: Duration = Duration::from_millis(10);

/// Those who go on calling do not hold up the end for longer than this.
const LONGEST: Duration = Duration::from_millis(100);

/// How long it has been silent.
#[derive(Debug, Default)]
pub(super) struct Silence(Option<Waiting>);

#[derive(Debug)]
struct Waiting {
    timer: Pin<Box<Sleep>>,
    received: usize,
    until: Instant,
}

impl Silence {
    /// Ready when the connection can end. At once if nobody was answered since that was asked for.
    pub(super) fn poll(&mut self, outbox: &Outbox, context: &mut Context<'_>) -> Poll<()> {
        if outbox.intake.is_silent(outbox.written()) {
            return Poll::Ready(());
        }
        let (now, received) = (Instant::now(), outbox.intake.received());
        let waiting = self.0.get_or_insert_with(|| Waiting {
            timer: Box::pin(sleep_until(now + QUIET)),
            received,
            until: now + LONGEST,
        });
        if waiting.received != received {
            waiting.received = received;
            waiting.timer.as_mut().reset((now + QUIET).min(waiting.until));
        }
        waiting.timer.as_mut().poll(context)
    }
}
