//! Supervisors: they start nodes in order, restart those that fail as OTP's supervisors do, and stop them in reverse
//! order.
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
//!     let five: i64 = calc.call((nodex_core::atom!("add"), 2, 3)).await?;
//!     println!("{five}");
//! }
//! supervisor.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! The words are those of `supervisor(3)`. What OTP does not have: a pause before each restart that grows
//! ([`Backoff`]), limits for single children ([`Restart::at_most`]) and health checks ([`Health`]). A failed restart
//! counts as a failure, as in OTP.

mod alone;
mod backoff;
mod builder;
mod child;
mod command;
mod core;
mod driver;
mod entry;
mod error;
mod event;
mod health;
mod intensity;
mod restart;
mod spec;
mod task;

use std::sync::Arc;

use tokio::sync::oneshot;

pub use alone::{Supervised, SupervisedBuilder};
pub use backoff::Backoff;
pub use builder::SupervisorBuilder;
pub(crate) use child::after;
pub use child::{Child, ChildState};
pub use entry::{ChildInfo, Counts};
pub use error::{ChildError, Ended, Failure, StartChildError, StartError};
pub use event::{Change, Subscription, SupervisorEvent};
pub use health::Health;
pub use intensity::Intensity;
pub use restart::{AutoShutdown, Restart, RestartType, Strategy};
pub use spec::ChildSpec;

use command::Command;

/// A running supervisor. Cheap to clone; it ends with [`stop`](Self::stop) or with its last clone, and all its children
/// end with it.
#[derive(Debug, Clone)]
pub struct Supervisor(Arc<builder::Handle>);

impl Supervisor {
    /// Its options.
    pub fn builder() -> SupervisorBuilder {
        SupervisorBuilder::new()
    }

    /// Adds a child behind all others and starts it (`start_child`).
    ///
    /// # Errors
    /// When its id is in use, or it does not come up: then it is not kept.
    pub async fn start_child(&self, spec: ChildSpec) -> Result<Child, StartChildError> {
        let child = spec.id.clone();
        let stopped = || StartChildError::Stopped { child: child.clone() };
        let started =
            self.ask(|reply| Command::StartChild { spec: Box::new(spec), reply }).await.ok_or_else(stopped)??;
        match started.await {
            Ok(Ok(child)) => Ok(child),
            Ok(Err(Some(error))) => Err(StartChildError::Start { child, error }),
            Ok(Err(None)) | Err(_) => Err(stopped()),
        }
    }

    /// Stops a child and keeps it, down; a temporary one is forgotten (`terminate_child`). A child that is being
    /// restarted stays down.
    ///
    /// # Errors
    /// When there is no such child.
    pub async fn terminate_child(&self, id: &str) -> Result<(), ChildError> {
        let id: Arc<str> = id.into();
        let not_found = || ChildError::NotFound { child: id.clone() };
        let command = |reply| Command::TerminateChild { id: id.clone(), reply };
        let down = self.ask(command).await.ok_or_else(not_found)??;
        // It fails when the supervisor ended meanwhile, and took the child with it.
        let _ = down.await;
        Ok(())
    }

    /// Starts a child that is down (`restart_child`).
    ///
    /// # Errors
    /// When there is no such child, it is not down, or it does not come up: then it stays down.
    pub async fn restart_child(&self, id: &str) -> Result<Child, ChildError> {
        let id: Arc<str> = id.into();
        let command = |reply| Command::RestartChild { id: id.clone(), reply };
        let started = self.ask(command).await.ok_or_else(|| ChildError::NotFound { child: id.clone() })??;
        match started.await {
            Ok(Ok(child)) => Ok(child),
            Ok(Err(Some(error))) => Err(ChildError::Start { child: id, error }),
            Ok(Err(None)) | Err(_) => Err(ChildError::Stopped { child: id }),
        }
    }

    /// Forgets a child that is down (`delete_child`).
    ///
    /// # Errors
    /// When there is no such child, or it is not down.
    pub async fn delete_child(&self, id: &str) -> Result<(), ChildError> {
        let id: Arc<str> = id.into();
        let command = |reply| Command::DeleteChild { id: id.clone(), reply };
        self.ask(command).await.unwrap_or_else(|| Err(ChildError::NotFound { child: id.clone() }))
    }

    /// All children in start order (`which_children`).
    pub async fn which_children(&self) -> Vec<ChildInfo> {
        self.ask(|reply| Command::WhichChildren { reply }).await.unwrap_or_default()
    }

    /// How many children there are (`count_children`).
    pub async fn count_children(&self) -> Counts {
        let children = self.which_children().await;
        let active = children.iter().filter(|child| matches!(child.state, ChildState::Up(_))).count();
        Counts { specs: children.len(), active }
    }

    /// A child, to call it.
    pub async fn child(&self, id: &str) -> Option<Child> {
        self.ask(|reply| Command::Child { id: id.into(), reply }).await.flatten()
    }

    /// All events from now on.
    pub fn subscribe(&self) -> Subscription {
        self.0.changes.subscribe()
    }

    /// Tells subscribers of something that is done to a child from outside.
    pub(crate) fn tell(&self, child: &Arc<str>, change: Change) {
        self.0.changes.send(child, change);
    }

    /// Stops all children, the last one first, and ends. Gives the reason of the end, which is another than
    /// [`Ended::Stopped`] when it had begun before.
    pub async fn stop(&self) -> Ended {
        // It fails when it has ended already.
        let _ = self.0.commands.send(Command::Stop);
        self.ended().await
    }

    /// `None` when it has ended.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.0.commands.send(command(reply)).ok()?;
        answer.await.ok()
    }
}
