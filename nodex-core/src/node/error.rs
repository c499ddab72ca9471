//! Errors of starting a node and of serving a service.

use std::net::SocketAddr;

use crate::{
    epmd::EpmdError,
    net::ConnectError,
    protocol::{NameError, handshake::NameProblem},
    term::Atom,
};

/// Why a node cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The name is not a valid node name.
    #[error("the node name {name:?} is not acceptable")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        #[source]
        problem: NameProblem,
    },
    /// Its services cannot be served.
    #[error(transparent)]
    Service(#[from] ServiceError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        #[source]
        error: std::io::Error,
    },
    /// epmd refuses the name, or its address is not known.
    #[error(transparent)]
    Epmd(EpmdError),
    /// The environment variable `NODEX_FRAGMENTS` is neither `on` nor `off`.
    #[error("the environment variable NODEX_FRAGMENTS is to be on or off, not {value:?}")]
    Fragments {
        /// Its value, or the beginning of that.
        value: String,
    },
}

/// Why a node with a dynamic name cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartUnnamedError {
    /// The node cannot be started, with any name.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The node that is to assign the name cannot be connected to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The other node assigned no name.
    #[error("{peer} assigned no name to this node")]
    NoName {
        /// The node that was connected to.
        peer: String,
    },
}

/// Why services cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Two functions have the same name and arity.
    #[error("two handlers have the name and arity {name}/{arity}")]
    DuplicateFunction {
        /// The name.
        name: Atom,
        /// The arity.
        arity: u8,
    },
    /// Two services have the same name.
    #[error("the name {name} is registered twice")]
    DuplicateName {
        /// The name.
        name: Atom,
    },
    /// A service that a factory makes has no name, beside another one without a name: each would receive every message.
    #[error("a service that a factory makes and that has no name cannot stand beside another one without a name")]
    SecondWithoutName,
    /// The name is too long.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A handler takes a state that the node does not have.
    #[error(transparent)]
    MissingState(#[from] MissingState),
}

/// A handler takes `State<T>`, but the node was built without a `T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a handler takes State<{0}>, but the node has no such state")]
pub struct MissingState(pub &'static str);

impl From<NameError> for StartError {
    fn from(error: NameError) -> Self {
        match error {
            NameError::Node { name, problem } => StartError::Name { name, problem },
            other => StartError::Service(other.into()),
        }
    }
}
