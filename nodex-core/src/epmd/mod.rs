//! The port mapper: which node of a host listens on which port.
//!
//! [`Client`] asks and registers; [`Server`] is an epmd of our own for hosts that have none. The protocol
//! is in the chapter "Distribution Protocol" ("EPMD Protocol") of the ERTS User's Guide; what real epmds
//! of OTP 23 to 29 do is followed where it differs.
mod address;
mod bounded;
mod client;
mod error;
#[doc(hidden)]
pub mod memory;
mod names;
mod server;

pub(crate) use address::loopback;
pub use address::{DEFAULT_PORT, is_covered, local_address, port, server_addresses};
pub use client::{Client, DEFAULT_TIMEOUT, Registered};
pub use error::{EpmdError, ResponseProblem};
pub use server::{Ended, Options, Server};

/// `node_type` of hidden nodes: what `ei` registers. (erl_dist and old documentation say 72, `H`.)
pub const HIDDEN_NODE: u8 = 104;

/// `node_type` of all nodes that run on a BEAM, hidden ones included.
pub const NORMAL_NODE: u8 = 77;

/// The protocol version that has the handshake of OTP 23. Registering it keeps OTP 23 and 24 from starting
/// with the handshake before, and has epmd give a creation of 32 bits.
pub const HIGHEST_VERSION: u16 = 6;

/// What epmd knows of a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The part of the node name before the `@`.
    pub name: String,
    /// The port on which the node listens.
    pub port: u16,
    /// [`HIDDEN_NODE`], [`NORMAL_NODE`], or what somebody else has registered.
    pub node_type: u8,
    /// 0: TCP over IPv4 or IPv6.
    pub protocol: u8,
    /// Newest protocol version that the node speaks.
    pub highest_version: u16,
    /// Oldest protocol version that the node speaks.
    pub lowest_version: u16,
    /// Whatever the node has added, usually nothing.
    pub extra: Vec<u8>,
}

impl Entry {
    /// A hidden node that listens on `port`.
    pub fn hidden(name: impl Into<String>, port: u16) -> Self {
        Entry {
            name: name.into(),
            port,
            node_type: HIDDEN_NODE,
            protocol: 0,
            highest_version: HIGHEST_VERSION,
            lowest_version: HIGHEST_VERSION,
            extra: Vec::new(),
        }
    }

    /// A node like a BEAM that listens on `port`.
    pub fn visible(name: impl Into<String>, port: u16) -> Self {
        Entry { node_type: NORMAL_NODE, ..Entry::hidden(name, port) }
    }
}
