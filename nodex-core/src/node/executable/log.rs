//! The log of a node: a line on stderr for each event, if `NODEX_LOG` is set.

use std::{
    collections::HashMap,
    fmt::{self, Write as _},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
    level_filters::LevelFilter,
    span,
};

use crate::text::is_visible;

/// The environment variable that names the least important level that is logged.
const VARIABLE: &str = "NODEX_LOG";

/// How many bytes are free in a writable pipe, and are written as one piece (`PIPE_BUF`).
const LINE: usize = 4096;

/// `NODEX_LOG` has a value that is not a level.
#[derive(Debug, thiserror::Error)]
#[error("{VARIABLE} is {value:?}: error, warn, info, debug, trace or off is expected")]
#[non_exhaustive]
pub struct UnknownLevel {
    /// The value of `NODEX_LOG`.
    pub value: String,
}

/// Starts logging to stderr if `NODEX_LOG` names a level: `error`, `warn`, `info`, `debug` or `trace`.
///
/// Each event is one line of at most 4,096 bytes. The program never waits for the reader: lines that a full pipe does
/// not accept are lost. Each place in the program logs at most 128 KiB in ten seconds; further events are counted, and
/// their number is logged with the first event after that time. [`main`](crate::node::main()) calls this function; a
/// program with a `tracing` subscriber of its own keeps it.
///
/// # Errors
/// Returns an error when the variable has another value.
pub fn log_to_stderr() -> Result<(), UnknownLevel> {
    let Some(value) = std::env::var_os(VARIABLE).filter(|value| !value.is_empty()) else { return Ok(()) };
    let value = value.to_string_lossy().into_owned();
    match value.parse::<LevelFilter>() {
        Ok(level) => {
            // Fails only if there is one.
            let _ = tracing::subscriber::set_global_default(Log {
                level,
                started: Instant::now(),
                repeated: Mutex::default(),
            });
            Ok(())
        }
        Err(_) => Err(UnknownLevel { value }),
    }
}

struct Log {
    level: LevelFilter,
    started: Instant,
    repeated: Mutex<Repeated>,
}

/// How many bytes the lines of one kind may have in a [`WINDOW`], apart from the last line.
const AT_ONCE: usize = 128 * 1024;

/// The period in which the events of one kind are counted.
const WINDOW: Duration = Duration::from_secs(10);

/// Counts events by kind, so that a peer that causes them as fast as it can does not fill the log. Each place in the
/// program that logs is a kind.
#[derive(Debug, Default)]
struct Repeated {
    /// The kinds, by the names of their places.
    kinds: HashMap<&'static str, Kind>,
    /// How many kinds have omitted events that were not reported yet.
    owing: usize,
}

#[derive(Debug)]
struct Kind {
    level: Level,
    target: &'static str,
    /// The start of the last event that was logged.
    message: String,
    since: Duration,
    /// How many bytes of lines were written.
    told: usize,
    left_out: u64,
}

/// The omitted events of a kind, reported when its period is over.
#[derive(Debug, PartialEq, Eq)]
struct LeftOut {
    level: Level,
    target: &'static str,
    message: String,
    count: u64,
}

impl Repeated {
    /// Returns whether an event of this place is to be logged at this time.
    fn is_told(&mut self, place: &'static str, level: Level, target: &'static str, now: Duration) -> bool {
        let new = || Kind { level, target, message: String::new(), since: now, told: 0, left_out: 0 };
        let kind = self.kinds.entry(place).or_insert_with(new);
        if kind.left_out == 0 && now.saturating_sub(kind.since) >= WINDOW {
            (kind.since, kind.told) = (now, 0);
        }
        if kind.told < AT_ONCE {
            return true;
        }
        self.owing += usize::from(kind.left_out == 0);
        kind.left_out += 1;
        false
    }

    /// Records the start of an event that was logged in a line of this length.
    fn keep(&mut self, place: &'static str, message: &str, length: usize) {
        const SHORT: usize = 80;
        if let Some(kind) = self.kinds.get_mut(place) {
            kind.told += length;
            kind.message.clear();
            kind.message.push_str(crate::text::cut(message, SHORT));
        }
    }

    /// Returns the omitted events that are due to be reported.
    fn due(&mut self, now: Duration) -> Vec<LeftOut> {
        if self.owing == 0 {
            return Vec::new();
        }
        let due = |kind: &&mut Kind| kind.left_out > 0 && now.saturating_sub(kind.since) >= WINDOW;
        let told: Vec<_> = self
            .kinds
            .values_mut()
            .filter(due)
            .map(|kind| {
                (kind.since, kind.told) = (now, 0);
                let count = std::mem::take(&mut kind.left_out);
                LeftOut { level: kind.level, target: kind.target, message: kind.message.clone(), count }
            })
            .collect();
        self.owing -= told.len();
        told
    }
}

impl Log {
    fn repeated(&self) -> MutexGuard<'_, Repeated> {
        self.repeated.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        let (metadata, now) = (event.metadata(), self.started.elapsed());
        let (name, level, target) = (metadata.name(), *metadata.level(), metadata.target());
        let mut repeated = self.repeated();
        let (due, told) = (repeated.due(now), repeated.is_told(name, level, target, now));
        drop(repeated);
        for LeftOut { level, target, message, count } in due {
            let mut fields = Fields::default();
            let _ = write!(fields.message, "{count} more events of this kind were left out: {message}");
            write_line(&line(now.as_secs_f64(), &level, target, &fields));
        }
        if told {
            let mut fields = Fields::default();
            event.record(&mut fields);
            let line = line(now.as_secs_f64(), &level, target, &fields);
            self.repeated().keep(name, &fields.message.0, line.len());
            write_line(&line);
        }
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

/// Formats an event as one line. It may contain input from a peer, so control characters are escaped. What does not fit
/// is not formatted.
fn line(seconds: f64, level: &Level, target: &str, fields: &Fields) -> String {
    let mut line = Cut::default();
    // Fails when there is no more room.
    let _ = write!(line, "[{seconds:10.3}] {level} {target}: ");
    let _ = line.write_str(&fields.message.0).and_then(|()| line.write_str(&fields.others.0));
    let mut line = line.0;
    line.push('\n');
    line
}

/// Text that is cut at the length of a line, with invisible characters escaped.
#[derive(Debug, Default)]
struct Cut(String);

impl fmt::Write for Cut {
    /// Returns an error when the line is full, so that formatting stops.
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            let before = self.0.len();
            match is_visible(c) {
                true => self.0.push(c),
                false => self.0.extend(c.escape_default()),
            }
            if self.0.len() >= LINE {
                self.0.truncate(before);
                return Err(fmt::Error);
            }
        }
        Ok(())
    }
}

/// Writes a line without waiting, so that a reader cannot block the node. A line that does not fit is lost.
fn write_line(line: &str) {
    let stderr = rustix::stdio::stderr();
    if matches!(poll(&mut [PollFd::new(&stderr, PollFlags::OUT)], Some(&Timespec::default())), Ok(1..)) {
        let _ = rustix::io::write(stderr, line.as_bytes());
    }
}

#[derive(Default)]
struct Fields {
    message: Cut,
    others: Cut,
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        // Fails when there is no more room.
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.others, " {name}={value:?}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(message: impl fmt::Display) -> Fields {
        let mut fields = Fields::default();
        let _ = write!(fields.message, "{message}");
        let _ = fields.others.write_str(" peer=a@b");
        fields
    }

    #[test]
    fn an_event_is_one_line_of_bounded_length() {
        let with = |message: &str| line(1.5, &Level::WARN, "here", &fields(message));
        assert_eq!(with("dropped"), "[     1.500] WARN here: dropped peer=a@b\n");
        assert_eq!(with("a\nb\x1b[2J\u{202e}"), "[     1.500] WARN here: a\\nb\\u{1b}[2J\\u{202e} peer=a@b\n");
        let long = with(&"\u{e9}".repeat(LINE));
        assert!(long.len() <= LINE && long.ends_with("\u{e9}\n"), "{}", long.len());
    }

    /// Writes as much as it is let.
    struct Endless<'a>(&'a std::cell::Cell<usize>);

    impl fmt::Display for Endless<'_> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            loop {
                self.0.set(self.0.get() + 1);
                f.write_str("more ")?;
            }
        }
    }

    #[test]
    fn what_is_not_shown_is_not_formatted() {
        let pieces = std::cell::Cell::new(0);
        let text = line(1.0, &Level::WARN, "here", &fields(Endless(&pieces)));
        assert!(text.len() <= LINE && text.len() > LINE - 10, "{}", text.len());
        assert!(pieces.get() <= LINE, "{} pieces", pieces.get());
    }

    #[test]
    fn events_that_repeat_are_counted_and_their_number_is_told() {
        let (mut repeated, second) = (Repeated::default(), Duration::from_secs(1));
        let is_told = |repeated: &mut Repeated, now| repeated.is_told("a.rs:1", Level::WARN, "a", now);
        let mut told = 0;
        for _ in 0..10_000 {
            if is_told(&mut repeated, second) {
                repeated.keep("a.rs:1", "a node was not let in", 100);
                told += 1;
            }
        }
        assert_eq!(told, AT_ONCE.div_ceil(100));
        assert!(repeated.due(2 * second).is_empty());
        assert!(repeated.is_told("a.rs:2", Level::WARN, "a", second), "another kind");
        let due = repeated.due(WINDOW + second);
        let [LeftOut { count, message, .. }] = &due[..] else { panic!("{due:?}") };
        assert_eq!((*count, &message[..]), (10_000 - told as u64, "a node was not let in"));
        assert!(is_told(&mut repeated, WINDOW + second) && repeated.due(3 * WINDOW).is_empty());
    }
}
