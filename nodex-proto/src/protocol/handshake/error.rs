//! [`HandshakeError`].
use thiserror::Error;

use super::name::NameProblem;
use crate::protocol::Flags;

/// Why a handshake failed.
///
/// An error ends the handshake. The output may still hold a status that tells the peer why; write it before closing the
/// connection.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum HandshakeError {
    /// The peer closed the connection after it received the digest of this node. This is how an acceptor rejects a
    /// cookie.
    #[error("{peer} closed the connection after checking our cookie: the cookies differ")]
    CookieRefused {
        /// The node that was dialled.
        peer: String,
    },
    /// The digest of the peer was not made with the cookie of this node.
    #[error("{peer} does not know our cookie")]
    WrongCookie {
        /// The node on the other side.
        peer: String,
    },
    /// The challenge of the peer is an open challenge of this process itself.
    #[error("{peer} sent a challenge of this node's own, which is not answered")]
    Reflected {
        /// The node on the other side, as it calls itself.
        peer: String,
    },
    /// The peer lacks flags that this node requires.
    #[error("{peer} cannot handle {missing}, which this node needs")]
    MissingFlags {
        /// The node on the other side.
        peer: String,
        /// What it lacks.
        missing: Flags,
    },
    /// The peer answered `not_allowed`: it requires flags that this node lacks, or has a list of allowed nodes.
    #[error(
        "{peer} does not allow this node to connect: a capability that it demands is missing here, or this node is not on its list of allowed nodes"
    )]
    NotAllowed {
        /// The node that was dialled.
        peer: String,
    },
    /// The peer answered `nok`: it is connecting to this node, and its attempt takes precedence.
    #[error("{peer} is connecting to this node at the same time, its connection is used")]
    Nok {
        /// The node that was dialled.
        peer: String,
    },
    /// A connection exists already, and is kept.
    #[error("a connection with {peer} exists already and is kept")]
    AlreadyConnected {
        /// The node on the other side.
        peer: String,
    },
    /// The node that answered has another name than the one that was dialled.
    #[error("dialled {dialled}, but {answered} answered")]
    WrongName {
        /// The name that was dialled.
        dialled: String,
        /// The name in the challenge, unprintable bytes escaped.
        answered: String,
    },
    /// A name is not a valid node name.
    #[error("the name \"{name}\" is not acceptable")]
    InvalidName {
        /// The name, unprintable bytes escaped.
        name: String,
        /// What is wrong with it.
        #[source]
        problem: NameProblem,
    },
    /// A status is unknown, or not possible for a node with (or without) a name of its own.
    #[error("{peer} sent the status \"{status}\", which does not fit here")]
    UnexpectedStatus {
        /// The node on the other side.
        peer: String,
        /// The status, unprintable bytes escaped.
        status: String,
    },
    /// A message is malformed.
    #[error("malformed {message} message: {problem} at byte {at}")]
    Malformed {
        /// Which message was being read.
        message: &'static str,
        /// What is wrong.
        problem: &'static str,
        /// Offset in the message, its tag is byte 0.
        at: usize,
    },
    /// A message is not the expected one.
    #[error("expected the {expected} message, got one with tag {tag}")]
    UnexpectedMessage {
        /// The expected message.
        expected: &'static str,
        /// The first byte of the message.
        tag: u8,
    },
    /// A message is longer than any handshake message.
    #[error("the {expected} message announces {length} bytes, the limit is {limit}")]
    TooLong {
        /// Which message has its turn.
        expected: &'static str,
        /// The announced length in bytes.
        length: usize,
        /// The longest length that is read.
        limit: usize,
    },
    /// The connection was closed during the handshake.
    #[error("the connection was closed while waiting for the {waiting_for} message")]
    Closed {
        /// Which message had its turn.
        waiting_for: &'static str,
    },
    /// A method was called in the wrong state, for example after the end.
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
