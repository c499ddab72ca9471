//! Everything that can go wrong while two nodes introduce themselves, one variant per cause.
use thiserror::Error;

use super::name::NameProblem;
use crate::protocol::Flags;

/// Why a handshake did not end in a connection.
///
/// An error ends the handshake. Bytes that are still to be written (a status that tells the peer
/// why) are in the machine's output and should be written before the connection is closed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The peer closed the connection after it had seen our digest; this is how an acceptor
    /// rejects a cookie, it sends no status for it.
    #[error("{peer} closed the connection after checking our cookie: the cookies differ")]
    CookieRefused {
        /// The node that was dialled.
        peer: String,
    },
    /// The digest that the peer sent was not made with our cookie.
    #[error("{peer} does not know our cookie")]
    WrongCookie {
        /// The node on the other side.
        peer: String,
    },
    /// The challenge of the peer is one that this process has made itself and waits to have answered.
    #[error("{peer} sent a challenge of this node's own, which is not answered")]
    Reflected {
        /// The node on the other side, as it calls itself.
        peer: String,
    },
    /// The peer lacks capabilities that this node demands.
    #[error("{peer} cannot handle {missing}, which this node needs")]
    MissingFlags {
        /// The node on the other side.
        peer: String,
        /// What it lacks.
        missing: Flags,
    },
    /// The peer answered `not_allowed`: it lacks capabilities of ours or has a list of allowed nodes.
    #[error(
        "{peer} does not allow this node to connect: a capability that it demands is missing here, or this node is not on its list of allowed nodes"
    )]
    NotAllowed {
        /// The node that was dialled.
        peer: String,
    },
    /// The peer answered `nok`: it is connecting to us at this moment and its attempt goes first.
    #[error("{peer} is connecting to this node at the same time, its connection is used")]
    Nok {
        /// The node that was dialled.
        peer: String,
    },
    /// The peer says that a connection exists already, and the side that was asked does not give it up.
    #[error("a connection with {peer} exists already and is kept")]
    AlreadyConnected {
        /// The node on the other side.
        peer: String,
    },
    /// Another node answered than the one that was dialled.
    #[error("dialled {dialled}, but {answered} answered")]
    WrongName {
        /// The name that was dialled.
        dialled: String,
        /// The name in the challenge, unprintable bytes escaped.
        answered: String,
    },
    /// A name that cannot be a node's.
    #[error("the name \"{name}\" is not acceptable")]
    InvalidName {
        /// The name, unprintable bytes escaped.
        name: String,
        /// What is wrong with it.
        #[source]
        problem: NameProblem,
    },
    /// A status that is unknown, or that fits no node with (or without) a name of its own.
    #[error("{peer} sent the status \"{status}\", which does not fit here")]
    UnexpectedStatus {
        /// The node on the other side.
        peer: String,
        /// The status, unprintable bytes escaped.
        status: String,
    },
    /// A message that cannot be read.
    #[error("malformed {message} message: {problem} at byte {at}")]
    Malformed {
        /// Which message was being read.
        message: &'static str,
        /// What is wrong.
        problem: &'static str,
        /// Offset in the message, its tag is byte 0.
        at: usize,
    },
    /// Another message than the one whose turn it is.
    #[error("expected the {expected} message, got one with tag {tag}")]
    UnexpectedMessage {
        /// Which message has its turn.
        expected: &'static str,
        /// First byte of the message that came.
        tag: u8,
    },
    /// A length that no handshake message has.
    #[error("the {expected} message announces {length} bytes, the limit is {limit}")]
    TooLong {
        /// Which message has its turn.
        expected: &'static str,
        /// The announced length in bytes.
        length: usize,
        /// The longest length that is read.
        limit: usize,
    },
    /// The connection was closed before the peer had said all.
    #[error("the connection was closed while waiting for the {waiting_for} message")]
    Closed {
        /// Which message had its turn.
        waiting_for: &'static str,
    },
    /// The machine was driven in a way that it cannot follow, for example after its end.
    #[error("the handshake was driven wrongly: {what}")]
    Misuse {
        /// What was done.
        what: &'static str,
    },
}

impl HandshakeError {
    /// The message that [`HandshakeError::Closed`] names when nothing was answered to our name.
    #[doc(hidden)]
    pub const STATUS: &'static str = "status";
}
