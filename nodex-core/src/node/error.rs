//! Why a node cannot be started, and why it cannot serve a service.

use std::net::SocketAddr;

use crate::{
    epmd::EpmdError,
    net::ConnectError,
    protocol::handshake::NameProblem,
    term::{Atom, AtomError},
};

/// Why a node cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The name cannot be a node's.
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
    /// epmd does not take the name, or cannot be looked for.
    #[error(transparent)]
    Epmd(EpmdError),
}

/// Why a node without a name of its own cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartUnnamedError {
    /// It could not be started with a name either.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The node that is to give the name cannot be connected to.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It gave none.
    #[error("{peer} gave no name")]
    NoName {
        /// The node that was connected to.
        peer: String,
    },
}

/// A set of services that cannot be served.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ServiceError {
    /// Two functions of one name and arity.
    #[error("{name}/{arity} is there twice")]
    DuplicateFunction {
        /// The name.
        name: Atom,
        /// The arity.
        arity: u8,
    },
    /// Two services of one name.
    #[error("the name {name} is registered twice")]
    DuplicateName {
        /// The name.
        name: Atom,
    },
    /// Several services without a name, of which a factory makes one: each of them would take every message.
    #[error("a service that a factory makes and that has no name cannot stand beside another one without a name")]
    SecondWithoutName,
    /// The name is too long.
    #[error("no service can have this name")]
    Name(#[from] AtomError),
    /// A handler takes a state that is not there.
    #[error(transparent)]
    MissingState(#[from] MissingState),
}

/// A handler takes `State<T>`, but the node was built without a `T`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a handler takes State<{0}>, but the node has no such state")]
pub struct MissingState(pub &'static str);
