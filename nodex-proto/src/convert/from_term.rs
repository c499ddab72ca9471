//! [`FromTerm`].

use super::DecodeError;
use crate::{
    describe::{Type, Types},
    etf::{Decoder, Kind, tag},
};

/// A Rust type that can be read from a term.
///
/// A type that can contain itself must read what it contains through [`Decoder::nested`], so that no term can overflow
/// the stack; `Box`, `Vec` and all others here do.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from an Erlang term",
    label = "not a term type",
    note = "derive it with `#[derive(FromTerm)]`, or take a `RawTerm` or a `Term`"
)]
pub trait FromTerm: Sized {
    /// Reads the next term.
    ///
    /// # Errors
    /// Returns an error when it is something else; the error says what was expected and found.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// Returns the value that a missing key of a map stands for, if there is one: `None` of an [`Option`].
    fn absent() -> Option<Self> {
        None
    }

    /// As [`decode`](Self::decode), but with the atom `undefined` in place of `nil` for a missing value. Only
    /// [`Option`] makes a difference.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_undefined(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Self::decode(decoder)
    }

    /// The terms that it is read from, for people and programs that write them; see [`describe`](crate::describe). Asked
    /// by nobody while messages are handled.
    ///
    /// Any term, if nothing else is said. A type that can contain itself must be
    /// [defined](Types::define_input), or there would be no end of it.
    fn input_type(types: &mut Types) -> Type {
        let _ = types;
        Type::Term
    }

    /// False if no term of this kind is one of this type. Untagged enums need not try those variants then.
    #[doc(hidden)]
    #[inline]
    fn could_be(_kind: Kind) -> bool {
        true
    }

    /// Returns `false` if the first bytes of the next term, which is of a kind that this type could be, already say
    /// that it is none of this type. Untagged enums try the other variants first then, and this one only to tell what
    /// is wrong with it.
    #[doc(hidden)]
    #[inline]
    fn looks_like(_decoder: &Decoder<'_>) -> bool {
        true
    }

    /// The next `count` elements of a list, appended to `all`, which has room for them.
    #[doc(hidden)]
    #[inline]
    fn decode_elements(decoder: &mut Decoder<'_>, count: usize, all: &mut Vec<Self>) -> Result<(), DecodeError> {
        let end = all.len() + count;
        while all.len() < end {
            // Before the element is read and not when it is pushed: else it would have to wait on the stack.
            if all.len() == all.capacity() {
                all.reserve(end - all.len());
                continue;
            }
            let element = Self::decode(decoder);
            all.push(element.map_err(|error| in_element(error, count - (end - all.len())))?);
        }
        Ok(())
    }

    /// All elements of a list of integers from 0 to 255 (`STRING_EXT`), appended to `all`; `decoder` stands after them.
    #[doc(hidden)]
    fn decode_bytes(bytes: &[u8], decoder: &Decoder<'_>, all: &mut Vec<Self>) -> Result<(), DecodeError> {
        for &byte in bytes {
            let element = Self::decode(&mut decoder.of_part(&[tag::SMALL_INTEGER_EXT, byte]));
            all.push(element.map_err(|error| error.within(format!("element {}", all.len() + 1)))?);
        }
        Ok(())
    }
}

#[cold]
pub(super) fn in_element(error: DecodeError, index: usize) -> DecodeError {
    error.within(format!("element {}", index + 1))
}
