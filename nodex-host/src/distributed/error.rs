//! [`UpError`].

use std::{io, net::SocketAddr};

use nodex_core::{
    epmd::EpmdError,
    node::{CookieSourceError, StartError, SurroundingsError},
    protocol::CookieError,
};
use thiserror::Error;

use crate::cnode::HostNodeError;

/// Why the node of the host could not be started.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UpError {
    /// Its name or cookie is not valid.
    #[error(transparent)]
    HostNode(#[from] HostNodeError),
    /// The cookie of the environment or a file cannot be used.
    #[error(transparent)]
    CookieSource(#[from] CookieSourceError),
    /// The cookie of the environment or a file is guessable.
    #[error(
        "the cookie of the environment or the user's file is guessable: choose a longer one, or pass it on explicitly"
    )]
    GuessableCookie,
    /// The cookie is not valid.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// There is no cookie, and none can be made.
    #[error("no cookie, and no random one can be made")]
    NoRandomCookie {
        /// What the operating system says.
        source: io::Error,
    },
    /// The epmd of this machine does not answer correctly.
    #[error(transparent)]
    Epmd(#[from] EpmdError),
    /// Erlang's epmd cannot be started.
    #[error("epmd, which is a part of Erlang/OTP and has to be in PATH, cannot be started")]
    SystemEpmd {
        /// What the operating system says.
        source: io::Error,
    },
    /// An epmd in this program cannot listen.
    #[error("an epmd cannot listen on {address}")]
    EmbeddedEpmd {
        /// The address.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The process lacks something that every node needs.
    #[error(transparent)]
    Surroundings(#[from] SurroundingsError),
    /// The node cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
}
