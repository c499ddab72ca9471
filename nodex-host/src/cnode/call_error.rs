//! Why a call to a node has no reply.

use nodex_core::term::Atom;

use super::Down;

/// Why a call to a node has no reply, or a message was not sent.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum CallError {
    /// The node is down.
    #[error("{node} is down: {down}")]
    Down {
        /// The node.
        node: Atom,
        /// Why.
        down: Down,
    },
    /// The node is up: no reply in time, one that is not what was expected, a message that cannot be encoded.
    #[error("{node}: {source}")]
    Call {
        /// The node.
        node: Atom,
        /// What went wrong.
        source: nodex_core::node::CallError,
    },
}

impl CallError {
    /// No reply came in time.
    pub fn is_timeout(&self) -> bool {
        matches!(self, CallError::Call { source: nodex_core::node::CallError::Timeout { .. }, .. })
    }
}
