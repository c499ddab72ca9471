//! Why a call was not carried out.

use crate::{
    convert::{DecodeError, IntoTerm},
    error::Chain,
    etf::{EncodeError, Encoder},
    protocol::control::UnsupportedControl,
};

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
    pub(in crate::node) fn panic(message: &str) -> Self {
        Self::tagged(crate::atom!("panic"), message)
    }

    /// `{no_reply, Message}`, the message being a binary: nobody can answer any more.
    pub(in crate::node) fn no_reply(function: &str, why: &str) -> Self {
        Self::tagged(crate::atom!("no_reply"), &format!("{function}: {why}"))
    }

    /// `{unencodable, Message}`: the handler returned what no BEAM would accept.
    pub(in crate::node) fn unencodable(error: &EncodeError) -> Self {
        Self::tagged(crate::atom!("unencodable"), &Chain(error).to_string())
    }

    /// `{unencodable, Message}`: the handler returned what cannot be sent to this node.
    pub(in crate::node) fn unsendable(error: &UnsupportedControl) -> Self {
        Self::tagged(crate::atom!("unencodable"), &Chain(error).to_string())
    }

    /// `{message_too_big, Message}`: it was not read.
    pub(in crate::node) fn too_long(length: u64, limit: usize) -> Self {
        let message = format!("a message of {length} bytes is over the limit of {limit}");
        Self::tagged(crate::atom!("message_too_big"), &message)
    }

    /// The atom `unknown_call`.
    pub(in crate::node) fn unknown_call() -> Self {
        let mut encoder = Encoder::new();
        encoder.put_atom(&crate::atom!("unknown_call"));
        Rejection(Box::new(encoder))
    }

    /// The atom `draining`: the node is about to end.
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

    /// The exception that it is for a caller by rpc: the reason, and the text of a bad argument, which stands in the
    /// stack trace then.
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

    /// The reason, encoded.
    pub(in crate::node) fn reason(&self) -> &Encoder {
        &self.0
    }
}

impl From<DecodeError> for Rejection {
    fn from(error: DecodeError) -> Self {
        Rejection::badarg(&Chain(&error).to_string())
    }
}
