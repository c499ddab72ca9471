//! Messages from this node to processes of other nodes, without a reply.

use super::{call::CallError, node::Node};
use crate::{
    convert::IntoTerm,
    etf::EncodeError,
    node::{
        connection::outgoing::{Destination, push_message},
        number::Number,
    },
    protocol::control::{FRAGMENT_DATA, UnsupportedControl},
    term::Atom,
};

/// A sender that takes no messages; a BEAM wants to know one.
const NOBODY: Number = Number { id: 0, serial: 0 };

/// Why a message was not sent at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// There is no connection with the node.
    #[error("{node} is not connected")]
    NotConnected {
        /// The node.
        node: Atom,
    },
    /// The node does not read as fast as it is written to.
    #[error("{waiting} bytes wait to be written to {node}, the limit is {limit}")]
    Busy {
        /// The node.
        node: Atom,
        /// How much waits.
        waiting: usize,
        /// [`LinkLimits::max_waiting`](crate::net::LinkLimits::max_waiting).
        limit: usize,
    },
    /// The message cannot be sent to any node.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The message cannot be sent to this node.
    #[error(transparent)]
    Unsupported(#[from] UnsupportedControl),
}

impl Node {
    /// Sends a message. Connects first if need be, and waits while more than
    /// [`LinkLimits::max_waiting`](crate::net::LinkLimits::max_waiting) bytes wait to be written to the node, as a process
    /// of a BEAM is suspended while its connection is busy. No reply is waited for, and none can be told from a lost
    /// message.
    ///
    /// # Errors
    /// When there is no connection, or the message cannot be sent.
    pub async fn send(&self, to: impl Into<Destination>, message: impl IntoTerm) -> Result<(), CallError> {
        self.send_from(NOBODY, to.into(), message).await
    }

    pub(in crate::node) async fn send_from(
        &self,
        from: Number,
        to: Destination,
        message: impl IntoTerm,
    ) -> Result<(), CallError> {
        let peer = self.connect(to.node()).await.map_err(CallError::Connect)?;
        peer.line.outbox.room().await;
        self.lost_meanwhile(&peer)?;
        let from = self.0.identity.pid_bytes(from);
        let length = push_message::<CallError>(&peer, &from, &to, |out| message.encode(out))?;
        if length > FRAGMENT_DATA {
            // As long as it is on its way, others pass it, and its sender waits.
            peer.line.outbox.ease().await;
        }
        Ok(())
    }

    /// Sends a message if that can be done now, as `erlang:send/3` does with `[noconnect, nosuspend]`: neither connects nor
    /// waits.
    ///
    /// # Errors
    /// Why it was not sent.
    pub fn try_send(&self, to: impl Into<Destination>, message: impl IntoTerm) -> Result<(), SendError> {
        let to = to.into();
        let node = to.node();
        let Some(peer) = self.peer(node) else { return Err(SendError::NotConnected { node: node.clone() }) };
        if peer.line.outbox.is_busy() {
            let (waiting, limit) = (peer.line.outbox.waiting(), self.0.limits.max_waiting);
            return Err(SendError::Busy { node: node.clone(), waiting, limit });
        }
        push_message(&peer, &self.0.identity.pid_bytes(NOBODY), &to, |out| message.encode(out)).map(drop)
    }

    /// `GenServer.cast`. Connects and waits as [`Self::send`] does.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn cast(&self, to: impl Into<Destination>, request: impl IntoTerm) -> Result<(), CallError> {
        self.send(to, (crate::atom!("$gen_cast"), request)).await
    }

    /// `GenServer.cast` if that can be done now: see [`Self::try_send`].
    ///
    /// # Errors
    /// As [`Self::try_send`].
    pub fn try_cast(&self, to: impl Into<Destination>, request: impl IntoTerm) -> Result<(), SendError> {
        self.try_send(to, (crate::atom!("$gen_cast"), request))
    }
}
