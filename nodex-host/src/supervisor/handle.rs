//! A running supervisor as its program sees it.

use std::sync::Arc;

use nodex_core::node::Subscription;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Change, Child, ChildError, ChildInfo, ChildSpec, ChildState, Counts, Ended, StartChildError, SupervisorEvent,
    command::Command, event::Changes,
};

/// A running supervisor. Cheap to clone; it ends with [`stop`](Self::stop) or with its last clone, and all its children
/// end with it.
#[derive(Debug, Clone)]
pub struct Supervisor(Arc<Shared>);

/// What all handles of a supervisor share; it ends with the last of them.
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

    /// Adds a child behind all others and starts it (`start_child`).
    ///
    /// # Errors
    /// Returns an error when its id is in use, or it does not come up: then it is not kept.
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
    /// Returns an error when there is no such child, it is not down, or it does not come up: then it stays down.
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

    /// Returns how many children there are (`count_children`).
    pub async fn count_children(&self) -> Counts {
        let children = self.which_children().await;
        let active = children.iter().filter(|child| matches!(child.state, ChildState::Up(_))).count();
        Counts { specs: children.len(), active }
    }

    /// Returns a child, to call it.
    pub async fn child(&self, id: &str) -> Option<Child> {
        self.ask(|reply| Command::Child { id: id.into(), reply }).await.flatten()
    }

    /// Returns all events from now on.
    pub fn subscribe(&self) -> Subscription<SupervisorEvent> {
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

    /// Why it ended; waits for that.
    pub async fn ended(&self) -> Ended {
        let mut ended = self.0.ended.clone();
        match ended.wait_for(Option::is_some).await.map(|ended| ended.clone()) {
            Ok(Some(ended)) => ended,
            _ => Ended::RuntimeGone,
        }
    }

    /// Why it ended, if it has.
    pub(crate) fn has_ended(&self) -> Option<Ended> {
        self.0.ended.borrow().clone()
    }

    /// `None` when it has ended.
    async fn ask<T>(&self, command: impl FnOnce(oneshot::Sender<T>) -> Command) -> Option<T> {
        let (reply, answer) = oneshot::channel();
        self.0.commands.send(command(reply)).ok()?;
        answer.await.ok()
    }
}
