//! The state of a fleet: updated by its supervisor, shown to clients.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use nodex_core::error::Chain;
use nodex_host::{
    process::Line,
    supervisor::{Change, ChildInfo, ChildState, SupervisorEvent},
};
use tokio::sync::broadcast;

use super::{
    ring::Ring,
    told::{Told, now},
    usage,
    wire::{LogLine, NodeInfo},
};
use crate::output::Untrusted;

/// How many lines a follower may lag behind before it loses the oldest.
const FOLLOWER_LAG: usize = 1024;

/// Shared by all that look and all that tell.
#[derive(Debug, Clone)]
pub(super) struct Board(Arc<Mutex<Inner>>);

#[derive(Debug)]
struct Inner {
    rows: Vec<Row>,
    lines: broadcast::Sender<Arc<LogLine>>,
    /// The number of the next line.
    next: u64,
}

#[derive(Debug, Default)]
struct Row {
    name: String,
    node: Option<String>,
    state: &'static str,
    pid: Option<u32>,
    up_since: Option<Instant>,
    /// How often it came up.
    ups: u64,
    last_cause: Option<Untrusted>,
    ring: Ring,
}

impl Row {
    fn info(&self) -> NodeInfo {
        let usage = self.pid.and_then(usage::of);
        NodeInfo {
            name: Untrusted::new(&self.name),
            node: self.node.as_ref().map(Untrusted::new),
            state: Untrusted::new(self.state),
            pid: self.pid,
            uptime_ms: self.up_since.map(|since| millis(since.elapsed())),
            restarts: self.ups.saturating_sub(1),
            last_cause: self.last_cause.clone(),
            memory_bytes: usage.as_ref().map(|usage| usage.memory_bytes),
            cpu_ms: usage.map(|usage| usage.cpu_ms),
        }
    }

    fn is_down(&mut self, state: &'static str) {
        self.state = state;
        (self.node, self.pid, self.up_since) = (None, None, None);
    }

    fn change(&mut self, change: &Change) {
        match change {
            Change::Starting => self.is_down("starting"),
            Change::Up { node, pid, .. } => {
                self.state = "up";
                (self.node, self.pid) = (Some(node.to_string()), *pid);
                self.up_since = Some(Instant::now());
                self.ups += 1;
            }
            Change::StartFailed { error } => {
                self.last_cause = Some(Untrusted::of(Chain(error)));
                self.is_down("down");
            }
            Change::Down { down, .. } => {
                self.last_cause = Some(Untrusted::of(Chain(down)));
                self.is_down("down");
            }
            Change::Restarting { .. } => self.is_down("restarting"),
            Change::Stopping => self.state = "stopping",
            Change::Stopped => self.is_down("stopped"),
            Change::GaveUp => self.is_down("gave up"),
            Change::Removed => self.is_down("ended"),
            _ => {}
        }
    }
}

/// Milliseconds that fit.
pub(super) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

impl Board {
    pub(super) fn new(names: Vec<String>) -> Board {
        let row = |name: String| Row { name, state: "waiting", ..Row::default() };
        let rows = names.into_iter().map(row).collect();
        Board(Arc::new(Mutex::new(Inner { rows, lines: broadcast::Sender::new(FOLLOWER_LAG), next: 0 })))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns all nodes in start order.
    pub(super) fn nodes(&self) -> Vec<NodeInfo> {
        self.inner().rows.iter().map(Row::info).collect()
    }

    pub(super) fn node(&self, name: &str) -> Option<NodeInfo> {
        self.inner().rows.iter().find(|row| row.name == name).map(Row::info)
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.inner().rows.iter().map(|row| row.name.clone()).collect()
    }

    /// Takes in what happened; returns it as a line.
    pub(super) fn change(&self, event: &SupervisorEvent, told: &Told) -> Arc<LogLine> {
        let mut inner = self.inner();
        if let Some(row) = inner.row(&event.child) {
            row.change(&event.change);
        }
        inner.line(LogLine {
            time: now(),
            name: event.child.to_string(),
            stream: "event".to_owned(),
            text: told.words.clone(),
            continues: false,
        })
    }

    /// Takes in a line that a node printed.
    pub(super) fn printed(&self, name: &str, line: &Line) -> Arc<LogLine> {
        self.inner().line(LogLine {
            time: now(),
            name: name.to_owned(),
            stream: line.stream.name().to_owned(),
            text: line.text().into_owned(),
            continues: line.continues,
        })
    }

    /// Sets right what events that were lost would have told.
    pub(super) fn correct(&self, children: &[ChildInfo]) {
        let mut inner = self.inner();
        for child in children {
            let Some(row) = inner.row(&child.id) else { continue };
            match &child.state {
                ChildState::Up(_) if row.state == "up" && row.pid == child.pid => {}
                ChildState::Up(_) => {
                    (row.state, row.pid) = ("up", child.pid);
                    row.node = child.node.as_ref().map(ToString::to_string);
                    row.up_since = Some(Instant::now());
                }
                ChildState::Restarting { .. } if matches!(row.state, "starting" | "restarting") => {}
                ChildState::Restarting { .. } => row.is_down("restarting"),
                _ if matches!(row.state, "stopped" | "stopping" | "gave up" | "ended") => {}
                _ => row.is_down("stopped"),
            }
            row.ups = row.ups.max(child.restarts);
        }
    }

    /// Returns the last lines of these nodes or of all, in the order in which they came, and those to come.
    pub(super) fn lines(
        &self,
        names: Option<&[String]>,
        count: usize,
    ) -> (Vec<Arc<LogLine>>, broadcast::Receiver<Arc<LogLine>>) {
        let inner = self.inner();
        let rows = inner.rows.iter().filter(|row| names.is_none_or(|names| names.contains(&row.name)));
        let mut lines: Vec<_> = rows.flat_map(|row| row.ring.last(count)).cloned().collect();
        lines.sort_unstable_by_key(|(number, _)| *number);
        let lines = lines.split_off(lines.len().saturating_sub(count));
        (lines.into_iter().map(|(_, line)| line).collect(), inner.lines.subscribe())
    }
}

impl Inner {
    fn row(&mut self, name: &str) -> Option<&mut Row> {
        self.rows.iter_mut().find(|row| row.name == name)
    }

    fn line(&mut self, line: LogLine) -> Arc<LogLine> {
        let line = Arc::new(line);
        let number = self.next;
        self.next += 1;
        if let Some(row) = self.row(&line.name) {
            row.ring.push(number, line.clone());
        }
        // It fails when nobody follows.
        let _ = self.lines.send(line.clone());
        line
    }
}
