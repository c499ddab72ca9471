//! The events of a supervised node, one line each.

use std::{io, time::Instant};

use nodex_core::error::Chain;
use nodex_host::{
    process::{Line, Stream},
    supervisor::Change,
};
use serde_json::{Value, json};

use crate::{
    options::Global,
    output::{Screen, Visible, duration},
};

pub(super) struct Show {
    screen: Screen,
    json: bool,
    started: Instant,
}

/// How an event is displayed.
#[derive(Clone, Copy)]
enum Kind {
    Good,
    Bad,
    Plain,
    Dim,
}

impl Show {
    pub(super) fn new(screen: Screen, global: &Global) -> Show {
        Show { screen, json: global.json, started: Instant::now() }
    }

    /// A line that the node printed.
    pub(super) fn line(&self, node: &str, line: &Line) -> io::Result<()> {
        let stream = line.stream.name();
        let kind = if line.stream == Stream::Stderr { Kind::Bad } else { Kind::Dim };
        let text = Visible(line).to_string();
        let data = json!({ "event": "line", "node": node, "stream": stream, "text": line.text() });
        self.event(kind, stream, &text, data)
    }

    /// What the supervisor tells.
    pub(super) fn change(&self, change: &Change) -> io::Result<()> {
        let (kind, word, text, data) = match change {
            Change::Starting => (Kind::Plain, "start", String::new(), json!({})),
            Change::Up { node, pid, after } => {
                let process = pid.map_or_else(|| "was running already".to_owned(), |pid| format!("process {pid}"));
                let text = format!("{node}, {process}, after {}", duration(*after));
                let millis = after.as_secs_f64() * 1e3;
                (Kind::Good, "up", text, json!({ "node": &**node, "pid": pid, "after_milliseconds": millis }))
            }
            Change::StartFailed { error } => {
                (Kind::Bad, "failed", Chain(&error).to_string(), json!({ "reason": Chain(&error).to_string() }))
            }
            Change::Down { node, down } => {
                let kind = if down.is_normal() { Kind::Plain } else { Kind::Bad };
                (kind, "down", Chain(&down).to_string(), json!({ "node": &**node, "reason": Chain(&down).to_string() }))
            }
            Change::Restarting { pause } => {
                let text = match pause.is_zero() {
                    true => "at once".to_owned(),
                    false => format!("in {}", duration(*pause)),
                };
                (Kind::Plain, "restart", text, json!({ "pause_milliseconds": pause.as_secs_f64() * 1e3 }))
            }
            Change::Stopping => (Kind::Plain, "stop", String::new(), json!({})),
            Change::Stopped => (Kind::Plain, "stopped", "nothing is left of it".to_owned(), json!({})),
            Change::GaveUp => (Kind::Bad, "gave up", String::new(), json!({})),
            Change::Missed(count) => {
                (Kind::Bad, "missed", format!("{count} events came too fast"), json!({ "count": count }))
            }
            // Told by how the command ends.
            _ => return Ok(()),
        };
        let mut data = data;
        data["event"] = word.replace(' ', "_").into();
        self.event(kind, word, &text, data)
    }

    fn event(&self, kind: Kind, word: &str, text: &str, mut data: Value) -> io::Result<()> {
        let seconds = self.started.elapsed().as_secs_f64();
        if self.json {
            data["seconds"] = ((seconds * 1e6).round() / 1e6).into();
            return self.screen.json(data);
        }
        let out = self.screen.out;
        let word = format!("{word:<8}");
        let word = match kind {
            Kind::Good => out.good(word),
            Kind::Bad => out.bad(word),
            Kind::Plain => out.head(word),
            Kind::Dim => out.dim(word),
        };
        let line = format!("{}  {word}  {text}", out.dim(format!("{seconds:>9.3} s")));
        self.screen.data(line.trim_end())
    }
}
