//! [`Rejection`].

use crate::{
    convert::{DecodeError, IntoTerm},
    error::Chain,
    etf::{EncodeError, Encoder},
    protocol::control::UnsupportedControl,
};

/// Why a call is refused: the `Reason` of the `{error, Reason}` that its caller receives.
#[derive(Debug, Clone)]
pub struct Rejection(Box<Encoder>);

impl Rejection {
    /// Creates a rejection with any term as its reason.
    ///
    /// # Errors
    /// Returns an error when the term cannot be encoded.
    pub fn new<T: IntoTerm + ?Sized>(reason: &T) -> Result<Self, EncodeError> {
        let mut encoder = Encoder::new();
        reason.encode(&mut encoder)?;
        Ok(Rejection(Box::new(encoder)))
    }

    /// Creates the reason `{badarg, Message}` with a binary as the message.
    pub fn badarg(message: &str) -> Self {
        Self::tagged(crate::atom!("badarg"), message)
    }

    /// Creates the reason `{panic, Message}` with a binary as the message.
    pub(in crate::node) fn panic(message: &str) -> Self {
        Self::tagged(crate::atom!("panic"), message)
    }

    /// Creates the reason `{no_reply, Message}`: nothing can answer any more.
    pub(in crate::node) fn no_reply(function: &str, why: &str) -> Self {
        Self::tagged(crate::atom!("no_reply"), &format!("{function}: {why}"))
    }

    /// Creates the reason `{unencodable, Message}`: the handler returned a value that cannot be encoded.
    pub(in crate::node) fn unencodable(error: &EncodeError) -> Self {
        Self::tagged(crate::atom!("unencodable"), &Chain(error).to_string())
    }

    /// Creates the reason `{unencodable, Message}`: the handler returned a value that cannot be sent to this node.
    pub(in crate::node) fn unsendable(error: &UnsupportedControl) -> Self {
        Self::tagged(crate::atom!("unencodable"), &Chain(error).to_string())
    }

    /// Creates the reason `{message_too_big, Message}`: the message was not read.
    pub(in crate::node) fn too_long(length: u64, limit: usize) -> Self {
        let message = format!("a message of {length} bytes is over the limit of {limit}");
        Self::tagged(crate::atom!("message_too_big"), &message)
    }

    /// Returns the atom `unknown_call`.
    pub(in crate::node) fn unknown_call() -> Self {
        let mut encoder = Encoder::new();
        encoder.put_atom(&crate::atom!("unknown_call"));
        Rejection(Box::new(encoder))
    }

    /// Returns the atom `draining`: the node is stopping.
    pub(in crate::node) fn draining() -> Self {
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

    /// Returns the exception for a caller by rpc: its reason, and the text of a bad argument, for the stack trace.
    pub(in crate::node) fn exception(&self) -> (Encoder, Option<Vec<u8>>) {
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

    /// Returns the encoded reason.
    pub(in crate::node) fn reason(&self) -> &Encoder {
        &self.0
    }
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        Rejection::badarg(&Chain(&error).to_string())
    }
}
