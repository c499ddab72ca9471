//! Errors of decoding and encoding.

/// Bytes that are not a valid term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum EtfError {
    #[error("the term is cut off at byte {offset}")]
    Truncated { offset: usize },
    #[error("byte {offset} is {found} where the version byte 131 is due")]
    Version { offset: usize, found: u8 },
    #[error("unknown tag {tag} at byte {offset}")]
    UnknownTag { offset: usize, tag: u8 },
    #[error("compressed terms are not accepted (tag 80 at byte {offset})")]
    Compressed { offset: usize },
    #[error("the atom at byte {offset} is no valid UTF-8")]
    AtomUtf8 { offset: usize },
    #[error("the atom at byte {offset} has {characters} characters, the limit is 255")]
    AtomLength { offset: usize, characters: usize },
    #[error("the float at byte {offset} is not finite")]
    NonFinite { offset: usize },
    #[error("the float at byte {offset} is no number")]
    FloatText { offset: usize },
    #[error("the reference at byte {offset} has {words} words, 1 to 5 are allowed")]
    ReferenceLength { offset: usize, words: usize },
    #[error("the bit string at byte {offset} has {bits} bits in its last byte, 1 to 8 are allowed")]
    BitCount { offset: usize, bits: u8 },
    #[error("the integer at byte {offset} has the sign {sign}, 0 or 1 is allowed")]
    Sign { offset: usize, sign: u8 },
    #[error("the integer at byte {offset} has {bytes} bytes, the limit is 4194296")]
    IntegerLength { offset: usize, bytes: usize },
    #[error("the tuple at byte {offset} has {arity} elements, the limit is 16777215")]
    Arity { offset: usize, arity: usize },
    #[error("the {kind} at byte {offset} has a number that its format does not allow")]
    Identifier { offset: usize, kind: super::Kind },
    #[error("the fun at byte {offset} is malformed")]
    Fun { offset: usize },
    #[error("the record at byte {offset} is malformed")]
    Record { offset: usize },
    #[error("a term in a local format (tag 121 at byte {offset}) cannot be part of another")]
    Local { offset: usize },
    #[error("the map at byte {offset} has a key twice")]
    DuplicateKey { offset: usize },
    #[error("the term is nested deeper than {limit} levels at byte {offset}")]
    TooDeep { offset: usize, limit: u32 },
    #[error("the nested term at byte {offset} fits several types in part: over {limit} bytes would be read again")]
    ReadAgain { offset: usize, limit: usize },
    #[error("the term at byte {offset} would take more than {limit} bytes of memory")]
    TooLarge { offset: usize, limit: usize },
    #[error("a {kind} at byte {offset} cannot be held by a dynamic term")]
    Opaque { offset: usize, kind: super::Kind },
    #[error("{count} bytes follow the term at byte {offset}")]
    TrailingBytes { offset: usize, count: usize },
}

/// Why a value cannot be encoded: no BEAM accepts it, or the format cannot hold it.
///
/// It is a tag and a word, so that results are returned in registers.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[allow(missing_docs)]
pub enum EncodeError {
    #[error("a float that is not finite cannot be sent")]
    NonFinite,
    #[error("an atom of {characters} characters cannot be sent, the limit is 255")]
    AtomLength { characters: usize },
    #[error("a map with a key twice cannot be sent")]
    DuplicateKey,
    #[error("a bit string with {bits} bits in its last byte cannot be sent, 1 to 8 are allowed")]
    BitCount { bits: usize },
    #[error("a reference of {words} words cannot be sent, 1 to 5 are allowed")]
    ReferenceLength { words: usize },
    #[error("an integer of {bytes} bytes cannot be sent, the limit is 524280")]
    IntegerLength { bytes: usize },
    #[error("a tuple of {arity} elements cannot be sent, the limit is 16777215")]
    Arity { arity: usize },
    #[error("a fun with {count} free variables cannot be sent, the limit is 255")]
    FreeVariables { count: usize },
    #[error("a fun in the form of before OTP R14 cannot be sent")]
    OldFun,
    #[error("a term in a format known to its sender only cannot be sent")]
    Local,
    #[error(transparent)]
    TooMany(Box<TooMany>),
    #[error("{0}")]
    Other(Box<Box<str>>),
}

/// A value has more elements than a term can have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{count} elements do not fit into a {kind}, the limit is 4294967295")]
#[non_exhaustive]
pub struct TooMany {
    /// The kind of the term.
    pub kind: super::Kind,
    /// How many there are.
    pub count: usize,
}

impl EncodeError {
    /// Creates an error for an implementation of [`IntoTerm`](crate::convert::IntoTerm) of your own.
    #[cold]
    pub fn other(text: impl Into<Box<str>>) -> Self {
        EncodeError::Other(Box::new(text.into()))
    }

    #[cold]
    pub(super) fn too_many(kind: super::Kind, count: usize) -> Self {
        EncodeError::TooMany(Box::new(TooMany { kind, count }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_result_of_encoding_fits_two_registers() {
        assert_eq!(size_of::<Result<(), EncodeError>>(), 16);
    }

    #[test]
    fn errors_in_boxes_say_what_they_hold() {
        assert_eq!(EncodeError::other("a text").to_string(), "a text");
        let many = EncodeError::too_many(super::super::Kind::List, 5_000_000_000);
        assert_eq!(many.to_string(), "5000000000 elements do not fit into a list, the limit is 4294967295");
    }
}
