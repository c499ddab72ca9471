//! Asks an epmd for the port of a node.

use std::net::{Ipv4Addr, SocketAddr};

use erl_dist::epmd::{EpmdClient, EpmdError, NodeEntry};
use tokio::net::TcpStream;
use tokio_util::{compat::TokioAsyncReadCompatExt, sync::CancellationToken};

/// The port of epmd: `ERL_EPMD_PORT`, or 4369.
pub(crate) fn port() -> u16 {
    std::env::var("ERL_EPMD_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(erl_dist::epmd::DEFAULT_EPMD_PORT)
}

/// What the epmd at this address knows of a node.
pub(crate) async fn lookup(epmd: SocketAddr, name: &str) -> Result<Option<NodeEntry>, EpmdError> {
    let socket = TcpStream::connect(epmd).await?;
    EpmdClient::new(socket.compat()).get_node(name).await
}

/// Why a node cannot be registered in epmd.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PublishError {
    /// epmd cannot be asked, or did not take the name.
    #[error("epmd on port {port}: {error}")]
    Epmd {
        /// Port of the epmd.
        port: u16,
        /// What went wrong.
        error: EpmdError,
    },
}

/// Registers a node in the epmd of this host on `port` for as long as `stop` is not cancelled.
pub(crate) async fn publish(
    port: u16,
    name: &str,
    listening: u16,
    stop: CancellationToken,
) -> Result<(), PublishError> {
    let failed = |error| PublishError::Epmd { port, error };
    let socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.map_err(|error| failed(error.into()))?;
    let short = name.split('@').next().unwrap_or(name);
    let entry = NodeEntry { lowest_version: 5, ..NodeEntry::new_hidden(short, listening) };
    let (socket, _) = EpmdClient::new(socket.compat()).register(entry).await.map_err(failed)?;
    tokio::spawn(async move {
        stop.cancelled().await;
        drop(socket);
    });
    Ok(())
}
