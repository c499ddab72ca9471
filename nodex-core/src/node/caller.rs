//! Who sent a message.

use super::{
    Context, IntoReply,
    route::{OwnedRoute, Route},
};
use crate::{
    convert::DecodeError,
    etf::{Decoder, EncodeError, Encoder},
    term::Pid,
};

/// How a function was called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CallKind {
    /// A plain message; the reply is a plain message to its sender.
    Plain,
    /// `GenServer.call`; the reply carries the caller's tag.
    GenCall,
    /// `GenServer.cast`; nobody waits for a reply.
    Cast,
    /// `rpc` or `erpc`; the reply is what the function returns.
    Rpc,
}

/// Argument of a handler: who called. Keep it and return [`NoReply`](super::NoReply) to answer later.
#[derive(Debug, Clone)]
pub struct Caller {
    route: OwnedRoute,
    context: Context,
}

impl Caller {
    pub(super) fn new(route: &Route<'_>, context: &Context) -> Self {
        Caller { route: route.keep(), context: context.clone() }
    }

    /// The process that called.
    ///
    /// # Errors
    /// When the message named no sender, as `SEND` (operation 2) does not.
    pub fn pid(&self) -> Result<Pid, DecodeError> {
        Decoder::new(self.route.caller()).pid()
    }

    /// How it called.
    pub fn kind(&self) -> CallKind {
        self.route.kind
    }

    /// Sends the reply of a handler that returned [`NoReply`](super::NoReply). A caller that is gone does not matter.
    ///
    /// # Errors
    /// When no BEAM would accept the value; nothing has been sent then.
    pub fn reply<R: IntoReply>(&self, reply: R) -> Result<(), EncodeError> {
        self.context.push(|out| {
            let more = self.route.more();
            let route = self.route.as_route(&more);
            if let Some(class) = reply.raises() {
                let mut reason = Encoder::new();
                reply.encode_reply(&mut reason)?;
                route.raise(class, &reason.to_vec(), out);
                return Ok(());
            }
            let Some(frame) = route.begin(out) else { return Ok(()) };
            match reply.encode_reply(out) {
                Ok(()) => {
                    route.finish(frame, out);
                    Ok(())
                }
                Err(error) => {
                    route.undo(frame, out);
                    Err(error)
                }
            }
        })
    }
}
