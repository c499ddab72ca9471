//! The two outputs of a command.

use std::{
    fmt::Display,
    io::{self, Write as _},
};

use super::Style;

/// Where a command prints to: data to stdout, talk to stderr.
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

    /// A line of data.
    ///
    /// # Errors
    /// When stdout is closed or full.
    pub(crate) fn data(self, line: impl Display) -> io::Result<()> {
        writeln!(io::stdout(), "{line}")
    }

    /// A line about what is going on, for a person who waits. Nothing depends on it being read.
    pub(crate) fn talk(self, line: impl Display) {
        if !self.quiet {
            let _ = writeln!(io::stderr(), "{line}");
        }
    }
}
