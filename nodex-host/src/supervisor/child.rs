//! A child of a supervisor, whichever incarnation of it is up.

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

/// How it is with a child of a supervisor.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ChildState {
    /// It is up, and this is the node.
    Up(Cnode),
    /// It is being started, or waits to be.
    Restarting {
        /// Why it went down.
        reason: SharedError,
    },
    /// It is down and stays so until it is restarted by hand.
    Down {
        /// Why.
        reason: SharedError,
    },
}

/// A child of a supervisor: calls go to the node that is up now, and while it is being restarted they wait for it.
/// Cheap to clone; it keeps neither the supervisor nor the node alive.
#[derive(Debug, Clone)]
pub struct Child {
    id: Arc<str>,
    state: watch::Receiver<ChildState>,
}

impl Child {
    pub(super) fn new(id: Arc<str>, state: watch::Receiver<ChildState>) -> Child {
        Child { id, state }
    }

    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// How it is with it.
    pub fn state(&self) -> ChildState {
        self.state.borrow().clone()
    }

    /// The node that is up now.
    pub fn cnode(&self) -> Option<Cnode> {
        match &*self.state.borrow() {
            ChildState::Up(cnode) => Some(cnode.clone()),
            _ => None,
        }
    }

    /// The name of the node that is up now.
    pub fn node(&self) -> Option<Atom> {
        self.cnode().map(|cnode| cnode.node().clone())
    }

    /// Whether it is up and connected. Its state tells of a lost connection a little later than this.
    pub(crate) fn is_connected(&self) -> bool {
        matches!(&*self.state.borrow(), ChildState::Up(cnode) if cnode.peer().is_connected())
    }

    /// Waits until its state is another than it was at the last call, and gives it. `None` when its supervisor has
    /// forgotten it or has ended.
    pub async fn changed(&mut self) -> Option<ChildState> {
        self.state.changed().await.ok()?;
        Some(self.state.borrow_and_update().clone())
    }

    /// Waits up to `limit` until it is up.
    ///
    /// # Errors
    /// When it is down and stays so, or does not come up in time.
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

    /// [`Cnode::request`]. While the child is being restarted, it waits for it, within its time; what has been sent
    /// once is not sent again.
    ///
    /// # Errors
    /// Why there is no reply, or why it is not an `R`.
    pub async fn request<R: FromTerm>(&self, message: impl IntoTerm) -> Result<R, CnodeError> {
        self.request_timeout(message, CALL_TIMEOUT).await
    }

    /// [`request`](Self::request) with another time limit.
    ///
    /// # Errors
    /// As [`request`](Self::request).
    pub async fn request_timeout<R: FromTerm>(&self, message: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        let (cnode, rest) = self.up_with_rest(limit).await?;
        cnode.request_timeout(message, rest).await
    }

    /// [`Cnode::call`]; waits as [`request`](Self::request) does.
    ///
    /// # Errors
    /// As [`request`](Self::request), and when no process has the registered name.
    pub async fn call<R: FromTerm>(&self, request: impl IntoTerm, limit: Duration) -> Result<R, CnodeError> {
        let (cnode, rest) = self.up_with_rest(limit).await?;
        cnode.call(request, rest).await
    }

    /// [`Cnode::cast`]; waits up to 5 s for a child that is being restarted.
    ///
    /// # Errors
    /// When it is not up or the request cannot be encoded.
    pub async fn cast(&self, request: impl IntoTerm) -> Result<(), CnodeError> {
        self.up(CALL_TIMEOUT).await?.cast(request).await
    }

    /// [`Cnode::send`]; waits up to 5 s for a child that is being restarted.
    ///
    /// # Errors
    /// When it is not up or the message cannot be encoded.
    pub async fn send(&self, message: impl IntoTerm) -> Result<(), CnodeError> {
        self.up(CALL_TIMEOUT).await?.send(message).await
    }

    /// The node, and what is left of the time.
    async fn up_with_rest(&self, limit: Duration) -> Result<(Cnode, Duration), CnodeError> {
        if let Some(cnode) = self.cnode() {
            return Ok((cnode, limit));
        }
        let deadline = after(limit);
        let cnode = self.wait_up(deadline, limit).await?;
        Ok((cnode, deadline.saturating_duration_since(Instant::now())))
    }
}

/// The end of a time that may be longer than clocks go.
pub(crate) fn after(limit: Duration) -> Instant {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
    Instant::now() + limit.min(30 * YEAR)
}
