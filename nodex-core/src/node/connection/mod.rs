//! The connections of a node: how they are made, their peers, and the state that they share.

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
