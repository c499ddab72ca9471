//! The log of the library.

use std::io;

use tracing_subscriber::filter::LevelFilter;

use super::{escape, style::Style};

/// The log of the library quotes others. Each of its lines is written at once.
struct LogLines(io::Stderr);

impl io::Write for LogLines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let shown = escape::log_line(text.trim_end_matches('\n'), Style::of_stderr().is_on());
        self.0.write_all(format!("{shown}\n").as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Logs what the library does: nothing, or what `-v` asks for.
pub(crate) fn log_to_stderr(verbose: u8) {
    let level = match verbose {
        0 => LevelFilter::OFF,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    if level != LevelFilter::OFF {
        tracing_subscriber::fmt()
            .with_max_level(level)
            .with_writer(|| LogLines(io::stderr()))
            .with_ansi(Style::of_stderr().is_on())
            .init();
    }
}
