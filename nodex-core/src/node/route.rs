//! Where the reply to a message goes, and how it is framed.
//!
//! Follows erts, chapter `erl_dist_protocol` (control messages 2, 22, 33, 37) and `gen.erl` (`reply/2`).

use super::{CallKind, Rejection};
use crate::{
    etf::{Encoder, Mark, tag},
    term::RawTerm,
};

/// First byte of a frame without distribution header (`PASS_THROUGH` of OTP's `dist.h`).
const PASS_THROUGH: u8 = 112;

/// Which control messages the peer understands; from its flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct ReplyOps {
    /// `SEND_SENDER` (22) instead of `SEND` (2).
    pub(crate) send_sender: bool,
    /// `ALIAS_SEND` (33).
    pub(crate) alias: bool,
    /// `ALTACT_SIG_SEND` (37).
    pub(crate) altact: bool,
}

/// The way back to the sender of one message. All terms are slices of the message, without a version byte.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Route<'a> {
    pub(crate) kind: CallKind,
    /// The pid to answer; empty when the message names none.
    pub(crate) to: &'a [u8],
    /// The tag of a gen call; empty otherwise.
    pub(crate) tag: &'a [u8],
    /// The alias inside the tag; empty when there is none.
    pub(crate) alias: &'a [u8],
    /// Our own pid that answers.
    pub(crate) from: &'a [u8],
    pub(crate) ops: ReplyOps,
}

/// A frame that has been begun.
#[must_use]
pub(crate) struct Frame(Mark);

impl Frame {
    pub(crate) fn begin(out: &mut Encoder) -> Frame {
        let frame = Frame(out.mark());
        out.put_slice(&[0, 0, 0, 0, PASS_THROUGH, crate::etf::VERSION]);
        frame
    }

    /// Sets the length, now that everything is there.
    #[inline]
    pub(crate) fn finish(self, out: &mut Encoder) {
        let length = out.written_since(self.0) - 4;
        match u32::try_from(length) {
            Ok(length) => out.patch_u32(self.0, length),
            // No frame can be that long; better no reply than a broken stream.
            Err(_) => out.rollback(self.0),
        }
    }

    pub(crate) fn undo(self, out: &mut Encoder) {
        out.rollback(self.0);
    }
}

impl Route<'_> {
    /// Writes everything in front of the reply; `None` when nobody waits for one.
    #[inline]
    pub(crate) fn begin(&self, out: &mut Encoder) -> Option<Frame> {
        if self.kind == CallKind::Cast || self.to.is_empty() {
            return None;
        }
        let frame = Frame::begin(out);
        if !self.alias.is_empty() && self.ops.altact {
            // {37, Flags, From, Alias} with flag 4: the destination is an alias.
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 4, tag::SMALL_INTEGER_EXT, 37, tag::SMALL_INTEGER_EXT, 4]);
            out.put_slice(self.from);
            out.put_slice(self.alias);
        } else if !self.alias.is_empty() && self.ops.alias {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 3, tag::SMALL_INTEGER_EXT, 33]);
            out.put_slice(self.from);
            out.put_slice(self.alias);
        } else if self.ops.send_sender {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 3, tag::SMALL_INTEGER_EXT, 22]);
            out.put_slice(self.from);
            out.put_slice(self.to);
        } else {
            // The unused slot is the empty atom: `ei` refuses anything else.
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 3, tag::SMALL_INTEGER_EXT, 2, tag::SMALL_ATOM_UTF8_EXT, 0]);
            out.put_slice(self.to);
        }
        out.put_u8(crate::etf::VERSION);
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
        frame.finish(out);
    }

    /// A copy that outlives the message.
    pub(crate) fn keep(self) -> OwnedRoute {
        let own = |term| RawTerm::from_slice(term, None);
        OwnedRoute {
            kind: self.kind,
            to: own(self.to),
            tag: own(self.tag),
            alias: own(self.alias),
            from: own(self.from),
            ops: self.ops,
        }
    }
}

/// A [`Route`] that is kept.
#[derive(Debug, Clone)]
pub(crate) struct OwnedRoute {
    kind: CallKind,
    to: RawTerm,
    tag: RawTerm,
    alias: RawTerm,
    from: RawTerm,
    ops: ReplyOps,
}

impl OwnedRoute {
    pub(crate) fn as_route(&self) -> Route<'_> {
        Route {
            kind: self.kind,
            to: self.to.as_bytes(),
            tag: self.tag.as_bytes(),
            alias: self.alias.as_bytes(),
            from: self.from.as_bytes(),
            ops: self.ops,
        }
    }
}
