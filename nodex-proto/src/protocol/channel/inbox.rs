//! The input of one connection: from bytes to whole frames.

use std::mem;

use bytes::{Buf, Bytes, BytesMut};

use crate::{etf::SHARE_MIN, protocol::control::FrameForm};

/// The first size of the read buffer; it grows when a read fills it.
const READ_MIN: usize = 4 * 1024;
/// The largest size of the read buffer, except for a single larger frame.
const READ_MAX: usize = 256 * 1024;
/// A frame whose announced length is greater gets memory only as its bytes arrive.
const TRUSTED: usize = 1024 * 1024;

/// The beginning of a frame is copied aside while its memory is prepared for the rest, if it is at most this long.
const SHORT_REST: usize = 256;

/// This much of a frame that is too long is kept; the rest is skipped.
pub(super) const HEAD: usize = 8 * 1024;

/// Bytes that were read, and how far their frames have been handled. A frame is a length of four bytes and as many bytes; one
/// of length zero is a tick ("Protocol between Connected Nodes" in the chapter "Distribution Protocol").
///
/// ```
/// use nodex_proto::protocol::channel::{Inbox, LinkLimits};
///
/// let mut inbox = Inbox::new(b"\0\0\0\0\0\0\0\x02hi\0\0\0\x05par", LinkLimits::default().max_frame);
/// let mut batch = inbox.batch();
/// assert_eq!(batch.next(), Some(&b""[..]), "a tick");
/// assert_eq!(batch.next(), Some(&b"hi"[..]));
/// assert_eq!(batch.next(), None, "the rest has not come");
/// assert_eq!(inbox.push(b"ts"), 2);
/// assert_eq!(inbox.batch().next(), Some(&b"parts"[..]));
/// ```
///
/// A kept part of a batch keeps the memory of the whole batch. Therefore a batch fills at least a quarter of its
/// memory, unless it is so short that its parts are copied, and a long frame has memory of its own.
#[derive(Debug)]
pub struct Inbox {
    /// Contains no whole frame, except while it is being filled.
    buffer: BytesMut,
    /// The whole memory of the buffer, at the start of which earlier batches may be.
    memory: usize,
    /// The minimum room for the next read.
    want: usize,
    /// Begins with a whole frame; after its last whole frame there may be a part of the next.
    batch: Together,
    /// How much of the batch has been handled.
    at: usize,
    max_frame: usize,
    form: FrameForm,
    /// The room that the last read had, unless it was limited to the rest of a frame.
    offered: Option<usize>,
    /// A frame that is too long is in the buffer, with as much of it as is kept.
    too_long: bool,
    /// How many bytes of a skipped frame have not arrived yet.
    passing: u64,
}

/// Where the next read goes.
#[derive(Debug)]
pub struct Room<'a> {
    /// The buffer to append to.
    pub buffer: &'a mut BytesMut,
    /// The most bytes to append.
    pub most: usize,
}

/// Input that was read together.
#[derive(Debug, Default)]
pub struct Together {
    /// The bytes, of which the frames are slices.
    pub bytes: Bytes,
    /// The number of the batch on this connection.
    pub number: u64,
}

/// Whole frames, one after the other, and what owns them.
#[derive(Debug)]
pub struct Batch<'a> {
    /// The input of which the frames are slices.
    pub read: &'a Together,
    at: &'a mut usize,
    max_frame: usize,
}

impl<'a> Batch<'a> {
    /// Returns the next frame. An empty one is a tick.
    #[allow(clippy::should_implement_trait)] // Its frames outlive it, and the rest of it is looked at in between.
    #[inline(always)]
    pub fn next(&mut self) -> Option<&'a [u8]> {
        let frame = whole_frame(&self.read.bytes, *self.at, self.max_frame)?;
        *self.at += 4 + frame.len();
        Some(frame)
    }

    /// Returns how many bytes there are from the start of this frame, the last one returned, to the end of the input.
    pub fn left_with(&self, frame: &[u8]) -> usize {
        self.read.bytes.len() - *self.at + 4 + frame.len()
    }
}

/// Returns the frame that begins here, if it is complete and not too long.
#[inline(always)]
fn whole_frame(bytes: &[u8], at: usize, max_frame: usize) -> Option<&[u8]> {
    let (length, rest) = bytes[at..].split_first_chunk()?;
    let length = u32::from_be_bytes(*length) as usize;
    if length > max_frame { None } else { rest.get(..length) }
}

impl Inbox {
    /// Creates an inbox. `rest` is the input that followed the handshake.
    pub fn new(rest: &[u8], max_frame: usize) -> Self {
        let mut inbox = Inbox {
            buffer: BytesMut::from(rest),
            memory: rest.len(),
            want: READ_MIN,
            batch: Together::default(),
            at: 0,
            max_frame,
            form: FrameForm::PassThrough,
            offered: None,
            too_long: false,
            passing: 0,
        };
        inbox.begin();
        inbox
    }

    /// Sets how frames begin, which distinguishes a frame that is too long from other input. Default: without a header.
    #[must_use]
    pub fn form(mut self, form: FrameForm) -> Self {
        self.form = form;
        self
    }

    /// Returns `true` when neither a whole frame nor one that is too long is left.
    pub fn is_done(&self) -> bool {
        !self.too_long && whole_frame(&self.batch.bytes, self.at, self.max_frame).is_none()
    }

    /// Returns the frames that have not been handled yet.
    #[inline]
    pub fn batch(&mut self) -> Batch<'_> {
        Batch { read: &self.batch, at: &mut self.at, max_frame: self.max_frame }
    }

    /// Returns the buffer with room for the next read: for the rest of an incomplete frame, as far as its length is
    /// trusted, or for new input. Call it when no whole frame is left, and [`Self::filled`] after the read. `None`
    /// means that a frame that is too long must be handled first.
    pub fn room(&mut self) -> Option<Room<'_>> {
        if self.buffer.is_empty() && self.at == self.batch.bytes.len() {
            // The usual case: a peer that waits for an answer sends nothing after its request.
            self.batch.bytes = Bytes::new();
            self.at = 0;
            if self.passing > 0 {
                return Some(self.room_for_passing());
            }
            if self.memory > 2 * self.want {
                self.buffer = BytesMut::new();
                self.memory = 0;
            }
            self.reserve(self.want);
            self.offered = Some(self.buffer.capacity());
            return Some(Room { buffer: &mut self.buffer, most: usize::MAX });
        }
        self.room_for_more()
    }

    /// Returns room behind an incomplete frame.
    fn room_for_more(&mut self) -> Option<Room<'_>> {
        let batch = mem::take(&mut self.batch.bytes);
        let rest = &batch[mem::take(&mut self.at)..];
        match rest.len() {
            0 => {}
            length @ 1..=SHORT_REST => {
                let mut short = [0; SHORT_REST];
                short[..length].copy_from_slice(rest);
                // The memory can then be used again from its start.
                drop(batch);
                self.reserve(self.want.max(length));
                self.buffer.extend_from_slice(&short[..length]);
            }
            length => {
                self.reserve(length + self.want);
                self.buffer.extend_from_slice(rest);
                drop(batch);
            }
        }
        let (have, wanted) = (self.buffer.len(), self.wanted());
        if wanted - 4 > self.max_frame {
            let head = wanted.min(4 + HEAD);
            self.too_long = have >= head || !self.may_be_a_frame();
            if self.too_long {
                return None;
            }
            self.reserve(head - have);
            self.offered = None;
            return Some(Room { buffer: &mut self.buffer, most: head - have });
        }
        let due = wanted.saturating_sub(have);
        if wanted > READ_MAX {
            self.reserve(due.min(TRUSTED.max(have)));
            self.offered = None;
            return Some(Room { buffer: &mut self.buffer, most: due });
        }
        self.reserve(due.max(self.want));
        self.offered = Some(self.buffer.capacity() - have);
        Some(Room { buffer: &mut self.buffer, most: usize::MAX })
    }

    fn reserve(&mut self, count: usize) {
        let before = self.buffer.capacity();
        self.buffer.reserve(count);
        if self.buffer.capacity() > before {
            // If there is more room than before, the memory is new.
            self.memory = self.buffer.capacity();
        }
    }

    /// Returns the length of the frame at the start of the buffer, its length field included, as far as it is known.
    fn wanted(&self) -> usize {
        match self.buffer.first_chunk() {
            Some(length) => 4 + u32::from_be_bytes(*length) as usize,
            None => 4,
        }
    }

    /// Returns `false` when the buffer cannot contain the beginning of a frame, whatever follows.
    fn may_be_a_frame(&self) -> bool {
        self.form.may_begin(self.buffer.get(4..).unwrap_or_default())
    }

    fn room_for_passing(&mut self) -> Room<'_> {
        self.reserve(self.want);
        self.offered = None;
        Room { buffer: &mut self.buffer, most: usize::try_from(self.passing).unwrap_or(usize::MAX) }
    }

    /// Records that a read has appended `count` bytes.
    pub fn filled(&mut self, count: usize) {
        if self.passing > 0 {
            self.passing = self.passing.saturating_sub(count as u64);
            self.buffer.clear();
            self.want = READ_MAX.min(if self.passing > 0 { 2 * self.want } else { READ_MIN });
            return;
        }
        if let Some(offered) = self.offered {
            // Not much more than arrives; a short last read of many says little about the next ones.
            self.want = match count {
                _ if count == offered => self.want * 2,
                _ if count < self.want / 4 => self.want - self.want / 8,
                _ => self.want,
            };
            self.want = self.want.clamp(READ_MIN, READ_MAX);
        }
        self.begin();
    }

    /// Appends bytes that were read elsewhere, as many as there is room for, and returns how many. Call it when neither
    /// a whole frame nor one that is too long is left.
    pub fn push(&mut self, bytes: &[u8]) -> usize {
        let Some(Room { buffer, most }) = self.room() else { return 0 };
        let count = most.min(buffer.capacity() - buffer.len()).min(bytes.len());
        buffer.extend_from_slice(&bytes[..count]);
        self.filled(count);
        count
    }

    /// Makes the input a batch, if it contains a whole frame.
    fn begin(&mut self) {
        if whole_frame(&self.buffer, 0, self.max_frame).is_some() {
            self.at = 0;
            self.batch.number += 1;
            if self.buffer.len() < SHARE_MIN || self.buffer.len() >= self.memory / 4 {
                // If no part of it is kept, its memory is used again after it has been handled.
                self.batch.bytes = self.buffer.split().freeze();
            } else {
                self.batch.bytes = Bytes::copy_from_slice(&self.buffer);
                self.buffer.clear();
            }
        }
    }

    /// Returns the frame that is too long, if there is one: its head and its length.
    pub fn too_long(&self) -> Option<(&[u8], u64)> {
        if !self.too_long {
            return None;
        }
        let length = self.wanted() - 4;
        Some((&self.buffer[4..self.buffer.len().min(4 + length)], length as u64))
    }

    /// Skips the frame that is too long: the bytes that have arrived now, and the rest as it arrives.
    pub fn pass_over(&mut self) {
        let (have, whole) = (self.buffer.len(), self.wanted());
        self.too_long = false;
        self.passing = whole.saturating_sub(have) as u64;
        self.buffer.advance(whole.min(have));
        if self.passing > 0 {
            self.buffer = BytesMut::new();
            self.memory = 0;
        }
        self.begin();
    }

    /// Frees the memory of the buffer if it is empty. Called from time to time.
    pub fn shrink_idle(&mut self) {
        if self.buffer.is_empty() && self.at == self.batch.bytes.len() && self.buffer.capacity() > READ_MIN {
            self.buffer = BytesMut::new();
            self.memory = 0;
            self.batch.bytes = Bytes::new();
            self.at = 0;
            self.want = READ_MIN;
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::{etf::VERSION, protocol::control::PASS_THROUGH};

    /// What came out of a stream: frames, and lengths of those that were skipped.
    #[derive(Debug, Clone, PartialEq, Eq)]
    enum Out {
        Frame(Vec<u8>),
        TooLong(Vec<u8>, u64),
    }

    fn take_out(inbox: &mut Inbox, all: &mut Vec<Out>) {
        if let Some((head, length)) = inbox.too_long() {
            all.push(Out::TooLong(head[..head.len().min(8)].to_vec(), length));
            inbox.pass_over();
        }
        let mut batch = inbox.batch();
        while let Some(frame) = batch.next() {
            let kept = batch.read.bytes.slice_ref(frame);
            all.push(Out::Frame(kept.to_vec()));
        }
    }

    /// What comes out when the stream is read in pieces of this size.
    fn frames(mut stream: &[u8], piece: usize, max_frame: usize) -> Vec<Out> {
        let (mut inbox, mut all) = (Inbox::new(&[], max_frame), Vec::new());
        while !stream.is_empty() {
            take_out(&mut inbox, &mut all);
            let count = inbox.push(&stream[..piece.min(stream.len())]);
            assert!(count > 0 || inbox.too_long().is_some());
            stream = &stream[count..];
        }
        loop {
            take_out(&mut inbox, &mut all);
            if inbox.room().is_some() {
                return all;
            }
        }
    }

    /// Frames that begin as those of a BEAM do.
    fn stream(lengths: &[usize]) -> (Vec<u8>, Vec<Vec<u8>>) {
        let frame = |(i, &length): (usize, &usize)| {
            let mut frame = vec![i as u8; length];
            frame.iter_mut().zip([PASS_THROUGH, VERSION]).for_each(|(byte, start)| *byte = start);
            frame
        };
        let frames: Vec<Vec<u8>> = lengths.iter().enumerate().map(frame).collect();
        let stream = frames.iter().flat_map(|frame| [&(frame.len() as u32).to_be_bytes()[..], frame].concat());
        (stream.collect(), frames)
    }

    #[test]
    fn frames_come_out_whole_however_they_are_read() {
        let (stream, expected) = stream(&[0, 1, 300, 7, 251, 252, 253, 2000, 0, 5000, 3, 256, 0]);
        let expected: Vec<Out> = expected.into_iter().map(Out::Frame).collect();
        for piece in (1..1200).chain([4096, stream.len()]) {
            assert_eq!(frames(&stream, piece, 5000), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn a_frame_that_is_too_long_is_passed_over_and_those_around_it_come_out() {
        let (stream, expected) = stream(&[20, 300, 101, 20, 30_000, 201, 0, 7]);
        let expected: Vec<Out> = expected
            .into_iter()
            .map(|frame| match frame.len() > 200 {
                true => Out::TooLong(frame[..8].to_vec(), frame.len() as u64),
                false => Out::Frame(frame),
            })
            .collect();
        for piece in (1..400).chain([1000, 4096, 9000, stream.len()]) {
            assert_eq!(frames(&stream, piece, 200), expected, "in pieces of {piece}");
        }
    }

    #[test]
    fn what_cannot_be_a_frame_is_told_at_its_first_byte() {
        let mut inbox = Inbox::new(b"GET / HTTP/1.1", 1000);
        assert!(inbox.room().is_none() && !inbox.is_done());
        assert_eq!(inbox.too_long().unwrap(), (&b"/ HTTP/1.1"[..], u64::from(u32::from_be_bytes(*b"GET "))));
    }

    #[test]
    fn memory_of_a_crowd_is_given_back_when_it_is_over() {
        let (crowd, _) = stream(&[900; 500]);
        let (single, _) = stream(&[900]);
        let mut inbox = Inbox::new(&crowd, 1000);
        take_out(&mut inbox, &mut Vec::new());
        for _ in 0..3 {
            assert_eq!(inbox.push(&single), single.len());
            take_out(&mut inbox, &mut Vec::new());
        }
        assert!(inbox.room().unwrap().buffer.capacity() <= 8 * READ_MIN);
        inbox.shrink_idle();
        assert!(inbox.buffer.capacity() <= READ_MIN);
    }

    #[test]
    fn a_batch_has_little_more_memory_than_bytes_and_a_long_frame_stands_alone() {
        let long = 3 * READ_MAX;
        let (stream, _) = stream(&[&[100; 50][..], &[long], &[100; 50]].concat());
        let (mut inbox, mut rest, mut longest) = (Inbox::new(&[], 1 << 20), &stream[..], 0);
        while !rest.is_empty() {
            rest = &rest[inbox.push(rest)..];
            longest = longest.max(inbox.batch.bytes.len());
            take_out(&mut inbox, &mut Vec::new());
        }
        assert_eq!(longest, 4 + long);
        assert!(inbox.buffer.capacity() < READ_MAX);
    }
}
