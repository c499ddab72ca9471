//! The outbox as the output of a channel.

use std::{
    sync::atomic::Ordering,
    task::{Context, Poll},
};

use super::Outbox;
use crate::{
    etf::Encoder,
    protocol::channel::{Intake, LinkEnd, Transmit},
};

impl Transmit for Outbox {
    #[inline]
    fn submit(&self, batch: &mut Encoder) -> Result<(), LinkEnd> {
        Ok(Outbox::submit(self, batch)?)
    }

    #[inline]
    fn poll_flush(&self, context: &mut Context<'_>) -> Poll<Result<(), LinkEnd>> {
        Outbox::poll_flush(self, context).map_err(LinkEnd::from)
    }

    fn answer_tick(&self) -> Result<(), LinkEnd> {
        let pending = self.lock();
        match pending.output.answers_tick(self.start.elapsed()) {
            true => Ok(self.write_tick(pending)?),
            false => Ok(()),
        }
    }

    #[inline]
    fn answers(&self) -> usize {
        Outbox::answers(self)
    }

    fn has_room(&self) -> bool {
        Outbox::has_room(self)
    }

    fn written(&self) -> usize {
        Outbox::written(self)
    }

    #[inline]
    fn intake(&self) -> &Intake {
        &self.intake
    }

    fn set_stalled(&self, stalled: bool) {
        if self.stalled.load(Ordering::Relaxed) != stalled {
            self.stalled.store(stalled, Ordering::SeqCst);
        }
    }

    #[inline]
    fn set_handling(&self, handling: bool) {
        let number = self.handling.load(Ordering::Relaxed) + 1;
        // It is still odd if earlier handlers have panicked without recording their end.
        self.handling.store(if handling { number | 1 } else { number }, Ordering::Relaxed);
    }
}
