//! The node of the host: its epmd, the BEAMs that it starts, and code for them.
//!
//! [`Distributed::up`] starts it with defaults, [`Distributed::builder`] with options.

mod builder;
mod code;
mod cookie;
mod environment;
mod epmd;
mod error;
mod handle;
mod rpc;
mod slave;
mod spawn;

pub use builder::DistributedBuilder;
pub use code::{CompileError, LoadError, LoadProblem, ObjectCode, ObjectCodeError, SourceError};
pub use cookie::random_cookie;
pub use environment::Environment;
pub use epmd::{EpmdMode, spawn_epmd};
pub use error::UpError;
pub use handle::Distributed;
pub use slave::{Slave, SlaveBuilder};
