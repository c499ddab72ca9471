//! Nodes that are executables: the options, the start protocols, the wait until they are up, calls, their end.

mod advice;
mod anything;
mod builder;
mod call_error;
mod cancel;
mod down;
mod error;
mod event;
mod host;
mod node_process;
mod ours;
mod plan;
mod printed;
mod process_options;
mod protocol;
mod report;
mod running;
mod spawn;
mod start;

pub(crate) use anything::Anything;
pub use builder::CnodeBuilder;
pub use call_error::CnodeError;
pub(crate) use cancel::Cancel;
pub use down::NodeDown;
pub use error::SpawnError;
pub use event::{CnodeEvent, EventKind, Events};
pub(crate) use host::Host;
pub use host::{HostNode, HostNodeError};
pub use node_process::NodeProcess;
pub use printed::Printed;
pub(crate) use process_options::ProcessOptions;
pub use protocol::Protocol;
pub use running::{CALL_TIMEOUT, Cnode};
