//! [`NodeDown`].

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
    /// The connection with the node is lost (`nodedown`).
    #[error("the connection with it was lost")]
    LinkLost {
        /// Why: for example, the node closed it, or sent nothing for the tick time.
        #[source]
        reason: LinkEnd,
    },
    /// This host stopped it because its health checks failed.
    #[error("it failed its health check")]
    Unhealthy {
        /// What the health check found.
        #[source]
        problem: SharedError,
    },
    /// Its process closed the connection because this host broke the protocol (`exit_status::BREACH` of a node that was
    /// built with nodex).
    #[error("it had to end the connection: {cause}")]
    #[non_exhaustive]
    Breach {
        /// The reason that it printed.
        cause: Arc<str>,
    },
    /// Its process ended with a service of its own (`exit_status::SERVICE_ENDED` of a node that was built with nodex).
    #[error("it ended with a service: {cause}")]
    #[non_exhaustive]
    ServiceEnded {
        /// The reason that it printed.
        cause: Arc<str>,
    },
    /// This host stopped it.
    #[error("it was stopped")]
    Stopped,
}

impl NodeDown {
    /// Returns `true` for an end that is not a failure: it was stopped, or its process ended by itself with status 0.
    pub fn is_normal(&self) -> bool {
        matches!(self, NodeDown::Stopped | NodeDown::Exited { exit: Exit::Status(0) })
    }
}
