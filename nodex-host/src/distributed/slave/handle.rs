//! [`Slave`].

use std::{sync::Arc, time::Duration};

use nodex_core::{
    convert::{FromTerm, IntoTerm},
    node::{Node, RpcError, Subscription},
    term::Atom,
};

use super::Strays;
use crate::{
    cnode::{CnodeEvent, NodeProcess, Printed},
    process::{Ending, Exit},
};

/// A BEAM that the host has started: a node `slave<i>@<host>`. Cheap to clone.
///
/// It belongs to its host, not to this value. It ends with [`stop`](Self::stop), with
/// [`Distributed::down`](crate::Distributed::down), when the last clone of the [`Distributed`](crate::Distributed) is
/// dropped, and when the process of the host ends, however it ends.
#[doc(alias = "peer")]
#[doc(alias = "beam")]
#[derive(Debug, Clone)]
pub struct Slave(Arc<Running>);

#[derive(Debug)]
struct Running {
    number: u32,
    name: Atom,
    host: Node,
    process: NodeProcess,
    strays: Strays,
}

impl Slave {
    /// Returns the full name of the node.
    pub fn node(&self) -> &Atom {
        &self.0.name
    }

    /// Returns the `i` of `slave<i>`, from 1.
    pub fn number(&self) -> u32 {
        self.0.number
    }

    /// Returns the process id, which is also the number of its process group.
    pub fn pid(&self) -> u32 {
        self.0.process.pid()
    }

    /// Returns the last lines that it printed.
    pub fn printed(&self) -> Printed {
        self.0.process.printed()
    }

    /// Subscribes to its events from now on: what it prints, and its end.
    pub fn subscribe(&self) -> Subscription<CnodeEvent> {
        self.0.process.subscribe()
    }

    /// Returns how it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.0.process.exit()
    }

    /// Returns a handle to wait for its end without owning it.
    pub fn ending(&self) -> Ending {
        self.0.process.ending()
    }

    /// Calls a function in it, as [`Distributed::rpc`](crate::Distributed::rpc) does.
    ///
    /// # Errors
    /// Returns an error when there is no result. [`RpcError::exception`] has the class and the reason of an exception.
    pub async fn rpc<R: FromTerm>(
        &self,
        module: &str,
        function: &str,
        arguments: &[&(dyn IntoTerm + Sync)],
        limit: Duration,
    ) -> Result<R, RpcError> {
        self.0.host.rpc(self.node(), module, function, arguments, limit).await
    }

    /// Stops it: end of stdin and SIGTERM, at which it stops its applications, and SIGKILL after the grace period.
    /// Waits until it has ended and no process that it started is left, in any process group or session.
    pub async fn stop(&self) -> Exit {
        let exit = self.0.process.stop().await;
        self.0.strays.end().await;
        exit
    }

    /// Kills it and waits until nothing of it is left.
    pub async fn kill(&self) -> Exit {
        let exit = self.0.process.kill().await;
        self.0.strays.end().await;
        exit
    }

    /// Begins to stop it without waiting.
    pub(super) fn begin_stop(&self) {
        self.0.process.begin_stop();
    }

    pub(in crate::distributed) fn new(
        number: u32,
        name: Atom,
        host: Node,
        process: NodeProcess,
        strays: Strays,
    ) -> Slave {
        // Also when nobody waits for its end.
        let (ending, left) = (process.ending(), strays.clone());
        tokio::spawn(async move {
            ending.gone().await;
            left.end().await;
        });
        Slave(Arc::new(Running { number, name, host, process, strays }))
    }
}
