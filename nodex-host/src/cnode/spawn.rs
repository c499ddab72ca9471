//! Starting and connecting a node, or finding it running.

use std::{sync::Arc, time::Duration};

use nodex_core::{
    net::ConnectError,
    node::{Node, Peer},
};
use tokio::time::{Instant, sleep_until};

use super::{
    Cancel, Cnode, CnodeBuilder, EventKind, NodeProcess, Protocol, SpawnError,
    host::Host,
    plan::Plan,
    report::Reporter,
    start::{Started, at},
};
use crate::process::Exit;

/// The pause between two attempts to connect to a node.
const DIAL_PAUSE: Duration = Duration::from_millis(100);

impl Cnode {
    /// Returns the options of this executable.
    pub fn builder(exec_path: impl AsRef<std::path::Path>) -> CnodeBuilder {
        CnodeBuilder::new(exec_path)
    }
}

impl CnodeBuilder {
    /// Connects to the node if it is running, otherwise starts it, unless this is cancelled.
    pub(crate) async fn spawn_unless(&self, host: Arc<dyn Host>, cancel: &Cancel) -> Result<Cnode, SpawnError> {
        let plan = self.plan(host.described()).await?;
        // No other node has a name that was just generated.
        if self.adopt
            && self.sname.is_some()
            && let Some(peer) = tokio::select! {
                found = self.find(host.node(), &plan.node) => found?,
                () = cancel.wait() => return Err(SpawnError::Cancelled { node: plan.node }),
            }
        {
            let reporter = Arc::new(Reporter::new(&plan.node, self.process.events.clone().unwrap_or_default()));
            reporter.send(EventKind::Connected);
            return Ok(Cnode::new(host, self.registered_name.clone(), peer, None, reporter));
        }
        self.spawn_new(host, plan, cancel).await
    }

    /// Returns the connection with a node of this name, if there is such a node.
    async fn find(&self, node: &Node, name: &str) -> Result<Option<Arc<Peer>>, SpawnError> {
        match node.connect(name).await {
            Ok(peer) => Ok(Some(peer)),
            Err(error) => match &*error {
                // It is there, but it is not ours to use.
                ConnectError::Handshake { .. } | ConnectError::Timeout { .. } => {
                    Err(SpawnError::NameTaken { node: name.to_owned(), error })
                }
                _ => Ok(None),
            },
        }
    }

    async fn spawn_new(&self, host: Arc<dyn Host>, plan: Plan, cancel: &Cancel) -> Result<Cnode, SpawnError> {
        let says_ready = plan.ready_line.is_some();
        let Started { process, launched } = self.start_plan(plan, cancel).await?;
        let deadline = match says_ready {
            true => Instant::now().checked_add(self.connect_timeout),
            false => launched.checked_add(self.process.start_timeout),
        };
        // A node of this protocol has connected before it says that it is ready, and does not listen.
        let dial_after = match self.protocol {
            Protocol::Nodex => 5 * DIAL_PAUSE,
            _ => Duration::ZERO,
        };
        match connection(host.node(), &process, dial_after, deadline, cancel).await {
            Ok(peer) => {
                let reporter = process.reporter().clone();
                reporter.send(EventKind::Connected);
                Ok(Cnode::new(host, self.registered_name.clone(), peer, Some(process), reporter))
            }
            Err(failed) => {
                let node = process.node().to_owned();
                let printed = process.finish(matches!(failed, Failed::Exit(_))).await;
                Err(match failed {
                    Failed::Exit(exit) => SpawnError::UnexpectedExit { node, exit, printed },
                    Failed::Late(error) if says_ready => {
                        SpawnError::NoConnection { node, timeout: self.connect_timeout, error, printed }
                    }
                    Failed::Late(_) => SpawnError::StartTimeout { node, timeout: self.process.start_timeout, printed },
                    Failed::Cancelled => SpawnError::Cancelled { node },
                })
            }
        }
    }
}

/// Why there is no connection.
enum Failed {
    Exit(Exit),
    /// Not in time; with the error of the last attempt to connect.
    Late(Option<Arc<ConnectError>>),
    Cancelled,
}

/// Waits for the connection with a running process: the node connects, or the host connects once it listens.
async fn connection(
    node: &Node,
    process: &NodeProcess,
    dial_after: Duration,
    deadline: Option<Instant>,
    cancel: &Cancel,
) -> Result<Arc<Peer>, Failed> {
    let mut dial_at = Instant::now() + dial_after;
    let mut last = None;
    let ending = process.ending();
    loop {
        let dial = async {
            sleep_until(dial_at).await;
            node.connect(process.node()).await
        };
        tokio::select! {
            biased;
            peer = node.wait_connected(process.node()) => return Ok(peer),
            exit = ending.ended() => return Err(Failed::Exit(exit)),
            () = cancel.wait() => return Err(Failed::Cancelled),
            () = at(deadline) => return Err(Failed::Late(last)),
            result = dial => match result {
                Ok(peer) => return Ok(peer),
                Err(error) => last = Some(error),
            },
        }
        dial_at = Instant::now() + DIAL_PAUSE;
    }
}
