//! [`Peer`].

use std::{sync::Arc, time::Instant};

use tokio::sync::{OnceCell, watch};

use crate::{
    net::LinkEnd,
    node::{number::SMALL_SERIAL, process::incoming_monitors::IncomingMonitors, service::line::Line},
    protocol::Flags,
    term::Atom,
};

/// A connection with another node.
#[derive(Debug)]
pub struct Peer {
    pub(in crate::node) line: Arc<Line>,
    /// The monitors and links of its processes on ours.
    pub(in crate::node) watches: Arc<IncomingMonitors>,
    /// The form in which its `sys` takes the state of a process, once it was asked.
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

    /// Returns the full name of the other node.
    pub fn name(&self) -> &Atom {
        &self.line.name
    }

    /// Returns the creation of the other node.
    pub fn creation(&self) -> u32 {
        self.line.creation
    }

    /// Returns the flags that both nodes support.
    pub fn flags(&self) -> Flags {
        self.line.flags
    }

    /// Returns the mask of the serials in pids that it accepts: 13 bits without `V4_NC`.
    pub(in crate::node) fn serials(&self) -> u32 {
        if self.line.flags.contains(Flags::V4_NC) { u32::MAX } else { SMALL_SERIAL }
    }

    /// Waits until this connection has ended, and returns why.
    pub async fn ended(&self) -> LinkEnd {
        let mut end = self.end.subscribe();
        match end.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
            Ok(Some(reason)) => reason,
            // Never: the sender lives in this value.
            _ => LinkEnd::Shutdown,
        }
    }

    /// Returns `false` once this connection is known to be lost; [`ended`](Self::ended) then returns why.
    pub fn is_connected(&self) -> bool {
        !self.line.outbox.closed()
    }

    /// Closes the connection at once, even while handlers run. Output that waits is dropped.
    pub fn disconnect(&self) {
        self.line.outbox.abort();
        self.line.outbox.close();
    }
}

/// The form in which a node's `sys` takes the state of a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum StateForm {
    /// The bare state, up to OTP 25.
    Bare,
    /// `{ok, State}`.
    Ok,
    /// Either form, because there is no state.
    Either,
}
