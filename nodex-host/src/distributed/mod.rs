//! The host's own node: up, down, the epmd that it needs, BEAMs that it starts, and code for them.

mod builder;
mod code;
mod cookie;
mod environment;
mod epmd;
mod error;
mod rpc;
mod slave;

use std::{net::IpAddr, sync::Arc, time::Duration};

use nodex_core::node::Node;
use tokio::runtime::Handle;

pub use builder::DistributedBuilder;
pub use code::{CompileError, LoadError, LoadProblem, ObjectCode, ObjectCodeError, SourceError};
pub use cookie::random_cookie;
pub use environment::Environment;
pub use epmd::{UseEpmd, spawn_epmd};
pub use error::UpError;
pub use slave::{Slave, SlaveBuilder};

use crate::{
    cnode::{HostNode, SpawnError},
    process::Exit,
};
use epmd::Running;
use slave::Slaves;

/// How long running handlers and unwritten messages may hold up [`Distributed::down`].
const DOWN_GRACE: Duration = Duration::from_secs(1);

/// A host that is a node of a cluster. Cheap to clone; it goes down with [`down`](Self::down) or with its last clone.
#[derive(Debug, Clone)]
pub struct Distributed(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    node: Node,
    host: HostNode,
    ip: IpAddr,
    slaves: Slaves,
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

    /// Where it runs, and what belongs to its nodes.
    pub(crate) fn runtime(&self) -> &Handle {
        &self.0.runtime
    }

    fn ip(&self) -> IpAddr {
        self.0.ip
    }

    fn slave_registry(&self) -> &Slaves {
        &self.0.slaves
    }

    /// Starts a BEAM on this machine: `slave<i>@<host>`, where `i` counts from 1 over all that this host starts. With
    /// options: [`SlaveBuilder`].
    ///
    /// # Errors
    /// When it does not come up within 30 s; with what `erl` printed. Nothing of it is left then.
    #[doc(alias = "peer")]
    pub async fn spawn_slave(&self) -> Result<Slave, SpawnError> {
        SlaveBuilder::new().spawn(self).await
    }

    /// Starts `count` of them side by side.
    ///
    /// # Errors
    /// When one does not come up, the first one's error. All of this call are stopped then.
    #[doc(alias = "peer")]
    pub async fn spawn_slaves(&self, count: u32) -> Result<Vec<Slave>, SpawnError> {
        SlaveBuilder::new().spawn_many(self, count).await
    }

    /// The BEAMs that it has started and that run, by number.
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
