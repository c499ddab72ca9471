//! The connections of a node: how they are made, who is at their other ends, and what they share.

mod as_shared;
mod calls;
pub(in crate::node) mod drain;
pub(in crate::node) mod erpc;
pub(in crate::node) mod establish;
mod handshakes;
pub(in crate::node) mod inner;
pub(in crate::node) mod listen;
pub(in crate::node) mod outgoing;
pub(in crate::node) mod peer;
pub(in crate::node) mod peers;
pub(in crate::node) mod stop;

pub use erpc::{Exception, RpcError};
pub use outgoing::Destination;
pub use peer::Peer;
pub use peers::NodeEvent;
