//! Where the reply to a message goes, and how it is framed.
//!
//! Follows erts, chapter `erl_dist_protocol` (control messages 2, 22, 33, 37) and `gen.erl` (`reply/2`).

use std::sync::Arc;

use super::{CallKind, Rejection};
use crate::{
    dist::{
        Flags,
        control::{Control, Op, OpenFrame, PASS_THROUGH, PidTerm, RefTerm, Target},
    },
    etf::{Encoder, VERSION, tag},
    term::{Pid, RawTerm},
};

/// The pid of one of our processes, encoded, and the start of every reply from it.
#[derive(Debug)]
pub(crate) struct Address {
    pid: Box<[u8]>,
    /// A frame of `SEND_SENDER` from this process, as far as it is the same for all replies.
    reply: Box<[u8]>,
}

impl Address {
    /// Of a process with this pid.
    pub(crate) fn new(pid: &Pid) -> Self {
        let mut encoded = Encoder::new();
        encoded.put_pid(pid);
        let pid = encoded.to_vec();
        let op = Op::SendSender;
        let mut reply = vec![0, 0, 0, 0, PASS_THROUGH, VERSION];
        reply.extend([tag::SMALL_TUPLE_EXT, op.arity(), tag::SMALL_INTEGER_EXT, op.number()]);
        reply.extend_from_slice(&pid);
        Address { pid: pid.into(), reply: reply.into() }
    }

    /// The pid; `None` never.
    pub(crate) fn pid(&self) -> Option<PidTerm<'_>> {
        PidTerm::new(&self.pid)
    }
}

/// The way back to the sender of one message. All terms are slices of the message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route<'a> {
    pub(crate) kind: CallKind,
    /// The pid to answer; none when the message named none.
    pub(crate) to: Option<PidTerm<'a>>,
    /// The tag of a gen call, encoded; empty otherwise.
    pub(crate) tag: &'a [u8],
    /// The alias inside the tag.
    pub(crate) alias: Option<RefTerm<'a>>,
    /// Our own process that answers.
    pub(crate) from: &'a Arc<Address>,
    /// What both nodes can do.
    pub(crate) flags: Flags,
}

impl<'a> Route<'a> {
    /// Writes everything in front of the reply; `None` when nobody waits for one, or it cannot be sent.
    #[inline]
    pub(crate) fn begin(&self, out: &mut Encoder) -> Option<OpenFrame> {
        if self.kind == CallKind::Plain && self.flags.contains(Flags::SEND_SENDER) {
            // What nearly every reply is, without a choice of words for each.
            let to = self.to?;
            let frame = OpenFrame::resume(out, &self.from.reply);
            out.put_slice(to.as_bytes());
            out.put_u8(VERSION);
            return Some(frame);
        }
        let to = match (self.kind, self.to, self.alias) {
            (CallKind::Cast, ..) | (_, None, _) => return None,
            // A reply to an alias that came too late is dropped by the peer, one to a pid would stay in its mailbox.
            (_, _, Some(alias)) if self.flags.contains(Flags::ALIAS) => Target::Alias(alias),
            (_, Some(to), _) => Target::Pid(to),
        };
        let send = Control::Send { from: self.from.pid(), to, token: None, priority: false, message: &[] };
        let (frame, _) = send.open(self.flags, out).ok()?;
        if self.kind == CallKind::GenCall {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(self.tag);
        }
        Some(frame)
    }

    /// Answers `{error, Reason}`.
    #[cold]
    pub(crate) fn write_error(&self, out: &mut Encoder, rejection: &Rejection) {
        let Some(frame) = self.begin(out) else { return };
        out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
        out.put_atom(&crate::atom!("error"));
        out.append(rejection.reason());
        finish(frame, out);
    }

    /// The caller's pid, encoded; empty when there is none.
    #[inline]
    pub(crate) fn caller(&self) -> &'a [u8] {
        self.to.map_or(&[], PidTerm::as_bytes)
    }

    /// A copy that outlives the message.
    pub(crate) fn keep(self) -> OwnedRoute {
        let own = |term| RawTerm::from_slice(term, None);
        OwnedRoute {
            kind: self.kind,
            to: self.to.map(|to| own(to.as_bytes())),
            tag: own(self.tag),
            alias: self.alias.map(|alias| own(alias.as_bytes())),
            from: self.from.clone(),
            flags: self.flags,
        }
    }
}

/// Ends a frame. One that is too long for any frame is taken back: better no reply than a broken stream.
#[inline]
pub(crate) fn finish(frame: OpenFrame, out: &mut Encoder) {
    if let Err(error) = frame.finish(out) {
        tracing::error!(%error, "a reply cannot be sent");
    }
}

/// A [`Route`] that is kept.
#[derive(Debug, Clone)]
pub(crate) struct OwnedRoute {
    pub(crate) kind: CallKind,
    to: Option<RawTerm>,
    tag: RawTerm,
    alias: Option<RawTerm>,
    from: Arc<Address>,
    flags: Flags,
}

impl OwnedRoute {
    pub(crate) fn as_route(&self) -> Route<'_> {
        Route {
            kind: self.kind,
            to: self.to.as_ref().and_then(|to| PidTerm::new(to.as_bytes())),
            tag: self.tag.as_bytes(),
            alias: self.alias.as_ref().and_then(|alias| RefTerm::new(alias.as_bytes())),
            from: &self.from,
            flags: self.flags,
        }
    }
}
