//! [`PoolBuilder`].

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use nodex_core::node::{Backoff, Subscription};

use super::{Pool, handle::Inner, member::Member, members::Members};
use crate::{
    cnode::CnodeBuilder,
    distributed::Distributed,
    supervisor::{
        ChildSpec, Ended, Health, Restart, StartSupervisorError, Supervisor, SupervisorBuilder, SupervisorEvent,
    },
};

/// How many members are started at the same time.
const AT_ONCE: usize = 8;

/// How many restarts a pool may have in [`WITHIN`] for each of its members.
const RESTARTS: usize = 3;
const WITHIN: Duration = Duration::from_secs(5);

impl Pool {
    /// Returns the options of a pool with this name, whose members are all started with the options `template`.
    pub fn builder(name: impl Into<Arc<str>>, template: CnodeBuilder) -> PoolBuilder {
        PoolBuilder::new(name.into(), template)
    }
}

/// The options of a pool.
#[derive(Debug, Clone)]
pub struct PoolBuilder {
    name: Arc<str>,
    template: CnodeBuilder,
    names: Vec<String>,
    supervisor: SupervisorBuilder,
    at_most: Option<(u32, Duration)>,
    restart: Restart,
    health: Option<Health>,
    drain_timeout: Duration,
}

impl PoolBuilder {
    fn new(name: Arc<str>, template: CnodeBuilder) -> PoolBuilder {
        PoolBuilder {
            name,
            template,
            names: Vec::new(),
            supervisor: Supervisor::builder().at_once(AT_ONCE),
            at_most: None,
            restart: Restart::permanent(),
            health: None,
            drain_timeout: Duration::from_secs(30),
        }
        .size(1)
    }

    /// Sets the number of members, at least one. Their node names are the name of the pool and a number from 1, such as
    /// `calc1@127.0.0.1`. Default: one.
    #[must_use]
    pub fn size(mut self, size: usize) -> Self {
        self.names = (1..=size.max(1)).map(|number| format!("{}{number}", self.name)).collect();
        self
    }

    /// Sets a member for each of these names, the part of the node name before the `@`. An empty list has no effect.
    #[must_use]
    pub fn names<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        if !names.is_empty() {
            self.names = names;
        }
        self
    }

    /// Sets the health check of the members. A member whose last check failed receives calls only when there is no
    /// other. Default: no check.
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.health = Some(health);
        self
    }

    /// Sets the pause before a member is restarted.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.supervisor = self.supervisor.backoff(backoff);
        self
    }

    /// Sets how many restarts of failed members the pool allows within this time. With one more, the pool ends.
    /// Default: three for each member within 5 s.
    #[must_use]
    pub fn at_most(mut self, max_restarts: u32, within: Duration) -> Self {
        self.at_most = Some((max_restarts, within));
        self
    }

    /// Sets how many restarts of one member the pool allows within this time. With one more, that member stays down,
    /// and the others continue. Default: as many as for the pool.
    #[must_use]
    pub fn member_at_most(mut self, max_restarts: u32, within: Duration) -> Self {
        self.restart = self.restart.at_most(max_restarts, within);
        self
    }

    /// Sets how long [`Pool::restart`] waits for the running calls of a member. Default: 30 s.
    #[must_use]
    pub fn drain_timeout(mut self, limit: Duration) -> Self {
        self.drain_timeout = limit;
        self
    }

    /// Subscribes to the events of the members, including those of the start.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.supervisor.subscribe()
    }

    /// Starts the pool in the current tokio runtime, and waits until all members have been up.
    ///
    /// # Errors
    /// Returns an error when a member cannot be started. The others have been stopped then.
    pub async fn start(self, net: &Distributed) -> Result<Pool, StartSupervisorError> {
        let default = || (u32::try_from(RESTARTS * self.names.len()).unwrap_or(u32::MAX), WITHIN);
        let (max_restarts, within) = self.at_most.unwrap_or_else(default);
        let mut supervisor = self.supervisor.at_most(max_restarts, within);
        let mut suspects = Vec::new();
        for name in &self.names {
            let suspect = Arc::new(AtomicBool::new(false));
            let mut spec = ChildSpec::new(name.as_str(), self.template.clone().sname(name)).restart(self.restart);
            if let Some(health) = &self.health {
                let suspect = suspect.clone();
                spec = spec.health(health.clone().told(move |well| suspect.store(!well, Ordering::Relaxed)));
            }
            supervisor = supervisor.child(spec);
            suspects.push(suspect);
        }
        let supervisor = supervisor.start(net).await?;
        let mut list = Vec::new();
        for (name, suspect) in self.names.iter().zip(suspects) {
            match supervisor.child(name).await {
                Some(child) => list.push(Member::new(child, suspect)),
                None => return Err(StartSupervisorError::Ended(supervisor.has_ended().unwrap_or(Ended::Stopped))),
            }
        }
        let members = Members::new(self.name, list);
        Ok(Pool(Arc::new(Inner { supervisor, members, drain_timeout: self.drain_timeout })))
    }
}
