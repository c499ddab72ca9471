//! The host's own node: up, down, and the epmd that it needs.

mod builder;
mod cookie;
mod epmd;
mod error;

use std::{net::IpAddr, sync::Arc, time::Duration};

use nodex_core::node::Node;
use tokio::runtime::Handle;

pub use builder::DistributedBuilder;
pub use cookie::random_cookie;
pub use epmd::UseEpmd;
pub use error::UpError;

use crate::cnode::HostNode;
use epmd::Running;

/// How long running handlers and unwritten messages may hold up [`Distributed::down`].
const DOWN_GRACE: Duration = Duration::from_secs(1);

/// A host that is a node of a cluster. Cheap to clone; it goes down with [`down`](Self::down) or with its last clone.
#[derive(Debug, Clone)]
pub struct Distributed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    node: Node,
    host: HostNode,
    /// The epmd in this program, if there is one.
    epmd: Option<Running>,
    runtime: Handle,
}

impl Distributed {
    /// Makes this program the node `name@ip`, which listens on `ip`. The cookie is that of the environment or the
    /// user's cookie file, or a random one if there is none; epmd is that of the system, or embedded if none answers.
    ///
    /// # Errors
    /// When the name, the cookie, epmd or the address cannot be used.
    pub async fn up(name: &str, ip: impl Into<IpAddr>) -> Result<Distributed, UpError> {
        DistributedBuilder::new(name).ip(ip).up().await
    }

    /// The same, with options.
    pub fn builder(name: &str) -> DistributedBuilder {
        DistributedBuilder::new(name)
    }

    /// The node itself: its peers, and calls and messages to any process of any node.
    pub fn node(&self) -> &Node {
        &self.0.node
    }

    /// What children are told of this node.
    pub fn host(&self) -> &HostNode {
        &self.0.host
    }

    /// The port of the epmd that this node uses.
    pub fn epmd_port(&self) -> u16 {
        self.0.host.epmd_port()
    }

    /// Whether that epmd is in this program.
    pub fn has_embedded_epmd(&self) -> bool {
        self.0.epmd.is_some()
    }

    /// Ends all connections and stops listening; an embedded epmd ends too. Handlers that run may finish within a
    /// second. Nodes that this program started end when they notice; their owners stop them in order.
    pub async fn down(&self) {
        self.0.node.stop(DOWN_GRACE).await;
        if let Some(epmd) = &self.0.epmd {
            epmd.stop().await;
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let (node, epmd) = (self.node.clone(), self.epmd.take());
        // Not where the runtime is gone: connections have gone with it.
        self.runtime.spawn(async move {
            node.stop(DOWN_GRACE).await;
            drop(epmd);
        });
    }
}
