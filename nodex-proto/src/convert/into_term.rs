//! [`IntoTerm`].

use crate::etf::{EncodeError, Encoder};

/// A Rust type that can be written as a term.
///
/// `()` is none: as a handler's result it means the atom `ok`, which no other place should guess.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as an Erlang term",
    label = "not a term type",
    note = "derive it with `#[derive(IntoTerm)]`, or give a `RawTerm` or a `Term`"
)]
pub trait IntoTerm {
    /// Appends the value as one term.
    ///
    /// # Errors
    /// Returns an error when no BEAM would accept it; the encoder then holds a part of it, which the caller rolls back.
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError>;

    /// As [`encode`](Self::encode), but with the atom `undefined` in place of `nil` for a missing value. Only
    /// [`Option`] makes a difference.
    ///
    /// # Errors
    /// As [`encode`](Self::encode).
    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.encode(encoder)
    }

    /// Returns `true` for the `Err` of a `Result`.
    #[doc(hidden)]
    #[inline]
    fn is_error(&self) -> bool {
        false
    }

    /// A list of these values.
    #[doc(hidden)]
    fn encode_list(all: &[Self], encoder: &mut Encoder) -> Result<(), EncodeError>
    where
        Self: Sized,
    {
        encode_elements(all.len(), all.iter(), encoder)
    }

    /// Returns `true` if values that are not equal in Rust are never equal as terms, so that the keys of a map need no
    /// check.
    #[doc(hidden)]
    fn is_injective() -> bool
    where
        Self: Sized,
    {
        false
    }
}

/// A proper list of values.
pub(super) fn encode_elements<T: IntoTerm>(
    count: usize,
    elements: impl Iterator<Item = T>,
    encoder: &mut Encoder,
) -> Result<(), EncodeError> {
    if count > 0 {
        encoder.put_list(count)?;
        for element in elements {
            element.encode(encoder)?;
        }
    }
    encoder.put_nil();
    Ok(())
}
