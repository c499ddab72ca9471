//! The requests of a client about one node, over any stream.
//!
//! With the feature `erl_dist`, which is on by default, the crate of that name makes them; without it they are written
//! here, and its dependencies stay out of the build. A test compares the two.
#[cfg(any(test, not(feature = "erl_dist")))]
mod lean;
#[cfg(feature = "erl_dist")]
mod with_erl_dist;

use std::io;

#[cfg(not(feature = "erl_dist"))]
pub(super) use lean::{lookup, register};
#[cfg(feature = "erl_dist")]
pub(super) use with_erl_dist::{lookup, register};

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Fault {
    /// The connection broke, or the answer is cut or too long.
    Io(io::Error),
    /// The first byte of the answer does not belong to the request.
    Tag(u8),
    /// The result is neither success nor refusal.
    Result(u8),
    /// Any other error of the library.
    #[cfg(feature = "erl_dist")]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Io(error)
    }
}

#[cfg(all(test, feature = "erl_dist"))]
mod tests;
