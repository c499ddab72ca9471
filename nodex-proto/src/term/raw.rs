//! [`RawTerm`].

use bytes::Bytes;

use super::share::is_shared;

/// Words of a term that is held in place. Aligned as words are, so that they are copied as words.
#[derive(Clone, Copy, Default)]
#[repr(align(8))]
pub(crate) struct Words(pub(crate) [[u8; 8]; 4]);

const INLINE: usize = size_of::<Words>();

/// One whole term in external format, without the leading version byte 131.
///
/// It passes a term on without decoding it. Up to 32 bytes are held in place. Longer terms are copied. From 4 KiB on
/// they share the buffer that they were received in, if they are at least a quarter of it, so a kept term never keeps
/// more than sixteen times its bytes.
#[derive(Clone)]
pub struct RawTerm(Repr);

#[derive(Clone)]
enum Repr {
    /// In words, because bytes that are copied one length and read back another stall the processor.
    Inline {
        len: u8,
        words: Words,
    },
    Shared(Bytes),
}

impl RawTerm {
    /// Creates a raw term from bytes that are known to be one whole valid term.
    #[inline(always)]
    #[doc(hidden)]
    pub fn from_slice(term: &[u8], owner: Option<&Bytes>) -> Self {
        RawTerm(if term.len() <= INLINE {
            Repr::Inline { len: term.len() as u8, words: Words(words(term)) }
        } else {
            Repr::Shared(match owner {
                Some(owner) if is_shared(term.len(), owner) => owner.slice_ref(term),
                _ => Bytes::copy_from_slice(term),
            })
        })
    }

    /// Creates a raw term from bytes that are known to be one whole valid term, and keeps long ones without a copy.
    #[doc(hidden)]
    pub fn from_bytes(term: Bytes) -> Self {
        if term.len() <= INLINE { Self::from_slice(&term, None) } else { RawTerm(Repr::Shared(term)) }
    }

    /// Returns a term inside this one, given its bytes.
    #[doc(hidden)]
    pub fn part(&self, part: &[u8]) -> Self {
        match &self.0 {
            Repr::Inline { .. } => Self::from_slice(part, None),
            Repr::Shared(bytes) => Self::from_slice(part, Some(bytes)),
        }
    }

    /// Returns the encoded term, without the version byte.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, words } => &words.0.as_flattened()[..usize::from(*len)],
            Repr::Shared(bytes) => bytes,
        }
    }

    /// Returns its first byte.
    #[inline(always)]
    pub(crate) fn tag(&self) -> u8 {
        match &self.0 {
            Repr::Inline { words, .. } => words.0[0][0],
            Repr::Shared(bytes) => bytes.first().copied().unwrap_or_default(),
        }
    }

    /// Returns the term in the form in which it is held.
    #[inline(always)]
    pub(crate) fn held(&self) -> Held<'_> {
        match &self.0 {
            Repr::Inline { len, words } => Held::Inline(words, *len),
            Repr::Shared(bytes) => Held::Shared(bytes),
        }
    }
}

/// How a [`RawTerm`] holds its bytes.
pub(crate) enum Held<'a> {
    /// In place: so many bytes of these words, zeros behind them.
    Inline(&'a Words, u8),
    /// In a buffer.
    Shared(&'a Bytes),
}

/// As many bytes as fit into words, built in registers.
#[inline(always)]
pub(crate) fn words<const N: usize>(bytes: &[u8]) -> [[u8; 8]; N] {
    let mut words = [[0; 8]; N];
    for (i, word) in words.iter_mut().enumerate() {
        let Some(rest) = bytes.get(8 * i..).filter(|rest| !rest.is_empty()) else { break };
        *word = match (rest.first_chunk(), bytes.last_chunk()) {
            (Some(whole), _) => *whole,
            // The last eight bytes, less those that are in the word before.
            (None, Some(last)) => (u64::from_le_bytes(*last) >> (64 - 8 * rest.len())).to_le_bytes(),
            (None, None) => first_word(rest).to_le_bytes(),
        };
    }
    words
}

/// Returns the first eight bytes as a little-endian word; if there are fewer, with zeros behind them.
#[inline(always)]
#[doc(hidden)]
pub fn first_word(bytes: &[u8]) -> u64 {
    if let Some(whole) = bytes.first_chunk() {
        return u64::from_le_bytes(*whole);
    }
    let len = bytes.len();
    // Where the pieces overlap they agree.
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (len - 4));
    }
    match (bytes.first(), bytes.get(len / 2), bytes.last()) {
        (Some(&first), Some(&middle), Some(&last)) => {
            u64::from(first) | u64::from(middle) << (8 * (len / 2)) | u64::from(last) << (8 * (len - 1))
        }
        _ => 0,
    }
}

impl PartialEq for RawTerm {
    /// Compares the bytes. Two encodings of equal terms can differ; decode them to compare values.
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RawTerm {}
