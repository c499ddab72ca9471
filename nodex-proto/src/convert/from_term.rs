//! [`FromTerm`].

use super::DecodeError;
use crate::{
    describe::{Type, Types},
    etf::{Decoder, Kind, tag},
};

/// A Rust type that can be read from a term.
///
/// A type that can contain itself must read its contents through [`Decoder::nested`], so that no term can overflow the
/// stack. `Box`, `Vec` and all other types here do so.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from an Erlang term",
    label = "not a term type",
    note = "derive it with `#[derive(FromTerm)]`, or take a `RawTerm` or a `Term`"
)]
pub trait FromTerm: Sized {
    /// Reads the next term.
    ///
    /// # Errors
    /// Returns an error when it is another term. The error says what was expected and found.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// Returns the value of a missing key of a map, if there is one: `None` for an [`Option`].
    fn absent() -> Option<Self> {
        None
    }

    /// Like [`decode`](Self::decode), with the atom `undefined` in place of `nil` for a missing value. This differs
    /// only for [`Option`].
    ///
    /// # Errors
    /// Returns the errors of [`decode`](Self::decode).
    fn decode_undefined(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Self::decode(decoder)
    }

    /// Returns the type of the terms that it is read from, for users and programs that write them; see
    /// [`describe`](crate::describe). It is not called while messages are handled.
    ///
    /// Default: any term. A type that can contain itself must be [defined](Types::define_input), otherwise its
    /// description would never end.
    fn input_type(types: &mut Types) -> Type {
        let _ = types;
        Type::Term
    }

    /// Returns `false` if no term of this kind can be read as this type. Untagged enums then skip the variant.
    #[doc(hidden)]
    #[inline]
    fn could_be(_kind: Kind) -> bool {
        true
    }

    /// Returns `false` if the first bytes of the next term, whose kind fits, already exclude this type. Untagged enums
    /// then try the other variants first, and this one only to report what is wrong with it.
    #[doc(hidden)]
    #[inline]
    fn looks_like(_decoder: &Decoder<'_>) -> bool {
        true
    }

    /// Reads the next `count` elements of a list into `all`, which has room for them.
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

    /// Reads all elements of a list of integers from 0 to 255 (`STRING_EXT`) into `all`; `decoder` is positioned after
    /// them.
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
