//! Colour and weight, if there is a terminal and the user has nothing against it.

use std::{
    env,
    fmt::{self, Display},
    io::{IsTerminal as _, stderr, stdout},
};

const HEAD: &str = "\x1b[1m";
const DIM: &str = "\x1b[2m";
const GOOD: &str = "\x1b[32m";
const WARN: &str = "\x1b[33m";
const BAD: &str = "\x1b[1;31m";
const RESET: &str = "\x1b[0m";

/// Returns the beginning or the end of a style that a text starts with; empty if there is none.
pub(super) fn style_at(text: &str) -> &'static str {
    [HEAD, DIM, GOOD, WARN, BAD, RESET].into_iter().find(|code| text.starts_with(code)).unwrap_or_default()
}

/// Whether one of the outputs is styled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Style {
    on: bool,
}

impl Style {
    pub(crate) fn of_stdout() -> Style {
        Style::new(stdout().is_terminal())
    }

    pub(crate) fn of_stderr() -> Style {
        Style::new(stderr().is_terminal())
    }

    fn new(terminal: bool) -> Style {
        let set = |name| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        Style { on: terminal && !dumb && !set("NO_COLOR") }
    }

    pub(crate) fn is_on(self) -> bool {
        self.on
    }

    /// Returns a heading.
    pub(crate) fn head<T: Display>(self, text: T) -> Styled<T> {
        self.with(HEAD, text)
    }

    /// What is of less weight.
    pub(crate) fn dim<T: Display>(self, text: T) -> Styled<T> {
        self.with(DIM, text)
    }

    /// What is as it should be.
    pub(crate) fn good<T: Display>(self, text: T) -> Styled<T> {
        self.with(GOOD, text)
    }

    /// What deserves a look.
    pub(crate) fn warn<T: Display>(self, text: T) -> Styled<T> {
        self.with(WARN, text)
    }

    /// What is wrong.
    pub(crate) fn bad<T: Display>(self, text: T) -> Styled<T> {
        self.with(BAD, text)
    }

    /// What is like most others.
    pub(crate) fn plain<T: Display>(self, text: T) -> Styled<T> {
        Styled { code: None, text }
    }

    fn with<T: Display>(self, code: &'static str, text: T) -> Styled<T> {
        Styled { code: self.on.then_some(code), text }
    }
}

/// A text with its style. Widths and alignments apply to the text alone.
pub(crate) struct Styled<T> {
    code: Option<&'static str>,
    text: T,
}

impl<T: Display> Display for Styled<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            None => self.text.fmt(f),
            Some(code) => {
                f.write_str(code)?;
                self.text.fmt(f)?;
                f.write_str(RESET)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_do_not_count_the_style() {
        let (on, off) = (Style { on: true }, Style { on: false });
        assert_eq!(format!("[{:>4}]", off.good("ok")), "[  ok]");
        assert_eq!(format!("[{:>4}]", on.good("ok")), "[\x1b[32m  ok\x1b[0m]");
    }
}
