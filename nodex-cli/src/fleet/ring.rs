//! The last lines of a node, in bounded memory.

use std::{collections::VecDeque, sync::Arc};

use super::wire::LogLine;

/// How many bytes of lines are kept for a node.
const KEEP: usize = 256 * 1024;

/// The last lines, each with its number in the whole fleet.
#[derive(Debug, Default)]
pub(super) struct Ring {
    lines: VecDeque<(u64, Arc<LogLine>)>,
    bytes: usize,
}

impl Ring {
    pub(super) fn push(&mut self, number: u64, line: Arc<LogLine>) {
        self.bytes += cost(&line);
        self.lines.push_back((number, line));
        while self.bytes > KEEP
            && let Some((_, oldest)) = self.lines.pop_front()
        {
            self.bytes -= cost(&oldest);
        }
    }

    /// Returns the last lines, the oldest first.
    pub(super) fn last(&self, count: usize) -> impl Iterator<Item = &(u64, Arc<LogLine>)> {
        self.lines.iter().skip(self.lines.len().saturating_sub(count))
    }
}

/// What a line takes in memory, about.
fn cost(line: &LogLine) -> usize {
    size_of::<LogLine>() + line.time.len() + line.name.len() + line.stream.len() + line.text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_takes_bounded_memory() {
        let mut ring = Ring::default();
        for number in 0..10_000 {
            let (time, name, stream) = (String::new(), "a".to_owned(), "stdout".to_owned());
            ring.push(number, Arc::new(LogLine { time, name, stream, text: "x".repeat(4096), continues: false }));
        }
        assert!(ring.bytes <= KEEP && ring.lines.len() > KEEP / 5000, "{}", ring.lines.len());
        assert_eq!(ring.last(2).map(|(number, _)| *number).collect::<Vec<_>>(), [9998, 9999]);
        assert_eq!(ring.last(usize::MAX).count(), ring.lines.len());
        assert_eq!(ring.last(0).count(), 0);
    }
}
