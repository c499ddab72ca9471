//! Asks an epmd for the port of a node.

use std::net::SocketAddr;

use erl_dist::epmd::{EpmdClient, EpmdError, NodeEntry};
use tokio::net::TcpStream;
use tokio_util::compat::TokioAsyncReadCompatExt;

/// The port of epmd: `ERL_EPMD_PORT`, or 4369.
pub(crate) fn port() -> u16 {
    std::env::var("ERL_EPMD_PORT").ok().and_then(|port| port.parse().ok()).unwrap_or(erl_dist::epmd::DEFAULT_EPMD_PORT)
}

/// What the epmd at this address knows of a node.
pub(crate) async fn lookup(epmd: SocketAddr, name: &str) -> Result<Option<NodeEntry>, EpmdError> {
    let socket = TcpStream::connect(epmd).await?;
    EpmdClient::new(socket.compat()).get_node(name).await
}
