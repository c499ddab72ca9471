//! [`Supervisor`].

use std::sync::Arc;

use nodex_core::node::Subscription;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Change, Child, ChildError, ChildInfo, ChildSpec, ChildState, Counts, Ended, StartChildError, SupervisorEvent,
    command::Command, event::Changes,
};

/// A running supervisor: it starts children in order, restarts those that fail, and stops them in reverse order.
///
/// Cheap to clone. The supervisor and its children end with [`stop`](Self::stop), or when the last clone is dropped.
///
/// ```no_run
/// # async fn run(net: nodex_host::Distributed) -> Result<(), Box<dyn std::error::Error>> {
/// use nodex_host::{
///     Cnode, Restart, Supervisor,
///     supervisor::{Change, ChildSpec},
/// };
///
/// let supervisor = Supervisor::builder().child(ChildSpec::new("calc", Cnode::builder("priv/calc"))).start(&net).await?;
/// let report = ChildSpec::new("report", Cnode::builder("priv/report")).restart(Restart::transient());
/// supervisor.start_child(report).await?;
///
/// let mut events = supervisor.subscribe();
/// while let Some(event) = events.next().await {
///     if let Change::Down { node, down } = event.change {
///         println!("{node} went down: {down}");
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Supervisor(Arc<Shared>);

/// The state that all handles of a supervisor share. The supervisor ends with the last of them.
#[derive(Debug)]
struct Shared {
    commands: mpsc::UnboundedSender<Command>,
    ended: watch::Receiver<Option<Ended>>,
    changes: Changes,
}

impl Supervisor {
    pub(super) fn new(
        commands: mpsc::UnboundedSender<Command>,
        ended: watch::Receiver<Option<Ended>>,
        changes: Changes,
    ) -> Supervisor {
        Supervisor(Arc::new(Shared { commands, ended, changes }))
    }

    /// Adds a child after all others and starts it (`start_child`).
    ///
    /// # Errors
    /// Returns an error when its id is in use, or it cannot be started and is not kept.
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

    /// Stops a child, which stays known and down; a temporary child is deleted (`terminate_child`). The restart of a
    /// child is cancelled.
    ///
    /// # Errors
    /// Returns an error when there is no such child.
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
    /// Returns an error when there is no such child, it is not down, or it cannot be started and stays down.
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

    /// Deletes a child that is down (`delete_child`).
    ///
    /// # Errors
    /// Returns an error when there is no such child, or it is not down.
    pub async fn delete_child(&self, id: &str) -> Result<(), ChildError> {
        let id: Arc<str> = id.into();
        let command = |reply| Command::DeleteChild { id: id.clone(), reply };
        self.ask(command).await.unwrap_or_else(|| Err(ChildError::NotFound { child: id.clone() }))
    }

    /// Returns all children in start order (`which_children`).
    pub async fn which_children(&self) -> Vec<ChildInfo> {
        self.ask(|reply| Command::WhichChildren { reply }).await.unwrap_or_default()
    }

    /// Returns the number of children (`count_children`).
    pub async fn count_children(&self) -> Counts {
        let children = self.which_children().await;
        let active = children.iter().filter(|child| matches!(child.state, ChildState::Up(_))).count();
        Counts { specs: children.len(), active }
    }

    /// Returns a child by its id.
    pub async fn child(&self, id: &str) -> Option<Child> {
        self.ask(|reply| Command::Child { id: id.into(), reply }).await.flatten()
    }

    /// Subscribes to all events from now on.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
        self.0.changes.subscribe()
    }

    /// Reports an event of a child that the supervisor did not cause.
    pub(crate) fn tell(&self, child: &Arc<str>, change: Change) {
        self.0.changes.send(child, change);
    }

    /// Stops all children in reverse order, and ends the supervisor. Returns why it ended, which is not
    /// [`Ended::Stopped`] if it was already ending.
    pub async fn stop(&self) -> Ended {
        // It fails when it has ended already.
        let _ = self.0.commands.send(Command::Stop);
        self.ended().await
    }

    /// Waits until the supervisor has ended, and returns why.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.0.ended.clone();
        match ended.wait_for(Option::is_some).await.map(|ended| ended.clone()) {
            Ok(Some(ended)) => ended,
            _ => Ended::RuntimeGone,
        }
    }

    /// Returns why the supervisor has ended, if it has.
    pub(crate) fn has_ended(&self) -> Option<Ended> {
        self.0.ended.borrow().clone()
    }

    /// Sends a request, and returns the answer; `None` when the supervisor has ended.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.0.commands.send(command(reply)).ok()?;
        answer.await.ok()
    }
}
