//! Handler arguments: terms of the message, and what the node knows.

use std::sync::Arc;

use super::{
    caller::{Caller, Share},
    context::Context,
    reply_to::{Address, ReplyTo},
    state::{Extensions, MissingState},
};
use crate::{
    convert::{DecodeError, FromTerm, IntoTerm},
    etf::{Decoder, EncodeError, Encoder},
    protocol::control::UnsupportedControl,
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
        Rejection::badarg(&format!("{}: argument {}: {error}", self.function, self.taken))
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

/// Why a call was not carried out: the `Reason` of the `{error, Reason}` that its caller gets.
#[derive(Debug, Clone)]
pub struct Rejection(Box<Encoder>);

impl Rejection {
    /// With a term of your own as the reason.
    ///
    /// # Errors
    /// When no BEAM would accept the term.
    pub fn new<T: IntoTerm + ?Sized>(reason: &T) -> Result<Self, EncodeError> {
        let mut encoder = Encoder::new();
        reason.encode(&mut encoder)?;
        Ok(Rejection(Box::new(encoder)))
    }

    /// `{badarg, Message}`, the message being a binary.
    pub fn badarg(message: &str) -> Self {
        Self::tagged(crate::atom!("badarg"), message)
    }

    /// `{panic, Message}`, the message being a binary.
    pub(crate) fn panic(message: &str) -> Self {
        Self::tagged(crate::atom!("panic"), message)
    }

    /// `{no_reply, Message}`, the message being a binary: nobody can answer any more.
    pub(crate) fn no_reply(function: &str, why: &str) -> Self {
        Self::tagged(crate::atom!("no_reply"), &format!("{function}: {why}"))
    }

    /// `{unencodable, Message}`: the handler returned what no BEAM would accept.
    pub(crate) fn unencodable(error: &EncodeError) -> Self {
        Self::tagged(crate::atom!("unencodable"), &error.to_string())
    }

    /// `{unencodable, Message}`: the handler returned what cannot be sent to this node.
    pub(crate) fn unsendable(error: &UnsupportedControl) -> Self {
        Self::tagged(crate::atom!("unencodable"), &error.to_string())
    }

    /// `{message_too_big, Message}`: it was not read.
    pub(crate) fn too_long(length: u64, limit: usize) -> Self {
        let message = format!("a message of {length} bytes is over the limit of {limit}");
        Self::tagged(crate::atom!("message_too_big"), &message)
    }

    /// The atom `unknown_call`.
    pub(crate) fn unknown_call() -> Self {
        let mut encoder = Encoder::new();
        encoder.put_atom(&crate::atom!("unknown_call"));
        Rejection(Box::new(encoder))
    }

    /// The atom `draining`: the node is about to end.
    pub(crate) fn draining() -> Self {
        let mut encoder = Encoder::new();
        encoder.put_atom(&crate::atom!("draining"));
        Rejection(Box::new(encoder))
    }

    fn tagged(tag: crate::term::Atom, message: &str) -> Self {
        let mut encoder = Encoder::new();
        // An atom and a text of less than 4 GiB: neither can be refused.
        let _ = (tag, message).encode(&mut encoder);
        Rejection(Box::new(encoder))
    }

    /// The exception that it is for a caller by rpc: the reason, and the text of a bad argument, which stands in the
    /// stack trace then.
    pub(crate) fn exception(&self) -> (Encoder, Option<Vec<u8>>) {
        const BADARG: &[u8] = b"\x77\x06badarg";
        let text = self.0.in_one_piece().and_then(|reason| reason.strip_prefix(b"\x68\x02")?.strip_prefix(BADARG));
        match text {
            Some(text) => {
                let mut badarg = Encoder::new();
                badarg.put_slice(BADARG);
                (badarg, Some(text.to_vec()))
            }
            None => ((*self.0).clone(), None),
        }
    }

    /// The reason, encoded.
    pub(crate) fn reason(&self) -> &Encoder {
        &self.0
    }
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        Rejection::badarg(&error.to_string())
    }
}
