//! A term that stays encoded.

use bytes::Bytes;

/// Words of a term that is held in place. Aligned as words are, so that they are copied as words.
#[derive(Clone, Copy, Default)]
#[repr(align(8))]
pub(crate) struct Words(pub(crate) [[u8; 8]; 4]);

const INLINE: usize = size_of::<Words>();

/// One whole term in external format, without the leading version byte 131.
///
/// For passing a term through without decoding it. Up to 32 bytes are held in place; longer terms share the buffer
/// that they were received in, so keeping one keeps that buffer.
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
    /// From bytes that are known to be one whole valid term.
    #[inline(always)]
    pub(crate) fn from_slice(term: &[u8], owner: Option<&Bytes>) -> Self {
        RawTerm(if term.len() <= INLINE {
            Repr::Inline { len: term.len() as u8, words: words(term) }
        } else {
            Repr::Shared(match owner {
                Some(owner) => owner.slice_ref(term),
                None => Bytes::copy_from_slice(term),
            })
        })
    }

    /// From bytes that are known to be one whole valid term, keeping them if they are many.
    pub(crate) fn from_bytes(term: Bytes) -> Self {
        if term.len() <= INLINE { Self::from_slice(&term, None) } else { RawTerm(Repr::Shared(term)) }
    }

    /// The encoded term, without the version byte.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, words } => &words.0.as_flattened()[..usize::from(*len)],
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The term in the form in which it is held.
    #[inline(always)]
    pub(crate) fn held(&self) -> Held<'_> {
        match &self.0 {
            Repr::Inline { len, words } => Held::Inline(words, usize::from(*len)),
            Repr::Shared(bytes) => Held::Shared(bytes),
        }
    }
}

/// How a [`RawTerm`] holds its bytes.
pub(crate) enum Held<'a> {
    /// In place: so many bytes of these words, zeros behind them.
    Inline(&'a Words, usize),
    /// In a buffer.
    Shared(&'a Bytes),
}

/// At most 32 bytes as words, built in registers.
#[inline(always)]
fn words(term: &[u8]) -> Words {
    let mut words = Words::default();
    for (i, word) in words.0.iter_mut().enumerate() {
        *word = first_word(term.get(8 * i..).unwrap_or_default()).to_le_bytes();
    }
    words
}

/// The first eight bytes as a little-endian word; if there are fewer, with zeros behind them.
#[inline(always)]
pub(crate) fn first_word(bytes: &[u8]) -> u64 {
    if let Some(whole) = bytes.first_chunk() {
        return u64::from_le_bytes(*whole);
    }
    if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        // Where both overlap they agree.
        let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
        return u64::from(first) | u64::from(last) << (8 * (bytes.len() - 4));
    }
    bytes.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
}

impl PartialEq for RawTerm {
    /// Same bytes. Two encodings of equal terms may differ; decode to compare values.
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RawTerm {}
