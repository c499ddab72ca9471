//! Starts, supervises, calls and stops nodes that are programs of their own: Rust nodes, C nodes and BEAMs.
//!
//! | module | contents |
//! |---|---|
//! | [`distributed`] | [`Distributed`]: the node of this program. Start here |
//! | [`cnode`] | [`Cnode`]: a node executable, started, called and stopped |
//! | [`supervisor`] | [`Supervisor`]: children that are restarted when they fail, as in OTP |
//! | [`pool`] | [`Pool`]: identical nodes behind one name |
//! | [`process`] | processes of the operating system that cannot outlive this program |
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
//! assert_eq!(answer.to_string(), "{ok,3}");
//! calc.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! Linux only: it uses process groups, pidfds and the parent-death signal.

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
