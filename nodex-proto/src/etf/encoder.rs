//! [`Encoder`].

use std::{fmt, io::IoSlice};

use bytes::{Buf, Bytes};

use super::write_buf::WriteBuf;

/// Binaries of this size or more are spliced in. A shorter copy costs less than one more entry of a vectored write.
const SPLICE_MIN: usize = 16 * 1024;

/// A buffer to which terms are appended in external format. Large shared binaries are referred to and not copied.
///
/// The version byte 131 is not added.
///
/// ```
/// use nodex_proto::{atom, convert::{IntoTerm, binary_to_term}, etf::{Encoder, VERSION}, term::Term};
///
/// let mut encoder = Encoder::new();
/// encoder.put_u8(VERSION);
/// encoder.put_tuple(2)?;
/// encoder.put_atom(&atom!("scores"));
/// vec![12, -5].encode(&mut encoder)?;
/// assert_eq!(binary_to_term::<Term>(&encoder.to_vec())?.to_string(), "{scores,[12,-5]}");
///
/// // Roll back a term that cannot be completed.
/// let mark = encoder.mark();
/// assert!(vec![1.5, f64::NAN].encode(&mut encoder).is_err());
/// encoder.rollback(mark);
/// assert_eq!(encoder.written_since(mark), 0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default, Clone)]
pub struct Encoder {
    pub(super) buf: WriteBuf,
    splices: Vec<Splice>,
    spliced: usize,
}

#[derive(Clone)]
struct Splice {
    /// The position in `buf` before which `bytes` are inserted.
    at: usize,
    bytes: Bytes,
}

impl fmt::Debug for Encoder {
    /// Shows only the length, because the content can have any size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Encoder").field("len", &self.len()).finish_non_exhaustive()
    }
}

/// A state of an [`Encoder`] for [`Encoder::rollback`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    buf: usize,
    splices: usize,
    spliced: usize,
}

/// The bytes with which many frames begin.
#[derive(Debug, Clone)]
#[doc(hidden)]
pub enum Prefix {
    /// This number of these bytes.
    Short([u8; Prefix::SHORT], u8),
    /// More bytes.
    Long(Box<[u8]>),
}

impl Prefix {
    /// Enough for a control message with the pid of a node whose name has up to 40 characters.
    const SHORT: usize = 64;

    #[cfg(feature = "protocol")]
    pub(crate) fn new(bytes: Vec<u8>) -> Self {
        let mut short = [0; Self::SHORT];
        match short.get_mut(..bytes.len()) {
            Some(place) => {
                place.copy_from_slice(&bytes);
                Prefix::Short(short, bytes.len() as u8)
            }
            None => Prefix::Long(bytes.into()),
        }
    }

    /// Returns the same with other bytes in place of the first ones, in registers if it is short.
    #[cfg(feature = "protocol")]
    pub(crate) fn with_another_start<const N: usize>(&self, old: usize, start: &[u8; N]) -> Prefix {
        let bytes = match self {
            Prefix::Short(bytes, length) => {
                let length = usize::from(*length);
                let mut short = [0; Self::SHORT];
                if N + length.saturating_sub(old) <= Self::SHORT && old <= length {
                    short[..N].copy_from_slice(start);
                    let end = N + length - old;
                    short[N..end].copy_from_slice(&bytes[old..length]);
                    return Prefix::Short(short, end as u8);
                }
                &bytes[..length]
            }
            Prefix::Long(bytes) => bytes,
        };
        Prefix::new([start, bytes.get(old..).unwrap_or_default()].concat())
    }
}

impl Encoder {
    /// Creates an empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the number of bytes, including shared ones.
    pub fn len(&self) -> usize {
        self.buf.len() + self.spliced
    }

    /// Returns how much memory it takes, including unused capacity and all shared bytes.
    #[doc(hidden)]
    pub fn memory(&self) -> usize {
        self.buf.capacity() + self.splices.capacity() * size_of::<Splice>() + self.spliced
    }

    /// Returns `true` when nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Returns the current state.
    pub fn mark(&self) -> Mark {
        Mark { buf: self.buf.len(), splices: self.splices.len(), spliced: self.spliced }
    }

    /// Removes everything written since `mark`.
    #[inline]
    pub fn rollback(&mut self, mark: Mark) {
        self.buf.truncate(mark.buf);
        if self.splices.len() > mark.splices {
            self.drop_splices(mark);
        }
    }

    #[inline(never)]
    fn drop_splices(&mut self, mark: Mark) {
        self.splices.truncate(mark.splices);
        self.spliced = mark.spliced;
    }

    /// Returns how many bytes were written since `mark`.
    pub fn written_since(&self, mark: Mark) -> usize {
        self.len() - (mark.buf + mark.spliced)
    }

    /// Returns a copy of what was written since `mark`.
    pub(crate) fn copy_since(&self, mark: Mark) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.written_since(mark));
        let mut from = mark.buf;
        for splice in &self.splices[mark.splices..] {
            all.extend_from_slice(&self.buf.as_slice()[from..splice.at]);
            all.extend_from_slice(&splice.bytes);
            from = splice.at;
        }
        all.extend_from_slice(&self.buf.as_slice()[from..]);
        all
    }

    /// Overwrites the four bytes that were written at `mark` by `value`, big-endian.
    pub fn patch_u32(&mut self, mark: Mark, value: u32) {
        self.buf.patch(mark.buf, value.to_be_bytes());
    }

    /// Removes all bytes, and keeps the memory for the next use.
    #[inline]
    pub fn clear(&mut self) {
        self.rollback(Mark { buf: 0, splices: 0, spliced: 0 });
    }

    /// Frees memory beyond `capacity` bytes.
    pub fn shrink_to(&mut self, capacity: usize) {
        self.buf.shrink_to(capacity);
    }

    /// Removes the first `count` bytes.
    #[doc(hidden)]
    pub fn drop_front(&mut self, count: usize) {
        let (mut left, mut own, mut gone) = (count.min(self.len()), 0, 0);
        for splice in &mut self.splices {
            let in_front = splice.at - own;
            if left < in_front {
                break;
            }
            left -= in_front;
            own = splice.at;
            let shared = left.min(splice.bytes.len());
            splice.bytes.advance(shared);
            self.spliced -= shared;
            left -= shared;
            if !splice.bytes.is_empty() {
                break;
            }
            gone += 1;
        }
        own += left;
        self.splices.drain(..gone);
        self.splices.iter_mut().for_each(|splice| splice.at -= own);
        self.buf.drop_front(own);
    }

    /// Returns all pieces in order, without empty ones.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        self.splices
            .iter()
            .flat_map(move |splice| {
                let own = &self.buf.as_slice()[from..splice.at];
                from = splice.at;
                [own, &splice.bytes[..]]
            })
            .chain(std::iter::once(&self.buf.as_slice()[self.splices.last().map_or(0, |splice| splice.at)..]))
            .filter(|chunk| !chunk.is_empty())
    }

    /// Returns all bytes, if none of them are shared.
    #[inline]
    #[doc(hidden)]
    pub fn in_one_piece(&self) -> Option<&[u8]> {
        self.splices.is_empty().then(|| self.buf.as_slice())
    }

    /// Fills `slices` for a vectored write from byte `skip` on. Returns how many were filled.
    pub fn io_slices<'a>(&'a self, mut skip: usize, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for chunk in self.chunks() {
            if skip >= chunk.len() {
                skip -= chunk.len();
                continue;
            }
            let Some(slot) = slices.get_mut(filled) else { break };
            *slot = IoSlice::new(&chunk[skip..]);
            skip = 0;
            filled += 1;
        }
        filled
    }

    /// Takes out what was written since `mark`; what was encoded of it is copied unless it is all that there is.
    #[doc(hidden)]
    pub fn split_off(&mut self, mark: Mark) -> Encoder {
        if mark.buf == 0 && mark.spliced == 0 {
            return std::mem::take(self);
        }
        let mut tail = Encoder::new();
        tail.buf.put_slice(self.buf.as_slice().get(mark.buf..).unwrap_or_default());
        tail.splices = self.splices.split_off(mark.splices);
        tail.splices.iter_mut().for_each(|splice| splice.at -= mark.buf);
        tail.spliced = self.spliced - mark.spliced;
        self.rollback(mark);
        self.spliced = mark.spliced;
        tail
    }

    /// Returns all pieces in order, without a copy; empty ones are left out.
    #[doc(hidden)]
    pub fn into_pieces(self) -> Vec<Bytes> {
        let own = self.buf.into_bytes();
        let mut pieces = Vec::with_capacity(2 * self.splices.len() + 1);
        let mut from = 0;
        for splice in self.splices {
            pieces.push(own.slice(from..splice.at));
            pieces.push(splice.bytes);
            from = splice.at;
        }
        pieces.push(own.slice(from..));
        pieces.retain(|piece| !piece.is_empty());
        pieces
    }

    /// Returns all bytes in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        self.chunks().for_each(|chunk| all.extend_from_slice(chunk));
        all
    }

    /// Appends all of `other`, and shares its shared bytes.
    pub fn append(&mut self, other: &Encoder) {
        let base = self.buf.len();
        self.buf.put_slice(other.buf.as_slice());
        self.splices.extend(other.splices.iter().map(|s| Splice { at: base + s.at, bytes: s.bytes.clone() }));
        self.spliced += other.spliced;
    }

    /// Appends bytes unchanged: a protocol header, or a term that is known to be valid.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.buf.put_slice(bytes);
    }

    /// Appends the start of a frame, bytes of which there are usually few, and perhaps one more byte.
    #[inline(always)]
    #[doc(hidden)]
    pub fn put_begun(&mut self, begun: &Prefix, bytes: &[u8], byte: Option<u8>) {
        match begun {
            // All of it, whatever the length: stores of a fixed size need no call.
            Prefix::Short(start, len) => self.buf.put_three(start, *len, bytes, byte),
            Prefix::Long(start) => {
                self.buf.put_slice(start);
                self.buf.put_slice(bytes);
                self.buf.put_slice(byte.as_slice());
            }
        }
    }

    /// Appends bytes unchanged, with a number known at compile time.
    #[inline(always)]
    pub fn put_array<const N: usize>(&mut self, bytes: &[u8; N]) {
        self.buf.put_array(bytes);
    }

    /// Appends one byte unchanged.
    #[inline]
    pub fn put_u8(&mut self, byte: u8) {
        self.buf.put([byte]);
    }

    /// Appends shared bytes unchanged, without a copy when there are many.
    pub fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < SPLICE_MIN {
            self.buf.put_slice(bytes);
        } else {
            self.splices.push(Splice { at: self.buf.len(), bytes: bytes.clone() });
            self.spliced += bytes.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_front_is_taken_away_at_any_place() {
        let whole = || {
            let mut out = Encoder::new();
            let mut byte = 0_u8;
            let mut next = |count: usize| -> Vec<u8> {
                (0..count)
                    .map(|_| {
                        byte = byte.wrapping_add(1);
                        byte
                    })
                    .collect()
            };
            out.put_slice(&next(5));
            out.put_shared(&next(SPLICE_MIN).into());
            out.put_shared(&next(SPLICE_MIN + 3).into());
            out.put_slice(&next(7));
            out.put_shared(&next(SPLICE_MIN).into());
            out
        };
        let all = whole().to_vec();
        let edges = [0, 5, SPLICE_MIN, 2 * SPLICE_MIN, 3 * SPLICE_MIN, all.len()];
        for count in edges.iter().flat_map(|&edge| edge.saturating_sub(1)..=(edge + 16).min(all.len())) {
            let mut out = whole();
            out.drop_front(count);
            assert_eq!((out.len(), &out.to_vec()[..]), (all.len() - count, &all[count..]), "{count}");
            out.put_slice(b"more");
            assert_eq!(out.to_vec(), [&all[count..], b"more"].concat(), "{count}");
        }
    }
}
