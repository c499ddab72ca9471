//! Where the reply to a message goes, and how it is framed.
//!
//! Follows erts, chapter `erl_dist_protocol` (control messages 2, 22, 33, 37) and `gen.erl` (`reply/2`).

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{
    CallKind, Class, Rejection,
    processes::Number,
    spawned::{Begun, Spawned},
};
use crate::{
    dist::{
        Flags,
        control::{Control, Op, OpenFrame, PASS_THROUGH, PidTerm, RefTerm, Target},
    },
    etf::{Encoder, Prefix, VERSION, tag},
    term::{Pid, RawTerm},
};

/// The pid of one of our processes, encoded, and the start of every reply from it.
#[derive(Debug)]
pub(crate) struct Address {
    pid: Box<[u8]>,
    /// A frame of `SEND_SENDER` from this process, as far as it is the same for all replies.
    reply: Prefix,
    number: Number,
    ended: AtomicBool,
}

impl Address {
    /// Of a process with this pid.
    pub(crate) fn new(pid: &Pid) -> Self {
        let mut encoded = Encoder::new();
        encoded.put_pid(pid);
        let number = Number { id: pid.id, serial: pid.serial };
        let pid = encoded.to_vec();
        let op = Op::SendSender;
        let mut reply = vec![0, 0, 0, 0, PASS_THROUGH, VERSION];
        reply.extend([tag::SMALL_TUPLE_EXT, op.arity(), tag::SMALL_INTEGER_EXT, op.number()]);
        reply.extend_from_slice(&pid);
        Address { pid: pid.into(), reply: Prefix::new(reply), number, ended: AtomicBool::new(false) }
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
pub(crate) struct Route<'a> {
    pub(crate) kind: CallKind,
    /// What both nodes can do.
    pub(crate) flags: Flags,
    /// The pid to answer; none when the message named none.
    pub(crate) to: Option<PidTerm<'a>>,
    /// Our own process that answers.
    pub(crate) from: &'a Arc<Address>,
    /// What the replies to plain messages do without.
    pub(crate) more: Option<&'a More<'a>>,
}

/// What is known of a call beyond its sender.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct More<'a> {
    /// What stands in front of the reply in a tuple of two, the tag of a gen call; empty when nothing does.
    pub(crate) tag: &'a [u8],
    /// The alias inside the tag.
    pub(crate) alias: Option<RefTerm<'a>>,
    /// The process that the call came as, or that it would have come as.
    pub(crate) spawned: Option<&'a Arc<Spawned>>,
}

impl<'a> Route<'a> {
    fn more(&self) -> More<'a> {
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
            return Some(OpenFrame::resume(out, &self.from.reply, to.as_bytes()));
        }
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
        let send = Control::Send { from: self.from.pid(), to, token: None, priority: false, message: &[] };
        let (frame, _) = send.open(self.flags, out).ok()?;
        let tag = self.more().tag;
        if !tag.is_empty() {
            out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
            out.put_slice(tag);
        }
        Some(frame)
    }

    /// Ends the frame of a reply. One that is too long for any frame is taken back: better no reply than a broken
    /// stream.
    #[inline]
    pub(crate) fn finish(&self, frame: OpenFrame, out: &mut Encoder) {
        if let Some(spawned) = self.spawned()
            && !spawned.finishes(&frame, out)
        {
            return frame.undo(out);
        }
        if let Err(error) = frame.finish(out) {
            tracing::error!(%error, "a reply cannot be sent");
        }
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
        self.write_raised(out, &rejection.reason().to_vec());
    }

    /// Answers what a handler raised: `{error, Reason}`, and the exception itself in a caller by rpc.
    #[cold]
    pub(crate) fn raise(&self, class: Class, reason: &[u8], out: &mut Encoder) {
        match self.spawned() {
            Some(spawned) => spawned.raise(self, class, reason, out),
            None => self.write_raised(out, reason),
        }
    }

    fn write_raised(&self, out: &mut Encoder, reason: &[u8]) {
        let Some(frame) = self.begin(out) else { return };
        out.put_slice(&[tag::SMALL_TUPLE_EXT, 2]);
        out.put_atom(&crate::atom!("error"));
        out.put_slice(reason);
        self.finish(frame, out);
    }

    /// The caller's pid, encoded; empty when there is none.
    #[inline]
    pub(crate) fn caller(&self) -> &'a [u8] {
        self.to.map_or(&[], PidTerm::as_bytes)
    }

    /// A copy that outlives the message.
    pub(crate) fn keep(self) -> OwnedRoute {
        let own = |term| RawTerm::from_slice(term, None);
        let More { tag, alias, spawned } = self.more();
        OwnedRoute {
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

/// A [`Route`] that is kept.
#[derive(Debug, Clone)]
pub(crate) struct OwnedRoute {
    pub(crate) kind: CallKind,
    to: Option<RawTerm>,
    tag: RawTerm,
    alias: Option<RawTerm>,
    from: Arc<Address>,
    flags: Flags,
    spawned: Option<Arc<Spawned>>,
}

impl OwnedRoute {
    /// True until the process that answers has ended.
    pub(crate) fn is_alive(&self) -> bool {
        self.from.is_alive()
    }

    /// The caller's pid, encoded; empty when there is none.
    pub(crate) fn caller(&self) -> &[u8] {
        self.to.as_ref().map_or(&[], RawTerm::as_bytes)
    }

    /// What there is beyond the sender, for [`Self::as_route`].
    pub(crate) fn more(&self) -> More<'_> {
        More {
            tag: self.tag.as_bytes(),
            alias: self.alias.as_ref().and_then(|alias| RefTerm::new(alias.as_bytes())),
            spawned: self.spawned.as_ref(),
        }
    }

    pub(crate) fn as_route<'a>(&'a self, more: &'a More<'a>) -> Route<'a> {
        Route {
            kind: self.kind,
            flags: self.flags,
            to: self.to.as_ref().and_then(|to| PidTerm::new(to.as_bytes())),
            from: &self.from,
            more: Some(more),
        }
    }
}
