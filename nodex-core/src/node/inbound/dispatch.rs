//! From a frame to its receiver.

use std::{
    sync::{Arc, atomic::Ordering},
    task,
};

use super::{
    connection::{Connection, Dispatch, Ending},
    envelope::Envelope,
    global, run,
};
use crate::{
    error::Chain,
    etf::{Decoder, Encoder},
    net::{BATCH, Input, LinkEnd, Load, ProtocolError, Receive, Taken},
    node::{
        connection::{establish::Inbound, inner::Inner, peer::Peer},
        number::Number,
        process::{
            names::{GLOBAL, REX},
            service_process::ProcessRef,
            waiting::Outcome,
        },
    },
    protocol::control::{self, Control, ControlError, Fragment, FrameForm, Op, PidTerm, Target as Receiver},
};

impl Inbound for Dispatch {
    fn new(inner: Arc<Inner>, peer: Arc<Peer>) -> Self {
        Dispatch::open(inner, peer)
    }

    fn begun(inner: &Inner, peer: &Peer) {
        global::greet(inner, peer);
    }

    fn ended(inner: &Inner, peer: &Peer) {
        inner.disconnected(peer);
    }
}

impl Receive for Dispatch {
    #[inline(always)]
    fn frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd> {
        let Some((from, name, message)) = control::decode_reg_send::<HEADER>(frame) else {
            return self.dispatch_slow::<HEADER>(frame, input, out);
        };
        let Dispatch { connection, later, .. } = self;
        if let Some(process) = connection.inner.registry.lookup_static(name.name_bytes()) {
            let envelope = || Envelope { process, name: Some(name), connection, input, ending: Ending::No };
            let looked = run::look(process, message);
            if let Some(taken) = run::dispatch_fast(envelope(), from, message, looked, later, out) {
                return Ok(taken);
            }
            if name.name_bytes() != REX.as_bytes() {
                run::message(&envelope(), Some(from), message, looked, later, out);
                return Ok(Taken::Kept);
            }
        }
        self.message(Some(from), Receiver::Name(name), message, input, out);
        Ok(Taken::Kept)
    }

    #[cold]
    fn last_frame<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        late: bool,
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd> {
        self.ending = if late { Ending::Late } else { Ending::Early };
        let Some((from, name, message)) = control::decode_reg_send::<HEADER>(frame) else {
            return self.dispatch_slow::<HEADER>(frame, input, out);
        };
        self.message(Some(from), Receiver::Name(name), message, input, out);
        Ok(Taken::Kept)
    }

    fn poll_later(&mut self, context: &mut task::Context<'_>, out: &mut Encoder) -> Result<(), LinkEnd> {
        let outbox = &self.connection.peer.line.outbox;
        // If this fails, it fails for the driver of the connection as well.
        let hand_on = |out: &mut Encoder| {
            if out.len() > BATCH {
                let _ = outbox.submit(out);
            }
        };
        for (process, rejection) in self.later.poll(context, out, hand_on) {
            self.connection.context.counters().panicked();
            self.connection.inner.panicked(&process, &rejection);
        }
        let watches = &self.connection.peer.watches;
        if watches.take_pending() {
            self.later.drop_ended();
        }
        if watches.has_news() { self.tell_ended(out) } else { Ok(()) }
    }

    fn has_news(&self) -> bool {
        self.connection.peer.watches.has_news()
    }

    fn too_long(&mut self, head: &[u8], length: u64, limit: usize, out: &mut Encoder) -> Result<(), LinkEnd> {
        self.pass_over(head, length, limit, out)
    }

    fn load(&self) -> Load {
        let calls_bytes = self.later.kept() + self.connection.peer.line.kept_bytes();
        Load { calls: self.later.len(), calls_bytes, replies_bytes: self.later.queued() }
    }

    fn alone(&self) -> bool {
        self.connection.inner.connections.load(Ordering::Relaxed) <= 1
    }

    fn may_end(&mut self, context: &mut task::Context<'_>, drained: bool) -> bool {
        self.nothing_left(context, drained)
    }
}

impl Dispatch {
    /// Handles a frame that is not a message to a name in the form that every node sends.
    #[inline(never)]
    fn dispatch_slow<const HEADER: bool>(
        &mut self,
        frame: &[u8],
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<Taken, LinkEnd> {
        match control::decode_send::<HEADER>(frame) {
            Some((from, to, message)) => self.message(from, Receiver::Pid(to), message, input, out),
            None if HEADER && Fragment::is_one(frame) => return Ok(Taken::Fragment),
            None => {
                let form = if HEADER { FrameForm::Header } else { FrameForm::PassThrough };
                self.dispatch_signal(control::decode_in(form, frame), input, out)?;
            }
        }
        Ok(Taken::Kept)
    }

    /// Handles a signal, or a message in a form that few nodes use.
    fn dispatch_signal(
        &mut self,
        decoded: Result<(Op, Control<'_>), ControlError>,
        input: Input<'_>,
        out: &mut Encoder,
    ) -> Result<(), LinkEnd> {
        match decoded {
            Ok((_, Control::Send { from, to, message, .. })) => {
                self.message(from, to, message, input, out);
                Ok(())
            }
            Ok((_, control)) => self.signal(&control, input, out),
            Err(error) if error.closes_connection() => Err(ProtocolError::from(error).into()),
            Err(error) => {
                tracing::warn!(peer = %self.connection.context.peer(), error = %Chain(&error), "a message was dropped");
                Ok(())
            }
        }
    }

    /// Handles a message to any receiver. As on a BEAM, a message without a receiver is dropped.
    #[inline(never)]
    fn message(
        &mut self,
        from: Option<PidTerm<'_>>,
        to: Receiver<'_>,
        message: &[u8],
        input: Input<'_>,
        out: &mut Encoder,
    ) {
        let process = match to {
            Receiver::Name(name) if name.name_bytes() == REX.as_bytes() && self.rex(to, message, input, out) => None,
            Receiver::Name(name) if name.name_bytes() == GLOBAL.as_bytes() && self.global(message, out) => None,
            Receiver::Name(name) => self.connection.inner.registry.by_name(name),
            // Processes of an earlier incarnation of this node do not exist any more.
            Receiver::Pid(pid) if pid.creation() != self.connection.inner.identity.creation => None,
            Receiver::Pid(pid) => {
                self.connection.numbered(Number { id: pid.id(), serial: pid.serial() }, message, input)
            }
            Receiver::Alias(alias) => {
                match self.connection.inner.aliases.process(&self.connection.inner.identity, alias) {
                    Some(number) => self.connection.numbered(number, message, input),
                    None => None,
                }
            }
        };
        if let Some(process) = process {
            let name = if let Receiver::Name(name) = to { Some(name) } else { None };
            let (connection, ending) = (&self.connection, self.ending);
            let envelope = Envelope { process: &process, name, connection, input, ending };
            let looked = run::look(&process, message);
            run::message(&envelope, from, message, looked, &mut self.later, out);
        }
    }
}

impl Connection {
    /// Returns the service with these numbers. If there is none, the message goes to a call of this node or to a
    /// mailbox; a late reply is dropped.
    #[inline]
    fn numbered(&self, number: Number, message: &[u8], input: Input<'_>) -> Option<ProcessRef<'_>> {
        let process = self.inner.registry.by_number(number);
        if process.is_none() {
            self.reply(number, message, input);
        }
        process
    }

    fn reply(&self, number: Number, message: &[u8], input: Input<'_>) {
        self.peer.replied(input.read.number);
        match Decoder::with_owner(message, input.owner()).raw() {
            Ok(message) => self.inner.complete_reply(number, Outcome::Message(message), &self.peer),
            Err(error) => {
                tracing::warn!(peer = %self.peer.name(), error = %Chain(&error), "a reply that is no term was dropped")
            }
        }
    }
}
