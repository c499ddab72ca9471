//! Passing on what a process prints and how it ends: to subscribers, to `tracing`, and to the next error message.

use std::sync::{Arc, Mutex, PoisonError};

use super::{Down, Events, Printed, Subscription, What};
use crate::process::{Ending, Exit, Line, Output, Stream};

/// Passes on the events of one process.
#[derive(Debug)]
pub(super) struct Reporter {
    node: Arc<str>,
    events: Events,
    printed: Mutex<Printed>,
}

impl Reporter {
    pub(super) fn new(node: &str, events: Events) -> Reporter {
        Reporter { node: Arc::from(node), events, printed: Mutex::default() }
    }

    pub(super) fn node(&self) -> &str {
        &self.node
    }

    pub(super) fn subscribe(&self) -> Subscription {
        self.events.subscribe()
    }

    pub(super) fn printed(&self) -> Printed {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn send(&self, what: What) {
        match &what {
            What::Started { pid } => tracing::debug!(node = %self.node, pid, "started"),
            What::Ready { after } => tracing::debug!(node = %self.node, ?after, "ready"),
            What::Connected => tracing::debug!(node = %self.node, "connected"),
            What::Down(Down::Stopped) => tracing::debug!(node = %self.node, "stopped"),
            What::Down(down) => tracing::warn!(node = %self.node, %down, "down"),
            What::Exited(Exit::Status(0)) => tracing::debug!(node = %self.node, "ended"),
            What::Exited(exit) => tracing::debug!(node = %self.node, %exit, "ended"),
            What::Line(line) => self.trace(line),
            What::Missed(_) => {}
        }
        self.events.send(&self.node, what);
    }

    pub(super) fn line(&self, line: Line) {
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).push(line.clone());
        self.send(What::Line(line));
    }

    fn trace(&self, line: &Line) {
        match line.stream {
            Stream::Stdout => tracing::info!(node = %self.node, stream = "stdout", "{line}"),
            Stream::Stderr => tracing::warn!(node = %self.node, stream = "stderr", "{line}"),
        }
    }
}

/// What reads the output of one process.
pub(super) struct Pump {
    pub(super) output: Output,
    pub(super) reporter: Arc<Reporter>,
}

impl Pump {
    /// Passes on everything until the process has ended and all that it printed has been read.
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
        self.reporter.send(What::Exited(exit));
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
