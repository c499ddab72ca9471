//! Monitors of processes of other nodes.

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, Waker, ready},
};

use super::{call::CallError, node::Node};
use crate::{
    etf::Decoder,
    node::{
        connection::{
            outgoing::{Destination, OutgoingMonitor, destination},
            peer::Peer,
        },
        moment::Moment,
        process::{
            table::ProcessTable,
            waiting::{Outcome, ReplyFilter, ReplyId},
        },
    },
    protocol::{Flags, NameError, control::UnsupportedControl},
    term::RawTerm,
};

/// A monitor of a process of another node: a future that is ready once the process is down. Created by
/// [`Node::monitor`]; dropping it removes the monitor.
#[must_use = "a monitor that is dropped is taken away"]
pub struct Monitor {
    node: Node,
    peer: Arc<Peer>,
    id: ReplyId,
    to: Destination,
    down: bool,
}

/// Why a monitored process is down: the reason in the `'DOWN'` message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Down {
    /// `noproc`: there was no such process.
    #[error("there is no such process")]
    NoProcess,
    /// `noconnection`: the connection to its node was lost.
    #[error("the connection to its node was lost")]
    NoConnection,
    /// The process ended.
    #[error("the process ended: {reason:.1000}")]
    Exit {
        /// Its exit reason.
        reason: RawTerm,
    },
}

impl Down {
    pub(in crate::node) fn new(reason: RawTerm) -> Self {
        match Decoder::new(reason.as_bytes()).atom_name().as_deref() {
            Ok("noproc") => Down::NoProcess,
            Ok("noconnection") => Down::NoConnection,
            _ => Down::Exit { reason },
        }
    }
}

impl Node {
    /// Monitors a process of another node, by its pid or its registered name, like `erlang:monitor/2`. Connects first
    /// if necessary.
    ///
    /// ```no_run
    /// # async fn watch(node: nodex_core::node::Node) -> Result<(), nodex_core::node::CallError> {
    /// use nodex_core::atom;
    ///
    /// let database = node.monitor((atom!("database"), atom!("db@127.0.0.1"))).await?;
    /// println!("{}", database.await);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Returns an error when the node cannot be connected to, when it does not support monitors, as nodes on `ei`, or
    /// when `process` is an alias.
    pub async fn monitor(
        &self,
        process: impl TryInto<Destination, Error: Into<NameError>>,
    ) -> Result<Monitor, CallError> {
        const NEEDED: Flags = Flags::DIST_MONITOR.or(Flags::DIST_MONITOR_NAME);
        let to = destination(process)?;
        let peer = self.connect_to(to.node()).await.map_err(CallError::Connect)?;
        if let Destination::Alias(_) = to {
            return Err(UnsupportedControl::MissingField { what: "a monitor", field: "a pid or a name" }.into());
        }
        let missing = NEEDED.without(peer.line.flags);
        if !missing.is_empty() {
            return Err(UnsupportedControl::Peer { what: "a monitor", missing }.into());
        }
        let (table, connection) = (&self.0.registry.table, (peer.line.id, peer.serials()));
        // The waiting task registers its waker.
        let (id, _) = table.open(connection, ReplyFilter::Down, Waker::noop().clone(), Moment::NEVER);
        // From here on, dropping it frees the pid.
        let monitor = Monitor { node: self.clone(), peer, id, to, down: false };
        monitor.control(|control| control.set());
        self.lost_meanwhile(&monitor.peer)?;
        Ok(monitor)
    }
}

impl Monitor {
    /// Returns the monitored process.
    pub fn process(&self) -> &Destination {
        &self.to
    }

    fn control(&self, say: impl FnOnce(&OutgoingMonitor<'_>)) {
        let me = self.node.0.identity.pid_bytes(self.id.number);
        let reference = ProcessTable::reference(&self.node.0.identity, self.id);
        say(&OutgoingMonitor::new(&self.peer, me, &self.to, reference));
    }
}

impl Future for Monitor {
    type Output = Down;

    /// Must not be polled again after it was ready.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Down> {
        let outcome = ready!(self.node.0.registry.table.poll(self.id, context));
        self.down = true;
        Poll::Ready(match outcome {
            Outcome::Down(reason) | Outcome::DownTooLong { reason, .. } => Down::new(reason),
            _ => Down::NoConnection,
        })
    }
}

impl Drop for Monitor {
    fn drop(&mut self) {
        if !self.down {
            self.control(|control| control.remove());
            self.node.0.close_reply(self.id);
        }
    }
}

impl fmt::Debug for Monitor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor").field("process", &self.to).finish_non_exhaustive()
    }
}
