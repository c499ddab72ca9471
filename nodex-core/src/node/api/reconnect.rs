//! Connections that are made again after they are lost.

use tokio::time::{Instant, sleep};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{backoff::Backoff, node::Node};
use crate::{
    error::Chain,
    protocol::{NameError, NodeName},
    random,
};

/// Keeps a node connected. Created by [`Node::keep_connected`]; dropping it ends the attempts but not the connection.
#[derive(Debug)]
#[must_use = "nothing is kept once it is dropped"]
pub struct KeptConnected {
    node: NodeName,
    _until_dropped: DropGuard,
}

impl KeptConnected {
    /// Returns the name of the other node.
    pub fn node(&self) -> &NodeName {
        &self.node
    }
}

impl Node {
    /// Connects to the node `name` (`name@host`), and again whenever the connection is lost, until the result is
    /// dropped or this node stops. A connection that the other node makes counts too.
    ///
    /// Failed attempts are repeated after the pauses of [`Backoff`]. [`Node::events`] reports connections made and
    /// lost.
    ///
    /// # Errors
    /// Returns an error when no node can have this name.
    pub fn keep_connected(
        &self,
        name: impl TryInto<NodeName, Error: Into<NameError>>,
        backoff: Backoff,
    ) -> Result<KeptConnected, NameError> {
        let name: NodeName = name.try_into().map_err(Into::into)?;
        let stop = CancellationToken::new();
        let (node, peer, until) = (self.clone(), name.clone(), stop.clone());
        let stopped = self.0.stop.clone();
        tokio::spawn(async move {
            stopped.run_until_cancelled(until.run_until_cancelled(keep(node, peer, backoff))).await;
        });
        Ok(KeptConnected { node: name, _until_dropped: stop.drop_guard() })
    }
}

async fn keep(node: Node, name: NodeName, backoff: Backoff) {
    let mut failures = 0;
    loop {
        match node.connect_to(name.as_atom()).await {
            Ok(peer) => {
                let since = Instant::now();
                let reason = peer.ended().await;
                // One that ends as soon as it is made is a failure as well.
                if since.elapsed() >= backoff.stable {
                    failures = 0;
                }
                tracing::info!(peer = %name, reason = %Chain(&reason), "the connection is lost, and will be made again");
            }
            Err(error) => tracing::debug!(peer = %name, error = %Chain(&error), failures, "no connection yet"),
        }
        sleep(backoff.pause(failures, random::any())).await;
        failures = failures.saturating_add(1);
    }
}
