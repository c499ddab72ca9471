//! Short names without a loop.

use crate::term::Atom;

/// Returns the bytes from the name of an atom on, if it is short and ASCII, and as many bytes follow as an [`Atom`]
/// holds in place. Then it can be checked and copied whole, whatever its length.
#[inline(always)]
pub(crate) fn short_name(bytes: &[u8], len: u8) -> Option<&[u8; Atom::INLINE]> {
    let name: &[u8; Atom::INLINE] = bytes.first_chunk()?;
    let word = |at: usize| {
        let word = name.get(at..).and_then(|rest| rest.first_chunk());
        word.map_or(u64::MAX, |word| u64::from_le_bytes(*word))
    };
    let [first, second, last] = HIGH_BITS.get(usize::from(len))?;
    let high_bits = word(WORDS[0]) & first | word(WORDS[1]) & second | word(WORDS[2]) & last;
    (high_bits == 0).then_some(name)
}

/// Where the words of a name begin; the last two overlap.
const WORDS: [usize; 3] = [0, 8, Atom::INLINE - 8];

/// The high bits of all bytes that belong to a name of each length, in each of the words.
static HIGH_BITS: [[u64; 3]; Atom::INLINE + 1] = {
    let mut all = [[0; 3]; Atom::INLINE + 1];
    let mut len = 0;
    while len <= Atom::INLINE {
        let mut word = 0;
        while word < 3 {
            let mut byte = 0;
            while byte < 8 && WORDS[word] + byte < len {
                all[len][word] |= 0x80 << (8 * byte);
                byte += 1;
            }
            word += 1;
        }
        len += 1;
    }
    all
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bytes_of_the_name_count() {
        for len in 0..=30_u8 {
            for at in 0..40 {
                let mut bytes = [b'a'; 40];
                bytes[at] = 0xC3;
                let expected = usize::from(len) <= Atom::INLINE && at >= usize::from(len);
                assert_eq!(short_name(&bytes, len).is_some(), expected, "{len} {at}");
            }
        }
        assert_eq!(short_name(&[b'a'; 21], 1), None);
    }
}
