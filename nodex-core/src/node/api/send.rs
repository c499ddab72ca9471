//! Messages and casts to processes of other nodes.

use super::{call::CallError, node::Node};
use crate::{
    convert::IntoTerm,
    etf::EncodeError,
    node::{
        connection::outgoing::{Destination, Haste, destination, push_message},
        number::Number,
    },
    protocol::{
        NameError,
        control::{FRAGMENT_DATA, UnsupportedControl},
    },
    term::Atom,
};

/// The sender of messages that need none: a BEAM requires a pid.
const NOBODY: Number = Number { id: 0, serial: 0 };

/// Why a message was not sent at once.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No node or no process can have this name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// There is no connection with the node.
    #[error("{node} is not connected")]
    NotConnected {
        /// The node.
        node: Atom,
    },
    /// The node reads more slowly than this one writes.
    #[error("{waiting} bytes wait to be written to {node}, the limit is {limit}")]
    Busy {
        /// The node.
        node: Atom,
        /// How many bytes wait.
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
    /// Sends a message. Connects first if necessary, and waits while more than
    /// [`LinkLimits::max_waiting`](crate::net::LinkLimits::max_waiting) bytes wait to be written to the node, as a process
    /// of a BEAM is suspended while its connection is busy. As in Erlang, nothing tells whether the message arrives.
    ///
    /// # Errors
    /// Returns an error when the node cannot be connected to, or the message cannot be encoded.
    pub async fn send(
        &self,
        to: impl TryInto<Destination, Error: Into<NameError>>,
        message: impl IntoTerm,
    ) -> Result<(), CallError> {
        self.send_from(NOBODY, destination(to)?, message).await
    }

    pub(in crate::node) async fn send_from(
        &self,
        from: Number,
        to: Destination,
        message: impl IntoTerm,
    ) -> Result<(), CallError> {
        let peer = self.connect_to(to.node()).await.map_err(CallError::Connect)?;
        peer.line.outbox.room().await;
        self.lost_meanwhile(&peer)?;
        let from = self.0.identity.pid_bytes(from);
        let length = push_message::<CallError>(&peer, &from, &to, Haste::Together, |out| message.encode(out))?;
        if length > FRAGMENT_DATA {
            // As long as it is on its way, others pass it, and its sender waits.
            peer.line.outbox.ease().await;
        }
        Ok(())
    }

    /// Sends a message without connecting or waiting, like `erlang:send/3` with `[noconnect, nosuspend]`.
    ///
    /// # Errors
    /// Returns an error when the message was not sent.
    pub fn try_send(
        &self,
        to: impl TryInto<Destination, Error: Into<NameError>>,
        message: impl IntoTerm,
    ) -> Result<(), SendError> {
        let to = destination(to)?;
        let node = to.node();
        let Some(peer) = self.peer(node) else { return Err(SendError::NotConnected { node: node.clone() }) };
        if peer.line.outbox.is_busy() {
            let (waiting, limit) = (peer.line.outbox.waiting(), self.0.limits.max_waiting);
            return Err(SendError::Busy { node: node.clone(), waiting, limit });
        }
        let nobody = self.0.identity.pid_bytes(NOBODY);
        push_message(&peer, &nobody, &to, Haste::Together, |out| message.encode(out)).map(drop)
    }

    /// Sends a cast, like `GenServer.cast`. Connects and waits as [`Self::send`] does.
    ///
    /// # Errors
    /// Returns the errors of [`Self::send`].
    pub async fn cast(
        &self,
        to: impl TryInto<Destination, Error: Into<NameError>>,
        request: impl IntoTerm,
    ) -> Result<(), CallError> {
        self.send(to, (crate::atom!("$gen_cast"), request)).await
    }

    /// Sends a cast without connecting or waiting: see [`Self::try_send`].
    ///
    /// # Errors
    /// Returns the errors of [`Self::try_send`].
    pub fn try_cast(
        &self,
        to: impl TryInto<Destination, Error: Into<NameError>>,
        request: impl IntoTerm,
    ) -> Result<(), SendError> {
        self.try_send(to, (crate::atom!("$gen_cast"), request))
    }
}
