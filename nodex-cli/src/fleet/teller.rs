//! Tells what happens: to the board, to stdout and to the log files.

use std::{
    collections::VecDeque,
    io::{self, Write as _},
    path::Path,
    sync::Arc,
    time::Duration,
};

use nodex_core::node::Subscription;
use nodex_host::{
    CnodeEvent, EventKind, Supervisor,
    supervisor::{Change, SupervisorEvent},
};
use serde_json::json;
use tokio::{sync::watch, time::timeout};

use super::{
    board::Board,
    drain::Drain,
    log_files::LogFiles,
    told::{Told, shown, shown_bad},
    wire::LogLine,
};
use crate::output::{Style, json_text};

/// How long a stdout that nobody reads may hold up the end.
const CLOSE: Duration = Duration::from_secs(1);

/// How many lines wait for news that come before them.
const AT_ONCE: usize = 1000;

pub(super) struct Teller {
    board: Board,
    json: bool,
    style: Style,
    width: usize,
    stdout: Drain<String>,
    files: Option<LogFiles>,
}

impl Teller {
    pub(super) fn new(board: Board, json: bool, log_dir: Option<&Path>) -> io::Result<Teller> {
        let width = board.names().iter().map(String::len).max().unwrap_or_default();
        let mut open = true;
        // If nobody reads any more, the fleet continues without output.
        let print = move |line: String| open = open && writeln!(io::stdout(), "{line}").is_ok();
        let stdout = Drain::start("nodex-stdout", print)?;
        let files = log_dir.map(|folder| LogFiles::open(folder, &board.names())).transpose()?;
        Ok(Teller { board, json, style: Style::of_stdout(), width, stdout, files })
    }

    /// Runs until the supervisor has ended and all output of its nodes has been printed.
    pub(super) async fn run(
        mut self,
        mut changes: Subscription<SupervisorEvent>,
        mut events: Subscription<CnodeEvent>,
        supervisor: watch::Receiver<Option<Supervisor>>,
    ) {
        let mut waiting = VecDeque::new();
        loop {
            tokio::select! {
                // In this order: a node that prints without end cannot keep the news away.
                biased;
                event = changes.next() => {
                    let Some(event) = event else { break };
                    if ends_something(&event.change) {
                        self.lines_before(&event.child, &mut waiting, &mut events).await;
                    }
                    if let Change::Missed(_) = event.change {
                        let running = supervisor.borrow().clone();
                        if let Some(running) = running {
                            self.board.correct(&running.which_children().await);
                        }
                    }
                    self.change(&event);
                    if matches!(event.change, Change::Ended(_)) {
                        break;
                    }
                }
                event = next(&mut waiting, &mut events) => match event {
                    Some(event) => self.event(&event),
                    None => break,
                },
            }
        }
        let Teller { stdout, files, .. } = self;
        // Both may wait for others.
        let close = move || {
            stdout.close(CLOSE);
            files.into_iter().for_each(LogFiles::close);
        };
        let _ = tokio::task::spawn_blocking(close).await;
    }

    /// Tells what a node printed until now, or all nodes if it has no name. What others printed waits for its turn: it
    /// may have been printed after news that are still to come.
    async fn lines_before(
        &mut self,
        name: &str,
        waiting: &mut VecDeque<CnodeEvent>,
        events: &mut Subscription<CnodeEvent>,
    ) {
        while waiting.len() < AT_ONCE {
            let Ok(Some(event)) = timeout(Duration::ZERO, events.next()).await else { break };
            waiting.push_back(event);
        }
        for event in std::mem::take(waiting) {
            match name.is_empty() || name_of(&event) == name {
                true => self.event(&event),
                false => waiting.push_back(event),
            }
        }
    }

    fn change(&mut self, event: &SupervisorEvent) {
        let told = Told::new(event);
        let line = self.board.change(event, &told);
        let text = match self.json {
            true => told.json(&line.time, &line.name),
            false if told.bad => shown_bad(&line, self.width, self.style),
            false => shown(&line, self.width, self.style),
        };
        self.tell(line, text);
    }

    fn event(&mut self, event: &CnodeEvent) {
        match &event.kind {
            EventKind::Line(printed) => {
                let line = self.board.printed(name_of(event), printed);
                let text = if self.json { printed_json(&line) } else { shown(&line, self.width, self.style) };
                self.tell(line, text);
            }
            EventKind::Missed(count) => {
                let text = match self.json {
                    true => json_text(&json!({ "event": "missed", "count": count })),
                    false => format!("{count} printed lines came too fast and were lost"),
                };
                self.print(text);
            }
            _ => {}
        }
    }

    fn tell(&mut self, line: Arc<LogLine>, text: String) {
        self.print(text);
        if let Some(files) = &mut self.files {
            files.write(line);
        }
    }

    fn print(&mut self, text: String) {
        let json = self.json;
        self.stdout.push(text, |count| match json {
            true => json_text(&json!({ "event": "not_printed", "count": count })),
            false => format!("{count} lines were not printed: stdout is read too slowly"),
        });
    }
}

/// Names are without the host, and those of two nodes differ.
fn name_of(event: &CnodeEvent) -> &str {
    event.node.split('@').next().unwrap_or_default()
}

async fn next(waiting: &mut VecDeque<CnodeEvent>, events: &mut Subscription<CnodeEvent>) -> Option<CnodeEvent> {
    match waiting.pop_front() {
        Some(event) => Some(event),
        None => events.next().await,
    }
}

/// A start, a run, or all of it.
fn ends_something(change: &Change) -> bool {
    !matches!(change, Change::Starting | Change::Stopping | Change::Restarting { .. } | Change::Missed(_))
}

fn printed_json(line: &LogLine) -> String {
    let LogLine { time, name, stream, text, continues } = line;
    let mut json = json!({ "time": time, "event": "line", "name": name, "stream": stream, "text": text });
    if *continues {
        json["continues"] = true.into();
    }
    json_text(&json)
}
