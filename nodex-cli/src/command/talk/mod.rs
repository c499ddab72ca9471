//! Commands that talk to a node.

pub(super) mod call;
pub(super) mod info;
pub(super) mod ping;
mod process;
pub(super) mod rpc;
pub(super) mod send;
