//! The input of one connection: from bytes to whole frames.

use bytes::{Bytes, BytesMut};

use super::LinkEnd;
use crate::dist::{Frame, FrameError, Frames};

/// The first size of the read buffer; it grows when a read fills it.
const READ_MIN: usize = 4 * 1024;
/// The largest size of the read buffer, larger single frames aside.
const READ_MAX: usize = 256 * 1024;
/// A frame announced to be longer than this gets room only as its bytes arrive.
const TRUSTED: usize = 1024 * 1024;

/// Bytes that were read, and the whole frames among them that have not been handled yet.
#[derive(Debug)]
pub(super) struct Inbox {
    buffer: BytesMut,
    /// How much the next read may take at least.
    want: usize,
    /// Whole frames.
    batch: Bytes,
    /// How much of the batch has been handled.
    at: usize,
    max_frame: usize,
    /// The largest batch since the last [`Self::rest`].
    peak: usize,
}

impl Inbox {
    /// `rest` came behind the handshake.
    pub(super) fn new(rest: &[u8], max_frame: usize) -> Self {
        let buffer = BytesMut::from(rest);
        let mut inbox = Inbox { buffer, want: READ_MIN, batch: Bytes::new(), at: 0, max_frame, peak: 0 };
        inbox.cut();
        inbox
    }

    /// True when no whole frame is left.
    pub(super) fn is_done(&self) -> bool {
        self.at == self.batch.len()
    }

    /// The next frame and what owns it. An empty one is a tick.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(&[u8], &Bytes)> {
        // The batch holds whole frames only.
        let (length, rest) = self.batch[self.at..].split_first_chunk()?;
        let frame = rest.get(..u32::from_be_bytes(*length) as usize)?;
        self.at += 4 + frame.len();
        Some((frame, &self.batch))
    }

    /// The buffer with room for the next read: the rest of a frame that has begun, as far as it is to be believed, or
    /// some more. Call it when no whole frame is left, and [`Self::filled`] after the read.
    ///
    /// What announces a frame that is too long ends the connection here, when all in front of it has been handled.
    pub(super) fn room(&mut self) -> Result<&mut BytesMut, LinkEnd> {
        // Lets the buffer be used again from its start.
        self.batch = Bytes::new();
        self.at = 0;
        let have = self.buffer.len();
        let mut frames = Frames::new(&self.buffer, self.max_frame);
        frames.next().map_err(too_long)?;
        let due = frames.wanted().saturating_sub(have);
        self.buffer.reserve(due.min(TRUSTED.max(have)).max(self.want));
        Ok(&mut self.buffer)
    }

    /// After a read: cuts the whole frames off. `room` is the capacity that was there for the read, `count` what came.
    pub(super) fn filled(&mut self, room: usize, count: usize) {
        // Not much more than comes: whoever keeps a part of what came keeps all the room that there was for it.
        self.want = if count == room { self.want * 2 } else { self.want.min(4 * count) }.clamp(READ_MIN, READ_MAX);
        self.cut();
    }

    fn cut(&mut self) {
        let mut frames = Frames::new(&self.buffer, self.max_frame);
        while let Ok(Some(Frame::Tick | Frame::Data(_))) = frames.next() {}
        let end = frames.position();
        self.peak = self.peak.max(end);
        if end > 0 {
            self.batch = self.buffer.split_to(end).freeze();
            self.at = 0;
        }
    }

    /// Gives back memory that has not been in use since the last call. For now and then.
    pub(super) fn rest(&mut self) {
        let idle = self.buffer.is_empty() && self.is_done();
        if idle && self.buffer.capacity() > READ_MIN && self.peak < self.buffer.capacity() / 4 {
            self.buffer = BytesMut::new();
            self.batch = Bytes::new();
            self.at = 0;
            self.want = READ_MIN;
        }
        self.peak = 0;
    }
}

fn too_long(FrameError::TooLong { length, limit }: FrameError) -> LinkEnd {
    LinkEnd::FrameTooLong { length, limit }
}
