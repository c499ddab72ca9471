//! A node that is connected to: a name in epmd, and a socket that listens.

use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use nodex_core::{
    epmd::{self, Entry, EpmdError, Registered},
    error::Chain,
    protocol::{Cookie, Flags, handshake::Local},
};
use tokio::net::{TcpListener, TcpStream};

use crate::failure::{Code, Failure};

/// A node that is there for others to connect to.
pub(crate) struct Host {
    pub(crate) local: Local,
    listener: TcpListener,
    /// Dropping it takes the name out of epmd.
    _registered: Registered,
}

impl Host {
    /// Listens on any port of this address and registers it as `name`, the full name of a node.
    ///
    /// # Errors
    /// Returns an error when the address cannot be listened on or epmd does not take the name.
    pub(crate) async fn up(
        name: &str,
        address: IpAddr,
        cookie: Cookie,
        flags: Flags,
        epmd: &epmd::Client,
    ) -> Result<Host, Failure> {
        let listener = TcpListener::bind(SocketAddr::new(address, 0)).await.map_err(|error| {
            Failure::new(Code::NotReachable, format!("cannot listen on {address}: {error}", error = Chain(&error)))
        })?;
        let port = listener.local_addr()?.port();
        let alive = name.split('@').next().unwrap_or_default();
        let entry = match flags.contains(Flags::PUBLISHED) {
            true => Entry::visible(alive, port),
            false => Entry::hidden(alive, port),
        };
        let registered = epmd.register(&entry).await.map_err(|error| host_error(&error))?;
        let local =
            Local { name: name.to_owned(), flags, required: Flags::EMPTY, creation: registered.creation(), cookie };
        Ok(Host { local, listener, _registered: registered })
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Somebody who connects.
    pub(crate) async fn knock(&self) -> io::Result<TcpStream> {
        Ok(self.listener.accept().await?.0)
    }
}

/// Why epmd does not take the name of a node that is to be connected to.
pub(super) fn host_error(error: &EpmdError) -> Failure {
    let failure = crate::client::epmd_failure(error);
    match error {
        EpmdError::NameTaken { .. } => {
            failure.hint("another node has this name: choose another one, or stop that node; nodex names lists them")
        }
        _ => failure,
    }
}
