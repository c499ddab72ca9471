//! Why the host's own node did not come up.

use std::{io, net::SocketAddr};

use nodex_core::{
    epmd::EpmdError,
    node::{CookieSourceError, StartError, SurroundingsError},
    protocol::CookieError,
};
use thiserror::Error;

use crate::cnode::HostNodeError;

/// Why the host's own node did not come up.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum UpError {
    /// Its name or cookie is not possible.
    #[error(transparent)]
    HostNode(#[from] HostNodeError),
    /// The cookie of the environment or a file cannot be used.
    #[error(transparent)]
    CookieSource(#[from] CookieSourceError),
    /// The cookie of the environment or a file is one that anybody would try.
    #[error(
        "the cookie of the environment or the user's file is guessable: choose a longer one, or pass it on explicitly"
    )]
    GuessableCookie,
    /// The cookie is not possible.
    #[error(transparent)]
    Cookie(#[from] CookieError),
    /// There is no cookie, and none can be made.
    #[error("no cookie, and no random one can be made")]
    NoRandomCookie {
        /// What the operating system says.
        source: io::Error,
    },
    /// The epmd of this machine does not answer as it should.
    #[error(transparent)]
    Epmd(#[from] EpmdError),
    /// The epmd of Erlang cannot be started.
    #[error("epmd, which is a part of Erlang/OTP and has to be in PATH, cannot be started")]
    SystemEpmd {
        /// What the operating system says.
        source: io::Error,
    },
    /// An epmd in this program cannot listen.
    #[error("an epmd cannot listen on {address}")]
    EmbeddedEpmd {
        /// Where.
        address: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The process lacks what every node needs.
    #[error(transparent)]
    Surroundings(#[from] SurroundingsError),
    /// The node cannot start.
    #[error(transparent)]
    Start(#[from] StartError),
}
