//! Supervisors: they start nodes in order, restart those that fail, and stop them in reverse order, as in OTP.
//!
//! ```no_run
//! # async fn supervise(net: nodex_host::Distributed) -> Result<(), Box<dyn std::error::Error>> {
//! use std::time::Duration;
//!
//! use nodex_host::{
//!     Cnode,
//!     supervisor::{ChildSpec, Health, Strategy, Supervisor},
//! };
//!
//! let supervisor = Supervisor::builder()
//!     .strategy(Strategy::RestForOne)
//!     .at_most(5, Duration::from_secs(60))
//!     .child(ChildSpec::new("store", Cnode::builder("priv/store")))
//!     .child(ChildSpec::new("calc", Cnode::builder("priv/calc")).health(Health::ping()))
//!     .start(&net)
//!     .await?;
//! if let Some(calc) = supervisor.child("calc").await {
//!     let five: i64 = calc.request((nodex_core::atom!("add"), 2, 3)).await?;
//!     println!("{five}");
//! }
//! supervisor.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The terms are those of `supervisor(3)`. Beyond OTP there are growing pauses before restarts
//! ([`Backoff`](nodex_core::node::Backoff)), limits for single children ([`Restart::at_most`]) and health checks
//! ([`Health`]). A failed restart counts as a failure, as in OTP.

mod alone;
mod builder;
mod child;
mod command;
mod core;
mod driver;
mod entry;
mod error;
mod event;
mod handle;
mod health;
mod intensity;
mod obey;
mod restart;
mod spec;
mod task;

pub use alone::{Supervised, SupervisedBuilder};
pub use builder::SupervisorBuilder;
pub(crate) use child::after;
pub use child::{Child, ChildState};
pub use entry::{ChildInfo, Counts};
pub use error::{ChildError, Ended, Failure, StartChildError, StartSupervisorError};
pub use event::{Change, SupervisorEvent};
pub use handle::Supervisor;
pub use health::Health;
pub use intensity::Intensity;
pub use restart::{AutoShutdown, Restart, RestartType, Strategy};
pub use spec::ChildSpec;
