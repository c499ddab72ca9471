//! The handshake: two nodes say who they are, what they can do, and prove that they know the cookie.
//!
//! ```text
//!  Initiator (connected)                          Acceptor (was connected to)
//!     name 'N' flags, creation, name    ------>
//!                                       <------   status 's' ok | ok_simultaneous | nok | not_allowed
//!                                                            | alive | named: name, creation
//!     status reply 's' true | false     ------>   only after alive
//!                                       <------   challenge 'N' flags, number, creation, name
//!     complement 'c' flags, creation    ------>   only after the old name message 'n'
//!     reply 'r' number, digest          ------>
//!                                       <------   acknowledgement 'a' digest
//! ```
//!
//! [`Initiator`] and [`Acceptor`] are the two sides as state machines: they take bytes that were read, and return bytes
//! to write and decisions to make. They never wait. The caller closes the connection when the handshake takes longer
//! than [`SETUP_TIME`], and passes in challenges and creations.
//!
//! After an error the caller writes the remaining output, a status that tells the peer why, and closes the connection.
mod acceptor;
mod error;
mod framing;
mod initiator;
mod message;
mod name;
mod open;
mod own_name;

use std::time::Duration;

pub use acceptor::{Acceptor, Answer, Event, Request, simultaneous_answer};
pub use error::HandshakeError;
pub use framing::{Framing, MAX_MESSAGE, MAX_UNPROVEN};
pub use initiator::Initiator;
pub use name::{MAX_NODE_NAME, NameProblem, check_node_name};
pub use own_name::check_own_name;

use super::{Cookie, Flags};

/// How long a handshake may take from the first to the last byte (`net_setuptime` of `kernel`).
pub const SETUP_TIME: Duration = Duration::from_secs(7);

/// How this node identifies itself in a handshake, and what it requires.
#[derive(Debug, Clone)]
pub struct Local {
    /// The full name `name@host`, or only the host if `flags` has `NAME_ME` and the peer assigns the name.
    pub name: String,
    /// The flags that this node supports.
    pub flags: Flags,
    /// The flags that a peer must support. `HANDSHAKE_23` is always required.
    pub required: Flags,
    /// The creation of this node, 0 while it is not known.
    pub creation: u32,
    /// The cookie that both sides must know.
    pub cookie: Cookie,
}

impl Local {
    /// Creates the identity of a hidden node that accepts OTP 23 and later.
    pub fn hidden(name: impl Into<String>, creation: u32, cookie: Cookie) -> Self {
        Local { name: name.into(), flags: Flags::HIDDEN, required: Flags::MANDATORY_25, creation, cookie }
    }

    fn demanded(&self) -> Flags {
        self.required | Flags::HANDSHAKE_23
    }
}

/// The other node, which has proven that it knows the cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity {
    /// The full name.
    pub name: String,
    /// The flags that it supports, with shorthands expanded.
    pub flags: Flags,
    /// The flags that both sides support, which decide which control messages may be sent.
    pub negotiated: Flags,
    /// Its creation.
    pub creation: u32,
}

/// The name that an acceptor has assigned to a node that asked for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenName {
    /// The full name.
    pub name: String,
    /// The creation of the node.
    pub creation: u32,
}

/// The result of a handshake. From here on the connection carries frames with lengths of four bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Established {
    /// The other node.
    pub peer: PeerIdentity,
    /// The name that was assigned to this node, if it asked for one.
    pub given: Option<GivenName>,
    /// The input after the last handshake message: the start of the first frames.
    pub rest: Vec<u8>,
}
