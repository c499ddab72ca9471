//! [`CnodeError`].

use std::{sync::Arc, time::Duration};

use nodex_core::{error::SharedError, term::Atom};

use super::NodeDown;

/// Why a call to a node has no reply, or a message was not sent.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CnodeError {
    /// The node is down.
    #[error("{node} is down")]
    Down {
        /// The node.
        node: Atom,
        /// Why.
        #[source]
        down: NodeDown,
    },
    /// The child of a supervisor is down and is not restarted.
    #[error("{child} is not running")]
    NotRunning {
        /// The child.
        child: Arc<str>,
        /// Why.
        #[source]
        reason: SharedError,
    },
    /// The child of a supervisor is being restarted, and was not up in time.
    #[error("{child} did not come up within {limit:?}")]
    NotUp {
        /// The child.
        child: Arc<str>,
        /// The time limit.
        limit: Duration,
        /// Why it is restarted.
        #[source]
        reason: SharedError,
    },
    /// The node is up, but the call failed: no reply arrived in time, the reply has another type, the message cannot be
    /// encoded.
    #[error("a call to {node} failed")]
    Call {
        /// The node.
        node: Atom,
        /// What went wrong.
        source: nodex_core::node::CallError,
    },
}

impl CnodeError {
    /// Returns `true` if no reply arrived in time.
    pub fn is_timeout(&self) -> bool {
        matches!(
            self,
            CnodeError::NotUp { .. } | CnodeError::Call { source: nodex_core::node::CallError::Timeout { .. }, .. }
        )
    }
}
