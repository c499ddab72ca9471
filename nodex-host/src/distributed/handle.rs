//! The host's own node.

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

/// How long running handlers and unwritten messages may hold up [`Distributed::down`].
const DOWN_GRACE: Duration = Duration::from_secs(1);

/// A host that is a node of a cluster. Cheap to clone; it goes down with [`down`](Self::down) or with its last clone.
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
    /// Returns the node itself: its peers, and calls and messages to any process of any node.
    pub fn node(&self) -> &Node {
        &self.0.node
    }

    /// What children are told of this node.
    pub fn host(&self) -> &HostNode {
        &self.0.host
    }

    /// Returns the port of the epmd that this node uses.
    pub fn epmd_port(&self) -> u16 {
        self.0.host.epmd_port()
    }

    /// Returns whether that epmd is in this program.
    pub fn has_embedded_epmd(&self) -> bool {
        self.0.epmd.is_some()
    }

    /// As what its nodes need of it.
    pub(crate) fn as_host(&self) -> Arc<dyn Host> {
        self.0.clone()
    }

    /// Where it runs, and what belongs to its nodes.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    pub(super) fn ip(&self) -> IpAddr {
        self.0.ip
    }

    pub(super) fn slave_registry(&self) -> &Slaves {
        &self.0.slaves
    }

    /// Returns the BEAMs that it has started and that run, by number.
    pub fn slaves(&self) -> Vec<Slave> {
        self.0.slaves.all()
    }

    /// Stops the one of this full name and waits until nothing of it is left; `None` if none of this name runs.
    pub async fn stop_slave(&self, node: &str) -> Option<Exit> {
        let slave = self.slaves().into_iter().find(|slave| *slave.node() == node)?;
        Some(slave.stop().await)
    }

    /// Stops the BEAMs that it has started, ends all connections and stops listening; an embedded epmd ends too.
    /// Handlers that run may finish within a second. Other nodes that this program started end when they notice; their
    /// owners stop them in order.
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
