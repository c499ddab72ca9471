//! The figures as a table of plain text.

use std::fmt::Write;

use super::{codec, text::digits};
use crate::figures::{
    report::Report,
    subject::{Figures, Subject},
};

impl Report {
    /// Returns its works, in order.
    pub(crate) fn works(&self) -> Vec<&str> {
        let mut works: Vec<&str> = Vec::new();
        for figures in &self.figures {
            if !works.contains(&figures.subject.work.as_str()) {
                works.push(&figures.subject.work);
            }
        }
        works
    }

    /// Returns the lines of the table of one work, by their statistics `p50` or `value`.
    pub(crate) fn lines(&self, work: &str) -> Vec<Line<'_>> {
        let of_work: Vec<&Figures> = self.figures.iter().filter(|figures| figures.subject.work == work).collect();
        let is_line = |figures: &&&Figures| matches!(figures.subject.statistic, "p50" | "value");
        let mut lines: Vec<&Figures> = of_work.iter().filter(is_line).copied().collect();
        lines.sort_by_key(|figures| figures.subject.at);
        let line = |figures: &&'_ Figures| {
            let subject = &figures.subject;
            let also = |statistic| {
                let same = |other: &&&Figures| other.subject == Subject { statistic, ..subject.clone() };
                of_work.iter().find(same).map(|other| other.summary()[1])
            };
            let same = |other: &&&Figures| other.subject.row == subject.row && other.subject.at == subject.at;
            let first = lines.iter().find(same).filter(|_| !subject.node.is_empty());
            let ratio = first.map(|first| figures.summary()[0] / first.summary()[0]).filter(|ratio| ratio.is_finite());
            (also("p99"), also("p99.9"), also("max"), ratio)
        };
        let columns: Vec<_> = lines.iter().map(line).collect();
        let with = |(figures, (p99, p999, max, ratio))| Line { figures, p99, p999, max, ratio };
        lines.into_iter().zip(columns).map(with).collect()
    }

    /// One block for each work, one line for each node, row and size. `x` compares the best round with the best round of
    /// the first node there; p99 and p99.9 are those of the median round.
    pub fn table(&self) -> String {
        let first = self.nodes.first().map_or("", |node| &node.name);
        let mut table = format!("{} rounds; x is best against best of {first}\n", self.rounds);
        for work in self.works() {
            self.block(work, &mut table);
        }
        table += &self.codec.as_ref().map(codec::table).unwrap_or_default();
        for left_out in &self.left_out {
            // Writing to a string does not fail.
            let _ = writeln!(table, "\nleft out: {left_out}");
        }
        table
    }

    fn block(&self, work: &str, table: &mut String) {
        let lines = self.lines(work);
        let Some(head) = lines.first() else { return };
        let columns = COLUMNS.map(|name| format!("{name:>10}"));
        let _ = writeln!(table, "\n{work} [{}]\n{:<36}{}", head.figures.subject.unit.name(), "", columns.concat());
        for line in &lines {
            let columns = line.columns().map(|column| format!("{column:>10}")).concat();
            let _ = writeln!(table, "  {:<34}{columns}", line.figures.subject.label());
        }
    }
}

/// The columns of a table.
pub(crate) const COLUMNS: [&str; 7] = ["best", "median", "worst", "p99", "p99.9", "max", "x"];

/// A line of a table.
pub(crate) struct Line<'a> {
    pub(crate) figures: &'a Figures,
    p99: Option<f64>,
    p999: Option<f64>,
    max: Option<f64>,
    ratio: Option<f64>,
}

impl Line<'_> {
    /// As text, in the order of [`COLUMNS`].
    pub(crate) fn columns(&self) -> [String; 7] {
        let [best, median, worst] = self.figures.summary().map(digits);
        let [p99, p999, max] = [self.p99, self.p999, self.max].map(|value| value.map(digits).unwrap_or_default());
        [best, median, worst, p99, p999, max, self.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        figures::subject::{Subject, Unit},
        options::{Executable, Options},
    };

    fn report() -> Report {
        let node = |name: &str| Executable::new(name, "/");
        let nodes = vec![node("a"), node("b")];
        let mut report = Report::new(&Options { rounds: 3, ..Options::new(nodes) });
        let subject = Subject::new;
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
            &["ping", "[us]"][..],
            &["best", "median", "worst", "p99", "p99.9", "max", "x"],
            &["a", "2.00", "3.00", "4.00", "6.00", "1.000"],
            &["b", "1.00", "5.00", "9.00", "0.500"],
            &["rate", "[M/s]"],
            &["a", "4.00", "3.00", "2.00", "1.000"],
        ] {
            assert!(lines.iter().any(|known| known == line), "{line:?}\n{table}");
        }
    }
}
