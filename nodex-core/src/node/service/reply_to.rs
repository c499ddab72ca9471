//! Where the reply to a message goes, and how it is framed.
//!
//! Follows erts, chapter `erl_dist_protocol` (control messages 2, 22, 33, 37) and `gen.erl` (`reply/2`).

use std::sync::Arc;

use super::{
    call_tag::CallTag,
    rejection::Rejection,
    reply_sink::{Begun, Failure, ReplySink, is_kept},
};
use crate::{
    error::Chain,
    etf::{Encoder, tag},
    node::{address::Address, counters::CallKind},
    protocol::{
        Flags,
        control::{Control, FrameForm, OpenFrame, PidTerm, RefTerm, Target, UnsupportedControl},
    },
    reply::ExceptionClass,
    term::RawTerm,
};

/// What a peer knows to which plain replies go in a frame with a header.
const WITH_HEADER: Flags = Flags::SEND_SENDER.or(Flags::FRAGMENTS);

/// The way back to the sender of one message. All terms are slices of the message.
#[derive(Debug, Clone, Copy)]
pub(in crate::node) struct ReplyTo<'a> {
    pub(in crate::node) kind: CallKind,
    /// The flags that both nodes support.
    pub(in crate::node) flags: Flags,
    /// The pid to answer; `None` when the message names none.
    pub(in crate::node) to: Option<PidTerm<'a>>,
    /// The process of this node that answers.
    pub(in crate::node) from: &'a Arc<Address>,
    /// The tag of the call; plain messages have none.
    pub(in crate::node) call_tag: Option<&'a CallTag<'a>>,
}

impl<'a> ReplyTo<'a> {
    fn call_tag(&self) -> CallTag<'a> {
        self.call_tag.copied().unwrap_or_default()
    }

    /// Returns the process of a call by rpc.
    #[inline]
    pub(in crate::node) fn sink(&self) -> Option<&'a Arc<dyn ReplySink>> {
        self.call_tag?.sink
    }

    /// Writes everything in front of the reply. Returns `None` when nothing waits for a reply, or it cannot be sent.
    /// [`Self::finish`] or [`Self::undo`] must follow.
    #[inline]
    pub(in crate::node) fn begin(&self, out: &mut Encoder) -> Option<OpenFrame> {
        if self.kind == CallKind::Plain {
            // What nearly every reply is, without a choice of words for each.
            let known = self.flags & WITH_HEADER;
            if known == Flags::SEND_SENDER {
                let to = self.to?;
                return Some(OpenFrame::resume(out, &self.from.to_pid, to.as_bytes()));
            }
            if known == WITH_HEADER {
                let to = self.to?;
                return Some(OpenFrame::resume_with_header(out, &self.from.to_pid_with_header, to.as_bytes()));
            }
        }
        self.begin_other(out)
    }

    #[inline(never)]
    fn begin_other(&self, out: &mut Encoder) -> Option<OpenFrame> {
        if let Some(sink) = self.sink() {
            match sink.begin(out) {
                Begun::Nothing => return None,
                Begun::Frame(frame) => return Some(frame),
                Begun::Message => {}
            }
        }
        let to = match (self.kind, self.to) {
            (CallKind::Cast, _) | (_, None) => return None,
            // A reply to an alias that came too late is dropped by the peer, one to a pid would stay in its mailbox.
            (_, Some(to)) => Target::reply(self.flags, to, self.call_tag().alias),
        };
        let frame = match self.from.begun(self.flags, to) {
            Some((begun, FrameForm::PassThrough)) => OpenFrame::resume(out, begun, to.as_bytes()),
            Some((begun, FrameForm::Header)) => OpenFrame::resume_with_header(out, begun, to.as_bytes()),
            None => {
                let send = Control::Send { from: self.from.pid(), to, token: None, priority: false, message: &[] };
                send.open(self.flags, out).ok()?.0
            }
        };
        let tag = self.call_tag().tag;
        if !tag.is_empty() {
            out.put_array(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(tag);
        }
        Some(frame)
    }

    /// Ends the frame of a reply. A reply that is too long for any frame is replaced by an error.
    #[inline]
    pub(in crate::node) fn finish(&self, frame: OpenFrame, out: &mut Encoder) {
        if let Some(sink) = self.sink()
            && !sink.finishes(&frame, out)
        {
            return frame.undo(out);
        }
        if let Err(error) = frame.finish(out) {
            self.unsendable(&error, out);
        }
    }

    #[cold]
    fn unsendable(&self, error: &UnsupportedControl, out: &mut Encoder) {
        tracing::error!(error = %Chain(error), "a reply cannot be sent");
        if let Some(sink) = self.sink() {
            sink.undone();
        }
        self.write_error(out, &Rejection::unsendable(error));
    }

    /// Rolls back a reply that was begun. Another one can follow.
    pub(in crate::node) fn undo(&self, frame: OpenFrame, out: &mut Encoder) {
        frame.undo(out);
        if let Some(sink) = self.sink() {
            sink.undone();
        }
    }

    /// Answers `{error, Reason}`, or raises an error in a caller by rpc.
    #[cold]
    pub(in crate::node) fn write_error(&self, out: &mut Encoder, rejection: &Rejection) {
        if let Some(sink) = self.sink() {
            return self.fail(sink, &Failure::Rejected(rejection), out);
        }
        self.write_raised(out, rejection.reason());
    }

    /// Answers an exception: `{error, Reason}`, or the exception itself to a caller by rpc.
    #[cold]
    pub(in crate::node) fn raise(&self, class: ExceptionClass, reason: &Encoder, out: &mut Encoder) {
        match self.sink() {
            Some(sink) => self.fail(sink, &Failure::Raised(class, reason), out),
            None => self.write_raised(out, reason),
        }
    }

    /// Ends a call by rpc without a value.
    #[cold]
    pub(in crate::node) fn fail(&self, sink: &Arc<dyn ReplySink>, failure: &Failure<'_>, out: &mut Encoder) {
        if sink.fail(failure, out) {
            return;
        }
        if let Some(frame) = self.begin(out) {
            sink.write_failure(failure, out);
            self.finish(frame, out);
        }
    }

    /// Ends the function of a call by rpc. If it has not answered and its caller is not kept, it returns `ok`.
    pub(in crate::node) fn settle(&self, out: &mut Encoder) {
        const OK: &[u8] = b"\x77\x02ok";
        if self.sink().is_none_or(|sink| sink.is_over() || is_kept(sink)) {
            return;
        }
        if let Some(frame) = self.begin(out) {
            out.put_slice(OK);
            self.finish(frame, out);
        }
    }

    fn write_raised(&self, out: &mut Encoder, reason: &Encoder) {
        let Some(frame) = self.begin(out) else { return };
        out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
        out.put_atom(&crate::atom!("error"));
        out.append(reason);
        self.finish(frame, out);
    }

    /// Returns the caller's pid, encoded; empty when there is none.
    #[inline]
    pub(in crate::node) fn caller(&self) -> &'a [u8] {
        self.to.map_or(&[], PidTerm::as_bytes)
    }

    /// Returns a copy that outlives the message.
    pub(in crate::node) fn keep(self) -> OwnedReplyTo {
        let own = |term| RawTerm::from_slice(term, None);
        let CallTag { tag, alias, sink } = self.call_tag();
        OwnedReplyTo {
            kind: self.kind,
            to: self.to.map(|to| own(to.as_bytes())),
            tag: own(tag),
            alias: alias.map(|alias| own(alias.as_bytes())),
            from: self.from.clone(),
            flags: self.flags,
            sink: sink.cloned(),
        }
    }
}

/// A [`ReplyTo`] that is kept.
#[derive(Debug, Clone)]
pub(in crate::node) struct OwnedReplyTo {
    pub(in crate::node) kind: CallKind,
    to: Option<RawTerm>,
    tag: RawTerm,
    alias: Option<RawTerm>,
    from: Arc<Address>,
    flags: Flags,
    sink: Option<Arc<dyn ReplySink>>,
}

impl OwnedReplyTo {
    /// Returns `true` until the process that answers has ended.
    pub(in crate::node) fn is_alive(&self) -> bool {
        self.from.is_alive()
    }

    /// Returns how much memory it refers to.
    pub(in crate::node) fn memory(&self) -> usize {
        self.caller().len() + self.tag.as_bytes().len() + self.alias.as_ref().map_or(0, |alias| alias.as_bytes().len())
    }

    /// Returns the caller's pid, encoded; empty when there is none.
    pub(in crate::node) fn caller(&self) -> &[u8] {
        self.to.as_ref().map_or(&[], RawTerm::as_bytes)
    }

    /// Returns the tag of the call, for [`Self::as_reply_to`].
    pub(in crate::node) fn call_tag(&self) -> CallTag<'_> {
        CallTag {
            tag: self.tag.as_bytes(),
            alias: self.alias.as_ref().and_then(|alias| RefTerm::new(alias.as_bytes())),
            sink: self.sink.as_ref(),
        }
    }

    pub(in crate::node) fn as_reply_to<'a>(&'a self, call_tag: &'a CallTag<'a>) -> ReplyTo<'a> {
        ReplyTo {
            kind: self.kind,
            flags: self.flags,
            to: self.to.as_ref().and_then(|to| PidTerm::new(to.as_bytes())),
            from: &self.from,
            call_tag: Some(call_tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::term::{Atom, Pid};

    #[test]
    fn a_reply_that_is_too_long_for_any_frame_is_an_error() {
        let pid = Pid { node: Atom::from_static("a@b"), id: 3, serial: 0, creation: 7 };
        let address = Arc::new(Address::new(&pid));
        let to = PidTerm::new(b"\x58\x77\x03c@d\0\0\0\x01\0\0\0\x02\0\0\0\x03");
        let reply_to = ReplyTo { kind: CallKind::Plain, flags: Flags::SEND_SENDER, to, from: &address, call_tag: None };
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
            Flags::FRAGMENTS,
            Flags::SEND_SENDER | Flags::FRAGMENTS,
            Flags::SEND_SENDER | Flags::ALIAS | Flags::FRAGMENTS,
            Flags::SEND_SENDER | Flags::ALIAS | Flags::ALTACT_SIG | Flags::FRAGMENTS,
        ] {
            for (alias, kind) in [(None, CallKind::Plain), (None, CallKind::GenCall), (Some(alias), CallKind::GenCall)]
            {
                let call_tag = CallTag { tag: b"\x77\x01t", alias, sink: None };
                let (is_call, to) = (kind == CallKind::GenCall, Some(to));
                let reply_to = ReplyTo { kind, flags, to, from: &address, call_tag: is_call.then_some(&call_tag) };
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
