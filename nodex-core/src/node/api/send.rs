//! Messages from this node to processes of other nodes, without a reply.

use super::{call::CallError, node::Node};
use crate::{
    convert::IntoTerm,
    etf::{EncodeError, Encoder},
    node::{connection::peers::Peer, process::table::Number},
    protocol::control::{AtomTerm, Control, PidTerm, ProcTerm, RefTerm, Target, UnsupportedControl},
    term::{Atom, Pid, Reference},
};

/// A sender that takes no messages; a BEAM wants to know one.
const NOBODY: Number = Number { id: 0, serial: 0 };

/// A process of some node.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Destination {
    /// By its pid.
    Pid(Pid),
    /// By its registered name on a node.
    Name {
        /// The registered name.
        name: Atom,
        /// The node, `name@host`.
        node: Atom,
    },
    /// By an alias, for as long as it is active.
    Alias(Reference),
}

impl Destination {
    /// The node that it lives on.
    pub fn node(&self) -> &Atom {
        match self {
            Destination::Pid(pid) => &pid.node,
            Destination::Name { node, .. } => node,
            Destination::Alias(alias) => &alias.node,
        }
    }
}

impl From<Pid> for Destination {
    fn from(pid: Pid) -> Self {
        Destination::Pid(pid)
    }
}

impl From<Reference> for Destination {
    fn from(alias: Reference) -> Self {
        Destination::Alias(alias)
    }
}

impl From<(Atom, Atom)> for Destination {
    /// Registered name and node, as in `{name, node}`.
    fn from((name, node): (Atom, Atom)) -> Self {
        Destination::Name { name, node }
    }
}

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
        peer.outbox.room().await;
        self.lost_meanwhile(&peer)?;
        self.push_message(&peer, &self.0.pid_bytes(from), &to, |out| message.encode(out))
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
        if !peer.outbox.has_room() {
            let (waiting, limit) = (peer.outbox.waiting(), self.0.limits.max_waiting);
            return Err(SendError::Busy { node: node.clone(), waiting, limit });
        }
        self.push_message(&peer, &self.0.pid_bytes(NOBODY), &to, |out| message.encode(out))
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

    /// Appends one message to the output of a connection; nothing is sent if it cannot be encoded.
    pub(in crate::node) fn push_message<E: From<EncodeError> + From<UnsupportedControl>>(
        &self,
        peer: &Peer,
        from: &[u8],
        to: &Destination,
        encode: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>,
    ) -> Result<(), E> {
        let receiver = Receiver::new(to);
        // What was encoded just now can be read.
        let Some(to) = receiver.target() else { return Ok(()) };
        let send = Control::Send { from: PidTerm::new(from), to, token: None, priority: false, message: &[] };
        peer.outbox.send(|out| {
            let (frame, _) = send.open(peer.flags, out)?;
            match encode(out) {
                Ok(()) => Ok(frame.finish(out)?),
                Err(error) => {
                    frame.undo(out);
                    Err(error.into())
                }
            }
        })
    }
}

/// The receiver of a message, encoded.
pub(in crate::node) struct Receiver<'a> {
    to: &'a Destination,
    bytes: Vec<u8>,
}

impl<'a> Receiver<'a> {
    pub(in crate::node) fn new(to: &'a Destination) -> Self {
        let mut bytes = Encoder::new();
        match to {
            Destination::Pid(pid) => bytes.put_pid(pid),
            Destination::Name { name, .. } => bytes.put_atom(name),
            Destination::Alias(alias) => bytes.put_reference(alias),
        }
        Receiver { to, bytes: bytes.to_vec() }
    }

    fn target(&self) -> Option<Target<'_>> {
        match self.to {
            Destination::Pid(_) => PidTerm::new(&self.bytes).map(Target::Pid),
            Destination::Name { .. } => AtomTerm::new(&self.bytes).map(Target::Name),
            Destination::Alias(_) => RefTerm::new(&self.bytes).map(Target::Alias),
        }
    }

    /// What can be monitored of it.
    pub(in crate::node) fn process(&self) -> Option<ProcTerm<'_>> {
        match self.target()? {
            Target::Pid(pid) => Some(ProcTerm::Pid(pid)),
            Target::Name(name) => Some(ProcTerm::Name(name)),
            Target::Alias(_) => None,
        }
    }
}
