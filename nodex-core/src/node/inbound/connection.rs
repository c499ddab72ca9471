//! The state of one connection for the handling of its input.

use std::{future::Future, pin::Pin, sync::Arc, task};

use tokio_util::sync::WaitForCancellationFutureOwned;

use super::pending_calls::PendingCalls;
use crate::{
    error::Chain,
    etf::Encoder,
    net::LinkEnd,
    node::{
        connection::{inner::Inner, peer::Peer, stop::Busy},
        number::Number,
        process::incoming_monitors::LimitExceeded,
        service::context::Context,
    },
    protocol::{
        Flags,
        control::{Control, PidTerm},
    },
};

/// The node and the peer of a connection.
pub(super) struct Connection {
    pub(super) inner: Arc<Inner>,
    pub(super) peer: Arc<Peer>,
    pub(super) context: Context,
    /// The flags that both nodes support.
    pub(super) flags: Flags,
}

impl Connection {
    /// Enters a link between a process of ours and one of the peer's.
    pub(super) fn enter_link(&self, number: Number, other: PidTerm<'_>) -> Result<(), LinkEnd> {
        let entered = self.peer.watches.link(number, other, self.inner.limits.max_watches);
        entered.map(|_| ()).map_err(|LimitExceeded| self.too_many())
    }

    pub(super) fn answer(&self, answer: &Control<'_>, out: &mut Encoder) {
        if let Err(error) = answer.encode(self.flags, out) {
            tracing::debug!(peer = %self.context.peer(), error = %Chain(&error), "a signal cannot be answered");
        }
    }

    pub(super) fn too_many(&self) -> LinkEnd {
        LinkEnd::TooManyWatches { limit: self.inner.limits.max_watches }
    }
}

/// Whether the node is stopping, and whether input arrived before that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// The node is not stopping.
    No,
    /// The input was received before the stop was requested.
    Early,
    /// The input was received later.
    Late,
}

/// The receiver of the messages of one connection.
pub(in crate::node) struct Dispatch {
    pub(super) connection: Connection,
    pub(super) later: PendingCalls,
    pub(super) ending: Ending,
    /// Dropped when no call of this connection runs and the node is stopping.
    busy: Option<Busy>,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    stop_registered: bool,
}

impl Dispatch {
    pub(super) fn open(inner: Arc<Inner>, peer: Arc<Peer>) -> Self {
        let stop = Box::pin(inner.stop.clone().cancelled_owned());
        let (later, busy) = (PendingCalls::default(), Some(Busy::new(inner.clone())));
        let context = Context::new(inner.clone(), inner.common.clone(), peer.line.clone());
        let connection = Connection { inner, context, flags: peer.line.flags, peer };
        Dispatch { connection, later, ending: Ending::No, busy, stop, stop_registered: false }
    }

    /// Returns `true` when the node is stopping and no call runs any more, on this or any other connection. `drained`
    /// says that the input from before the stop was requested has been handled.
    pub(super) fn nothing_left(&mut self, context: &mut task::Context<'_>, drained: bool) -> bool {
        if !self.stop_registered {
            // The task that drives a link stays the same, so registering once is enough.
            self.stop_registered = self.stop.as_mut().poll(context).is_pending();
        }
        if !drained || self.later.len() > 0 || self.connection.peer.watches.is_pending() {
            return false;
        }
        self.busy = None;
        self.connection.inner.nothing_runs()
    }
}
