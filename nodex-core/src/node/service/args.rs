//! Handler arguments: terms of the message, and what the node knows.

use std::sync::Arc;

use super::{
    caller::{Caller, Share},
    context::Context,
    extensions::Extensions,
    rejection::Rejection,
    reply_to::ReplyTo,
};
use crate::{
    convert::{DecodeError, FromTerm},
    error::Chain,
    etf::Decoder,
    node::{address::Address, error::MissingState},
    term::Atom,
};

/// A type that a handler can take as an argument.
///
/// Every [`FromTerm`] type is one and takes the next term of the message. [`Context`], [`Caller`] and
/// [`State`](crate::node::State) take no term; a type of your own can do likewise:
///
/// ```
/// use nodex_core::node::{Args, FromArg, Rejection};
///
/// /// The name of the node that sent the message.
/// struct Sender(String);
///
/// impl FromArg for Sender {
///     const TERMS: u8 = 0;
///     fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection> {
///         Ok(Sender(args.caller().pid()?.node.to_string()))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an argument of a handler",
    label = "neither a term nor something that the node knows",
    note = "a term argument implements `FromTerm` (derive it), anything else `FromArg`; text is taken as `String`, bytes as `Bytes`"
)]
pub trait FromArg: Sized {
    /// How many terms of the message it takes: 0 or 1. The sum over all arguments is the arity of the handler.
    const TERMS: u8;

    /// Makes the argument.
    ///
    /// # Errors
    /// A rejection is sent to the caller as `{error, Reason}` and the handler is not called.
    fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection>;

    /// Whether the states it needs are there. Asked once, when the node is built.
    ///
    /// # Errors
    /// The state that is missing.
    fn check(extensions: &Extensions) -> Result<(), MissingState> {
        let _ = extensions;
        Ok(())
    }
}

impl<T: FromTerm> FromArg for T {
    const TERMS: u8 = 1;

    #[inline(always)]
    fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection> {
        args.term()
    }
}

impl FromArg for Context {
    const TERMS: u8 = 0;
    fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection> {
        Ok(args.context.of(args.process))
    }
}

impl FromArg for Caller {
    const TERMS: u8 = 0;
    fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection> {
        Ok(args.caller())
    }
}

/// What the arguments of one call are made from.
#[derive(Debug)]
pub struct Args<'a> {
    pub(in crate::node) function: &'a Atom,
    pub(in crate::node) taken: u8,
    pub(in crate::node) decoder: Decoder<'a>,
    pub(in crate::node) context: &'a Context,
    pub(in crate::node) reply_to: &'a ReplyTo<'a>,
    /// The process whose function is called.
    pub(in crate::node) process: &'a Arc<Address>,
    /// What the handler has to do with the caller, if that was taken.
    pub(in crate::node) share: &'a Share,
}

impl Args<'_> {
    /// The next term of the message.
    ///
    /// # Errors
    /// When it is not a `T`; the rejection names the function and the argument.
    #[inline(always)]
    pub fn term<T: FromTerm>(&mut self) -> Result<T, Rejection> {
        self.taken += 1;
        T::decode(&mut self.decoder).map_err(|error| self.bad_argument(error))
    }

    #[cold]
    fn bad_argument(&self, error: DecodeError) -> Rejection {
        Rejection::badarg(&format!("{}: argument {}: {}", self.function, self.taken, Chain(&error)))
    }

    /// Who called. From now on whoever waits is told if nobody answers.
    pub fn caller(&self) -> Caller {
        self.share.caller(self.function, self.reply_to, self.context, self.process)
    }

    /// The node and the connection of the call.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// The name of the function that is called.
    pub fn function(&self) -> &str {
        self.function
    }
}
