//! The figures of all rounds, and the table of them.

use std::fmt::Write;

use crate::options::{Executable, Options};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Microseconds,
    Milliseconds,
    Megabytes,
    MillionsPerSecond,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::MillionsPerSecond => "M/s",
        }
    }

    pub(crate) fn more_is_better(self) -> bool {
        self == Self::MillionsPerSecond
    }
}

/// What one figure is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// What was done, and where.
    pub(crate) work: String,
    /// The way to the node, where there are several: `cnode direct`.
    pub(crate) row: String,
    /// The node executable; empty for what needs none.
    pub(crate) node: String,
    /// `p50`, `p99`, `mean`, or `value` for what is one figure in a round.
    pub(crate) statistic: &'static str,
    pub(crate) unit: Unit,
}

/// A subject's figure in each round.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Figures {
    pub(crate) subject: Subject,
    pub(crate) rounds: Vec<f64>,
}

impl Figures {
    /// Best, median and worst.
    pub(crate) fn summary(&self) -> [f64; 3] {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        if self.subject.unit.more_is_better() {
            sorted.reverse();
        }
        let at = |place: usize| sorted.get(place).copied().unwrap_or(f64::NAN);
        [at(0), at(sorted.len() / 2), at(sorted.len().saturating_sub(1))]
    }
}

/// All figures, in the order in which they came first.
pub(crate) struct Report {
    pub(crate) rounds: usize,
    pub(crate) nodes: Vec<Executable>,
    pub(crate) figures: Vec<Figures>,
}

impl Report {
    pub(crate) fn new(options: &Options) -> Self {
        Self { rounds: options.rounds, nodes: options.nodes.clone(), figures: Vec::new() }
    }

    pub(crate) fn add(&mut self, subject: Subject, value: f64) {
        match self.figures.iter_mut().find(|known| known.subject == subject) {
            Some(figures) => figures.rounds.push(value),
            None => self.figures.push(Figures { subject, rounds: vec![value] }),
        }
    }

    /// One block for each work, one line for each node and row. `x` compares the best round with
    /// the best round of the first node in the same row; p99 is that of the median round.
    pub(crate) fn table(&self) -> String {
        let mut works: Vec<&str> = Vec::new();
        for figures in &self.figures {
            if !works.contains(&figures.subject.work.as_str()) {
                works.push(&figures.subject.work);
            }
        }
        let first = self.nodes.first().map_or("", |node| &node.name);
        let mut table = format!("{} rounds; x is best against best of {first}\n", self.rounds);
        for work in works {
            self.block(work, &mut table);
        }
        table
    }

    fn block(&self, work: &str, table: &mut String) {
        let of_work = |figures: &&Figures| figures.subject.work == work;
        let lines: Vec<&Figures> = self
            .figures
            .iter()
            .filter(of_work)
            .filter(|figures| matches!(figures.subject.statistic, "p50" | "value"))
            .collect();
        let Some(head) = lines.first() else { return };
        let title = format!("{work} [{}]", head.subject.unit.name());
        let columns = ["best", "median", "worst", "p99", "x"].map(|name| format!("{name:>10}"));
        // Writing to a string does not fail.
        let _ = writeln!(table, "\n{title:<60}{}", columns.concat());
        for figures in &lines {
            let Subject { node, row, .. } = &figures.subject;
            let same_line = |other: &&Figures| other.subject.node == *node && other.subject.row == *row;
            let [best, median, worst] = figures.summary();
            let p99 = self.figures.iter().filter(of_work).filter(same_line);
            let p99 = p99.filter(|other| other.subject.statistic == "p99").map(|p99| p99.summary()[1]);
            let yardstick = lines.iter().find(|other| other.subject.row == *row);
            let ratio = yardstick.filter(|_| !node.is_empty()).map(|first| best / first.summary()[0]);
            let columns = [
                digits(best),
                digits(median),
                digits(worst),
                p99.map(digits).next().unwrap_or_default(),
                ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default(),
            ];
            let label = if row.is_empty() { node.clone() } else { format!("{row:<14}{node}") };
            let columns = columns.map(|column| format!("{column:>10}")).concat();
            let _ = writeln!(table, "  {label:<58}{columns}");
        }
    }
}

/// Three significant digits or whole numbers.
fn digits(value: f64) -> String {
    let decimals = match value.abs() {
        0.0 => 0,
        small if small < 0.1 => 4,
        small if small < 1.0 => 3,
        small if small < 10.0 => 2,
        small if small < 100.0 => 1,
        _ => 0,
    };
    format!("{value:.decimals$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report() -> Report {
        let node = |name: &str| Executable { name: name.into(), path: "/".into() };
        let nodes = vec![node("a"), node("b")];
        let mut report = Report { rounds: 3, nodes, figures: Vec::new() };
        let subject = |work: &str, node: &str, statistic, unit| Subject {
            work: work.into(),
            row: String::new(),
            node: node.into(),
            statistic,
            unit,
        };
        for (a, b) in [(4.0, 1.0), (2.0, 9.0), (3.0, 5.0)] {
            report.add(subject("ping", "a", "p50", Unit::Microseconds), a);
            report.add(subject("ping", "a", "p99", Unit::Microseconds), a * 2.0);
            report.add(subject("rate", "a", "value", Unit::MillionsPerSecond), a);
            report.add(subject("ping", "b", "p50", Unit::Microseconds), b);
        }
        report
    }

    #[test]
    fn best_is_the_smallest_time_and_the_highest_rate() {
        let report = report();
        let summary = |place: usize| report.figures[place].summary();
        assert_eq!(summary(0), [2.0, 3.0, 4.0]);
        assert_eq!(summary(2), [4.0, 3.0, 2.0]);
        assert_eq!(summary(3), [1.0, 5.0, 9.0]);
    }

    #[test]
    fn the_table_has_a_block_for_each_work() {
        let table = report().table();
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        for line in [
            &["ping", "[us]", "best", "median", "worst", "p99", "x"][..],
            &["a", "2.00", "3.00", "4.00", "6.00", "1.000"],
            &["b", "1.00", "5.00", "9.00", "0.500"],
            &["rate", "[M/s]", "best", "median", "worst", "p99", "x"],
            &["a", "4.00", "3.00", "2.00", "1.000"],
        ] {
            assert!(lines.iter().any(|known| known == line), "{line:?}\n{table}");
        }
    }
}
