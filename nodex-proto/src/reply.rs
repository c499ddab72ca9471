//! [`IntoReply`]: the results of handlers.

use std::marker::PhantomData;

use crate::{
    convert::IntoTerm,
    describe::{Outcome, Type, Types},
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
/// | `Result<T, Raised<E>>` | the reply of `T`, or an exception: see [`Raised`] |
/// | [`NoReply`] | no reply |
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the reply of a handler",
    label = "not a reply type",
    note = "a reply implements `IntoTerm` (derive it), or is `()`, a `Result` of such types, or `NoReply`",
    note = "a method that no message calls is marked `#[cnode(skip)]` or stands in another `impl` block"
)]
pub trait IntoReply {
    /// Returns `false` when there is no reply.
    #[inline]
    fn replies(&self) -> bool {
        true
    }

    /// Returns the class of the exception, if this is one.
    #[inline]
    fn raises(&self) -> Option<ExceptionClass> {
        None
    }

    /// Returns whether this is an error: an exception, or the `Err` of a `Result`. The node logs it for a cast, whose
    /// sender is not told.
    #[inline]
    fn failed(&self) -> bool {
        self.raises().is_some()
    }

    /// Appends the reply, or the reason of an exception, as one term.
    ///
    /// # Errors
    /// Returns an error when no BEAM accepts the term. The caller then receives `{error, {unencodable, Message}}`.
    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError>;

    /// Returns the types that the caller receives, for users and programs that call; see [`describe`](crate::describe).
    /// Default: any term.
    fn outcome(types: &mut Types) -> Outcome
    where
        Self: Sized,
    {
        let _ = types;
        Outcome::reply(Type::Term)
    }
}

impl<T: IntoTerm> IntoReply for T {
    #[inline]
    fn failed(&self) -> bool {
        self.is_error()
    }

    #[inline(always)]
    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.encode(encoder)
    }

    fn outcome(types: &mut Types) -> Outcome {
        Outcome::reply(<T as IntoTerm>::output_type(types))
    }
}

impl IntoReply for () {
    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_atom(&crate::atom!("ok"));
        Ok(())
    }

    fn outcome(_: &mut Types) -> Outcome {
        Outcome::reply(Type::literal("ok"))
    }
}

/// The result of a handler that does not answer, or answers later through a kept `Caller`. If all clones of that
/// `Caller` are dropped without a reply, the caller receives an error.
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

    fn outcome(_: &mut Types) -> Outcome {
        Outcome::none()
    }
}

/// A reply that is already encoded, for a value that borrows from data that does not live long enough.
#[derive(Debug, Clone)]
pub struct Encoded {
    reply: Result<Option<Encoder>, EncodeError>,
    raises: Option<ExceptionClass>,
    failed: bool,
}

impl Encoded {
    /// Encodes a reply.
    pub fn new<R: IntoReply>(reply: R) -> Self {
        if !reply.replies() {
            return Encoded { reply: Ok(None), raises: None, failed: false };
        }
        let mut encoder = Encoder::new();
        let encoded = reply.encode_reply(&mut encoder).map(|()| Some(encoder));
        Encoded { reply: encoded, raises: reply.raises(), failed: reply.failed() }
    }
}

impl IntoReply for Encoded {
    fn replies(&self) -> bool {
        !matches!(self.reply, Ok(None))
    }

    fn raises(&self) -> Option<ExceptionClass> {
        self.raises
    }

    fn failed(&self) -> bool {
        self.failed
    }

    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match &self.reply {
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
    /// Returns the value itself.
    fn checked(self) -> Self::Reply;
}

impl<R: IntoReply> Checked for R {
    type Reply = R;

    #[inline]
    fn checked(self) -> R {
        self
    }
}

/// What the macros ask for what a type of replies tells of itself: any term if it is no reply, because that is reported
/// where the reply is made, and would be reported here once more.
#[doc(hidden)]
#[derive(Debug)]
pub struct ReplyType<R>(PhantomData<fn() -> R>);

impl<R> ReplyType<R> {
    /// Creates the value for this type. `(&ReplyType::<R>::new()).outcome(types)` finds one of the two below.
    #[allow(clippy::new_without_default)]
    pub const fn new() -> Self {
        ReplyType(PhantomData)
    }
}

/// Found first for a reply.
#[doc(hidden)]
pub trait OfReply {
    /// As [`IntoReply::outcome`].
    fn outcome(&self, types: &mut Types) -> Outcome;
}

impl<R: IntoReply> OfReply for ReplyType<R> {
    fn outcome(&self, types: &mut Types) -> Outcome {
        R::outcome(types)
    }
}

/// Found for anything else.
#[doc(hidden)]
pub trait OfAnything {
    /// Any term.
    fn outcome(&self, types: &mut Types) -> Outcome;
}

impl<R> OfAnything for &ReplyType<R> {
    fn outcome(&self, _: &mut Types) -> Outcome {
        Outcome::reply(Type::Term)
    }
}

/// The classes of exceptions (Erlang Reference Manual, "Errors and Error Handling").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExceptionClass {
    /// As `erlang:error/1` raises it.
    Error,
    /// As `erlang:exit/1` raises it.
    Exit,
    /// As `erlang:throw/1` raises it.
    Throw,
}

/// An exception that a handler raises in its caller, with its reason.
///
/// The `Err` of an ordinary `Result` is data: the caller receives `{error, Reason}`. The error of a `Result<T,
/// Raised<E>>` becomes an exception in a caller by `erpc`, and the `Ok` is returned without `{ok, _}` around it. With
/// `rpc` the exception is `{badrpc, {'EXIT', _}}`, or the value that was thrown. Messages and calls of a `gen_server`,
/// which know no exceptions, are answered `{error, Reason}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Raised<E> {
    /// `erlang:error(Reason)`.
    Error(E),
    /// `exit(Reason)`.
    Exit(E),
    /// `throw(Reason)`.
    Throw(E),
}

impl<T: IntoReply, E: IntoTerm> IntoReply for Result<T, Raised<E>> {
    fn replies(&self) -> bool {
        self.as_ref().map_or(true, IntoReply::replies)
    }

    fn raises(&self) -> Option<ExceptionClass> {
        match self {
            Ok(value) => value.raises(),
            Err(Raised::Error(_)) => Some(ExceptionClass::Error),
            Err(Raised::Exit(_)) => Some(ExceptionClass::Exit),
            Err(Raised::Throw(_)) => Some(ExceptionClass::Throw),
        }
    }

    fn encode_reply(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Ok(value) => value.encode_reply(encoder),
            Err(Raised::Error(reason) | Raised::Exit(reason) | Raised::Throw(reason)) => reason.encode(encoder),
        }
    }

    fn outcome(types: &mut Types) -> Outcome {
        T::outcome(types).raises(E::output_type(types))
    }
}
