//! Tests of services: a node and a caller in one process, without epmd, arguments or an Erlang installation.

mod raw_peer;
mod test_node;

pub use raw_peer::RawPeer;
pub use test_node::{TestError, TestNode};
