//! [`SpawnError`].

use std::{io, time::Duration};

use std::sync::Arc;

use nodex_core::{net::ConnectError, protocol::handshake::NameProblem};
use thiserror::Error;

use super::Printed;
use crate::process::{Exit, LaunchError};

/// Why a node could not be started. Everything that was started has been stopped when this is returned.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SpawnError {
    /// The names in the options are not a valid node name.
    #[error("\"{}\" is no node name", name.escape_debug())]
    InvalidName {
        /// `sname@hostname`.
        name: String,
        /// What is wrong with it.
        #[source]
        problem: NameProblem,
    },
    /// The ready line can never be printed: it is longer than a line can be, or contains a line feed.
    #[error("the ready line of {length} bytes can never be printed: it has a line feed or more than {limit} bytes")]
    ImpossibleReadyLine {
        /// Its length in bytes.
        length: usize,
        /// The longest possible one in bytes.
        limit: usize,
    },
    /// The node has the name of its host.
    #[error("{node} is the name of the host itself")]
    NameOfHost {
        /// The node.
        node: String,
    },
    /// The executable could not be started.
    #[error(transparent)]
    Launch(#[from] LaunchError),
    /// The pipes of the process could not be read.
    #[error("the output of {node} cannot be read")]
    Output {
        /// The node.
        node: String,
        /// What the operating system says.
        source: io::Error,
    },
    /// The process ended before it was ready (`cnode_unexpected_exit`).
    #[error("{node} ended before it was ready: {exit}; {printed}")]
    UnexpectedExit {
        /// The node.
        node: String,
        /// How it ended.
        exit: Exit,
        /// What it printed.
        printed: Printed,
    },
    /// The node printed nothing for too long (`spawn_inactive_timeout`).
    #[error("{node} is not ready and printed nothing for {timeout:?}; {printed}")]
    InactiveTimeout {
        /// The node.
        node: String,
        /// How long it may print nothing.
        timeout: Duration,
        /// What it printed.
        printed: Printed,
    },
    /// The node printed its ready line, but did not connect (`unable_to_establish_connection`).
    #[error("{node} said that it is ready ({printed}) but was not connected within {timeout:?}")]
    NoConnection {
        /// The node.
        node: String,
        /// The time limit.
        timeout: Duration,
        /// Why the host could not connect to it, if it tried.
        #[source]
        error: Option<Arc<ConnectError>>,
        /// What it printed.
        printed: Printed,
    },
    /// A node of this name is running and cannot be used: its cookie differs, or it does not answer.
    #[error("the name {node} is taken")]
    NameTaken {
        /// The node.
        node: String,
        /// Why it cannot be used.
        #[source]
        error: Arc<ConnectError>,
    },
    /// The node printed its ready line, but cannot be connected to.
    #[error("{node} said that it is ready ({printed}) but cannot be connected to")]
    NotReachable {
        /// The node.
        node: String,
        /// Why not.
        #[source]
        error: Arc<ConnectError>,
        /// What it printed.
        printed: Printed,
    },
    /// The data that the node needs at its start cannot be written.
    #[error("{node} cannot be told what it has to know")]
    Order {
        /// The node.
        node: String,
        /// Why not.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The start was cancelled because its owner is stopping.
    #[error("the start of {node} was called off")]
    Cancelled {
        /// The node.
        node: String,
    },
    /// The whole start took too long.
    #[error("{node} is not ready after {timeout:?}; {printed}")]
    StartTimeout {
        /// The node.
        node: String,
        /// How long the start may take.
        timeout: Duration,
        /// What it printed.
        printed: Printed,
    },
}

impl SpawnError {
    /// Returns what the node printed before the start failed, if it was started.
    pub fn printed(&self) -> Option<&Printed> {
        match self {
            SpawnError::UnexpectedExit { printed, .. }
            | SpawnError::InactiveTimeout { printed, .. }
            | SpawnError::NoConnection { printed, .. }
            | SpawnError::NotReachable { printed, .. }
            | SpawnError::StartTimeout { printed, .. } => Some(printed),
            _ => None,
        }
    }
}
