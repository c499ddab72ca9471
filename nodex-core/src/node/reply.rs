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
    note = "a reply implements `IntoTerm` (derive it), or is `()`, a `Result` of such types, or `NoReply`",
    note = "a method that no message calls is marked `#[cnode(skip)]` or stands in another `impl` block"
)]
pub trait IntoReply {
    /// False when nothing is to be sent.
    #[inline]
    fn replies(&self) -> bool {
        true
    }

    /// Appends the reply as one term.
    ///
    /// # Errors
    /// When no BEAM would accept it; the caller then gets `{error, {unencodable, Message}}`.
    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError>;
}

impl<T: IntoTerm> IntoReply for T {
    #[inline(always)]
    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.encode(encoder)
    }
}

impl IntoReply for () {
    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_atom(&crate::atom!("ok"));
        Ok(())
    }
}

/// Returned by a handler that answers nothing, or later through a kept [`Caller`](super::Caller).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NoReply;

impl IntoReply for NoReply {
    #[inline]
    fn replies(&self) -> bool {
        false
    }

    fn encode_reply(&self, _: &mut Encoder) -> Result<(), EncodeError> {
        Ok(())
    }
}

/// A reply that is encoded already, for one that borrows from what is gone by the time it is sent.
#[derive(Debug, Clone)]
pub struct Encoded(Result<Option<Encoder>, EncodeError>);

impl Encoded {
    /// Encodes a reply.
    pub fn new<R: IntoReply>(reply: R) -> Self {
        if !reply.replies() {
            return Encoded(Ok(None));
        }
        let mut encoder = Encoder::new();
        Encoded(reply.encode_reply(&mut encoder).map(|()| Some(encoder)))
    }
}

impl IntoReply for Encoded {
    fn replies(&self) -> bool {
        !matches!(self.0, Ok(None))
    }

    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match &self.0 {
            Ok(Some(encoded)) => encoder.append(encoded),
            Ok(None) => {}
            Err(error) => return Err(error.clone()),
        }
        Ok(())
    }
}

/// What the macros pass every reply through, with its type spelled out: for a type that is no reply the only error is
/// then one at that type, because what `checked` returns is unknown to the compiler.
#[doc(hidden)]
pub trait Checked {
    /// The type itself.
    type Reply: IntoReply;
    /// The value itself.
    fn checked(self) -> Self::Reply;
}

impl<R: IntoReply> Checked for R {
    type Reply = R;

    #[inline]
    fn checked(self) -> R {
        self
    }
}
