//! The two outputs of a command.

use std::{
    fmt::{self, Display},
    io::{self, BufWriter, Write},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;

use super::{escape::write_but_styles, json_text, style::Style};

/// So much is written at once.
const PIECE: usize = 64 * 1024;

/// Where a command prints to: data to stdout, talk to stderr.
///
/// Whatever a line is made of, it stays a line, and nothing but the styles of this command gets through to a terminal.
/// That holds for text of others that somebody forgot to wrap in [`Untrusted`](super::Untrusted) too.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) out: Style,
    pub(crate) err: Style,
    quiet: bool,
}

impl Screen {
    pub(crate) fn new(quiet: bool) -> Screen {
        Screen { out: Style::of_stdout(), err: Style::of_stderr(), quiet }
    }

    /// A line of data. It is written in pieces, as it is made.
    ///
    /// # Errors
    /// Returns an error when stdout is closed or full.
    pub(crate) fn data(self, line: impl Display) -> io::Result<()> {
        write_line(Stdout, self.out, line)
    }

    /// The same as JSON.
    ///
    /// # Errors
    /// Returns an error when stdout is closed or full.
    pub(crate) fn json(self, value: impl Serialize) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(PIECE, Stdout);
        json_text::write_json(&mut out, &value)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// The same on many lines.
    ///
    /// # Errors
    /// Returns an error when stdout is closed or full.
    #[cfg(feature = "bench")]
    pub(crate) fn json_lines(self, value: impl Serialize) -> io::Result<()> {
        let mut out = BufWriter::with_capacity(PIECE, Stdout);
        json_text::write_pretty(&mut out, &value)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Prints a line about the progress, for a person who waits. Nothing depends on it being read.
    pub(crate) fn talk(self, line: impl Display) {
        if !self.quiet {
            self.tell(line);
        }
    }

    /// Prints a line on stderr in any case, such as an error.
    pub(crate) fn tell(self, line: impl Display) {
        let _ = write_line(io::stderr().lock(), self.err, line);
    }
}

/// How long others have let this command wait with what it prints.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Blocked {
    pub(crate) in_all: Duration,
    /// It waits at this moment.
    pub(crate) now: bool,
}

static WRITES: Mutex<(Option<Instant>, Duration)> = Mutex::new((None, Duration::ZERO));

fn writes() -> MutexGuard<'static, (Option<Instant>, Duration)> {
    WRITES.lock().unwrap_or_else(PoisonError::into_inner)
}

pub(crate) fn blocked() -> Blocked {
    let (since, before) = *writes();
    Blocked { in_all: before + since.map(|since| since.elapsed()).unwrap_or_default(), now: since.is_some() }
}

/// Stdout, with the time that its reader takes.
struct Stdout;

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        timed(|| io::stdout().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        timed(|| io::stdout().flush())
    }
}

fn timed<T>(write: impl FnOnce() -> T) -> T {
    let since = Instant::now();
    writes().0 = Some(since);
    let written = write();
    let mut writes = writes();
    *writes = (None, writes.1 + since.elapsed());
    written
}

fn write_line(out: impl Write, style: Style, line: impl Display) -> io::Result<()> {
    let mut line_out = Line { out: BufWriter::with_capacity(PIECE, out), styled: style.is_on(), failed: None };
    let written = fmt::write(&mut line_out, format_args!("{line}"));
    match line_out.failed {
        Some(error) => return Err(error),
        None if written.is_err() => return Err(io::Error::other("what was to be printed cannot be formatted")),
        None => {}
    }
    line_out.out.write_all(b"\n")?;
    line_out.out.flush()
}

/// Text on its way out.
struct Line<W: Write> {
    out: BufWriter<W>,
    styled: bool,
    /// Why the output takes no more, which formatting cannot tell.
    failed: Option<io::Error>,
}

impl<W: Write> fmt::Write for Line<W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        write_but_styles(text, self.styled, &mut |part| self.out.write_all(part.as_bytes())).map_err(|error| {
            self.failed = Some(error);
            fmt::Error
        })
    }
}
