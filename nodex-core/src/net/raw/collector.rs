//! A receiver that only collects what arrives.

use std::{collections::VecDeque, task::Context};

use bytes::Bytes;

use crate::{
    etf::Encoder,
    protocol::{
        channel::{Frame, Incoming, Input, LinkEnd, Load, Receive, Taken},
        control,
    },
};

/// Input that has arrived and was not taken yet. While there is any, nothing more is read.
#[derive(Debug)]
pub(super) struct Collector {
    came: VecDeque<Incoming>,
    pub(super) answers_ticks: bool,
}

impl Collector {
    pub(super) fn new() -> Self {
        Collector { came: VecDeque::new(), answers_ticks: true }
    }

    /// Takes the oldest input.
    pub(super) fn take(&mut self) -> Option<Incoming> {
        self.came.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.came.is_empty()
    }
}

impl Receive for Collector {
    fn frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        input: Input<'_>,
        _out: &mut Encoder,
    ) -> Result<Taken, LinkEnd> {
        if HEADER && control::Fragment::is_one(frame) {
            return Ok(Taken::Fragment);
        }
        self.came.push_back(Incoming::Frame(Frame::new(input.owner().slice_ref(frame))));
        Ok(Taken::Kept)
    }

    fn last_frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        _late: bool,
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd> {
        self.frame::<HEADER>(frame, input, out)
    }

    fn tick(&mut self) -> bool {
        self.came.push_back(Incoming::Tick);
        self.answers_ticks
    }

    fn poll_later(&mut self, _context: &mut Context<'_>, _out: &mut Encoder) -> Result<(), LinkEnd> {
        Ok(())
    }

    fn has_news(&self) -> bool {
        false
    }

    fn too_long(&mut self, head: &[u8], length: u64, limit: usize, _out: &mut Encoder) -> Result<(), LinkEnd> {
        if control::decode(head).is_err_and(|error| error.closes_connection()) {
            return Err(LinkEnd::FrameTooLong { length, limit });
        }
        self.came.push_back(Incoming::TooLong { head: Bytes::copy_from_slice(head), length });
        Ok(())
    }

    fn load(&self) -> Load {
        Load { calls: self.came.len(), calls_bytes: 0, replies_bytes: 0 }
    }

    fn alone(&self) -> bool {
        true
    }

    fn may_end(&mut self, _context: &mut Context<'_>, _drained: bool) -> bool {
        false
    }
}
