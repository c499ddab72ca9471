//! The arguments of handlers.

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
    describe::{Argument, Type, Types},
    error::Chain,
    etf::Decoder,
    node::{address::Address, error::MissingState},
    term::Atom,
};

/// A type that a handler can take as an argument.
///
/// Every [`FromTerm`] type is such a type and takes the next term of the message. [`Context`], [`Caller`] and
/// [`State`](crate::node::State) take no term. A type of your own can do the same:
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
    /// The number of terms that it takes, 0 or 1. The sum over all arguments is the arity of the handler.
    const TERMS: u8;

    /// Makes the argument.
    ///
    /// # Errors
    /// A rejection is sent to the caller as `{error, Reason}`, and the handler is not called.
    fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection>;

    /// Checks that the states it needs exist. Called once, when the node is built.
    ///
    /// # Errors
    /// Returns the missing state.
    fn check(extensions: &Extensions) -> Result<(), MissingState> {
        let _ = extensions;
        Ok(())
    }

    /// Returns the type of the terms that it is made from, for users and programs that call; see
    /// [`describe`](crate::describe). Default: any term. Not called if it takes no term.
    fn argument_type(types: &mut Types) -> Type {
        let _ = types;
        Type::Term
    }

    /// Returns the argument with this name, if it is one for the caller.
    #[doc(hidden)]
    fn argument(name: &str, types: &mut Types) -> Option<Argument> {
        (Self::TERMS > 0).then(|| Argument::new(name, Self::argument_type(types)))
    }
}

impl<T: FromTerm> FromArg for T {
    const TERMS: u8 = 1;

    #[inline(always)]
    fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection> {
        args.term()
    }

    fn argument_type(types: &mut Types) -> Type {
        T::input_type(types)
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

/// The source of the arguments of a call.
#[derive(Debug)]
pub struct Args<'a> {
    pub(in crate::node) function: &'a Atom,
    pub(in crate::node) taken: u8,
    pub(in crate::node) decoder: Decoder<'a>,
    pub(in crate::node) context: &'a Context,
    pub(in crate::node) reply_to: &'a ReplyTo<'a>,
    /// The process whose function is called.
    pub(in crate::node) process: &'a Arc<Address>,
    /// The share of the handler in the caller, if that was taken.
    pub(in crate::node) share: &'a Share,
}

impl Args<'_> {
    /// Returns the next term of the message.
    ///
    /// # Errors
    /// Returns a rejection that names the function and the argument when the term is not a `T`.
    #[inline(always)]
    pub fn term<T: FromTerm>(&mut self) -> Result<T, Rejection> {
        self.taken += 1;
        T::decode(&mut self.decoder).map_err(|error| self.bad_argument(error))
    }

    #[cold]
    fn bad_argument(&self, error: DecodeError) -> Rejection {
        Rejection::badarg(&format!("{}: argument {}: {}", self.function, self.taken, Chain(&error)))
    }

    /// Returns the caller, which receives an error if it is dropped without a reply.
    pub fn caller(&self) -> Caller {
        self.share.caller(self.function, self.reply_to, self.context, self.process)
    }

    /// Returns the context of the call.
    pub fn context(&self) -> &Context {
        self.context
    }

    /// Returns the name of the called function.
    pub fn function(&self) -> &str {
        self.function
    }
}
