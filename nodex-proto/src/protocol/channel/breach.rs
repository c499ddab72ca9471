//! The breaches of the protocol that end a connection.

use crate::{
    etf::EtfError,
    protocol::control::{ControlError, FragmentError},
    term::AtomError,
};

/// How a peer broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A frame is not a control message.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A fragment of a message is not allowed.
    #[error(transparent)]
    Fragment(#[from] FragmentError),
    /// The name that the peer sent is not an atom.
    #[error("the name of the peer is no atom")]
    Name(#[from] AtomError),
    /// The peer sent a signal to a process that does not belong to this node.
    #[error("a signal for a process of another node")]
    ToOtherNode,
    /// The peer sent a signal from a process that does not belong to the peer.
    #[error("a signal from a process of another node")]
    FromOtherNode,
    /// The reason of an exit signal is not a term.
    #[error("an exit reason cannot be read")]
    ExitReason(#[source] EtfError),
    /// The arguments of a spawn request are not a term.
    #[error("the arguments of a spawn request cannot be read")]
    SpawnArguments(#[source] EtfError),
}
