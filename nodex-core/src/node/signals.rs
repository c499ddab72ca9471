//! Signals: everything in a control message that is not a message to a process.

use super::{
    dispatch::Dispatch,
    replies::{Outcome, ReplyId},
};
use crate::{
    dist::control::{AtomTerm, Control, PidTerm, ProcTerm, RefTerm},
    etf::{Decoder, Encoder},
    net::LinkEnd,
};

/// The atom `noproc`.
const NOPROC: &[u8] = b"\x77\x06noproc";
/// The atom `notsup`.
const NOTSUP: &[u8] = b"\x77\x06notsup";

impl Dispatch {
    /// Answers a signal. Processes of a node live as long as its connections, so a monitor or link of one that is there
    /// needs no bookkeeping: the end of the connection tells the peer all.
    pub(super) fn signal(&mut self, control: &Control<'_>, out: &mut Encoder) -> Result<(), LinkEnd> {
        let answer = match *control {
            Control::Monitor { from, to, reference } if !self.is_alive(to) => {
                Some(Control::MonitorExit { from: to, to: from, reference, reason: NOPROC })
            }
            Control::Link { from, to } if !self.is_alive(ProcTerm::Pid(to)) => {
                Some(Control::Exit { from: to, to: from, token: None, reason: NOPROC })
            }
            Control::Unlink { id: Some(id), from, to } => Some(Control::UnlinkAck { id, from: to, to: from }),
            Control::SpawnRequest { id, from, .. } => {
                let result = AtomTerm::new(NOTSUP).map(ProcTerm::Name);
                result.map(|result| Control::SpawnReply { id, to: from, flags: 0, result, token: None })
            }
            Control::MonitorExit { reference, reason, .. } => {
                self.monitored_is_down(reference, reason);
                None
            }
            _ => None,
        };
        if let Some(answer) = answer
            && let Err(error) = answer.encode(self.flags, out)
        {
            tracing::debug!(peer = %self.context.peer(), %error, "a signal cannot be answered");
        }
        Ok(())
    }

    /// A process that a call of ours waits for is gone.
    fn monitored_is_down(&self, reference: RefTerm<'_>, reason: &[u8]) {
        let reply = reference.to_reference().ok().and_then(|reference| self.inner.reply_of(&reference));
        if let (Some(ReplyId { id, serial }), Ok(reason)) = (reply, Decoder::new(reason).raw()) {
            self.inner.replies.complete(id, serial, Outcome::Down(reason));
        }
    }

    fn is_alive(&self, process: ProcTerm<'_>) -> bool {
        match process {
            ProcTerm::Name(name) => self.inner.registry.by_name(name).is_some(),
            ProcTerm::Pid(pid) => self.owns(pid) && self.inner.registry.by_id(pid.id(), pid.serial()).is_some(),
        }
    }

    fn owns(&self, pid: PidTerm<'_>) -> bool {
        pid.creation() == self.inner.creation && pid.node() == self.inner.name.as_bytes()
    }
}
