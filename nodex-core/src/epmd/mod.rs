//! The Erlang port mapper: which node of a host listens on which port.
//!
//! [`Client`] looks up and registers nodes; [`Server`] is an epmd for hosts that have none. Both follow ERTS User's
//! Guide, "Distribution Protocol", "EPMD Protocol", and the epmd of OTP 23 to 29 where it differs.
mod address;
mod bounded;
mod client;
mod error;
mod exchange;
#[doc(hidden)]
pub mod memory;
mod names;
mod server;

pub(crate) use address::loopback;
pub use address::{DEFAULT_PORT, is_covered, local_address, port, server_addresses};
pub use client::{Client, DEFAULT_TIMEOUT, Registered};
pub use error::{EpmdError, ResponseProblem};
pub use server::{Ended, Options, Server};

/// `node_type` of hidden nodes, as `ei` registers it. (erl_dist and old documentation have 72, `H`.)
pub const HIDDEN_NODE: u8 = 104;

/// `node_type` of all nodes that run on a BEAM, hidden ones included.
pub const NORMAL_NODE: u8 = 77;

/// The protocol version with the handshake of OTP 23. A node that registers it gets a creation of 32 bits from epmd,
/// and OTP 23 and 24 do not start with the older handshake.
pub const HIGHEST_VERSION: u16 = 6;

/// A node as epmd knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The part of the node name before the `@`.
    pub name: String,
    /// The port on which the node listens.
    pub port: u16,
    /// [`HIDDEN_NODE`], [`NORMAL_NODE`], or any other number that was registered.
    pub node_type: u8,
    /// 0: TCP over IPv4 or IPv6.
    pub protocol: u8,
    /// The newest protocol version that the node speaks.
    pub highest_version: u16,
    /// The oldest protocol version that the node speaks.
    pub lowest_version: u16,
    /// The extra field, usually empty.
    pub extra: Vec<u8>,
}

impl Entry {
    /// Creates a hidden node that listens on `port`.
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

    /// Creates a visible node that listens on `port`, as a BEAM registers.
    pub fn visible(name: impl Into<String>, port: u16) -> Self {
        Entry { node_type: NORMAL_NODE, ..Entry::hidden(name, port) }
    }
}
