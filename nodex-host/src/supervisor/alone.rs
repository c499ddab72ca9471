//! One node that is restarted: a supervisor with one child.

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

/// Options of a node that is restarted; see [`CnodeBuilder::restart`].
#[derive(Debug, Clone)]
pub struct SupervisedBuilder {
    spec: ChildSpec,
    supervisor: SupervisorBuilder,
}

impl CnodeBuilder {
    /// Has it restarted when it fails, by a supervisor of its own.
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
    /// Sets how to find out that it is up but does not work.
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.spec = self.spec.health(health);
        self
    }

    /// Returns all events, those of the start included.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.supervisor.subscribe()
    }

    /// As [`CnodeBuilder::spawn`].
    ///
    /// # Errors
    /// Returns an error when it does not come up.
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

/// A node that is restarted when it fails. It is called as a [`Child`] is. Cheap to clone; dropping the last clone
/// stops it.
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

    /// Returns all events from now on.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.supervisor.subscribe()
    }

    /// Waits until it is down for good, and tells why.
    pub async fn ended(&self) -> Ended {
        self.supervisor.ended().await
    }

    /// Stops it.
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
