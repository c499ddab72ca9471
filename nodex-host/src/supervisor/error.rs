//! What goes wrong with supervisors and their children.

use std::sync::Arc;

use thiserror::Error;

use crate::cnode::{NodeDown, SpawnError};

/// Why a supervisor ended.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum Ended {
    /// It was told to.
    #[error("it was stopped")]
    Stopped,
    /// A child did not come up when the supervisor was started.
    #[error("{child} did not start")]
    StartFailed {
        /// The child.
        child: Arc<str>,
        /// Why.
        #[source]
        error: Arc<SpawnError>,
    },
    /// There were more restarts than allowed.
    #[error("there were more than {max_restarts} restarts within {within:?}, the last one of {child}")]
    GaveUp {
        /// The last child that failed.
        child: Arc<str>,
        /// Why it failed.
        #[source]
        reason: Failure,
        /// How many restarts are allowed.
        max_restarts: u32,
        /// The time in which they are counted.
        within: std::time::Duration,
    },
    /// A significant child ended and is not restarted.
    #[error("{child} has ended, and nothing is left to do without it")]
    AutoShutdown {
        /// The child.
        child: Arc<str>,
        /// How it ended.
        #[source]
        reason: Failure,
    },
    /// The runtime that it lived in is gone.
    #[error("its runtime is gone")]
    RuntimeGone,
}

/// How a child failed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum Failure {
    /// It ended.
    #[error(transparent)]
    Down(#[from] NodeDown),
    /// It did not start.
    #[error(transparent)]
    Start(Arc<SpawnError>),
}

/// Why a supervisor did not start. All children that had been started are down again.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartSupervisorError {
    /// Two children have the same id.
    #[error("two children have the id {child}")]
    DuplicateId {
        /// The id.
        child: Arc<str>,
    },
    /// A child did not start, or the supervisor ended in between.
    #[error("the supervisor did not start")]
    Ended(#[source] Ended),
}

/// Why a child was not added to a supervisor.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartChildError {
    /// A child of this id is running.
    #[error("{child} is already started")]
    AlreadyStarted {
        /// The id.
        child: Arc<str>,
    },
    /// A child of this id is known, but down.
    #[error("{child} is already present, but not running")]
    AlreadyPresent {
        /// The id.
        child: Arc<str>,
    },
    /// It did not start; the supervisor does not keep it.
    #[error("{child} did not start")]
    Start {
        /// The id.
        child: Arc<str>,
        /// Why.
        #[source]
        error: Arc<SpawnError>,
    },
    /// The supervisor has ended, or the child was terminated before it was up.
    #[error("{child} was stopped before it was up")]
    Stopped {
        /// The id.
        child: Arc<str>,
    },
}

/// Why something could not be done to a child.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChildError {
    /// The supervisor knows no such child, or has ended.
    #[error("there is no child {child}")]
    NotFound {
        /// The id.
        child: Arc<str>,
    },
    /// It is running.
    #[error("{child} is running")]
    Running {
        /// The id.
        child: Arc<str>,
    },
    /// It is being restarted.
    #[error("{child} is being restarted")]
    Restarting {
        /// The id.
        child: Arc<str>,
    },
    /// It did not start.
    #[error("{child} did not start")]
    Start {
        /// The id.
        child: Arc<str>,
        /// Why.
        #[source]
        error: Arc<SpawnError>,
    },
    /// It was terminated before it was up.
    #[error("{child} was stopped before it was up")]
    Stopped {
        /// The id.
        child: Arc<str>,
    },
}
