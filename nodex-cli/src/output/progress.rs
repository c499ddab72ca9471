//! What is being done right now, for a person who waits at a terminal.

use std::io::{self, IsTerminal as _, Write as _};

use super::{style::Style, untrusted::Untrusted};

/// A longer text would not fit on the line that is taken back.
const WIDTH: usize = 60;

/// One line on stderr that is written over and taken away again; nothing at all unless stderr is a terminal.
#[derive(Debug)]
pub(crate) struct Progress {
    on: bool,
    shown: bool,
}

impl Progress {
    /// Silent if `quiet`, and on terminals that cannot take a line back.
    pub(crate) fn new(quiet: bool) -> Progress {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Progress { on: io::stderr().is_terminal() && !quiet && !dumb, shown: false }
    }

    pub(crate) fn show(&mut self, text: &str) {
        if self.on {
            let style = Style::of_stderr();
            let text = Untrusted::cut(text, WIDTH);
            let _ = write!(io::stderr(), "\r\x1b[K{}", style.dim(format_args!("…     {text}")));
            self.shown = true;
        }
    }

    pub(crate) fn clear(&mut self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
            self.shown = false;
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.clear();
    }
}
