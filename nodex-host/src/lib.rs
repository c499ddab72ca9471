//! Starting, watching, calling and stopping nodes that are programs of their own: Rust nodes, C nodes, BEAMs.
//!
//! Needs Linux: it stands on process groups, pidfds and the parent-death signal.

pub mod cnode;
pub mod distributed;
pub mod process;

pub use cnode::{
    CallError, Cnode, CnodeBuilder, Down, Event, Events, HostNode, NodeProcess, Protocol, SpawnError, What,
};
pub use distributed::{Distributed, UpError, UseEpmd};
