//! The data of a child outside of the core.

use std::sync::Arc;

use nodex_core::{error::SharedError, term::Atom};
use tokio::sync::{oneshot, watch};

use super::{Child, ChildSpec, ChildState, RestartType, core::Status, error::Failure};
use crate::cnode::{Cnode, NodeDown, SpawnError};

/// A child, as in `supervisor:which_children/1`.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChildInfo {
    /// Its id.
    pub id: Arc<str>,
    /// Its state.
    pub state: ChildState,
    /// Its node, if it is up.
    pub node: Option<Atom>,
    /// Its process id, if it is up and this host started it.
    pub pid: Option<u32>,
    /// When it is restarted.
    pub restart_type: RestartType,
    /// How often it was restarted.
    pub restarts: u64,
}

/// The number of children (`supervisor:count_children/1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
    /// All children.
    pub specs: usize,
    /// Children that are up.
    pub active: usize,
}

/// The data of a child that the driver keeps.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) spec: Arc<ChildSpec>,
    pub(super) state: watch::Sender<ChildState>,
    /// The node that is up, or that is being stopped.
    pub(super) cnode: Option<Cnode>,
    /// Cancels a start.
    pub(super) cancel: Option<watch::Sender<bool>>,
    /// Whether its start is or was to be cancelled.
    pub(super) stopping: bool,
    /// Counts starts, so that events of an earlier one are ignored.
    pub(super) incarnation: u64,
    /// How often it came up.
    pub(super) ups: u64,
    pub(super) failure: Option<Failure>,
    /// Whether the failure was not shown yet.
    failed: bool,
    /// The callers that wait until it is up.
    pub(super) starting: Vec<oneshot::Sender<Result<Child, Option<Arc<SpawnError>>>>>,
    /// The callers that wait until it is down.
    pub(super) terminating: Vec<oneshot::Sender<()>>,
}

impl Entry {
    pub(super) fn new(spec: ChildSpec) -> Entry {
        let state = watch::Sender::new(ChildState::Restarting { reason: SharedError::new(NotYet) });
        Entry {
            spec: Arc::new(spec),
            state,
            cnode: None,
            cancel: None,
            stopping: false,
            incarnation: 0,
            ups: 0,
            failure: None,
            failed: false,
            starting: Vec::new(),
            terminating: Vec::new(),
        }
    }

    pub(super) fn fails(&mut self, failure: Failure) {
        self.failure = Some(failure);
        self.failed = true;
    }

    pub(super) fn child(&self) -> Child {
        Child::new(self.spec.id.clone(), self.state.subscribe())
    }

    pub(super) fn info(&self) -> ChildInfo {
        let up = match &*self.state.borrow() {
            ChildState::Up(cnode) => Some(cnode.clone()),
            _ => None,
        };
        ChildInfo {
            id: self.spec.id.clone(),
            state: self.state.borrow().clone(),
            node: up.as_ref().map(|cnode| cnode.node().clone()),
            pid: up.as_ref().and_then(Cnode::pid),
            restart_type: self.spec.restart.restart_type,
            restarts: self.ups.saturating_sub(1),
        }
    }

    /// Publishes its state; `None` when it is deleted.
    pub(super) fn show(&mut self, status: Option<Status>) {
        let shown = match (status, &self.cnode) {
            (Some(Status::Up), Some(cnode)) => Shown::Up(cnode),
            (Some(Status::Up | Status::Restarting), _) => Shown::Restarting,
            (Some(Status::Down | Status::Stopping) | None, _) => Shown::Down,
        };
        if self.failed || !shown.is(&self.state.borrow()) {
            self.state.send_replace(match shown {
                Shown::Up(cnode) => ChildState::Up(cnode.clone()),
                Shown::Restarting => ChildState::Restarting { reason: self.reason() },
                Shown::Down => ChildState::Down { reason: self.reason() },
            });
        }
        self.failed = false;
        let started = match (status, &self.failure) {
            (Some(Status::Up), _) => Ok(self.child()),
            (Some(Status::Restarting | Status::Stopping), _) => return,
            (Some(Status::Down) | None, Some(Failure::Start(error))) => Err(Some(error.clone())),
            (Some(Status::Down) | None, _) => Err(None),
        };
        // The waiting task may have given up.
        if started.is_err() {
            for waits in self.terminating.drain(..) {
                let _ = waits.send(());
            }
        }
        self.starting.drain(..).for_each(|waits| drop(waits.send(started.clone())));
    }

    fn reason(&self) -> SharedError {
        match &self.failure {
            Some(failure) => SharedError::new(failure.clone()),
            None => SharedError::new(NodeDown::Stopped),
        }
    }
}

/// Why a child is not up that has never been.
#[derive(Debug, thiserror::Error)]
#[error("it is being started")]
struct NotYet;

/// The published state.
enum Shown<'a> {
    Up(&'a Cnode),
    Restarting,
    Down,
}

impl Shown<'_> {
    fn is(&self, state: &ChildState) -> bool {
        match (self, state) {
            (Shown::Up(cnode), ChildState::Up(up)) => up.is_same(cnode),
            (Shown::Restarting, ChildState::Restarting { .. }) | (Shown::Down, ChildState::Down { .. }) => true,
            _ => false,
        }
    }
}

/// A child handle may be kept for longer than the supervisor; it must not keep the node.
impl Drop for Entry {
    fn drop(&mut self) {
        self.show(None);
    }
}
