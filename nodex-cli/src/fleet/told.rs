//! What happens to a fleet, in words and as JSON.

use std::{fmt::Display, time::SystemTime};

use humantime::format_rfc3339_millis;
use nodex_core::error::Chain;
use nodex_host::supervisor::{Change, Ended, SupervisorEvent};
use serde_json::{Map, Value, json};

use super::wire::LogLine;
use crate::output::{Style, Untrusted, duration, json_text, visible};

/// Returns the time as it is written: UTC, to the millisecond.
pub(super) fn now() -> String {
    format_rfc3339_millis(SystemTime::now()).to_string()
}

/// One thing that happened.
#[derive(Debug)]
pub(super) struct Told {
    /// One word, for programs.
    pub(super) event: &'static str,
    /// A few words, for people.
    pub(super) words: String,
    /// Whether it is bad news.
    pub(super) bad: bool,
    more: Map<String, Value>,
}

impl Told {
    pub(super) fn new(event: &SupervisorEvent) -> Told {
        let told = |event, words: String, more: Value| {
            let more = if let Value::Object(more) = more { more } else { Map::new() };
            Told { event, words, bad: false, more }
        };
        let bad = |told: Told| Told { bad: true, ..told };
        let none = || Value::Null;
        match &event.change {
            Change::Starting => told("starting", "is being started".into(), none()),
            Change::Up { node, pid, after } => {
                let process = pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
                let words = format!("is up as {node}{process}, after {}", duration(*after));
                let after_ms = u64::try_from(after.as_millis()).unwrap_or(u64::MAX);
                told("up", words, json!({ "node": &**node, "pid": pid, "after_ms": after_ms }))
            }
            Change::StartFailed { error } => {
                let cause = Untrusted::of(Chain(error));
                bad(told("start_failed", format!("did not start: {cause}"), json!({ "cause": cause })))
            }
            Change::Down { node, down } => {
                let cause = Untrusted::of(Chain(down));
                let news = told("down", format!("is down: {cause}"), json!({ "node": &**node, "cause": cause }));
                if down.is_normal() { news } else { bad(news) }
            }
            Change::Restarting { pause } => {
                let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                told("restarting", format!("restarts in {}", duration(*pause)), json!({ "pause_ms": pause_ms }))
            }
            Change::Stopping => told("stopping", "is being stopped".into(), none()),
            Change::Stopped => told("stopped", "has been stopped".into(), none()),
            Change::GaveUp => bad(told("gave_up", "failed too often and stays down".into(), none())),
            Change::Removed => told("ended", "has ended and is not restarted".into(), none()),
            Change::Ending(ended) => {
                let words = "all nodes are being stopped";
                match ended {
                    Ended::Stopped => told("ending", words.into(), cause(ended)),
                    _ => bad(told("ending", format!("{words}: {}", Untrusted::of(Chain(ended))), cause(ended))),
                }
            }
            Change::Ended(ended) => told("ended", "all nodes are down".into(), cause(ended)),
            Change::Missed(count) => {
                bad(told("missed", format!("{count} events were lost"), json!({ "count": count })))
            }
            other => told("other", Untrusted::of(format_args!("{other:?}")).to_string(), none()),
        }
    }

    /// As a line of JSON.
    pub(super) fn json(&self, time: &str, name: &str) -> String {
        let mut line = self.more.clone();
        line.insert("time".into(), time.into());
        line.insert("event".into(), self.event.into());
        line.insert("name".into(), if name.is_empty() { Value::Null } else { name.into() });
        json_text(&line)
    }
}

fn cause(ended: &Ended) -> Value {
    json!({ "cause": Untrusted::of(Chain(ended)) })
}

/// Returns a line for people: the time, the name in a column of this width, and the text, without what would change the
/// screen.
pub(crate) fn shown(line: &LogLine, width: usize, style: Style) -> String {
    let text = text(line);
    match line.stream.as_str() {
        "stdout" => columns(line, width, style, format_args!("| {text}")),
        "stderr" => columns(line, width, style, format_args!("| {}", style.bad(text))),
        _ => columns(line, width, style, style.dim(text)),
    }
}

/// Returns the same for bad news.
pub(super) fn shown_bad(line: &LogLine, width: usize, style: Style) -> String {
    columns(line, width, style, style.bad(text(line)))
}

fn text(line: &LogLine) -> String {
    format!("{}{}", visible(&line.text), if line.continues { "…" } else { "" })
}

fn columns(line: &LogLine, width: usize, style: Style, text: impl Display) -> String {
    let clock = line.time.split(['T', '.']).nth(1).unwrap_or(&line.time);
    format!("{} {:width$} {text}", style.dim(format_args!("{}Z", visible(clock))), style.head(visible(&line.name)))
}
