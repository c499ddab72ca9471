//! What a peer can do that ends its connection.

use crate::{
    etf::EtfError,
    protocol::control::{ControlError, FragmentError},
    term::AtomError,
};

/// How a peer broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A frame is no control message.
    #[error(transparent)]
    Control(#[from] ControlError),
    /// A fragment of a message is none.
    #[error(transparent)]
    Fragment(#[from] FragmentError),
    /// The name that it gave is none.
    #[error("the name of the peer is no atom")]
    Name(#[from] AtomError),
    /// It sent a signal to a process that is none of this node's.
    #[error("a signal for a process of another node")]
    ToOtherNode,
    /// It sent a signal in the name of a process that is none of its own.
    #[error("a signal from a process of another node")]
    FromOtherNode,
    /// The reason of an exit signal is no term.
    #[error("an exit reason cannot be read")]
    ExitReason(#[source] EtfError),
    /// The arguments of a spawn request are no term.
    #[error("the arguments of a spawn request cannot be read")]
    SpawnArguments(#[source] EtfError),
}
