//! Where the reply to a message goes, and how it is framed.
//!
//! Follows erts, chapter `erl_dist_protocol` (control messages 2, 22, 33, 37) and `gen.erl` (`reply/2`).

use super::{CallKind, Rejection};
use crate::{
    dist::{
        Flags,
        control::{Control, OpenFrame, PidTerm, RefTerm, Target},
    },
    etf::{Encoder, tag},
    term::RawTerm,
};

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
    /// Our own pid that answers.
    pub(crate) from: PidTerm<'a>,
    /// What both nodes can do.
    pub(crate) flags: Flags,
}

impl<'a> Route<'a> {
    /// Writes everything in front of the reply; `None` when nobody waits for one, or it cannot be sent.
    #[inline]
    pub(crate) fn begin(&self, out: &mut Encoder) -> Option<OpenFrame> {
        let to = match (self.kind, self.to, self.alias) {
            (CallKind::Cast, ..) | (_, None, _) => return None,
            // A reply to an alias that came too late is dropped by the peer, one to a pid would stay in its mailbox.
            (_, _, Some(alias)) if self.flags.contains(Flags::ALIAS) => Target::Alias(alias),
            (_, Some(to), _) => Target::Pid(to),
        };
        let send = Control::Send { from: Some(self.from), to, token: None, priority: false, message: &[] };
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
            from: own(self.from.as_bytes()),
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
    from: RawTerm,
    flags: Flags,
}

impl OwnedRoute {
    /// `None` never: what is kept was a pid when it was.
    pub(crate) fn as_route(&self) -> Option<Route<'_>> {
        Some(Route {
            kind: self.kind,
            to: self.to.as_ref().and_then(|to| PidTerm::new(to.as_bytes())),
            tag: self.tag.as_bytes(),
            alias: self.alias.as_ref().and_then(|alias| RefTerm::new(alias.as_bytes())),
            from: PidTerm::new(self.from.as_bytes())?,
            flags: self.flags,
        })
    }
}
