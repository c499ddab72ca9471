//! Starting, watching, calling and stopping nodes that are programs of their own: Rust nodes, C nodes, BEAMs.
//!
//! ```no_run
//! # async fn start() -> Result<(), Box<dyn std::error::Error>> {
//! use std::net::Ipv4Addr;
//!
//! use nodex_core::{atom, term::Term};
//! use nodex_host::{Cnode, Distributed};
//!
//! let net = Distributed::up("master", Ipv4Addr::LOCALHOST).await?;
//! let calc = Cnode::builder("priv/calc").sname("calc").spawn(&net).await?;
//! let answer: Term = calc.request((atom!("add"), 1, 2)).await?;
//! println!("{answer}");
//! calc.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Needs Linux: it stands on process groups, pidfds and the parent-death signal.

pub mod cnode;
pub mod distributed;
pub mod pool;
pub mod process;
pub mod supervisor;

pub use cnode::{
    Cnode, CnodeBuilder, CnodeError, CnodeEvent, EventKind, Events, HostNode, NodeDown, NodeProcess, Protocol,
    SpawnError,
};
pub use distributed::{Distributed, Environment, EpmdMode, ObjectCode, Slave, SlaveBuilder, UpError};
pub use pool::Pool;
pub use supervisor::{Restart, Supervisor};
