//! [`NodeProcess`].

use std::{sync::Arc, time::Duration};

use nodex_core::node::Subscription;
use tokio::task::JoinHandle;

use super::{CnodeEvent, Printed, report::Pump, report::Reporter};
use crate::process::{Ending, Exit, OsProcess};

/// The process of a node that is ready. Dropping it begins the stop sequence, which continues in the background.
#[derive(Debug)]
pub struct NodeProcess {
    process: OsProcess,
    reporter: Arc<Reporter>,
    stop_grace: Duration,
    /// Whether it is built with nodex, so that its exit status has a meaning.
    ours: bool,
    /// The task that reads its output.
    pump: JoinHandle<()>,
}

impl NodeProcess {
    pub(super) fn new(process: OsProcess, pump: Pump, stop_grace: Duration, ours: bool) -> NodeProcess {
        let reporter = pump.reporter.clone();
        let pump = tokio::spawn(pump.run(process.ending()));
        NodeProcess { process, reporter, stop_grace, ours, pump }
    }

    /// Stops it, and returns the last lines that it printed: until the stop, or until its own end.
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

    /// Returns the process id, which is also the number of its process group.
    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Subscribes to its events from now on.
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

    /// Returns a handle to wait for its end without owning it.
    pub fn ending(&self) -> Ending {
        self.process.ending()
    }

    /// Begins the stop sequence without waiting: see [`stop`](Self::stop).
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

    /// Stops it and waits until its process group is empty: end of stdin, SIGTERM to the group, the grace period of its
    /// options, SIGKILL to the group.
    pub async fn stop(&self) -> Exit {
        self.process.stop(self.stop_grace).await
    }

    /// Kills its process group and waits until it is empty.
    pub async fn kill(&self) -> Exit {
        self.process.stop(Duration::ZERO).await
    }
}
