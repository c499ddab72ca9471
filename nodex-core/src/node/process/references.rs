//! References of this node: what stands in those of calls and of aliases.

/// The bits of the uses of a pid that count. There is no room for more in a reference.
pub(in crate::node) const USES: u64 = (1 << 50) - 1;

/// Returns the words of the reference that goes with a pid. Three of them, the first of 18 bits: OTP 23 takes no more.
/// An id of 0, which no process has, is that of an alias.
pub(in crate::node) fn words_of(id: u32, uses: u64) -> [u32; 3] {
    [id & 0x3_FFFF, uses as u32, id >> 18 | (((uses & USES) >> 32) as u32) << 14]
}

/// What [`words_of`] were made of.
pub(in crate::node) fn read_words(words: &[u32]) -> Option<(u32, u64)> {
    match *words {
        [low, uses, high] => Some((low | high << 18, u64::from(uses) | u64::from(high >> 14) << 32)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_keep_what_they_are_made_of() {
        for (id, uses) in [(1, 0), (0x3_FFFF, 1), (0x4_0000, 8192), (u32::MAX, USES), (0, USES), (7, 1 << 32)] {
            let words = words_of(id, uses);
            assert!(words[0] < 1 << 18);
            assert_eq!(read_words(&words), Some((id, uses)));
        }
        assert_eq!(read_words(&[1, 2]), None);
    }
}
