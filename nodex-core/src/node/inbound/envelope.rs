//! A message to a process of this node, with the data that is needed to handle it.

use super::connection::{Connection, Ending};
use crate::{
    etf::Encoder,
    net::Input,
    node::{
        counters::CallKind,
        process::service_process::Process,
        service::{call_tag::CallTag, reply_to::ReplyTo},
    },
    protocol::control::{AtomTerm, PidTerm},
};

/// The data that is needed to handle a message to a process of this node.
#[derive(Clone, Copy)]
pub(super) struct Envelope<'a> {
    pub(super) process: &'a Process,
    /// The name that the message was sent to, if it was sent to a name.
    pub(super) name: Option<AtomTerm<'a>>,
    pub(super) connection: &'a Connection,
    pub(super) input: Input<'a>,
    pub(super) ending: Ending,
}

/// A request with a tag: `{Label, {Pid, Tag}, Request}` of `gen:call/4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tagged<'a> {
    pub(super) to: PidTerm<'a>,
    pub(super) tag: &'a [u8],
    pub(super) request: &'a [u8],
}

impl Envelope<'_> {
    /// Returns where the reply to a plain message goes.
    pub(super) fn plain_reply_to<'a>(&'a self, to: Option<PidTerm<'a>>) -> ReplyTo<'a> {
        let (flags, from) = (self.connection.flags, &self.process.address);
        ReplyTo { kind: CallKind::Plain, flags, to, from, call_tag: None }
    }

    /// Returns where the reply to this request goes.
    pub(super) fn reply_to<'a>(&'a self, call: &Tagged<'a>, call_tag: &'a CallTag<'a>) -> ReplyTo<'a> {
        ReplyTo {
            kind: CallKind::GenCall,
            flags: self.connection.flags,
            to: Some(call.to),
            from: &self.process.address,
            call_tag: Some(call_tag),
        }
    }

    /// Sends the reply `{Tag, Reply}`.
    pub(super) fn tell(&self, call: &Tagged<'_>, out: &mut Encoder, reply: impl FnOnce(&mut Encoder)) {
        let call_tag = CallTag::new(call.tag);
        let reply_to = self.reply_to(call, &call_tag);
        if let Some(frame) = reply_to.begin(out) {
            reply(out);
            reply_to.finish(frame, out);
        }
    }
}
