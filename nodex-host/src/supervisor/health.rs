//! [`Health`].

use std::{error::Error, fmt, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use nodex_core::{
    convert::IntoTerm,
    error::{Chain, SharedError},
};
use tokio::{
    runtime::Handle,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval, timeout},
};

use super::task::Task;
use crate::cnode::{Anything, Cnode, NodeDown};

/// The outcome of a check.
type Outcome = Result<(), Box<dyn Error + Send + Sync>>;
type Check = dyn Fn(Cnode, Duration) -> BoxFuture<'static, Outcome> + Send + Sync;

/// Why there is no outcome.
#[derive(Debug, thiserror::Error)]
enum NoOutcome {
    #[error("the check did not end within {limit:?}")]
    Late { limit: Duration },
    #[error("its check panicked")]
    Panicked,
    #[error("it cannot be checked any more")]
    Gone,
}

/// A periodic health check of a child that is up. When it fails too often in a row, the child is stopped with
/// [`NodeDown::Unhealthy`], which is an abnormal end.
#[derive(Clone)]
pub struct Health {
    check: Arc<Check>,
    every: Duration,
    limit: Duration,
    failures: u32,
}

impl Health {
    /// Creates a check that pings the node as `net_adm:ping/1` does. Any answer passes. Nodes that do not answer
    /// unknown requests, as many on `ei`, need [`request`](Self::request) instead.
    pub fn ping() -> Health {
        Health::new(|cnode, limit| Box::pin(async move { Ok(cnode.ping(limit).await?) }))
    }

    /// Creates a check that sends this plain message ([`Cnode::request`]). Any answer passes.
    pub fn request(message: impl IntoTerm + Send + Sync + 'static) -> Health {
        let message = Arc::new(message);
        Health::new(move |cnode, limit| {
            let message = message.clone();
            Box::pin(async move {
                cnode.request_timeout::<Anything>(&*message, limit).await?;
                Ok(())
            })
        })
    }

    /// Creates a check that calls this function, which returns what is wrong. It runs on a thread for blocking work. A
    /// panic stops the child.
    pub fn check<F>(check: impl Fn(Cnode) -> F + Send + Sync + 'static) -> Health
    where
        F: Future<Output = Result<(), Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let check = Arc::new(check);
        Health::new(move |cnode, limit| {
            let check = check.clone();
            Box::pin(async move {
                let runtime = Handle::current();
                let work = spawn_blocking(move || runtime.block_on(async { timeout(limit, check(cnode)).await }));
                match timeout(limit, work).await {
                    Ok(Ok(Ok(outcome))) => outcome,
                    Ok(Err(error)) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
                    _ => Err(NoOutcome::Late { limit }.into()),
                }
            })
        })
    }

    fn new(check: impl Fn(Cnode, Duration) -> BoxFuture<'static, Outcome> + Send + Sync + 'static) -> Health {
        Health { check: Arc::new(check), every: Duration::from_secs(5), limit: Duration::from_secs(1), failures: 3 }
    }

    /// Sets the time from one check to the next. Default: 5 s.
    #[must_use]
    pub fn every(mut self, period: Duration) -> Health {
        self.every = period.max(Duration::from_millis(1));
        self
    }

    /// Sets how long a check may take. Default: 1 s.
    #[must_use]
    pub fn within(mut self, limit: Duration) -> Health {
        self.limit = limit;
        self
    }

    /// Sets how many checks in a row must fail. Default: 3.
    #[must_use]
    pub fn failures(mut self, count: u32) -> Health {
        self.failures = count.max(1);
        self
    }

    /// Returns the same check, which reports each outcome to `tell`.
    pub(crate) fn told(self, tell: impl Fn(bool) + Send + Sync + 'static) -> Health {
        let (inner, tell) = (self.check, Arc::new(tell));
        let check = move |cnode: Cnode, limit: Duration| {
            let (outcome, tell) = (inner(cnode, limit), tell.clone());
            let told = async move {
                let outcome = outcome.await;
                tell(outcome.is_ok());
                outcome
            };
            Box::pin(told) as BoxFuture<'static, _>
        };
        Health { check: Arc::new(check), ..self }
    }

    /// Checks a node until it is down, and stops it when it is not healthy. The checks run in a task of this runtime.
    pub(super) async fn watch(&self, cnode: &Cnode, runtime: &Handle) -> NodeDown {
        let checks = Task::start(runtime, self.clone().until_it_fails(cnode.clone()));
        tokio::select! {
            down = cnode.down() => down,
            problem = checks => {
                let problem = problem.unwrap_or_else(|error| match error.is_panic() {
                    true => SharedError::new(NoOutcome::Panicked),
                    false => SharedError::new(NoOutcome::Gone),
                });
                cnode.fail(NodeDown::Unhealthy { problem });
                cnode.down().await
            }
        }
    }

    /// Checks until too many checks have failed, and returns the last problem.
    async fn until_it_fails(self, cnode: Cnode) -> SharedError {
        let mut ticks = interval(self.every);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // The first one is due at once, but it has just come up.
        ticks.tick().await;
        let mut failures = 0;
        loop {
            ticks.tick().await;
            match (self.check)(cnode.clone(), self.limit).await {
                Ok(()) => failures = 0,
                Err(problem) => {
                    failures += 1;
                    tracing::warn!(node = %cnode.node(), problem = %Chain(&*problem), failures, "a health check failed");
                    if failures >= self.failures {
                        return problem.into();
                    }
                }
            }
        }
    }
}

impl fmt::Debug for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Health")
            .field("every", &self.every)
            .field("within", &self.limit)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
