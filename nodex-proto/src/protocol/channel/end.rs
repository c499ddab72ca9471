//! The reasons for which connections end.

use std::{io, time::Duration};

use super::ProtocolError;
use crate::error::SharedError;

/// Why a link ended.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkEnd {
    /// The peer closed the connection.
    #[error("the peer closed the connection")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection failed")]
    Io {
        /// What kind of failure it was.
        kind: io::ErrorKind,
        /// The failure.
        #[source]
        error: SharedError,
    },
    /// Nothing arrived for the tick time.
    #[error("nothing was heard from the peer for {0:?}")]
    TickTimeout(Duration),
    /// A frame is too long, and does not begin like a frame that could be skipped.
    #[error("a frame of {length} bytes is over the limit of {limit}")]
    FrameTooLong {
        /// Its announced length.
        length: u64,
        /// The limit.
        limit: usize,
    },
    /// A frame breaks the protocol.
    #[error("the peer broke the protocol")]
    Protocol(#[source] Box<ProtocolError>),
    /// The peer has begun too many messages in fragments without completing them.
    #[error("the peer has more than {limit} messages under way in fragments")]
    TooManySequences {
        /// The limit.
        limit: usize,
    },
    /// The peer has created too many monitors and links.
    #[error("the peer has more than {limit} monitors and links")]
    TooManyWatches {
        /// The limit.
        limit: usize,
    },
    /// The peer does not read, and the exit reasons of the processes that it watched take too much memory.
    #[error("more than {limit} bytes of exit reasons wait to be told to the peer")]
    TooMuchUntold {
        /// The limit.
        limit: usize,
    },
    /// This side closed it.
    #[error("the connection was closed here")]
    Shutdown,
    /// The peer has connected again, so it no longer has this connection.
    #[error("a new connection with the node took its place")]
    Replaced,
}

impl LinkEnd {
    /// Returns `true` when the peer is the cause: it broke the protocol or exceeded a limit.
    pub fn is_breach(&self) -> bool {
        match self {
            LinkEnd::FrameTooLong { .. }
            | LinkEnd::Protocol(_)
            | LinkEnd::TooManySequences { .. }
            | LinkEnd::TooManyWatches { .. }
            | LinkEnd::TooMuchUntold { .. } => true,
            LinkEnd::Closed | LinkEnd::Io { .. } | LinkEnd::TickTimeout(_) | LinkEnd::Shutdown | LinkEnd::Replaced => {
                false
            }
        }
    }
}

impl From<io::Error> for LinkEnd {
    fn from(error: io::Error) -> Self {
        LinkEnd::Io { kind: error.kind(), error: SharedError::new(error) }
    }
}

impl From<ProtocolError> for LinkEnd {
    #[cold]
    fn from(error: ProtocolError) -> Self {
        LinkEnd::Protocol(Box::new(error))
    }
}
