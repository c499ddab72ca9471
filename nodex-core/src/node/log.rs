//! The log of a node: a line on stderr for every event, if `NODEX_LOG` asks for it.

use std::{
    fmt::{self, Write as _},
    time::Instant,
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

/// The environment variable that names the least important level that is logged.
const VARIABLE: &str = "NODEX_LOG";

/// So many bytes of a pipe are free when it is writable at all, and are written in one piece (`PIPE_BUF`).
const LINE: usize = 4096;

/// A level that there is not.
#[derive(Debug, thiserror::Error)]
#[error("{VARIABLE} is {value:?}: error, warn, info, debug, trace or off is expected")]
pub struct UnknownLevel {
    /// What `NODEX_LOG` says.
    pub value: String,
}

/// Logs to stderr from here on if `NODEX_LOG` names a level: `error`, `warn`, `info`, `debug` or `trace`.
///
/// Each event is one line of at most 4,096 bytes. Nobody waits for whoever reads them: lines that a full pipe does not
/// take are lost. [`main`](super::main) calls this; a program with a `tracing` subscriber of its own keeps that.
///
/// # Errors
/// When the variable is set to something else.
pub fn log_to_stderr() -> Result<(), UnknownLevel> {
    let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else { return Ok(()) };
    let value = value.to_string_lossy().into_owned();
    match value.parse::<LevelFilter>() {
        Ok(level) => {
            // Fails only if there is one.
            let _ = tracing::subscriber::set_global_default(Log { level, started: Instant::now() });
            Ok(())
        }
        Err(_) => Err(UnknownLevel { value }),
    }
}

struct Log {
    level: LevelFilter,
    started: Instant,
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let metadata = event.metadata();
        write_line(&line(self.started.elapsed().as_secs_f64(), metadata.level(), metadata.target(), |fields| {
            event.record(fields);
        }));
    }

    // Spans are not shown.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// What a peer sent may be part of it, so control characters are escaped: an event is one line.
fn line(seconds: f64, level: &Level, target: &str, record: impl FnOnce(&mut Fields)) -> String {
    let mut fields = Fields::default();
    record(&mut fields);
    let mut line = String::new();
    for c in format!("[{seconds:10.3}] {level} {target}: {}{}", fields.message, fields.others).chars() {
        match c.is_control() {
            true => line.extend(c.escape_default()),
            false => line.push(c),
        }
    }
    line.truncate(line.floor_char_boundary(LINE - 1));
    line.push('\n');
    line
}

/// Never waits: whoever does not read the log must not hold up the node. A line that does not fit is lost.
fn write_line(line: &str) {
    let stderr = rustix::stdio::stderr();
    if matches!(poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&Timespec::default())), Ok(1..)) {
        let _ = rustix::io::write(stderr, line.as_bytes());
    }
}

#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Writing to a string does not fail.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_line_of_bounded_length() {
        let with = |message: &str| {
            line(1.5, &Level::WARN, "here", |fields| {
                fields.message = message.to_owned();
                fields.others = " peer=a@b".to_owned();
            })
        };
        assert_eq!(with("dropped"), "[     1.500] WARN here: dropped peer=a@b\n");
        assert_eq!(with("a\nb\x1b[2J"), "[     1.500] WARN here: a\\nb\\u{1b}[2J peer=a@b\n");
        let long = with(&"\u{e9}".repeat(LINE));
        assert!(long.len() <= LINE && long.ends_with("\u{e9}\n"), "{}", long.len());
    }
}
