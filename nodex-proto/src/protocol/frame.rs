//! Frames of an established connection: four bytes of length, then as many bytes; length zero is a tick.
//!
//! "Protocol between Connected Nodes" in the chapter "Distribution Protocol".
use thiserror::Error;

/// Bytes of the length in front of a frame.
pub(super) const HEADER: usize = 4;

/// Default for the longest frame that is accepted, in bytes without its length: 64 MiB.
pub const DEFAULT_LIMIT: usize = 64 << 20;

/// One frame, borrowed from the bytes that were read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Frame<'a> {
    /// Sign of life, nothing else.
    Tick,
    /// Everything after the length, at least one byte.
    Data(&'a [u8]),
}

/// Why a stream of frames cannot be followed any further.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FrameError {
    /// Found before anything of the frame is kept or memory is made ready for it.
    #[error("a frame of {length} bytes is announced, the limit is {limit}")]
    TooLong {
        /// The announced length in bytes.
        length: u64,
        /// The longest length that is accepted.
        limit: usize,
    },
}

/// Walks over the whole frames at the start of a buffer.
///
/// ```
/// use nodex_proto::protocol::{Frame, Frames};
/// let mut frames = Frames::new(b"\0\0\0\0\0\0\0\x02hi\0\0\0\x05par", 1000);
/// assert_eq!(frames.next(), Ok(Some(Frame::Tick)));
/// assert_eq!(frames.next(), Ok(Some(Frame::Data(b"hi"))));
/// assert_eq!(frames.next(), Ok(None));
/// // "par" stays for the next round, and is known to need nine bytes in all.
/// assert_eq!((frames.position(), frames.wanted()), (10, 9));
/// ```
#[derive(Debug, Clone)]
pub struct Frames<'a> {
    bytes: &'a [u8],
    position: usize,
    limit: usize,
}

impl<'a> Frames<'a> {
    /// `limit` is the longest frame in bytes, its length not counted.
    pub fn new(bytes: &'a [u8], limit: usize) -> Self {
        Frames { bytes, position: 0, limit }
    }

    /// The next whole frame, or `None` if the rest is not a whole one.
    #[allow(clippy::should_implement_trait)] // An error ends the stream, an iterator would go on.
    #[inline]
    pub fn next(&mut self) -> Result<Option<Frame<'a>>, FrameError> {
        let Some((length, rest)) = self.bytes[self.position..].split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = u32::from_be_bytes(*length);
        if u64::from(length) > self.limit as u64 {
            return Err(FrameError::TooLong { length: length.into(), limit: self.limit });
        }
        let Some(frame) = rest.get(..length as usize) else { return Ok(None) };
        self.position += HEADER + frame.len();
        Ok(Some(if frame.is_empty() { Frame::Tick } else { Frame::Data(frame) }))
    }

    /// How many bytes the frames took that were given out.
    pub fn position(&self) -> usize {
        self.position
    }

    /// How many bytes from [`Self::position`] on make up the next frame, as far as is known: at least
    /// the four of its length. Never more than the limit and four.
    pub fn wanted(&self) -> usize {
        match self.bytes[self.position..].first_chunk::<HEADER>() {
            Some(length) => HEADER + self.limit.min(u32::from_be_bytes(*length) as usize),
            None => HEADER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_at_every_cut() {
        let stream = b"\0\0\0\x01a\0\0\0\0\0\0\0\x03bcd";
        let all = [Frame::Data(&b"a"[..]), Frame::Tick, Frame::Data(b"bcd")];
        let ends = [5, 9, 16];
        for cut in 0..=stream.len() {
            let mut frames = Frames::new(&stream[..cut], 3);
            let whole = ends.iter().filter(|&&end| end <= cut).count();
            for frame in &all[..whole] {
                assert_eq!(frames.next(), Ok(Some(*frame)));
            }
            assert_eq!(frames.next(), Ok(None), "cut at {cut}");
            assert_eq!(frames.position(), if whole == 0 { 0 } else { ends[whole - 1] });
            assert!(cut - frames.position() < frames.wanted());
        }
    }

    #[test]
    fn a_frame_over_the_limit_is_an_error_that_names_it() {
        let mut frames = Frames::new(b"\0\0\0\x04", 3);
        let error = frames.next().unwrap_err();
        assert_eq!(error.to_string(), "a frame of 4 bytes is announced, the limit is 3");
        assert_eq!(frames.wanted(), 7, "a buffer never grows for it");
        let mut frames = Frames::new(b"\xff\xff\xff\xff", DEFAULT_LIMIT);
        assert_eq!(frames.next(), Err(FrameError::TooLong { length: u32::MAX.into(), limit: DEFAULT_LIMIT }));
    }
}
