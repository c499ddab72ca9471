//! A term that stays encoded.

use std::fmt;

use bytes::Bytes;

const INLINE: usize = 38;

/// One whole term in external format, without the leading version byte 131.
///
/// For passing a term through without decoding it. Up to 38 bytes are held in place; longer terms share the buffer
/// that they were received in, so keeping one keeps that buffer.
#[derive(Clone)]
pub struct RawTerm(Repr);

#[derive(Clone)]
enum Repr {
    Inline { len: u8, bytes: [u8; INLINE] },
    Shared(Bytes),
}

impl RawTerm {
    /// From bytes that are known to be one whole valid term.
    pub(crate) fn from_slice(term: &[u8], owner: Option<&Bytes>) -> Self {
        RawTerm(if term.len() <= INLINE {
            let mut bytes = [0; INLINE];
            bytes[..term.len()].copy_from_slice(term);
            Repr::Inline { len: term.len() as u8, bytes }
        } else {
            Repr::Shared(match owner {
                Some(owner) => owner.slice_ref(term),
                None => Bytes::copy_from_slice(term),
            })
        })
    }

    /// The encoded term, without the version byte.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => &bytes[..usize::from(*len)],
            Repr::Shared(bytes) => bytes,
        }
    }

    /// The shared buffer behind a long term.
    pub(crate) fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Inline { .. } => None,
            Repr::Shared(bytes) => Some(bytes),
        }
    }
}

impl PartialEq for RawTerm {
    /// Same bytes. Two encodings of equal terms may differ; decode to compare values.
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for RawTerm {}

impl fmt::Debug for RawTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawTerm({:?})", self.as_bytes())
    }
}
