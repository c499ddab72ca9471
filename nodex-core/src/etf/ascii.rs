//! Short names without a loop.

use crate::term::Atom;

/// The bytes from the name of an atom on, if it is short and ASCII, and as many bytes follow as an [`Atom`] holds in
/// place. Then it can be checked and copied whole, whatever its length.
#[inline(always)]
pub(super) fn short_name(bytes: &[u8], len: u8) -> Option<&[u8; Atom::INLINE]> {
    let name: &[u8; Atom::INLINE] = bytes.first_chunk()?;
    let word =
        |at: usize| name.get(at..).and_then(|rest| rest.first_chunk()).map_or(0, |word| u64::from_le_bytes(*word));
    // Of each word the bytes that belong to the name; the last two overlap.
    let part = |at: u8| {
        let count = len.saturating_sub(at).min(8);
        word(at.into()) & u64::MAX.checked_shr(64 - 8 * u32::from(count)).unwrap_or(0)
    };
    let high_bits = (part(0) | part(8) | part(14)) & 0x8080_8080_8080_8080;
    (usize::from(len) <= Atom::INLINE && high_bits == 0).then_some(name)
}

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
