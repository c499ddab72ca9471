//! [`RestartError`].

use std::sync::Arc;

use thiserror::Error;

use crate::cnode::SpawnError;

/// Why the members of a pool were not all restarted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestartError {
    /// A member could not be started again. It stays down; the members after it were not restarted.
    #[error("{member} did not start again, after {restarted} others had")]
    Start {
        /// The member.
        member: Arc<str>,
        /// How many members had been restarted before.
        restarted: usize,
        /// Why it did not start.
        #[source]
        error: Arc<SpawnError>,
    },
    /// The pool was stopped meanwhile, or has ended.
    #[error("the pool {pool} has ended")]
    Stopped {
        /// The pool.
        pool: Arc<str>,
    },
}
