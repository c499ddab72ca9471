//! A supervisor with one child.

use std::{ops::Deref, sync::Arc};

use nodex_core::node::Subscription;

use super::{
    AutoShutdown, ChildSpec, Ended, Health, Restart, StartSupervisorError, Supervisor, SupervisorBuilder,
    SupervisorEvent, child::Child,
};
use crate::{
    cnode::{CnodeBuilder, SpawnError},
    distributed::Distributed,
};

/// The options of a node that is restarted. Created by [`CnodeBuilder::restart`].
#[derive(Debug, Clone)]
pub struct SupervisedBuilder {
    spec: ChildSpec,
    supervisor: SupervisorBuilder,
}

impl CnodeBuilder {
    /// Makes a supervisor of its own restart the node when it fails.
    #[must_use]
    pub fn restart(self, restart: impl Into<Restart>) -> SupervisedBuilder {
        let id: Arc<str> = match &self.sname {
            Some(sname) => sname.as_str().into(),
            None => self.exec_path.file_name().unwrap_or_default().to_string_lossy().into(),
        };
        let mut restart = restart.into().significant(true);
        let mut supervisor = Supervisor::builder().auto_shutdown(AutoShutdown::AnySignificant);
        // Of a supervisor with one child, the limit of the child is the limit of all.
        if let Some(intensity) = restart.intensity.take() {
            supervisor = supervisor.at_most(intensity.max_restarts, intensity.within);
        }
        SupervisedBuilder { spec: ChildSpec::new(id, self).restart(restart), supervisor }
    }
}

impl SupervisedBuilder {
    /// Sets the health check.
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.spec = self.spec.health(health);
        self
    }

    /// Subscribes to all events, including those of the start.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.supervisor.subscribe()
    }

    /// Starts the node: see [`CnodeBuilder::spawn`].
    ///
    /// # Errors
    /// Returns an error when the node cannot be started.
    pub async fn spawn(self, net: &Distributed) -> Result<Supervised, Arc<SpawnError>> {
        let id = self.spec.id.clone();
        let called_off = || Arc::new(SpawnError::Cancelled { node: id.to_string() });
        let supervisor = match self.supervisor.child(self.spec).start(net).await {
            Ok(supervisor) => supervisor,
            Err(StartSupervisorError::Ended(Ended::StartFailed { error, .. })) => return Err(error),
            Err(_) => return Err(called_off()),
        };
        let child = supervisor.child(&id).await.ok_or_else(called_off)?;
        Ok(Supervised { supervisor, child })
    }
}

/// A node that is restarted when it fails. It has the methods of a [`Child`]. Cheap to clone; dropping the last clone
/// stops the node.
#[derive(Debug, Clone)]
pub struct Supervised {
    supervisor: Supervisor,
    child: Child,
}

impl Supervised {
    /// Returns its supervisor.
    pub fn supervisor(&self) -> &Supervisor {
        &self.supervisor
    }

    /// Subscribes to all events from now on.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.supervisor.subscribe()
    }

    /// Waits until the node is down and not restarted, and returns why.
    pub async fn ended(&self) -> Ended {
        self.supervisor.ended().await
    }

    /// Stops the node.
    pub async fn stop(&self) -> Ended {
        self.supervisor.stop().await
    }
}

impl Deref for Supervised {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.child
    }
}
