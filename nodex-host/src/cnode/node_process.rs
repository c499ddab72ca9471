//! A process that is a node, after it said that it is ready.

use std::{sync::Arc, time::Duration};

use nodex_core::node::Subscription;
use tokio::task::JoinHandle;

use super::{CnodeEvent, Printed, report::Pump, report::Reporter};
use crate::process::{Ending, Exit, OsProcess};

/// The process of a node. Dropping it begins the stop sequence, which goes on without it.
#[derive(Debug)]
pub struct NodeProcess {
    process: OsProcess,
    reporter: Arc<Reporter>,
    stop_grace: Duration,
    /// Its exit status means what it means for nodes that are built with nodex.
    ours: bool,
    /// What reads its output.
    pump: JoinHandle<()>,
}

impl NodeProcess {
    pub(super) fn new(process: OsProcess, pump: Pump, stop_grace: Duration, ours: bool) -> NodeProcess {
        let reporter = pump.reporter.clone();
        let pump = tokio::spawn(pump.run(process.ending()));
        NodeProcess { process, reporter, stop_grace, ours, pump }
    }

    /// Stops it, and returns the last lines that it printed until then or, if it had ended by itself, until its end.
    pub(super) async fn finish(self, ended: bool) -> Printed {
        let before = self.printed();
        self.stop().await;
        if !ended {
            return before;
        }
        // A failure would be a panic, which has been told by then.
        let _ = self.pump.await;
        self.reporter.printed()
    }

    /// Returns the full name of the node.
    pub fn node(&self) -> &str {
        self.reporter.node()
    }

    /// Returns the process id, which is the number of its process group as well.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Returns its events from now on.
    pub fn subscribe(&self) -> Subscription<CnodeEvent> {
        self.reporter.subscribe()
    }

    /// Returns the last lines that it printed.
    pub fn printed(&self) -> Printed {
        self.reporter.printed()
    }

    pub(super) fn is_ours(&self) -> bool {
        self.ours
    }

    pub(super) fn reporter(&self) -> &Arc<Reporter> {
        &self.reporter
    }

    /// Returns its end, for those who wait for it without owning it.
    pub fn ending(&self) -> Ending {
        self.process.ending()
    }

    /// Begins to [`stop`](Self::stop) it without waiting.
    pub fn begin_stop(&self) {
        self.process.begin_stop(self.stop_grace);
    }

    /// Returns how it ended, if it has.
    pub fn exit(&self) -> Option<Exit> {
        self.process.ending().exit()
    }

    /// Waits until it has ended.
    pub async fn ended(&self) -> Exit {
        self.process.ending().ended().await
    }

    /// Stops it with the grace period of its options: end of stdin, SIGTERM to its group, the grace period, SIGKILL to
    /// its group. Waits until nobody of the group is left.
    pub async fn stop(&self) -> Exit {
        self.process.stop(self.stop_grace).await
    }

    /// Kills its group and waits until nobody of it is left.
    pub async fn kill(&self) -> Exit {
        self.process.stop(Duration::ZERO).await
    }
}
