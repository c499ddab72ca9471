//! Nodes that are executables: the options, the start protocols, the wait for the ready line.

mod builder;
mod error;
mod event;
mod host;
mod node_process;
mod printed;
mod protocol;
mod report;
mod start;

pub use builder::CnodeBuilder;
pub use error::SpawnError;
pub use event::{Event, Events, Subscription, What};
pub use host::{HostNode, HostNodeError};
pub use node_process::NodeProcess;
pub use printed::Printed;
pub use protocol::Protocol;
