//! What a peer can do that ends its connection.

use crate::{etf::EtfError, protocol::control::ControlError, term::AtomError};

/// How a peer broke the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// A frame is no control message.
    #[error(transparent)]
    Control(#[from] ControlError),
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
    /// A fragment is not allowed.
    #[error(transparent)]
    Fragment(#[from] FragmentError),
}

/// Why a fragment of a message is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FragmentError {
    /// It ends within its head.
    #[error("a fragment is cut off")]
    Truncated,
    /// No fragment of this message came before, and it is not its first one.
    #[error("a fragment of a message that has not begun")]
    NotBegun,
    /// Its number is not the next one of its message.
    #[error("a fragment is out of turn")]
    OutOfTurn,
    /// Its header has references to a cache of atoms.
    #[error("a distribution header refers to atoms of a cache, which was not negotiated")]
    AtomCache,
    /// The first fragment of a message has a number that is not allowed.
    #[error("a first fragment with a number that is not allowed")]
    Number,
    /// The first fragment of a message does not have the whole control message.
    #[error("a first fragment without the whole control message")]
    Control,
    /// It is the first one of a message that is under way.
    #[error("a message in fragments was begun twice")]
    BegunTwice,
}
