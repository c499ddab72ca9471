//! Why a node is down.

use std::sync::Arc;

use nodex_core::{error::SharedError, net::LinkEnd};

use crate::process::Exit;

/// Why a node is down.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NodeDown {
    /// Its process has ended.
    #[error("its process ended: {exit}")]
    Exited {
        /// How.
        exit: Exit,
    },
    /// The connection with it is lost (`nodedown`).
    #[error("the connection with it was lost")]
    LinkLost {
        /// Closed by the node, nothing heard for the tick time, a broken frame.
        #[source]
        reason: LinkEnd,
    },
    /// It was stopped from here because it did not pass its health checks.
    #[error("it failed its health check")]
    Unhealthy {
        /// What was wrong with it.
        #[source]
        problem: SharedError,
    },
    /// Its process had to end the connection, because this host broke the protocol (`exit_status::BREACH` of a node that
    /// was built with nodex).
    #[error("it had to end the connection: {cause}")]
    #[non_exhaustive]
    Breach {
        /// What it said of it.
        cause: Arc<str>,
    },
    /// Its process ended with a service of its own (`exit_status::SERVICE_ENDED` of a node that was built with nodex).
    #[error("it ended with a service: {cause}")]
    #[non_exhaustive]
    ServiceEnded {
        /// What it said of it.
        cause: Arc<str>,
    },
    /// It was stopped from here.
    #[error("it was stopped")]
    Stopped,
}

impl NodeDown {
    /// True for an end that is no failure: it was stopped, or its process ended by itself with status 0.
    pub fn is_normal(&self) -> bool {
        matches!(self, NodeDown::Stopped | NodeDown::Exited { exit: Exit::Status(0) })
    }
}
