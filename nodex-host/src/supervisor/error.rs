//! The errors of supervisors and their children.

use std::sync::Arc;

use thiserror::Error;

use crate::cnode::{NodeDown, SpawnError};

/// Why a supervisor ended.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum Ended {
    /// It was stopped.
    #[error("it was stopped")]
    Stopped,
    /// A child could not be started with the supervisor.
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
        /// The number of restarts that are allowed.
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
    /// Its runtime has ended.
    #[error("its runtime is gone")]
    RuntimeGone,
}

/// How a child failed.
#[derive(Debug, Clone, Error)]
#[non_exhaustive]
pub enum Failure {
    /// It went down.
    #[error(transparent)]
    Down(#[from] NodeDown),
    /// It did not start.
    #[error(transparent)]
    Start(Arc<SpawnError>),
}

/// Why a supervisor could not be started. All its children have been stopped then.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartSupervisorError {
    /// Two children have the same id.
    #[error("two children have the id {child}")]
    DuplicateId {
        /// The id.
        child: Arc<str>,
    },
    /// A child could not be started, or the supervisor ended.
    #[error("the supervisor did not start")]
    Ended(#[source] Ended),
}

/// Why a child was not added to a supervisor.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartChildError {
    /// A child with this id is running.
    #[error("{child} is already started")]
    AlreadyStarted {
        /// The id.
        child: Arc<str>,
    },
    /// A child with this id is known, but down.
    #[error("{child} is already present, but not running")]
    AlreadyPresent {
        /// The id.
        child: Arc<str>,
    },
    /// The child could not be started, and is not kept.
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

/// Why a request about a child failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChildError {
    /// There is no such child, or the supervisor has ended.
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
