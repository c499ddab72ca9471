//! [`Child`].

use std::{sync::Arc, time::Duration};

use nodex_core::{
    convert::{FromTerm, IntoTerm},
    error::SharedError,
    term::Atom,
};
use tokio::{
    sync::watch,
    time::{Instant, timeout_at},
};

use crate::cnode::{CALL_TIMEOUT, Cnode, CnodeError};

/// The state of a child of a supervisor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ChildState {
    /// The child is up as this node.
    Up(Cnode),
    /// The child is being started, or waits for it.
    Restarting {
        /// Why it went down.
        reason: SharedError,
    },
    /// The child is down until [`Supervisor::restart_child`](super::Supervisor::restart_child).
    Down {
        /// Why.
        reason: SharedError,
    },
}

/// A child of a supervisor. Calls go to the node that is up now; while it is being restarted, they wait for it. Cheap
/// to clone. It keeps neither the supervisor nor the node alive.
#[derive(Debug, Clone)]
pub struct Child {
    id: Arc<str>,
    state: watch::Receiver<ChildState>,
}

impl Child {
    pub(super) fn new(id: Arc<str>, state: watch::Receiver<ChildState>) -> Child {
        Child { id, state }
    }

    /// Returns its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns its state.
    pub fn state(&self) -> ChildState {
        self.state.borrow().clone()
    }

    /// Returns the node that is up now.
    pub fn cnode(&self) -> Option<Cnode> {
        match &*self.state.borrow() {
            ChildState::Up(cnode) => Some(cnode.clone()),
            _ => None,
        }
    }

    /// Returns the name of the node that is up now.
    pub fn node(&self) -> Option<Atom> {
        self.cnode().map(|cnode| cnode.node().clone())
    }

    /// Returns whether it is up and connected. Its state reflects a lost connection a little later.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(&*self.state.borrow(), ChildState::Up(cnode) if cnode.peer().is_connected())
    }

    /// Waits until its state differs from that of the last call, and returns it. Returns `None` when its supervisor has
    /// deleted it or has ended.
    pub async fn changed(&mut self) -> Option<ChildState> {
        self.state.changed().await.ok()?;
        Some(self.state.borrow_and_update().clone())
    }

    /// Waits up to `limit` until it is up.
    ///
    /// # Errors
    /// Returns an error when it is down and not restarted, or is not up in time.
    pub async fn up(&self, limit: Duration) -> Result<Cnode, CnodeError> {
        match self.cnode() {
            Some(cnode) => Ok(cnode),
            None => self.wait_up(after(limit), limit).await,
        }
    }

    async fn wait_up(&self, deadline: Instant, limit: Duration) -> Result<Cnode, CnodeError> {
        let mut state = self.state.clone();
        let settled = state.wait_for(|state| !matches!(state, ChildState::Restarting { .. }));
        let settled = match timeout_at(deadline, settled).await {
            Ok(Ok(state)) => Some(state.clone()),
            Ok(Err(_)) | Err(_) => None,
        };
        match settled.unwrap_or_else(|| self.state()) {
            ChildState::Up(cnode) => Ok(cnode),
            ChildState::Restarting { reason } => Err(CnodeError::NotUp { child: self.id.clone(), limit, reason }),
            ChildState::Down { reason } => Err(CnodeError::NotRunning { child: self.id.clone(), reason }),
        }
    }

    /// Sends a request: see [`Cnode::request`]. While the child is being restarted, it waits within the time limit. A
    /// request is never sent twice.
    ///
    /// # Errors
    /// Returns an error when no reply arrives, or the reply is not an `R`.
    pub async fn request<R: FromTerm>(&self, message: impl IntoTerm) -> Result<R, CnodeError> {
        self.request_timeout(message, CALL_TIMEOUT).await
    }

    /// Like [`request`](Self::request), with a time limit.
    ///
    /// # Errors
    /// Returns the errors of [`request`](Self::request).
    pub async fn request_timeout<R: FromTerm>(&self, message: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        let (cnode, rest) = self.up_with_rest(limit).await?;
        cnode.request_timeout(message, rest).await
    }

    /// Calls the child: see [`Cnode::call`]. Waits as [`request`](Self::request) does.
    ///
    /// # Errors
    /// Returns the errors of [`request`](Self::request), and an error when no process has the registered name.
    pub async fn call<R: FromTerm>(&self, request: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        let (cnode, rest) = self.up_with_rest(limit).await?;
        cnode.call(request, rest).await
    }

    /// Sends a cast: see [`Cnode::cast`]. Waits up to 5 s for a child that is being restarted.
    ///
    /// # Errors
    /// Returns an error when the child is not up, or the request cannot be encoded.
    pub async fn cast(&self, request: impl IntoTerm) -> Result<(), CnodeError> {
        self.up(CALL_TIMEOUT).await?.cast(request).await
    }

    /// Sends a message: see [`Cnode::send`]. Waits up to 5 s for a child that is being restarted.
    ///
    /// # Errors
    /// Returns an error when the child is not up, or the message cannot be encoded.
    pub async fn send(&self, message: impl IntoTerm) -> Result<(), CnodeError> {
        self.up(CALL_TIMEOUT).await?.send(message).await
    }

    /// Returns the node, and the rest of the time.
    async fn up_with_rest(&self, limit: Duration) -> Result<(Cnode, Duration), CnodeError> {
        if let Some(cnode) = self.cnode() {
            return Ok((cnode, limit));
        }
        let deadline = after(limit);
        let cnode = self.wait_up(deadline, limit).await?;
        Ok((cnode, deadline.saturating_duration_since(Instant::now())))
    }
}

/// Returns the time after `limit`, however long that is.
pub(crate) fn after(limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + limit.min(30 * YEAR)
}
