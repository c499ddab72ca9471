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
//! [`Initiator`] and [`Acceptor`] are the two sides as state machines: bytes that were read go in,
//! bytes to be written and decisions come out. They never wait: the caller gives the whole handshake
//! [`SETUP_TIME`] and closes the connection when it is over. Challenges and creations are handed in.
//!
//! After an error the caller writes what the machine's output still holds (a status that tells the
//! peer why), then closes.
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

/// What this node says of itself in a handshake, and what it demands.
#[derive(Debug, Clone)]
pub struct Local {
    /// Full name `name@host`; only the host if `flags` has `NAME_ME` (the peer then gives the name).
    pub name: String,
    /// What this node can do.
    pub flags: Flags,
    /// What a peer must be able to do; `HANDSHAKE_23` is demanded in any case.
    pub required: Flags,
    /// The incarnation of this node, 0 while it is not known.
    pub creation: u32,
    /// The secret that both sides must know.
    pub cookie: Cookie,
}

impl Local {
    /// Creates a hidden node that accepts OTP 23 and later.
    pub fn hidden(name: impl Into<String>, creation: u32, cookie: Cookie) -> Self {
        Local { name: name.into(), flags: Flags::HIDDEN, required: Flags::MANDATORY_25, creation, cookie }
    }

    fn demanded(&self) -> Flags {
        self.required | Flags::HANDSHAKE_23
    }
}

/// The node on the other side, after it has proven that it knows the cookie.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerIdentity {
    /// Full name.
    pub name: String,
    /// What it said it can do, shorthands written out.
    pub flags: Flags,
    /// What both sides can do; decides which control messages may be sent.
    pub negotiated: Flags,
    /// Its incarnation.
    pub creation: u32,
}

/// The name that an acceptor gave to a node that asked for one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GivenName {
    /// Full name.
    pub name: String,
    /// The incarnation that goes with it.
    pub creation: u32,
}

/// A handshake that ended well. From here on the connection carries frames with four-byte lengths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Established {
    /// Who the peer is.
    pub peer: PeerIdentity,
    /// The name that this node was given, if it had asked for one.
    pub given: Option<GivenName>,
    /// Bytes that came after the last handshake message: the beginning of the first frames.
    pub rest: Vec<u8>,
}
