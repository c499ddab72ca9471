//! Parts of a message that is too long for one frame.
use std::num::NonZeroU64;

use super::{FIRST_FRAGMENT, FRAGMENT};
use crate::etf::VERSION;

/// The number of bytes of control tuple and payload in each fragment but the last, as in those of a BEAM. Messages that
/// are not longer than this are not cut.
pub const FRAGMENT_DATA: usize = 64 * 1024;

/// A frame with a part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fragment<'a> {
    /// The sequence id, which identifies the message among the unfinished ones.
    pub sequence: u64,
    /// The number of fragments from this one to the last one, which has the number 1.
    pub number: u64,
    /// The number of cached atoms that its header refers to, if it is the first fragment of its message.
    pub first: Option<u8>,
    /// A part of the control tuple and the payload.
    pub data: &'a [u8],
}

impl<'a> Fragment<'a> {
    /// Reads a frame, without its length; `None` if it is not a fragment.
    pub fn read(frame: &'a [u8]) -> Option<Self> {
        let ([VERSION, tag @ (FIRST_FRAGMENT | FRAGMENT)], rest) = frame.split_first_chunk()? else { return None };
        let (sequence, rest) = rest.split_first_chunk()?;
        let (number, data) = rest.split_first_chunk()?;
        let (first, data) = match (*tag, data) {
            (FRAGMENT, data) => (None, data),
            (_, [references, data @ ..]) => (Some(*references), data),
            _ => return None,
        };
        let [sequence, number] = [sequence, number].map(|word| u64::from_be_bytes(*word));
        Some(Fragment { sequence, number, first, data })
    }

    /// Returns whether a frame begins like a fragment.
    pub fn is_one(frame: &[u8]) -> bool {
        matches!(frame, [VERSION, FIRST_FRAGMENT | FRAGMENT, ..])
    }
}

/// Returns the head of a fragment, the length field of the frame included, and how many of the bytes it has. Neither
/// number is ever 0.
pub fn fragment_head(first: bool, sequence: NonZeroU64, number: NonZeroU64, data: usize) -> ([u8; 23], usize) {
    let (tag, length) = if first { (FIRST_FRAGMENT, 19) } else { (FRAGMENT, 18) };
    let mut head = [0; 23];
    head[..4].copy_from_slice(&((length + data) as u32).to_be_bytes());
    head[4..6].copy_from_slice(&[VERSION, tag]);
    head[6..14].copy_from_slice(&sequence.get().to_be_bytes());
    head[14..22].copy_from_slice(&number.get().to_be_bytes());
    (head, 4 + length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_as_they_are_written() {
        let number = |number| NonZeroU64::new(number).unwrap();
        for (first, references) in [(true, Some(0)), (false, None)] {
            let (head, length) = fragment_head(first, number(0x1122), number(3), 2);
            let frame = [&head[..length], b"hi"].concat();
            assert_eq!(u32::from_be_bytes(*frame.first_chunk().unwrap()) as usize, frame.len() - 4);
            let read = Fragment::read(&frame[4..]).unwrap();
            assert_eq!(read, Fragment { sequence: 0x1122, number: 3, first: references, data: b"hi" });
            (4..length).for_each(|cut| assert_eq!(Fragment::read(&head[4..cut]), None, "{cut}"));
        }
        assert_eq!(Fragment::read(b"\x83\x44\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), None);
    }
}
