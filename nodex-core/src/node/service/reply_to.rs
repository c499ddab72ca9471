//! Where the reply to a message goes, and how it is framed.
//!
//! Follows erts, chapter `erl_dist_protocol` (control messages 2, 22, 33, 37) and `gen.erl` (`reply/2`).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{args::Rejection, caller::CallKind};
use crate::{
    etf::{Encoder, Prefix, tag},
    node::process::{
        rpc_process::{Begun, Spawned},
        table::Number,
    },
    protocol::{
        Flags,
        control::{Control, Op, OpenFrame, PidTerm, RefTerm, Target, UnsupportedControl},
    },
    reply::ExceptionClass,
    term::{Pid, RawTerm},
};

/// The pid of one of our processes, encoded, and the start of every reply from it.
#[derive(Debug)]
pub(crate) struct Address {
    pid: Box<[u8]>,
    /// Frames from this process, as far as they are the same for all replies: `SEND_SENDER`, `ALIAS_SEND`, and
    /// `ALTACT_SIG_SEND` to an alias.
    to_pid: Prefix,
    to_alias: Prefix,
    to_alias_by_altact: Prefix,
    number: Number,
    ended: AtomicBool,
}

impl Address {
    /// Of a process with this pid.
    pub(crate) fn new(pid: &Pid) -> Self {
        let mut encoded = Encoder::new();
        encoded.put_pid(pid);
        let number = Number { id: pid.id, serial: pid.serial };
        let pid: Box<[u8]> = encoded.to_vec().into();
        let [to_pid, to_alias, to_alias_by_altact] =
            [Op::SendSender, Op::AliasSend, Op::AltactSigSend].map(|op| OpenFrame::begin_reply(op, &pid));
        Address { pid, to_pid, to_alias, to_alias_by_altact, number, ended: AtomicBool::new(false) }
    }

    /// How a frame to this receiver begins, up to the receiver, if all of this kind begin alike.
    #[inline]
    fn begun(&self, peer: Flags, to: Target<'_>) -> Option<&Prefix> {
        match to {
            Target::Pid(_) => peer.contains(Flags::SEND_SENDER).then_some(&self.to_pid),
            Target::Alias(_) if peer.contains(Flags::ALTACT_SIG) => Some(&self.to_alias_by_altact),
            Target::Alias(_) => peer.contains(Flags::ALIAS).then_some(&self.to_alias),
            Target::Name(_) => None,
        }
    }

    /// The numbers of the pid.
    pub(crate) fn number(&self) -> Number {
        self.number
    }

    /// True until the process has ended.
    #[inline]
    pub(crate) fn is_alive(&self) -> bool {
        !self.ended.load(Ordering::SeqCst)
    }

    /// Ends the process. False when it had ended already.
    pub(crate) fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::SeqCst)
    }

    /// The pid; `None` never.
    pub(crate) fn pid(&self) -> Option<PidTerm<'_>> {
        PidTerm::new(&self.pid)
    }
}

/// The way back to the sender of one message. All terms are slices of the message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReplyTo<'a> {
    pub(crate) kind: CallKind,
    /// What both nodes can do.
    pub(crate) flags: Flags,
    /// The pid to answer; none when the message named none.
    pub(crate) to: Option<PidTerm<'a>>,
    /// Our own process that answers.
    pub(crate) from: &'a Arc<Address>,
    /// What the replies to plain messages do without.
    pub(crate) more: Option<&'a CallTag<'a>>,
}

/// What is known of a call beyond its sender.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct CallTag<'a> {
    /// What stands in front of the reply in a tuple of two, the tag of a gen call; empty when nothing does.
    pub(crate) tag: &'a [u8],
    /// The alias inside the tag.
    pub(crate) alias: Option<RefTerm<'a>>,
    /// The process that the call came as, or that it would have come as.
    pub(crate) spawned: Option<&'a Arc<Spawned>>,
}

impl<'a> ReplyTo<'a> {
    fn more(&self) -> CallTag<'a> {
        self.more.copied().unwrap_or_default()
    }

    /// The process that the call came as, or that it would have come as.
    #[inline]
    pub(crate) fn spawned(&self) -> Option<&'a Arc<Spawned>> {
        self.more?.spawned
    }

    /// Writes everything in front of the reply; `None` when nobody waits for one, or it cannot be sent.
    /// [`Self::finish`] or [`Self::undo`] has to follow.
    #[inline]
    pub(crate) fn begin(&self, out: &mut Encoder) -> Option<OpenFrame> {
        if self.kind == CallKind::Plain && self.flags.contains(Flags::SEND_SENDER) {
            // What nearly every reply is, without a choice of words for each.
            let to = self.to?;
            return Some(OpenFrame::resume(out, &self.from.to_pid, to.as_bytes()));
        }
        self.begin_other(out)
    }

    #[inline(never)]
    fn begin_other(&self, out: &mut Encoder) -> Option<OpenFrame> {
        if let Some(spawned) = self.spawned() {
            match spawned.begin(out) {
                Begun::Nothing => return None,
                Begun::Frame(frame) => return Some(frame),
                Begun::Message => {}
            }
        }
        let to = match (self.kind, self.to) {
            (CallKind::Cast, _) | (_, None) => return None,
            // A reply to an alias that came too late is dropped by the peer, one to a pid would stay in its mailbox.
            (_, Some(to)) => Target::reply(self.flags, to, self.more().alias),
        };
        let frame = match self.from.begun(self.flags, to) {
            Some(begun) => OpenFrame::resume(out, begun, to.as_bytes()),
            None => {
                let send = Control::Send { from: self.from.pid(), to, token: None, priority: false, message: &[] };
                send.open(self.flags, out).ok()?.0
            }
        };
        let tag = self.more().tag;
        if !tag.is_empty() {
            out.put_array(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(tag);
        }
        Some(frame)
    }

    /// Ends the frame of a reply. One that is too long for any frame is taken back, and an error is the answer.
    #[inline]
    pub(crate) fn finish(&self, frame: OpenFrame, out: &mut Encoder) {
        if let Some(spawned) = self.spawned()
            && !spawned.finishes(&frame, out)
        {
            return frame.undo(out);
        }
        if let Err(error) = frame.finish(out) {
            self.unsendable(&error, out);
        }
    }

    #[cold]
    fn unsendable(&self, error: &UnsupportedControl, out: &mut Encoder) {
        tracing::error!(%error, "a reply cannot be sent");
        if let Some(spawned) = self.spawned() {
            spawned.undone();
        }
        self.write_error(out, &Rejection::unsendable(error));
    }

    /// Takes back a reply that was begun; another one can follow.
    pub(crate) fn undo(&self, frame: OpenFrame, out: &mut Encoder) {
        frame.undo(out);
        if let Some(spawned) = self.spawned() {
            spawned.undone();
        }
    }

    /// Answers `{error, Reason}`, or raises an error in a caller by rpc.
    #[cold]
    pub(crate) fn write_error(&self, out: &mut Encoder, rejection: &Rejection) {
        if let Some(spawned) = self.spawned() {
            return spawned.reject(self, rejection, out);
        }
        self.write_raised(out, rejection.reason());
    }

    /// Answers what a handler raised: `{error, Reason}`, and the exception itself in a caller by rpc.
    #[cold]
    pub(crate) fn raise(&self, class: ExceptionClass, reason: &Encoder, out: &mut Encoder) {
        match self.spawned() {
            Some(spawned) => spawned.raise(self, class, reason, out),
            None => self.write_raised(out, reason),
        }
    }

    fn write_raised(&self, out: &mut Encoder, reason: &Encoder) {
        let Some(frame) = self.begin(out) else { return };
        out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
        out.put_atom(&crate::atom!("error"));
        out.append(reason);
        self.finish(frame, out);
    }

    /// The caller's pid, encoded; empty when there is none.
    #[inline]
    pub(crate) fn caller(&self) -> &'a [u8] {
        self.to.map_or(&[], PidTerm::as_bytes)
    }

    /// A copy that outlives the message.
    pub(crate) fn keep(self) -> OwnedReplyTo {
        let own = |term| RawTerm::from_slice(term, None);
        let CallTag { tag, alias, spawned } = self.more();
        OwnedReplyTo {
            kind: self.kind,
            to: self.to.map(|to| own(to.as_bytes())),
            tag: own(tag),
            alias: alias.map(|alias| own(alias.as_bytes())),
            from: self.from.clone(),
            flags: self.flags,
            spawned: spawned.cloned(),
        }
    }
}

/// A [`ReplyTo`] that is kept.
#[derive(Debug, Clone)]
pub(crate) struct OwnedReplyTo {
    pub(crate) kind: CallKind,
    to: Option<RawTerm>,
    tag: RawTerm,
    alias: Option<RawTerm>,
    from: Arc<Address>,
    flags: Flags,
    spawned: Option<Arc<Spawned>>,
}

impl OwnedReplyTo {
    /// True until the process that answers has ended.
    pub(crate) fn is_alive(&self) -> bool {
        self.from.is_alive()
    }

    /// Memory that it takes besides itself.
    pub(crate) fn memory(&self) -> usize {
        self.caller().len() + self.tag.as_bytes().len() + self.alias.as_ref().map_or(0, |alias| alias.as_bytes().len())
    }

    /// The caller's pid, encoded; empty when there is none.
    pub(crate) fn caller(&self) -> &[u8] {
        self.to.as_ref().map_or(&[], RawTerm::as_bytes)
    }

    /// What there is beyond the sender, for [`Self::as_reply_to`].
    pub(crate) fn more(&self) -> CallTag<'_> {
        CallTag {
            tag: self.tag.as_bytes(),
            alias: self.alias.as_ref().and_then(|alias| RefTerm::new(alias.as_bytes())),
            spawned: self.spawned.as_ref(),
        }
    }

    pub(crate) fn as_reply_to<'a>(&'a self, more: &'a CallTag<'a>) -> ReplyTo<'a> {
        ReplyTo {
            kind: self.kind,
            flags: self.flags,
            to: self.to.as_ref().and_then(|to| PidTerm::new(to.as_bytes())),
            from: &self.from,
            more: Some(more),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::Atom;

    #[test]
    fn a_reply_that_is_too_long_for_any_frame_is_an_error() {
        let pid = Pid { node: Atom::from_static("a@b"), id: 3, serial: 0, creation: 7 };
        let address = Arc::new(Address::new(&pid));
        let to = PidTerm::new(b"\x58\x77\x03c@d\0\0\0\x01\0\0\0\x02\0\0\0\x03");
        let reply_to = ReplyTo { kind: CallKind::Plain, flags: Flags::SEND_SENDER, to, from: &address, more: None };
        let mut reply = Encoder::new();
        let frame = reply_to.begin(&mut reply).unwrap();
        // The same memory over and over.
        let piece = bytes::Bytes::from(vec![7; 1 << 20]);
        (0..2048).for_each(|_| reply.put_shared(&piece));
        reply_to.finish(frame, &mut reply);
        let text = "unencodable";
        assert!(reply.to_vec().windows(text.len()).any(|piece| piece == text.as_bytes()) && reply.len() < 300);
    }

    #[test]
    fn replies_begin_as_the_control_messages_that_they_are() {
        let pid = Pid { node: Atom::from_static("a@b"), id: 3, serial: 0, creation: 7 };
        let address = Arc::new(Address::new(&pid));
        let to = PidTerm::new(b"\x58\x77\x03c@d\0\0\0\x01\0\0\0\x02\0\0\0\x03").unwrap();
        let alias = RefTerm::new(b"\x5a\0\x01\x77\x03c@d\0\0\0\x01\0\0\0\x02").unwrap();
        for flags in [
            Flags::EMPTY,
            Flags::SEND_SENDER,
            Flags::SEND_SENDER | Flags::ALIAS,
            Flags::SEND_SENDER | Flags::ALIAS | Flags::ALTACT_SIG,
        ] {
            for (alias, kind) in [(None, CallKind::Plain), (None, CallKind::GenCall), (Some(alias), CallKind::GenCall)]
            {
                let more = CallTag { tag: b"\x77\x01t", alias, spawned: None };
                let (is_call, to) = (kind == CallKind::GenCall, Some(to));
                let reply_to = ReplyTo { kind, flags, to, from: &address, more: is_call.then_some(&more) };
                let mut reply = Encoder::new();
                let frame = reply_to.begin(&mut reply).unwrap();
                reply.put_array(b"\x77\x02ok");
                reply_to.finish(frame, &mut reply);

                let message: &[u8] = if is_call { b"\x68\x02\x77\x01t\x77\x02ok" } else { b"\x77\x02ok" };
                let to = Target::reply(flags, to.unwrap(), alias);
                let send = Control::Send { from: address.pid(), to, token: None, priority: false, message };
                let mut whole = Encoder::new();
                send.encode(flags, &mut whole).unwrap();
                assert_eq!(reply.to_vec(), whole.to_vec(), "{flags:?} {kind:?} {alias:?}");
            }
        }
    }
}
