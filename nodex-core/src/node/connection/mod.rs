//! The connections of a node: how they are made, who is at their other ends, and what they share.

pub(in crate::node) mod drain;
pub(in crate::node) mod establish;
pub(in crate::node) mod handshakes;
pub(in crate::node) mod inner;
pub(in crate::node) mod listen;
pub(in crate::node) mod peers;

pub use peers::{NodeEvent, Peer};
