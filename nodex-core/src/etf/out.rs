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

    /// The next `count` bytes, to be written to. They count only after [`advance`](Self::advance).
    #[inline(always)]
    fn room(&mut self, count: usize) -> &mut [u8] {
        // No overflow: neither is more than memory holds.
        let end = self.len + count;
        if end > self.bytes.len() {
            self.grow(end);
        }
        &mut self.bytes[self.len..end]
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
        self.room(N).copy_from_slice(&piece);
        self.len += N;
    }

    #[inline]
    pub(super) fn put_slice(&mut self, piece: &[u8]) {
        if piece.len() > SHORT {
            self.room(piece.len()).copy_from_slice(piece);
        } else if let Some(place) = self.room(SHORT).first_chunk_mut() {
            copy_short(place, piece);
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
                expected.extend_from_slice(piece);
                expected.extend_from_slice(&[1, 2, 3, 4, 5]);
                expected.extend_from_slice(piece);
                expected.extend(piece.iter().flat_map(|&byte| [9, byte].into_iter().take(1 + usize::from(byte % 2))));
                assert_eq!(out.as_slice(), expected);
            }
            out.truncate(5);
            out.shrink_to(0);
            out.put_slice(b"more");
            assert_eq!(out.as_slice(), [&expected[..5], b"more"].concat());
        }
    }
}
