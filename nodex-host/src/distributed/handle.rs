//! [`Distributed`].

use std::{net::IpAddr, sync::Arc, time::Duration};

use nodex_core::node::Node;
use tokio::runtime::Handle;

use super::{
    epmd::Running,
    slave::{Slave, Slaves},
};
use crate::{
    cnode::{Host, HostNode},
    process::Exit,
};

/// How long running handlers and unwritten output may delay [`Distributed::down`].
const DOWN_GRACE: Duration = Duration::from_secs(1);

/// This program as a node of a cluster, which starts other nodes. Cheap to clone. The node stops with
/// [`down`](Self::down), or when the last clone is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::net::Ipv4Addr;
///
/// use nodex_host::{Distributed, EpmdMode};
///
/// # let cookie = nodex_host::distributed::random_cookie()?;
/// let net = Distributed::builder("master").epmd(EpmdMode::Private).cookie(cookie).up().await?;
/// assert_eq!(net.node().name().as_str(), "master@127.0.0.1");
/// assert!(net.has_embedded_epmd());
/// net.down().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Distributed(pub(super) Arc<Inner>);

#[derive(Debug)]
pub(super) struct Inner {
    pub(super) node: Node,
    pub(super) host: HostNode,
    pub(super) ip: IpAddr,
    pub(super) slaves: Slaves,
    /// The epmd in this program, if there is one.
    pub(super) epmd: Option<Running>,
    pub(super) runtime: Handle,
}

impl Distributed {
    /// Returns the node, for its peers, and to call processes of any node.
    pub fn node(&self) -> &Node {
        &self.0.node
    }

    /// Returns the data about this node for children.
    pub fn host(&self) -> &HostNode {
        &self.0.host
    }

    /// Returns the port of the epmd that this node uses.
    pub fn epmd_port(&self) -> u16 {
        self.0.host.epmd_port()
    }

    /// Returns whether that epmd runs in this program.
    pub fn has_embedded_epmd(&self) -> bool {
        self.0.epmd.is_some()
    }

    /// Returns the host as its nodes refer to it.
    pub(crate) fn as_host(&self) -> Arc<dyn Host> {
        self.0.clone()
    }

    /// Returns the runtime of the node.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.0.ip
    }

    pub(super) fn slave_registry(&self) -> &Slaves {
        &self.0.slaves
    }

    /// Returns the running BEAMs that it has started, by number.
    pub fn slaves(&self) -> Vec<Slave> {
        self.0.slaves.all()
    }

    /// Stops the slave with this full name, and waits until nothing of it is left. Returns `None` if there is no such
    /// slave.
    pub async fn stop_slave(&self, node: &str) -> Option<Exit> {
        let slave = self.slaves().into_iter().find(|slave| *slave.node() == node)?;
        Some(slave.stop().await)
    }

    /// Stops the BEAMs that it has started, closes all connections, and stops listening and the embedded epmd. Running
    /// handlers may finish within a second. Other nodes that this program started end when they notice the loss; stop
    /// them before to end them in order.
    pub async fn down(&self) {
        self.0.slaves.stop().await;
        self.0.node.stop(DOWN_GRACE).await;
        if let Some(epmd) = &self.0.epmd {
            epmd.stop().await;
        }
    }
}

impl Host for Inner {
    fn node(&self) -> &Node {
        &self.node
    }

    fn described(&self) -> &HostNode {
        &self.host
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.slaves.begin_stop();
        let (node, epmd) = (self.node.clone(), self.epmd.take());
        // Not where the runtime is gone: connections have gone with it.
        self.runtime.spawn(async move {
            node.stop(DOWN_GRACE).await;
            drop(epmd);
        });
    }
}
