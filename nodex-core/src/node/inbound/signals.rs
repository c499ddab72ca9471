//! Signals: control messages other than messages to a process.
//!
//! Follows erts, chapter `erl_dist_protocol` ("Link Protocol" and the control messages), and what OTP 25 does with signals
//! that are out of place: those about processes of third nodes end the connection, those about processes that are gone are
//! answered or dropped.

use std::sync::atomic::Ordering;

use super::{
    connection::{Connection, Dispatch},
    spawn_request::SpawnRequest,
};
use crate::{
    error::Chain,
    etf::{Decoder, Encoder, EtfError},
    net::{Input, LinkEnd, ProtocolError},
    node::{
        number::Number,
        process::{incoming_monitors::LimitExceeded, table::Found, waiting::Outcome},
    },
    protocol::control::{Control, PidTerm, ProcTerm, RefTerm, Target},
    term::RawTerm,
};

/// The atom `noproc`.
const NOPROC: &[u8] = b"\x77\x06noproc";

/// The owner of a pid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours(Number),
    /// It belongs to an earlier incarnation of this node.
    Gone,
    Others,
}

impl Dispatch {
    /// Handles and answers a signal.
    pub(super) fn signal(&mut self, control: &Control<'_>, input: Input<'_>, out: &mut Encoder) -> Result<(), LinkEnd> {
        match *control {
            // Messages are handled elsewhere, and the group leader has no effect here.
            Control::Send { .. } | Control::GroupLeader { .. } => Ok(()),
            Control::Monitor { from, to, reference } => self.monitor(from, to, reference, out),
            Control::Demonitor { from, to, reference } => self.demonitor(from, to, reference),
            Control::MonitorExit { reference, reason, .. } => self.monitored_is_down(reference, reason),
            Control::Link { from, to } => self.link(from, to, out),
            Control::Unlink { id, from, to } => self.unlink(id, from, to, out),
            Control::UnlinkAck { from, to, .. } => self.between(from, to).map(|_| ()),
            Control::Exit { from, to, reason, .. } => self.linked_has_ended(from, to, reason),
            Control::Exit2 { from, to, reason, .. } => self.exit(from, to, reason),
            Control::SpawnRequest { id, from, module, function, options, token, arguments, .. } => {
                let request = SpawnRequest { id, from, module, function, options, token, arguments };
                self.spawn_request(request, input, out)
            }
            Control::SpawnReply { id, result, .. } => {
                self.spawn_was_answered(id, result);
                Ok(())
            }
        }
    }

    fn monitor(
        &mut self,
        from: PidTerm<'_>,
        to: ProcTerm<'_>,
        reference: RefTerm<'_>,
        out: &mut Encoder,
    ) -> Result<(), LinkEnd> {
        let (number, name) = match to {
            ProcTerm::Pid(pid) => (self.between(from, pid)?, None),
            ProcTerm::Name(name) => {
                self.of_the_peer(from)?;
                (self.connection.inner.registry.by_name(name).map(|process| process.address.number()), Some(name))
            }
        };
        if let Some(number) = number
            && self.watch(number)
        {
            self.connection
                .peer
                .watches
                .monitor(number, from, name, reference, self.connection.inner.limits.max_watches)
                .map_err(|LimitExceeded| self.connection.too_many())?;
            // It may have ended meanwhile, and have sent the signals of all monitors that existed then.
            if self.connection.inner.is_alive(number) || !self.connection.peer.watches.demonitor(number, reference) {
                return Ok(());
            }
        }
        self.connection.answer(&Control::MonitorExit { from: to, to: from, reference, reason: NOPROC }, out);
        Ok(())
    }

    fn demonitor(&self, from: PidTerm<'_>, to: ProcTerm<'_>, reference: RefTerm<'_>) -> Result<(), LinkEnd> {
        let registry = &self.connection.inner.registry;
        let number = match to {
            ProcTerm::Pid(pid) => self.between(from, pid)?,
            ProcTerm::Name(name) => {
                self.of_the_peer(from)?;
                registry.by_name(name).map(|process| process.address.number())
            }
        };
        let watches = &self.connection.peer.watches;
        if number.is_some_and(|number| watches.demonitor(number, reference)) {
            return Ok(());
        }
        match to {
            // The name may not have been registered when it was monitored.
            ProcTerm::Name(_) => {
                if let Some(anonymous) = registry.catch_all() {
                    watches.demonitor(anonymous.address.number(), reference);
                }
            }
            // The monitor was created by a spawn request.
            ProcTerm::Pid(_) => {
                if let Some(Found::Call(call)) = number.and_then(|number| registry.table.get(number))
                    && call.request.as_bytes() == reference.as_bytes()
                {
                    call.monitored.store(false, Ordering::SeqCst);
                }
            }
        }
        Ok(())
    }

    fn link(&mut self, from: PidTerm<'_>, to: PidTerm<'_>, out: &mut Encoder) -> Result<(), LinkEnd> {
        if let Some(number) = self.between(from, to)?
            && self.watch(number)
        {
            self.connection.enter_link(number, from)?;
            if self.connection.inner.is_alive(number) || !self.connection.peer.watches.unlink(number, from) {
                return Ok(());
            }
        }
        self.connection.answer(&Control::Exit { from: to, to: from, token: None, reason: NOPROC }, out);
        Ok(())
    }

    fn unlink(&self, id: Option<u64>, from: PidTerm<'_>, to: PidTerm<'_>, out: &mut Encoder) -> Result<(), LinkEnd> {
        if let Some(number) = self.between(from, to)? {
            self.connection.peer.watches.unlink(number, from);
        }
        if let Some(id) = id {
            self.connection.answer(&Control::UnlinkAck { id, from: to, to: from }, out);
        }
        Ok(())
    }

    /// Handles the end of a process that one of this node is linked to.
    fn linked_has_ended(&self, from: PidTerm<'_>, to: PidTerm<'_>, reason: &[u8]) -> Result<(), LinkEnd> {
        let Some(reason) = readable(reason)? else { return Ok(()) };
        // If the link does not exist, it was removed while the signal was on its way.
        if let Some(number) = self.between(from, to)?
            && self.connection.peer.watches.unlink(number, from)
        {
            self.connection.inner.linked_has_ended(number, &reason);
        }
        Ok(())
    }

    /// Handles a signal of `exit/2`.
    fn exit(&self, from: PidTerm<'_>, to: Target<'_>, reason: &[u8]) -> Result<(), LinkEnd> {
        let Some(reason) = readable(reason)? else { return Ok(()) };
        let number = match to {
            Target::Pid(pid) => self.between(from, pid)?,
            Target::Name(name) => {
                self.of_the_peer(from)?;
                self.connection.inner.registry.by_name(name).map(|process| process.address.number())
            }
            Target::Alias(alias) => {
                self.of_the_peer(from)?;
                self.connection.inner.aliases.process(&self.connection.inner.identity, alias)
            }
        };
        if let Some(number) = number {
            self.connection.inner.exit(number, &reason);
        }
        Ok(())
    }

    /// Handles the end of a process that a call of this node waits for.
    fn monitored_is_down(&self, reference: RefTerm<'_>, reason: &[u8]) -> Result<(), LinkEnd> {
        if let Some(reason) = readable(reason)? {
            self.complete(reference, Outcome::Down(reason));
        }
        Ok(())
    }

    /// Passes an outcome to the call of this node with this reference.
    pub(super) fn complete(&self, reference: RefTerm<'_>, outcome: Outcome) {
        let Connection { inner, peer, .. } = &self.connection;
        if let Some(reply) = inner.registry.table.of_reference(&inner.identity, reference) {
            inner.complete_reply(reply, outcome, peer);
        }
    }

    /// Handles the answer to a spawn request of this node. If it was refused, no monitor fires.
    fn spawn_was_answered(&self, id: RefTerm<'_>, result: ProcTerm<'_>) {
        if let ProcTerm::Name(reason) = result {
            self.complete(id, Outcome::Refused(RawTerm::from_slice(reason.as_bytes(), None)));
        }
    }

    /// Writes the signals of ended processes that the peer has monitored or linked, after all output of those
    /// processes, as far as the output has room.
    ///
    /// These signals are not replies, so they do not stop the connection from reading: two nodes with many such signals
    /// would wait for each other.
    pub(super) fn tell_ended(&self, out: &mut Encoder) -> Result<(), LinkEnd> {
        let (watches, outbox) = (&self.connection.peer.watches, &self.connection.peer.line.outbox);
        if outbox.has_room() {
            outbox.submit(out)?;
        }
        while outbox.has_room()
            && let Some(news) = watches.news()
        {
            let pid = self.connection.inner.identity.pid_bytes(news.process);
            let Some(pid) = PidTerm::new(&pid) else { continue };
            outbox.send(|out| {
                for to in news.links() {
                    let exit = Control::Exit { from: pid, to, token: None, reason: &[] };
                    self.tell(&exit, &news.reason, out);
                }
                for (reference, to, name) in news.monitors() {
                    let from = name.unwrap_or(ProcTerm::Pid(pid));
                    let down = Control::MonitorExit { from, to, reference, reason: &[] };
                    self.tell(&down, &news.reason, out);
                }
            });
        }
        let limit = self.connection.inner.limits.max_in_flight_bytes;
        if watches.waiting() > limit { Err(LinkEnd::TooMuchUntold { limit }) } else { Ok(()) }
    }

    /// Writes a signal that ends with its reason, which is shared and not copied if it is long.
    fn tell(&self, signal: &Control<'_>, reason: &RawTerm, out: &mut Encoder) {
        let written = signal.open(self.connection.flags, out).and_then(|(frame, _)| {
            out.put_raw(reason);
            frame.finish(out)
        });
        if let Err(error) = written {
            tracing::debug!(peer = %self.connection.context.peer(), error = %Chain(&error), "the end of a process cannot be told");
        }
    }

    /// Records that a process is monitored or linked. Returns `false` when there is no such process.
    fn watch(&self, number: Number) -> bool {
        if let Some(process) = self.connection.inner.registry.by_number(number) {
            process.watched.store(true, Ordering::SeqCst);
            return true;
        }
        match self.connection.inner.registry.table.get(number) {
            Some(Found::Call(call)) => {
                call.watched.store(true, Ordering::SeqCst);
                true
            }
            Some(Found::Service(_)) => false,
            None => self.connection.inner.registry.table.watch(number),
        }
    }

    /// Returns the process of this node that a signal of the peer is about; `None` when it has ended.
    fn between(&self, from: PidTerm<'_>, to: PidTerm<'_>) -> Result<Option<Number>, LinkEnd> {
        self.of_the_peer(from)?;
        match self.whose(to) {
            Whose::Ours(number) => Ok(Some(number)),
            Whose::Gone => Ok(None),
            Whose::Others => Err(ProtocolError::ToOtherNode.into()),
        }
    }

    /// Checks that a signal comes from a process of the peer.
    fn of_the_peer(&self, from: PidTerm<'_>) -> Result<(), LinkEnd> {
        match from.node() == self.connection.context.peer().as_bytes() {
            true => Ok(()),
            false => Err(ProtocolError::FromOtherNode.into()),
        }
    }

    fn whose(&self, pid: PidTerm<'_>) -> Whose {
        let own = &self.connection.inner.identity;
        if pid.node() != own.name.as_bytes() {
            Whose::Others
        } else if pid.creation() != own.creation {
            Whose::Gone
        } else {
            Whose::Ours(Number { id: pid.id(), serial: pid.serial() })
        }
    }
}

/// Returns a reason that came as a payload, which has not been checked yet. A term of a later release costs only the
/// signal that contains it.
fn readable(reason: &[u8]) -> Result<Option<RawTerm>, LinkEnd> {
    match Decoder::new(reason).skip() {
        Ok(reason) => Ok(Some(RawTerm::from_slice(reason, None))),
        Err(error @ EtfError::UnknownTag { .. }) => {
            tracing::warn!(error = %Chain(&error), "a signal was dropped: its reason cannot be read");
            Ok(None)
        }
        Err(error) => Err(ProtocolError::ExitReason(error).into()),
    }
}
