//! Reports what a process prints and how it ends: to subscribers, to `tracing`, and in error messages.

use std::{
    fmt::{self, Write as _},
    sync::{Arc, Mutex, PoisonError},
};

use nodex_core::{error::Chain, node::Subscription, text::is_visible};
use tokio::sync::watch;

use super::{CnodeEvent, EventKind, Events, NodeDown, Printed};
use crate::process::{Ending, Exit, Line, Output, Stream};

/// Reports the events of one process.
#[derive(Debug)]
pub(super) struct Reporter {
    node: Arc<str>,
    events: Events,
    printed: Mutex<Printed>,
    /// Set when all output until the end of the process was read.
    all_read: watch::Sender<bool>,
}

impl Reporter {
    pub(super) fn new(node: &str, events: Events) -> Reporter {
        Reporter { node: Arc::from(node), events, printed: Mutex::default(), all_read: watch::Sender::new(false) }
    }

    pub(super) fn node(&self) -> &str {
        &self.node
    }

    pub(super) fn subscribe(&self) -> Subscription<CnodeEvent> {
        self.events.subscribe()
    }

    pub(super) fn printed(&self) -> Printed {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until all output until the end of the process was read.
    pub(super) async fn all_read(&self) {
        let mut all_read = self.all_read.subscribe();
        // It cannot fail while this is there.
        let _ = all_read.wait_for(|read| *read).await;
    }

    pub(super) fn send(&self, kind: EventKind) {
        match &kind {
            EventKind::Started { pid } => tracing::debug!(node = %self.node, pid, "started"),
            EventKind::Ready { after } => tracing::debug!(node = %self.node, ?after, "ready"),
            EventKind::Connected => tracing::debug!(node = %self.node, "connected"),
            EventKind::Down(NodeDown::Stopped) => tracing::debug!(node = %self.node, "stopped"),
            EventKind::Down(down) => tracing::warn!(node = %self.node, down = %Chain(down), "down"),
            EventKind::Exited(Exit::Status(0)) => tracing::debug!(node = %self.node, "ended"),
            EventKind::Exited(exit) => tracing::debug!(node = %self.node, %exit, "ended"),
            EventKind::Line(line) => self.trace(line),
            EventKind::Missed(_) => {}
        }
        self.events.send(&self.node, kind);
    }

    pub(super) fn line(&self, line: Line) {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        self.send(EventKind::Line(line));
    }

    fn trace(&self, line: &Line) {
        match line.stream {
            Stream::Stdout => tracing::info!(node = %self.node, stream = "stdout", "{}", Shown(line)),
            Stream::Stderr => tracing::warn!(node = %self.node, stream = "stderr", "{}", Shown(line)),
        }
    }
}

/// A line for a log, with invisible characters escaped.
struct Shown<'a>(&'a Line);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.text().chars() {
            if is_visible(c) { f.write_char(c)? } else { write!(f, "{}", c.escape_default())? }
        }
        if self.0.continues { f.write_char('…') } else { Ok(()) }
    }
}

/// The task that reads the output of one process.
pub(super) struct Pump {
    pub(super) output: Output,
    pub(super) reporter: Arc<Reporter>,
}

impl Pump {
    /// Runs until the process has ended and all its output was read.
    pub(super) async fn run(mut self, ending: Ending) {
        let exit = loop {
            tokio::select! {
                biased;
                exit = ending.ended() => break exit,
                // When its output is closed it may still run.
                Some(line) = self.output.next() => self.reporter.line(line),
            }
        };
        while let Some(line) = self.output.next_left() {
            self.reporter.line(line);
        }
        self.reporter.all_read.send_replace(true);
        self.reporter.send(EventKind::Exited(exit));
        // Its events end when the pipes are closed.
        tokio::select! {
            _ = ending.gone() => {}
            () = async {
                self.output.discard().await;
                std::future::pending().await
            } => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_in_a_log_do_not_act() {
        let bytes = "na\u{ef}ve\u{1b}[31m\r\u{9b}2J\u{202e}".into();
        let line = Line { stream: Stream::Stdout, bytes, continues: true };
        assert_eq!(Shown(&line).to_string(), "naïve\\u{1b}[31m\\r\\u{9b}2J\\u{202e}…");
    }
}
