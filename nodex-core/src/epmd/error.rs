//! [`EpmdError`].
use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

/// Why a request to epmd failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum EpmdError {
    /// Nothing listens at the address.
    #[error("no epmd is running at {address}")]
    NotRunning {
        /// Where it was looked for.
        address: SocketAddr,
    },
    /// The connection to epmd could not be made, or broke.
    #[error("cannot reach epmd at {address}")]
    Unreachable {
        /// Where it was looked for.
        address: SocketAddr,
        /// What the system says.
        source: std::io::Error,
    },
    /// The host has no address.
    #[error("the host {host} cannot be found")]
    UnknownHost {
        /// The host as it was given.
        host: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// No complete answer arrived within the time limit.
    #[error("epmd at {address} did not answer the {request} request within {timeout:?}")]
    Timeout {
        /// Where epmd is.
        address: SocketAddr,
        /// What was asked.
        request: &'static str,
        /// How long it was waited for.
        timeout: Duration,
    },
    /// The answer is not one of epmd, or is cut off.
    #[error("epmd at {address} gave no valid answer to the {request} request")]
    InvalidResponse {
        /// Where epmd is.
        address: SocketAddr,
        /// What was asked.
        request: &'static str,
        /// What is wrong with the answer.
        #[source]
        problem: ResponseProblem,
    },
    /// The node is not registered: it is not running, or runs without registering.
    #[error("no node named {name} is registered with epmd at {address}")]
    NotRegistered {
        /// The part of the node name before the `@`.
        name: String,
        /// Where epmd is.
        address: SocketAddr,
    },
    /// Another node has this name.
    #[error("the name {name} is taken: epmd at {address} has a node with it already")]
    NameTaken {
        /// The part of the node name before the `@`.
        name: String,
        /// Where epmd is.
        address: SocketAddr,
    },
    /// The name is one that no epmd accepts.
    #[error("the name \"{name}\" cannot be registered: it has to have 1 to 255 characters and no zero byte")]
    InvalidName {
        /// The part of the node name before the `@`.
        name: String,
    },
    /// An environment variable has a value that cannot be used.
    #[error("the environment variable {variable} has the unusable value \"{value}\"")]
    Environment {
        /// Its name.
        variable: &'static str,
        /// Its value.
        value: String,
    },
}

/// What is wrong with an answer of epmd.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ResponseProblem {
    /// The connection was closed in the middle of it.
    #[error("it ends too early")]
    Truncated,
    /// It is too long.
    #[error("it is longer than {limit} bytes")]
    TooLong {
        /// The limit.
        limit: usize,
    },
    /// It begins as no answer to this request does.
    #[error("it starts with {tag}")]
    UnknownTag {
        /// Its first byte.
        tag: u8,
    },
    /// Its result is neither success nor refusal.
    #[error("its result is {code}")]
    UnknownResult {
        /// The second byte.
        code: u8,
    },
    /// It has another node than was asked for.
    #[error("it is about the node {name:?}")]
    OtherNode {
        /// The name of that node.
        name: String,
    },
    /// The list of names has a line that is none.
    #[error("malformed line {line:?}")]
    Line {
        /// The line.
        line: String,
    },
    /// Anything else.
    #[error("it cannot be read")]
    Malformed(#[source] Box<dyn std::error::Error + Send + Sync>),
}
