//! Growing memory that is written from front to back.

use bytes::Bytes;

use super::tag;

/// Bytes, as a `Vec<u8>` holds them, but with zeros behind them that are overwritten in steps of a fixed size. A short
/// piece is then written by a few instructions, where a `Vec` calls a function to copy it.
#[derive(Debug, Default, Clone)]
pub(super) struct WriteBuf {
    /// All memory that was ever written; only the first `len` bytes count.
    bytes: Vec<u8>,
    len: usize,
}

/// Pieces up to this size are copied in place.
pub(super) const SHORT: usize = 32;

/// Room for the head of a bit string, the longest one, and a short piece.
pub(super) const SHORT_SPARE: usize = 6 + SHORT;

/// Room for everything that is written at once: the longest is a reference.
pub(super) const SPARE: usize = 64;

impl WriteBuf {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Overwrites bytes that were written before, if there are so many.
    #[inline(always)]
    pub(super) fn patch<const N: usize>(&mut self, at: usize, piece: [u8; N]) {
        if at < self.len
            && let Some(place) = self.bytes.get_mut(at..).and_then(<[u8]>::first_chunk_mut)
        {
            *place = piece;
        }
    }

    /// What was written, without a copy.
    pub(super) fn into_bytes(mut self) -> Bytes {
        self.bytes.truncate(self.len);
        self.bytes.into()
    }

    #[inline]
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Takes away the first `count` bytes of those that were written.
    pub(super) fn drop_front(&mut self, count: usize) {
        let count = count.min(self.len);
        self.bytes.copy_within(count..self.len, 0);
        self.len -= count;
    }

    pub(super) fn shrink_to(&mut self, capacity: usize) {
        self.bytes.truncate(self.len.max(capacity));
        self.bytes.shrink_to(capacity);
    }

    /// Returns the next `N` bytes, if there is room for them. Those that [`WriteBuf::advance`] counts are appended.
    ///
    /// What is done without room should be a single call with few and small arguments: then nothing has to be saved
    /// across it, and what is to be written stays in registers on the usual way. The usual way is not a closure: the
    /// compiler makes a function of one that has grown long.
    #[inline(always)]
    pub(super) fn spare<const N: usize>(&mut self) -> Option<&mut [u8; N]> {
        // Never out of range. An index and not `get_mut`, as two checks that lead to one place become one of more work.
        self.bytes[self.len..].first_chunk_mut()
    }

    /// Appends the first bytes of the last [`WriteBuf::spare`].
    #[inline(always)]
    pub(super) fn advance(&mut self, count: usize) {
        self.len += count;
    }

    /// Appends a piece of any length.
    #[inline(never)]
    pub(super) fn put_bytes(&mut self, piece: &[u8]) {
        self.reserve(piece.len()).copy_from_slice(piece);
        self.len += piece.len();
    }

    /// Appends a tag, a length and a piece of any length.
    #[inline(never)]
    pub(super) fn put_long<const N: usize>(&mut self, tag: u8, len: [u8; N], piece: &[u8]) {
        let count = 1 + N + piece.len();
        let spare = self.reserve(count);
        spare[0] = tag;
        spare[1..1 + N].copy_from_slice(&len);
        spare[1 + N..].copy_from_slice(piece);
        self.len += count;
    }

    /// Returns the next `count` bytes, which count only when they are added to `len`.
    #[inline(always)]
    pub(super) fn reserve(&mut self, count: usize) -> &mut [u8] {
        // No overflow: neither is more than memory holds.
        let end = self.len + count;
        if end > self.bytes.len() {
            self.grow(end);
        }
        &mut self.bytes[self.len..end]
    }

    /// Appends a short value for which there is no room yet.
    #[cold]
    #[inline(never)]
    fn put_after_growth<const N: usize>(&mut self, piece: [u8; N]) {
        self.put_bytes(&piece);
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, end: usize) {
        let len = end.max(2 * self.bytes.len()).max(256);
        self.bytes.resize(len, 0);
    }

    /// Appends a piece of a few bytes.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, piece: [u8; N]) {
        let Some(place) = self.spare() else { return self.put_after_growth(piece) };
        *place = piece;
        self.advance(N);
    }

    /// Appends a piece of a size that is known at compile time.
    #[inline(always)]
    pub(super) fn put_array<const N: usize>(&mut self, piece: &[u8; N]) {
        let Some(place) = self.spare() else { return self.put_bytes(piece) };
        *place = *piece;
        self.advance(N);
    }

    /// Appends a tag and a number.
    #[inline(always)]
    pub(super) fn put_head(&mut self, tag: u8, number: u32) {
        let bytes = number.to_be_bytes();
        let Some(place) = self.spare::<5>() else { return self.put_long(tag, bytes, &[]) };
        place[0] = tag;
        place[1..].copy_from_slice(&bytes);
        self.advance(5);
    }

    /// Appends the first bytes of a block of fixed size, as many as `len` says, a piece that is nearly always short, and
    /// perhaps a byte. All is written in place: the block whole, the piece in parts of fixed size.
    #[inline(always)]
    pub(super) fn put_three<const N: usize>(&mut self, block: &[u8; N], len: u8, piece: &[u8], byte: Option<u8>) {
        const ROOM: usize = 4 * SHORT + 1;
        let (start, count) = (usize::from(len), piece.len());
        if start > N || N > 2 * SHORT || !(16..=2 * SHORT).contains(&count) {
            return self.put_long_and(&block[..start.min(N)], piece, byte);
        }
        let Some(place) = self.spare::<ROOM>() else { return self.put_long_and(&block[..start], piece, byte) };
        place[..N].copy_from_slice(block);
        let place = &mut place[start..];
        place[..16].copy_from_slice(&piece[..16]);
        if count > 32 {
            place[16..32].copy_from_slice(&piece[16..32]);
            if count > 48 {
                place[32..48].copy_from_slice(&piece[32..48]);
            }
        }
        place[count - 16..count].copy_from_slice(&piece[count - 16..]);
        if let Some(byte) = byte {
            place[count] = byte;
            self.advance(start + count + 1);
        } else {
            self.advance(start + count);
        }
    }

    #[inline(never)]
    fn put_long_and(&mut self, start: &[u8], piece: &[u8], byte: Option<u8>) {
        self.put_bytes(start);
        self.put_bytes(piece);
        self.put_bytes(byte.as_slice());
    }

    /// Appends the first bytes of some words. Each is copied by itself and only if it is needed: to read as a block what
    /// was written as words stalls the processor, and the compiler would make a block of four words.
    #[inline(always)]
    pub(super) fn put_words(&mut self, words: &[[u8; 8]; 4], len: u8) {
        let Some(place) = self.spare::<32>() else {
            return self.put_bytes(&words.as_flattened()[..usize::from(len)]);
        };
        place[..8].copy_from_slice(&words[0]);
        if len > 8 {
            place[8..16].copy_from_slice(&words[1]);
            if len > 16 {
                place[16..24].copy_from_slice(&words[2]);
                place[24..].copy_from_slice(&words[3]);
            }
        }
        self.advance(usize::from(len));
    }

    /// Appends a piece.
    #[inline(always)]
    pub(super) fn put_slice(&mut self, piece: &[u8]) {
        if piece.len() > SHORT {
            return self.put_bytes(piece);
        }
        let Some(place) = self.spare() else { return self.put_bytes(piece) };
        copy_short(place, piece);
        self.advance(piece.len());
    }

    /// Appends a tag, a length and a piece.
    #[inline(always)]
    pub(super) fn put_piece<const N: usize>(&mut self, tag: u8, len: [u8; N], piece: &[u8]) {
        match self.spare().and_then(|place| short(place, tag, len, piece)) {
            Some(count) => self.advance(count),
            None => self.put_long(tag, len, piece),
        }
    }
}

/// Writes a tag, a length and a piece, if it is short, and returns how many bytes they take.
#[inline(always)]
pub(super) fn short<const N: usize>(
    place: &mut [u8; SHORT_SPARE],
    tag: u8,
    len: [u8; N],
    piece: &[u8],
) -> Option<usize> {
    const { assert!(1 + N + SHORT <= SHORT_SPARE) }
    if piece.len() > SHORT {
        return None;
    }
    let (first, rest) = place.split_first_mut()?;
    let (second, rest) = rest.split_first_chunk_mut()?;
    *first = tag;
    *second = len;
    copy_short(rest.first_chunk_mut()?, piece);
    Some(1 + N + piece.len())
}

/// Writes a head and the atom with a short name, and returns where they end.
#[inline(always)]
pub(super) fn head_and_node<const N: usize>(place: &mut [u8; SPARE], head: [u8; N], node: &[u8]) -> Option<usize> {
    let (first, rest) = place.split_first_chunk_mut()?;
    *first = head;
    Some(N + short(rest.first_chunk_mut()?, tag::SMALL_ATOM_UTF8_EXT, [node.len() as u8], node)?)
}

/// Writes numbers from `at` on, and returns where they end.
#[inline(always)]
pub(super) fn numbers(place: &mut [u8; SPARE], mut at: usize, numbers: &[u32]) -> Option<usize> {
    for number in numbers {
        *place.get_mut(at..)?.first_chunk_mut()? = number.to_be_bytes();
        at += 4;
    }
    Some(at)
}

/// Copies by pieces of fixed size, two of which may overlap.
#[inline(always)]
fn copy_short(place: &mut [u8; SHORT], piece: &[u8]) {
    let len = piece.len();
    if len >= 16 {
        copy_ends::<16>(place, piece);
    } else if len >= 8 {
        copy_ends::<8>(place, piece);
    } else if len >= 4 {
        copy_ends::<4>(place, piece);
    } else if len > 0 {
        place[0] = piece[0];
        place[len / 2] = piece[len / 2];
        place[len - 1] = piece[len - 1];
    }
}

/// The first and the last `N` bytes of a piece of `N` to `SHORT` bytes.
#[inline(always)]
fn copy_ends<const N: usize>(place: &mut [u8; SHORT], piece: &[u8]) {
    let len = piece.len();
    place[..N].copy_from_slice(&piece[..N]);
    place[len - N..len].copy_from_slice(&piece[len - N..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_all_lengths_follow_each_other() {
        let source: Vec<u8> = (0..=255).cycle().take(2000).collect();
        for len in 0..100 {
            let (mut out, mut expected) = (WriteBuf::default(), Vec::new());
            for start in (0..1000).step_by(97) {
                let piece = &source[start..start + len];
                out.put_slice(piece);
                out.put([1, 2, 3]);
                out.put_array(&[4]);
                out.put_piece(4, [len as u8], piece);
                out.put_head(9, 0x0A0B_0C0D);
                out.put_piece(7, [1, 2, 3, 4], piece);
                out.put_long(8, [1, 2], piece);
                let short = (len % 33) as u8;
                let words: [u8; 32] = std::array::from_fn(|i| source[start + i]);
                out.put_words(&std::array::from_fn(|i| std::array::from_fn(|j| words[8 * i + j])), short);
                out.put_three(&words, short, piece, Some(6));
                out.put_three(&words, short, piece, None);
                expected.extend_from_slice(piece);
                expected.extend_from_slice(&[1, 2, 3, 4, 4, len as u8]);
                expected.extend_from_slice(piece);
                expected.extend_from_slice(&[9, 10, 11, 12, 13, 7, 1, 2, 3, 4]);
                expected.extend_from_slice(piece);
                expected.extend_from_slice(&[8, 1, 2]);
                expected.extend_from_slice(piece);
                expected.extend_from_slice(&words[..usize::from(short)]);
                expected.extend_from_slice(&words[..usize::from(short)]);
                expected.extend_from_slice(piece);
                expected.push(6);
                expected.extend_from_slice(&words[..usize::from(short)]);
                expected.extend_from_slice(piece);
                assert_eq!(out.as_slice(), expected);
            }
            out.truncate(5);
            out.shrink_to(0);
            out.put_slice(b"more");
            assert_eq!(out.as_slice(), [&expected[..5], b"more"].concat());
        }
    }
}
