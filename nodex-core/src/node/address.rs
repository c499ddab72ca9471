//! A process of this node as the sender of replies.

use std::sync::atomic::{AtomicBool, Ordering};

use super::number::Number;
use crate::{
    etf::{Encoder, Prefix},
    protocol::{
        Flags,
        control::{FrameForm, Op, OpenFrame, PidTerm, Target},
    },
    term::Pid,
};

/// The encoded pid of a process of this node, and the start of every reply from it.
#[derive(Debug)]
pub(in crate::node) struct Address {
    pid: Box<[u8]>,
    /// The start of a frame without header from this process that is the same for all replies: of `SEND_SENDER`, `ALIAS_SEND`, and
    /// `ALTACT_SIG_SEND` to an alias.
    pub(in crate::node) to_pid: Prefix,
    /// `SEND_SENDER` with a distribution header.
    pub(in crate::node) to_pid_with_header: Prefix,
    to_alias: Prefix,
    to_alias_by_altact: Prefix,
    /// The same with a distribution header.
    to_alias_with_header: Prefix,
    to_alias_by_altact_with_header: Prefix,
    number: Number,
    ended: AtomicBool,
}

impl Address {
    /// Creates the address of a process with this pid.
    pub(in crate::node) fn new(pid: &Pid) -> Self {
        let mut encoded = Encoder::new();
        encoded.put_pid(pid);
        let number = Number { id: pid.id, serial: pid.serial };
        let pid: Box<[u8]> = encoded.to_vec().into();
        let [to_pid, to_alias, to_alias_by_altact] =
            [Op::SendSender, Op::AliasSend, Op::AltactSigSend].map(|op| OpenFrame::begin_reply(op, &pid));
        Address {
            pid,
            to_pid_with_header: OpenFrame::with_header(&to_pid),
            to_alias_with_header: OpenFrame::with_header(&to_alias),
            to_alias_by_altact_with_header: OpenFrame::with_header(&to_alias_by_altact),
            to_pid,
            to_alias,
            to_alias_by_altact,
            number,
            ended: AtomicBool::new(false),
        }
    }

    /// Returns the start of a frame up to its receiver, if all frames of this kind have the same start, and whether it
    /// has a header.
    #[inline]
    pub(in crate::node) fn begun(&self, peer: Flags, to: Target<'_>) -> Option<(&Prefix, FrameForm)> {
        let form = FrameForm::of(peer);
        if form == FrameForm::Header {
            let begun = match to {
                Target::Pid(_) => peer.contains(Flags::SEND_SENDER).then_some(&self.to_pid_with_header),
                Target::Alias(_) if peer.contains(Flags::ALTACT_SIG) => Some(&self.to_alias_by_altact_with_header),
                Target::Alias(_) => peer.contains(Flags::ALIAS).then_some(&self.to_alias_with_header),
                Target::Name(_) => None,
            };
            return Some((begun?, form));
        }
        let begun = match to {
            Target::Pid(_) => peer.contains(Flags::SEND_SENDER).then_some(&self.to_pid),
            Target::Alias(_) if peer.contains(Flags::ALTACT_SIG) => Some(&self.to_alias_by_altact),
            Target::Alias(_) => peer.contains(Flags::ALIAS).then_some(&self.to_alias),
            Target::Name(_) => None,
        };
        Some((begun?, form))
    }

    /// Returns the numbers of the pid.
    pub(in crate::node) fn number(&self) -> Number {
        self.number
    }

    /// Returns `true` until the process has ended.
    #[inline]
    pub(in crate::node) fn is_alive(&self) -> bool {
        !self.ended.load(Ordering::SeqCst)
    }

    /// Ends the process. Returns `false` if it had ended already.
    pub(in crate::node) fn end(&self) -> bool {
        !self.ended.swap(true, Ordering::SeqCst)
    }

    /// Returns the pid. It is never `None`.
    pub(in crate::node) fn pid(&self) -> Option<PidTerm<'_>> {
        PidTerm::new(&self.pid)
    }
}
