//! [`Printed`].

use std::{collections::VecDeque, fmt};

use crate::process::{Line, Stream};

/// How many bytes of lines are kept.
const KEEP: usize = 8 * 1024;

/// How many characters of a line are shown.
const READABLE: usize = 200;

/// The last lines that a node printed, at most 8 KiB, in the order in which they were read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Printed {
    lines: VecDeque<Line>,
    bytes: usize,
    dropped: u64,
}

impl Printed {
    pub(super) fn push(&mut self, line: Line) {
        self.bytes += Self::cost(&line);
        self.lines.push_back(line);
        while self.bytes > KEEP
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= Self::cost(&oldest);
            self.dropped += 1;
        }
    }

    /// Returns about how much memory a line takes.
    fn cost(line: &Line) -> usize {
        line.bytes.len() + size_of::<Line>()
    }

    /// Returns the lines that are kept, the oldest first.
    pub fn lines(&self) -> impl DoubleEndedIterator<Item = &Line> {
        self.lines.iter()
    }

    /// Returns how many older lines were dropped.
    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    /// Returns the last line of the form `error: ..` on stderr, without that word.
    pub(super) fn last_error(&self) -> Option<String> {
        self.lines()
            .rev()
            .filter(|line| line.stream == Stream::Stderr)
            .find_map(|line| Some(readable(line.text().strip_prefix("error: ")?)))
    }

    /// Returns `true` when it printed nothing.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.dropped == 0
    }
}

/// Shows the last line as the end of a sentence, shortened to a readable length.
impl fmt::Display for Printed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(line) = self.lines().rfind(|line| !line.bytes.is_empty()) else {
            return f.write_str("it printed nothing");
        };
        write!(f, "its last line was \"{}\"", readable(&line.text()))
    }
}

/// Returns the start of a text, with invisible characters escaped.
fn readable(text: &str) -> String {
    let more = if text.chars().nth(READABLE).is_some() { "…" } else { "" };
    let text: String = text.chars().take(READABLE).collect();
    format!("{}{more}", text.escape_debug())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str) -> Line {
        Line { stream: Stream::Stdout, bytes: text.to_owned().into(), continues: false }
    }

    #[test]
    fn keeps_the_last_lines_only() {
        let mut printed = Printed::default();
        assert_eq!(printed.to_string(), "it printed nothing");
        assert!(printed.is_empty());
        for number in 0..1000 {
            printed.push(line(&format!("{number:0100}")));
        }
        let kept = printed.lines().count();
        assert!(kept > 10 && kept * 100 <= KEEP, "{kept}");
        assert_eq!(printed.dropped(), 1000 - u64::try_from(kept).unwrap());
        assert!(printed.to_string().ends_with("999\""), "{printed}");
    }

    #[test]
    fn shows_one_readable_line() {
        let mut printed = Printed::default();
        printed.push(line("\u{1b}[31mred\u{1b}[0m"));
        printed.push(line(""));
        assert_eq!(printed.to_string(), r#"its last line was "\u{1b}[31mred\u{1b}[0m""#);
        printed.push(line(&"é".repeat(4000)));
        assert_eq!(printed.to_string().chars().filter(|c| *c == 'é').count(), 200);
    }
}
