//! What a handler returns, and what its caller gets.

use crate::{
    convert::IntoTerm,
    etf::{EncodeError, Encoder},
};

/// A type that a handler can return.
///
/// | returned | reply |
/// |---|---|
/// | `T: IntoTerm` | `T` |
/// | `()` | `ok` |
/// | `Result<T, E>` | `{ok, T}` or `{error, E}` |
/// | `Result<(), E>` | `ok` or `{error, E}` |
/// | [`NoReply`] | none |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a handler",
    label = "not a reply type",
    note = "a reply implements `IntoTerm` (derive it), or is `()`, a `Result` of such types, or `NoReply`"
)]
pub trait IntoReply {
    /// False for a type that is never sent.
    const REPLIES: bool = true;

    /// Appends the reply as one term.
    ///
    /// # Errors
    /// When no BEAM would accept it; the caller then gets `{error, {unencodable, Message}}`.
    fn into_reply(self, encoder: &mut Encoder) -> Result<(), EncodeError>;
}

impl<T: IntoTerm> IntoReply for T {
    #[inline]
    fn into_reply(self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.encode(encoder)
    }
}

impl IntoReply for () {
    fn into_reply(self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_atom(&crate::atom!("ok"));
        Ok(())
    }
}

impl<E: IntoTerm> IntoReply for Result<(), E> {
    fn into_reply(self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Ok(()) => ().into_reply(encoder),
            Err(error) => {
                encoder.put_tuple(2)?;
                encoder.put_atom(&crate::atom!("error"));
                error.encode(encoder)
            }
        }
    }
}

/// Returned by a handler that answers nothing, or later through a kept [`Caller`](super::Caller).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoReply;

impl IntoReply for NoReply {
    const REPLIES: bool = false;

    fn into_reply(self, _: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }
}
