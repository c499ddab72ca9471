//! [`IntoTerm`].

use crate::{
    describe::{Type, Types},
    etf::{EncodeError, Encoder},
};

/// A Rust type that can be written as a term.
///
/// `()` is not such a type: it means the atom `ok` as the result of a handler, and nothing elsewhere.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as an Erlang term",
    label = "not a term type",
    note = "derive it with `#[derive(IntoTerm)]`, or give a `RawTerm` or a `Term`"
)]
pub trait IntoTerm {
    /// Appends the value as one term.
    ///
    /// # Errors
    /// Returns an error when no BEAM accepts the term. The encoder then holds a part of it, which the caller rolls
    /// back.
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError>;

    /// Like [`encode`](Self::encode), with the atom `undefined` in place of `nil` for a missing value. This differs
    /// only for [`Option`].
    ///
    /// # Errors
    /// Returns the errors of [`encode`](Self::encode).
    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.encode(encoder)
    }

    /// Returns the type of the terms that it is written as, for users and programs that read them; see
    /// [`describe`](crate::describe). It is not called while messages are handled.
    ///
    /// Default: any term. A type that can contain itself must be [defined](Types::define_output), otherwise its
    /// description would never end.
    fn output_type(types: &mut Types) -> Type
    where
        Self: Sized,
    {
        let _ = types;
        Type::Term
    }

    /// Returns `true` for the `Err` of a `Result`.
    #[doc(hidden)]
    #[inline]
    fn is_error(&self) -> bool {
        false
    }

    /// Appends a list of these values.
    #[doc(hidden)]
    fn encode_list(all: &[Self], encoder: &mut Encoder) -> Result<(), EncodeError>
    where
        Self: Sized,
    {
        encode_elements(all.len(), all.iter(), encoder)
    }

    /// Returns `true` if values that differ in Rust also differ as terms, so that the keys of a map need no check.
    #[doc(hidden)]
    fn is_injective() -> bool
    where
        Self: Sized,
    {
        false
    }
}

/// What references and boxes to a type are written as.
///
/// Every type that is [`IntoTerm`] has it, and so have `str`, slices and `dyn IntoTerm`. Only a type without a size of its
/// own, or a `dyn` of a trait of your own, has to implement it before a reference to it is a term.
#[diagnostic::on_unimplemented(
    message = "a reference to `{Self}` is no term unless it says what it is written as",
    label = "does not implement `OutputType`"
)]
pub trait OutputType {
    /// As [`IntoTerm::output_type`].
    fn output_type(types: &mut Types) -> Type;
}

impl<T: IntoTerm> OutputType for T {
    fn output_type(types: &mut Types) -> Type {
        <T as IntoTerm>::output_type(types)
    }
}

macro_rules! any_term {
    ($($type:ty)*) => {$(
        impl OutputType for $type {
            fn output_type(_: &mut Types) -> Type {
                Type::Term
            }
        }
    )*};
}
any_term!(dyn IntoTerm + '_ dyn IntoTerm + Send + '_ dyn IntoTerm + Sync + '_ dyn IntoTerm + Send + Sync + '_);

/// Appends a proper list of values.
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
