//! [`SupervisorBuilder`].

use std::{collections::HashSet, sync::Arc, time::Duration};

use nodex_core::node::{Backoff, Subscription};
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    AutoShutdown, ChildSpec, Ended, Intensity, StartSupervisorError, Strategy, Supervisor, SupervisorEvent,
    core::Rules, driver::Driver, event::Changes,
};
use crate::distributed::Distributed;

/// The options of a supervisor.
#[derive(Debug, Clone)]
pub struct SupervisorBuilder {
    rules: Rules,
    backoff: Backoff,
    specs: Vec<ChildSpec>,
    changes: Changes,
}

impl Supervisor {
    /// Returns the options of a supervisor.
    pub fn builder() -> SupervisorBuilder {
        SupervisorBuilder::new()
    }
}

impl SupervisorBuilder {
    fn new() -> SupervisorBuilder {
        let rules = Rules {
            strategy: Strategy::default(),
            intensity: Intensity::default(),
            auto_shutdown: AutoShutdown::default(),
            at_once: 1,
        };
        SupervisorBuilder { rules, backoff: Backoff::default(), specs: Vec::new(), changes: Changes::new() }
    }

    /// Sets which children are restarted when one fails. Default: [`Strategy::OneForOne`].
    #[must_use]
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.rules.strategy = strategy;
        self
    }

    /// Sets how many restarts are allowed within this time (`max_restarts`, `max_seconds`). With one more, the
    /// supervisor stops all children and ends. Default: 3 within 5 s.
    #[must_use]
    pub fn at_most(mut self, max_restarts: u32, within: Duration) -> Self {
        self.rules.intensity = Intensity::new(max_restarts, within);
        self
    }

    /// Sets whether the supervisor ends with its significant children. Default: it does not.
    #[must_use]
    pub fn auto_shutdown(mut self, auto_shutdown: AutoShutdown) -> Self {
        self.rules.auto_shutdown = auto_shutdown;
        self
    }

    /// Sets the pause before a restart, unless a child has its own.
    #[must_use]
    pub fn backoff(mut self, backoff: Backoff) -> Self {
        self.backoff = backoff;
        self
    }

    /// Sets how many children are started, and stopped, at the same time where there is an order among them. Default:
    /// 1, as in OTP: each when the one before it is up, or down. Under [`Strategy::OneForOne`] children are always
    /// restarted independently.
    #[must_use]
    pub fn at_once(mut self, count: usize) -> Self {
        self.rules.at_once = count.max(1);
        self
    }

    /// Adds a child. Children are started in the order in which they are added, and stopped in reverse order.
    #[must_use]
    pub fn child(mut self, spec: ChildSpec) -> Self {
        self.specs.push(spec);
        self
    }

    /// Adds children.
    #[must_use]
    pub fn children(mut self, specs: impl IntoIterator<Item = ChildSpec>) -> Self {
        self.specs.extend(specs);
        self
    }

    /// Subscribes to all events, including those of the start, and those of supervisors that are started from clones of
    /// these options.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.changes.subscribe()
    }

    /// Starts the supervisor in the current tokio runtime, and waits until all children have been up.
    ///
    /// # Errors
    /// Returns an error when a child cannot be started. The others have been stopped then.
    pub async fn start(self, net: &Distributed) -> Result<Supervisor, StartSupervisorError> {
        let mut ids = HashSet::new();
        for spec in &self.specs {
            if !ids.insert(spec.id.clone()) {
                return Err(StartSupervisorError::DuplicateId { child: spec.id.clone() });
            }
            // Before any of them is started.
            if let Err(error) = spec.options.check(net.host()) {
                let (child, error) = (spec.id.clone(), Arc::new(error));
                return Err(StartSupervisorError::Ended(Ended::StartFailed { child, error }));
            }
        }
        let (commands, received) = mpsc::unbounded_channel();
        let (started, is_started) = oneshot::channel();
        let ended = watch::Sender::new(None);
        // Dropping the handle ends it, so giving up this start does too.
        let supervisor = Supervisor::new(commands, ended.subscribe(), self.changes.clone());
        let (net, Self { rules, backoff, specs, changes }) = (net.clone(), self);
        tokio::spawn(Driver::new(net, rules, backoff, specs, changes, received, ended, started).run());
        match is_started.await {
            Ok(()) => Ok(supervisor),
            Err(_) => Err(StartSupervisorError::Ended(supervisor.ended().await)),
        }
    }
}
