//! Growing memory that is written from front to back.

/// Bytes, as a `Vec<u8>` holds them, but with zeros behind them that are overwritten in steps of a fixed size. A short
/// piece is then written by a few instructions, where a `Vec` calls a function to copy it.
#[derive(Debug, Default, Clone)]
pub(super) struct Out {
    /// All memory that was ever written; only the first `len` bytes count.
    bytes: Vec<u8>,
    len: usize,
}

/// Pieces up to this size are copied in place.
const SHORT: usize = 32;

impl Out {
    #[inline]
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn as_slice(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    #[inline]
    pub(super) fn as_mut_slice(&mut self) -> &mut [u8] {
        &mut self.bytes[..self.len]
    }

    #[inline]
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(super) fn shrink_to(&mut self, capacity: usize) {
        self.bytes.truncate(self.len.max(capacity));
        self.bytes.shrink_to(capacity);
    }

    /// The next `count` bytes, to be written to. They count only after they are added to `len`.
    #[inline(always)]
    fn room(&mut self, count: usize) -> &mut [u8] {
        // No overflow: neither is more than memory holds.
        let end = self.len + count;
        if end > self.bytes.len() {
            self.grow(end);
        }
        &mut self.bytes[self.len..end]
    }

    /// Writes into the next `N` bytes, which count only after they are added to `len`.
    #[inline(always)]
    fn fixed<const N: usize>(&mut self, write: impl Fn(&mut [u8; N])) {
        // Two ways, so that the usual one need not look again at what has been found out.
        match self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            Some(place) => write(place),
            None => self.after_growth(&write),
        }
    }

    #[cold]
    #[inline(never)]
    fn after_growth<const N: usize>(&mut self, write: &impl Fn(&mut [u8; N])) {
        self.grow(self.len + N);
        if let Some(place) = self.bytes.get_mut(self.len..).and_then(<[u8]>::first_chunk_mut) {
            write(place);
        }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self, end: usize) {
        let len = end.max(2 * self.bytes.len()).max(256);
        self.bytes.resize(len, 0);
    }

    /// Appends a piece of a size that is known at compile time.
    #[inline(always)]
    pub(super) fn put<const N: usize>(&mut self, piece: [u8; N]) {
        self.fixed(|place| *place = piece);
        self.len += N;
    }

    /// Appends a piece that is nearly always short, in place and without a call, and a byte.
    #[inline(always)]
    pub(super) fn put_short(&mut self, piece: &[u8], byte: u8) {
        const ROOM: usize = 2 * SHORT + 1;
        let len = piece.len();
        match (piece.first_chunk::<16>(), piece.last_chunk::<16>()) {
            (Some(first), Some(last)) if len < ROOM => {
                self.fixed(|place: &mut [u8; ROOM]| {
                    place[..16].copy_from_slice(first);
                    if let (Some(second), true) = (piece.get(16..32), len > 32) {
                        place[16..32].copy_from_slice(second);
                        if let Some(third) = piece.get(32..48) {
                            place[32..48].copy_from_slice(third);
                        }
                    }
                    place[len - 16..len].copy_from_slice(last);
                    place[len] = byte;
                });
                self.len += len + 1;
            }
            _ => {
                self.put_slice(piece);
                self.put([byte]);
            }
        }
    }

    /// Appends the first bytes of some words. Each is copied by itself and only if it is needed: to read as a block what
    /// was written as words stalls the processor, and the compiler would make a block of four words.
    #[inline(always)]
    pub(super) fn put_words(&mut self, words: &[[u8; 8]; 4], len: u8) {
        self.fixed(|place: &mut [u8; 32]| {
            place[..8].copy_from_slice(&words[0]);
            if len > 8 {
                place[8..16].copy_from_slice(&words[1]);
                if len > 16 {
                    place[16..24].copy_from_slice(&words[2]);
                    place[24..].copy_from_slice(&words[3]);
                }
            }
        });
        self.len += usize::from(len);
    }

    /// Appends the first bytes of a block of fixed size, as many as `len` says; the block is copied whole.
    #[inline(always)]
    pub(super) fn put_block<const N: usize>(&mut self, block: &[u8; N], len: u8) {
        debug_assert!(usize::from(len) <= N);
        self.fixed(|place| *place = *block);
        self.len += usize::from(len);
    }

    #[inline]
    pub(super) fn put_slice(&mut self, piece: &[u8]) {
        if piece.len() > SHORT {
            self.room(piece.len()).copy_from_slice(piece);
        } else {
            self.fixed(|place| copy_short(place, piece));
        }
        self.len += piece.len();
    }

    /// Appends a head of fixed size and a piece.
    #[inline]
    pub(super) fn put_both<const N: usize>(&mut self, head: [u8; N], piece: &[u8]) {
        let place = self.room(N + piece.len().max(SHORT));
        let (first, rest) = place.split_at_mut(N);
        first.copy_from_slice(&head);
        match rest.first_chunk_mut() {
            Some(place) if piece.len() <= SHORT => copy_short(place, piece),
            _ => rest[..piece.len()].copy_from_slice(piece),
        }
        self.len += N + piece.len();
    }

    /// Appends pieces of at most `N` bytes each, for which there is room at once: `write` gives how much it used.
    #[inline]
    pub(super) fn put_each<T, const N: usize>(
        &mut self,
        values: impl ExactSizeIterator<Item = T>,
        write: impl Fn(&mut [u8; N], T) -> usize,
    ) {
        let room = self.room(values.len() * N);
        let mut at = 0;
        for value in values {
            if let Some(place) = room[at..].first_chunk_mut() {
                at += write(place, value);
            }
        }
        self.len += at;
    }
}

/// Copies by pieces of fixed size, two of which may overlap.
#[inline(always)]
fn copy_short(place: &mut [u8; SHORT], piece: &[u8]) {
    let len = piece.len();
    if let (Some(first), Some(last)) = (piece.first_chunk::<16>(), piece.last_chunk::<16>()) {
        place[..16].copy_from_slice(first);
        place[len - 16..len].copy_from_slice(last);
    } else if let (Some(first), Some(last)) = (piece.first_chunk::<8>(), piece.last_chunk::<8>()) {
        place[..8].copy_from_slice(first);
        place[len - 8..len].copy_from_slice(last);
    } else if let (Some(first), Some(last)) = (piece.first_chunk::<4>(), piece.last_chunk::<4>()) {
        place[..4].copy_from_slice(first);
        place[len - 4..len].copy_from_slice(last);
    } else if let (Some(&first), Some(&middle), Some(&last)) = (piece.first(), piece.get(len / 2), piece.last()) {
        place[0] = first;
        place[len / 2] = middle;
        place[len - 1] = last;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_all_lengths_follow_each_other() {
        let source: Vec<u8> = (0..=255).cycle().take(2000).collect();
        for len in 0..100 {
            let (mut out, mut expected) = (Out::default(), Vec::new());
            for start in (0..1000).step_by(97) {
                let piece = &source[start..start + len];
                out.put_slice(piece);
                out.put([1, 2, 3]);
                out.put_both([4, 5], piece);
                out.put_each(piece.iter(), |place: &mut [u8; 2], &byte| {
                    *place = [9, byte];
                    1 + usize::from(byte % 2)
                });
                let short = (len % 33) as u8;
                let words: [u8; 32] = std::array::from_fn(|i| source[start + i]);
                out.put_short(piece, 6);
                out.put_words(&std::array::from_fn(|i| std::array::from_fn(|j| words[8 * i + j])), short);
                out.put_block(&words, short);
                expected.extend_from_slice(piece);
                expected.extend_from_slice(&[1, 2, 3, 4, 5]);
                expected.extend_from_slice(piece);
                expected.extend(piece.iter().flat_map(|&byte| [9, byte].into_iter().take(1 + usize::from(byte % 2))));
                expected.extend_from_slice(piece);
                expected.push(6);
                expected.extend_from_slice(&words[..usize::from(short)]);
                expected.extend_from_slice(&words[..usize::from(short)]);
                assert_eq!(out.as_slice(), expected);
            }
            out.truncate(5);
            out.shrink_to(0);
            out.put_slice(b"more");
            assert_eq!(out.as_slice(), [&expected[..5], b"more"].concat());
        }
    }
}
