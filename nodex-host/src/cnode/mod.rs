//! Node executables: how they are started, called, watched and stopped.
//!
//! [`Cnode::builder`] takes the path of an executable and options. [`spawn`](CnodeBuilder::spawn) starts it and returns
//! a [`Cnode`] once it is connected; [`start`](CnodeBuilder::start) only waits for its ready line.

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
