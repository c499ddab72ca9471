//! A node that this one is connected with.

use std::{sync::Arc, time::Instant};

use tokio::sync::{OnceCell, watch};

use crate::{
    net::LinkEnd,
    node::{number::SMALL_SERIAL, process::incoming_monitors::IncomingMonitors, service::line::Line},
    protocol::Flags,
    term::Atom,
};

/// A connected node.
#[derive(Debug)]
pub struct Peer {
    pub(in crate::node) line: Arc<Line>,
    /// Who there watches our processes.
    pub(in crate::node) watches: Arc<IncomingMonitors>,
    /// How its `sys` takes the state of a process, once it has been asked.
    pub(in crate::node) state_form: OnceCell<StateForm>,
    pub(in crate::node) since: Instant,
    /// Why the connection ended.
    pub(in crate::node) end: watch::Sender<Option<LinkEnd>>,
}

impl Peer {
    pub(in crate::node) fn new(line: Line) -> Self {
        Peer {
            line: Arc::new(line),
            watches: Arc::default(),
            state_form: OnceCell::new(),
            since: Instant::now(),
            end: watch::Sender::new(None),
        }
    }

    /// Its full name.
    pub fn name(&self) -> &Atom {
        &self.line.name
    }

    /// Its incarnation.
    pub fn creation(&self) -> u32 {
        self.line.creation
    }

    /// What both nodes can do.
    pub fn flags(&self) -> Flags {
        self.line.flags
    }

    /// The bits of serials in pids that it takes: before `V4_NC`, 13.
    pub(in crate::node) fn serials(&self) -> u32 {
        if self.line.flags.contains(Flags::V4_NC) { u32::MAX } else { SMALL_SERIAL }
    }

    /// Waits for the end of this connection, and says why it ended.
    pub async fn ended(&self) -> LinkEnd {
        let mut end = self.end.subscribe();
        match end.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
            Ok(Some(reason)) => reason,
            // Never: the sender lives in this value.
            _ => LinkEnd::Shutdown,
        }
    }

    /// False from the moment at which this connection is known to be lost; [`ended`](Self::ended) then tells why.
    pub fn is_connected(&self) -> bool {
        !self.line.outbox.closed()
    }

    /// Closes the connection at once, whatever its handlers are doing. What waits to be written is dropped.
    pub fn disconnect(&self) {
        self.line.outbox.abort();
        self.line.outbox.close();
    }
}

/// The form in which a node's `sys` takes the state of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum StateForm {
    /// As it is, up to OTP 25.
    Bare,
    /// `{ok, State}`.
    Ok,
    /// There is no state, so it does not matter.
    Either,
}
