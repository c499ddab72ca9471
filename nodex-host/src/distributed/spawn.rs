//! Starting nodes that belong to a host.

use futures::future::join_all;

use super::{Distributed, Slave, SlaveBuilder, slave::Strays};
use crate::cnode::{Cancel, Cnode, CnodeBuilder, SpawnError};

impl CnodeBuilder {
    /// Starts the executable, and waits until the node is ready and connected. If the node is already running, only
    /// connects to it.
    ///
    /// # Errors
    /// Returns an error when the node cannot be started. Its process group has been stopped then.
    pub async fn spawn(&self, net: &Distributed) -> Result<Cnode, SpawnError> {
        self.spawn_unless(net.as_host(), &Cancel::never()).await
    }
}

impl Distributed {
    /// Starts a BEAM on this machine: `slave<i>@<host>`, where `i` counts from 1. See [`SlaveBuilder`] for options.
    ///
    /// # Errors
    /// Returns an error, with what `erl` printed, when the BEAM does not start within 30 s. Nothing of it is left then.
    #[doc(alias = "peer")]
    pub async fn spawn_slave(&self) -> Result<Slave, SpawnError> {
        SlaveBuilder::new().spawn(self).await
    }

    /// Starts `count` BEAMs concurrently.
    ///
    /// # Errors
    /// Returns the first error when one BEAM does not start. All BEAMs of this call have been stopped then.
    #[doc(alias = "peer")]
    pub async fn spawn_slaves(&self, count: u32) -> Result<Vec<Slave>, SpawnError> {
        SlaveBuilder::new().spawn_many(self, count).await
    }
}

impl SlaveBuilder {
    /// Starts a BEAM with the next number.
    ///
    /// # Errors
    /// Returns an error, with what the BEAM printed, when it does not start. Nothing of it is left then.
    pub async fn spawn(&self, net: &Distributed) -> Result<Slave, SpawnError> {
        let number = net.slave_registry().numbers(1).start;
        self.spawn_numbered(net, number).await
    }

    /// Starts `count` BEAMs concurrently, with the next numbers, and returns them in that order.
    ///
    /// # Errors
    /// Returns the first error when one BEAM does not start. All BEAMs of this call have been stopped then.
    pub async fn spawn_many(&self, net: &Distributed, count: u32) -> Result<Vec<Slave>, SpawnError> {
        let numbers = net.slave_registry().numbers(count);
        let started = join_all(numbers.map(|number| self.spawn_numbered(net, number))).await;
        if started.iter().all(Result::is_ok) {
            return started.into_iter().collect();
        }
        join_all(started.iter().flatten().map(Slave::stop)).await;
        started.into_iter().collect()
    }

    async fn spawn_numbered(&self, net: &Distributed, number: u32) -> Result<Slave, SpawnError> {
        let (_starting, cancel) = net.slave_registry().start().await;
        let (name, strays) = (format!("{}{number}", self.prefix), Strays::new());
        let node = format!("{name}@{}", net.host().hostname());
        let process = async {
            let input = self.order(net.host(), &node, &strays)?;
            self.cnode(net.ip(), net.host().hostname(), name, &strays)?.start_with(net.host(), input, &cancel).await
        };
        let process = match process.await {
            Ok(process) => process,
            Err(error) => {
                strays.end().await;
                return Err(error);
            }
        };
        let connected = tokio::select! {
            connected = net.node().connect(&node) => connected.map_err(Some),
            () = cancel.wait() => Err(None),
        };
        match connected {
            Ok(peer) => {
                let slave = Slave::new(number, peer.name().clone(), net.node().clone(), process, strays);
                net.slave_registry().add(slave.clone());
                Ok(slave)
            }
            Err(error) => {
                let printed = process.printed();
                process.stop().await;
                strays.end().await;
                Err(match error {
                    Some(error) => SpawnError::NotReachable { node, error, printed },
                    None => SpawnError::Cancelled { node },
                })
            }
        }
    }
}
