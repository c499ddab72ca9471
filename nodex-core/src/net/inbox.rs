//! The input of one connection: from bytes to whole frames.

use std::mem;

use bytes::{Bytes, BytesMut};

use super::LinkEnd;
use crate::dist::{FrameError, Frames};

/// The first size of the read buffer; it grows when a read fills it.
const READ_MIN: usize = 4 * 1024;
/// The largest size of the read buffer, larger single frames aside.
const READ_MAX: usize = 256 * 1024;
/// A frame announced to be longer than this gets room only as its bytes arrive.
const TRUSTED: usize = 1024 * 1024;

/// What is left of a frame that has begun is put aside here while its buffer is made ready for the rest, if it is short.
const SHORT_REST: usize = 256;

/// Bytes that were read, and how far their frames have been handled.
#[derive(Debug)]
pub(super) struct Inbox {
    /// Without a whole frame, unless it is just being filled.
    buffer: BytesMut,
    /// How much the next read may take at least.
    want: usize,
    /// What begins with a whole frame; behind its last one may stand a part of the next.
    batch: Bytes,
    /// How much of the batch has been handled.
    at: usize,
    max_frame: usize,
    /// The most that was read and not handled, since the last [`Self::rest`].
    peak: usize,
}

/// Whole frames, one after the other, and what owns them.
#[derive(Debug)]
pub(super) struct Batch<'a> {
    pub(super) owner: &'a Bytes,
    at: &'a mut usize,
    max_frame: usize,
}

impl<'a> Batch<'a> {
    /// The next frame. An empty one is a tick.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<&'a [u8]> {
        let frame = whole_frame(self.owner, *self.at, self.max_frame)?;
        *self.at += 4 + frame.len();
        Some(frame)
    }
}

/// The frame that begins here, if all of it is there and it is not too long.
#[inline(always)]
fn whole_frame(bytes: &[u8], at: usize, max_frame: usize) -> Option<&[u8]> {
    let (length, rest) = bytes[at..].split_first_chunk()?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > max_frame { None } else { rest.get(..length) }
}

impl Inbox {
    /// `rest` came behind the handshake.
    pub(super) fn new(rest: &[u8], max_frame: usize) -> Self {
        let buffer = BytesMut::from(rest);
        let mut inbox = Inbox { buffer, want: READ_MIN, batch: Bytes::new(), at: 0, max_frame, peak: 0 };
        inbox.begin();
        inbox
    }

    /// True when no whole frame is left.
    pub(super) fn is_done(&self) -> bool {
        whole_frame(&self.batch, self.at, self.max_frame).is_none()
    }

    /// The frames that have not been handled yet.
    #[inline]
    pub(super) fn batch(&mut self) -> Batch<'_> {
        Batch { owner: &self.batch, at: &mut self.at, max_frame: self.max_frame }
    }

    /// The buffer with room for the next read: the rest of a frame that has begun, as far as it is to be believed, or
    /// some more. Call it when no whole frame is left, and [`Self::filled`] after the read.
    ///
    /// What announces a frame that is too long ends the connection here, when all in front of it has been handled.
    pub(super) fn room(&mut self) -> Result<&mut BytesMut, LinkEnd> {
        let batch = mem::take(&mut self.batch);
        let rest = &batch[mem::take(&mut self.at)..];
        if rest.is_empty() && self.buffer.is_empty() {
            // Nearly always: whoever waits for an answer sends nothing behind its question.
            drop(batch);
            self.buffer.reserve(self.want);
            return Ok(&mut self.buffer);
        }
        let mut short;
        let aside = match rest.len() {
            0 => &[],
            1..=SHORT_REST => {
                short = [0; SHORT_REST];
                short[..rest.len()].copy_from_slice(rest);
                &short[..rest.len()]
            }
            _ => {
                self.buffer.extend_from_slice(rest);
                &[][..]
            }
        };
        // Lets the buffer be used again from its start.
        drop(batch);
        let mut frames = Frames::new(if aside.is_empty() { &self.buffer } else { aside }, self.max_frame);
        frames.next().map_err(too_long)?;
        let have = self.buffer.len() + aside.len();
        let due = frames.wanted().saturating_sub(have);
        self.buffer.reserve(aside.len() + due.min(TRUSTED.max(have)).max(self.want));
        self.buffer.extend_from_slice(aside);
        Ok(&mut self.buffer)
    }

    /// After a read. `room` is the capacity that was there for it, `count` what came.
    pub(super) fn filled(&mut self, room: usize, count: usize) {
        // Not much more than comes: whoever keeps a part of what came keeps all the room that there was for it.
        self.want = if count == room { self.want * 2 } else { self.want.min(4 * count) }.clamp(READ_MIN, READ_MAX);
        self.begin();
    }

    /// Makes what was read a batch, if a whole frame is there.
    fn begin(&mut self) {
        self.peak = self.peak.max(self.buffer.len());
        if whole_frame(&self.buffer, 0, self.max_frame).is_some() {
            self.batch = self.buffer.split().freeze();
            self.at = 0;
        }
    }

    /// Gives back memory that has not been in use since the last call. For now and then.
    pub(super) fn rest(&mut self) {
        let idle = self.buffer.is_empty() && self.at == self.batch.len();
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// What comes out when the stream is read in pieces of this size.
    fn frames(stream: &[u8], piece: usize, max_frame: usize) -> (Vec<Vec<u8>>, Option<LinkEnd>) {
        let (mut inbox, mut all) = (Inbox::new(&[], max_frame), Vec::new());
        for piece in stream.chunks(piece) {
            let buffer = match inbox.room() {
                Ok(buffer) => buffer,
                Err(end) => return (all, Some(end)),
            };
            let room = buffer.capacity() - buffer.len();
            assert!(room >= READ_MIN);
            buffer.extend_from_slice(piece);
            inbox.filled(room, piece.len());
            let mut batch = inbox.batch();
            while let Some(frame) = batch.next() {
                let kept = batch.owner.slice_ref(frame);
                all.push(kept.to_vec());
            }
            assert!(inbox.is_done());
        }
        (all, inbox.room().err())
    }

    fn stream(lengths: &[usize]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let frames: Vec<Vec<u8>> = lengths.iter().enumerate().map(|(i, &length)| vec![i as u8; length]).collect();
        let stream = frames.iter().flat_map(|frame| [&(frame.len() as u32).to_be_bytes()[..], frame].concat());
        (stream.collect(), frames)
    }

    #[test]
    fn frames_come_out_whole_however_they_are_read() {
        let (stream, expected) = stream(&[0, 1, 300, 7, 251, 252, 253, 2000, 0, 5000, 3, 256, 0]);
        for piece in (1..1200).chain([4096, stream.len()]) {
            assert_eq!(frames(&stream, piece, 5000), (expected.clone(), None), "in pieces of {piece}");
        }
    }

    #[test]
    fn what_stands_in_front_of_a_frame_that_is_too_long_comes_out() {
        let (stream, expected) = stream(&[20, 300, 101, 20]);
        let end = Some(LinkEnd::FrameTooLong { length: 300, limit: 200 });
        for piece in 1..=stream.len() {
            assert_eq!(frames(&stream, piece, 200), (expected[..1].to_vec(), end.clone()), "in pieces of {piece}");
        }
    }

    #[test]
    fn memory_of_a_crowd_is_given_back_when_it_is_over() {
        let (stream, _) = stream(&[900; 500]);
        let mut inbox = Inbox::new(&stream, 1000);
        assert!(!inbox.is_done());
        let mut batch = inbox.batch();
        while batch.next().is_some() {}
        inbox.room().unwrap();
        inbox.rest();
        inbox.rest();
        assert_eq!(inbox.buffer.capacity(), 0);
    }
}
