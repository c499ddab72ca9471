//! The figures of all rounds, and the table of them.

use std::{fmt::Write, io, path::Path};

use crate::{
    codec, html, json,
    latency::{Latencies, RANKS},
    machine,
    options::{Executable, Options},
    pictures,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Microseconds,
    Milliseconds,
    Seconds,
    Megabytes,
    Kibibytes,
    MillionsPerSecond,
    ThousandsPerSecond,
    MegabytesPerSecond,
}

impl Unit {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Microseconds => "us",
            Self::Milliseconds => "ms",
            Self::Seconds => "s",
            Self::Megabytes => "MB",
            Self::Kibibytes => "KiB",
            Self::MillionsPerSecond => "M/s",
            Self::ThousandsPerSecond => "k/s",
            Self::MegabytesPerSecond => "MB/s",
        }
    }

    pub(crate) fn more_is_better(self) -> bool {
        matches!(self, Self::MillionsPerSecond | Self::ThousandsPerSecond | Self::MegabytesPerSecond)
    }
}

/// What one figure is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    /// What was done, and where.
    pub(crate) work: String,
    /// Where a work was done at several sizes, rates or numbers: which one.
    pub(crate) at: Option<u64>,
    /// The way to the node, where there are several: `cnode direct`.
    pub(crate) row: String,
    /// The node executable; empty for what needs none.
    pub(crate) node: String,
    /// `p50`, `p99`, `p99.9`, `mean`, or `value` for what is one figure in a round.
    pub(crate) statistic: &'static str,
    pub(crate) unit: Unit,
}

impl Subject {
    pub(crate) fn new(work: &str, node: &str, statistic: &'static str, unit: Unit) -> Subject {
        Subject { work: work.to_owned(), at: None, row: String::new(), node: node.to_owned(), statistic, unit }
    }

    pub(crate) fn at(self, at: u64) -> Subject {
        Subject { at: Some(at), ..self }
    }

    pub(crate) fn row(self, row: &str) -> Subject {
        Subject { row: row.to_owned(), ..self }
    }

    /// What stands in front of its figures in a table.
    pub(crate) fn label(&self) -> String {
        let at = self.at.map_or_else(String::new, |at| format!("{at:>9}  "));
        match self.row.is_empty() {
            true => format!("{at}{}", self.node),
            false => format!("{at}{:<14}{}", self.row, self.node),
        }
    }
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
#[derive(Debug)]
pub struct Report {
    /// What could not be measured, and why.
    pub failures: Vec<String>,
    pub(crate) rounds: usize,
    /// The machine, the date and so on, by name.
    pub(crate) about: Vec<(String, String)>,
    pub(crate) left_out: Vec<String>,
    pub(crate) nodes: Vec<Executable>,
    /// What the benchmark of the codec has written, if it has run.
    pub(crate) codec: Option<serde_json::Value>,
    pub(crate) figures: Vec<Figures>,
}

impl Report {
    pub(crate) fn new(options: &Options) -> Self {
        let mut report = Self {
            failures: Vec::new(),
            rounds: options.rounds,
            about: machine::about(&options.command, &options.about),
            left_out: options.left_out.clone(),
            nodes: options.nodes.clone(),
            codec: None,
            figures: Vec::new(),
        };
        for node in options.nodes.iter().filter(|node| node.one_caller) {
            report.leave_out(&format!(
                "{} in the rows with many callers: a process of a BEAM does not learn who has sent it a message by name, so \
                 it answers one process only",
                node.name
            ));
        }
        report
    }

    /// One more line of what is missing, once.
    pub(crate) fn leave_out(&mut self, what: &str) {
        if !self.left_out.iter().any(|known| known == what) {
            self.left_out.push(what.to_owned());
        }
    }

    /// One more line of the head, once.
    pub(crate) fn tell(&mut self, name: &str, text: &str) {
        if !self.about.iter().any(|(known, _)| known == name) {
            self.about.push((name.to_owned(), text.to_owned()));
        }
    }

    pub(crate) fn add(&mut self, subject: Subject, value: f64) {
        match self.figures.iter_mut().find(|known| known.subject == subject) {
            Some(figures) => figures.rounds.push(value),
            None => self.figures.push(Figures { subject, rounds: vec![value] }),
        }
    }

    /// Adds the ranks of these times, in microseconds; the statistic of `subject` does not matter.
    pub(crate) fn add_times(&mut self, subject: &Subject, times: &Latencies) {
        for (rank, statistic) in RANKS {
            self.add(Subject { statistic, ..subject.clone() }, times.at(rank) * 1e6);
        }
    }

    pub(crate) fn fail(&mut self, node: &Executable, work: &str, error: &str) {
        self.fail_at(&format!("{}: {work}", node.name), error);
    }

    pub(crate) fn fail_at(&mut self, what: &str, error: &str) {
        let failure = format!("{what}: {error}");
        if !self.failures.contains(&failure) {
            self.failures.push(failure);
        }
    }

    /// The figures of one work, statistic and node, by what they are at.
    pub(crate) fn of<'a>(
        &'a self,
        work: &'a str,
        statistic: &'a str,
        node: &'a str,
    ) -> impl Iterator<Item = &'a Figures> {
        self.figures.iter().filter(move |Figures { subject, .. }| {
            subject.work == work && subject.statistic == statistic && subject.node == node
        })
    }

    /// Every figure of every round, for other programs.
    pub fn json(&self) -> serde_json::Value {
        json::document(self)
    }

    /// Writes `bench.json`, `report.html` and the pictures.
    ///
    /// # Errors
    /// When the folder cannot be made or written to.
    pub fn write(&self, folder: &Path) -> io::Result<()> {
        std::fs::create_dir_all(folder)?;
        std::fs::write(folder.join("bench.json"), format!("{:#}\n", self.json()))?;
        let pictures = pictures::all(self);
        for picture in &pictures {
            std::fs::write(folder.join(picture.name).with_extension("svg"), &picture.svg)?;
        }
        std::fs::write(folder.join("report.html"), html::page(self, &pictures))
    }

    /// Its works, in order.
    pub(crate) fn works(&self) -> Vec<&str> {
        let mut works: Vec<&str> = Vec::new();
        for figures in &self.figures {
            if !works.contains(&figures.subject.work.as_str()) {
                works.push(&figures.subject.work);
            }
        }
        works
    }

    /// The lines of the table of one work, by their statistics `p50` or `value`.
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
            (also("p99"), also("p99.9"), ratio)
        };
        let columns: Vec<_> = lines.iter().map(line).collect();
        let with = |(figures, (p99, p999, ratio))| Line { figures, p99, p999, ratio };
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
pub(crate) const COLUMNS: [&str; 6] = ["best", "median", "worst", "p99", "p99.9", "x"];

/// A line of a table.
pub(crate) struct Line<'a> {
    pub(crate) figures: &'a Figures,
    p99: Option<f64>,
    p999: Option<f64>,
    ratio: Option<f64>,
}

impl Line<'_> {
    /// As text, in the order of [`COLUMNS`].
    pub(crate) fn columns(&self) -> [String; 6] {
        let [best, median, worst] = self.figures.summary().map(digits);
        let [p99, p999] = [self.p99, self.p999].map(|value| value.map(digits).unwrap_or_default());
        [best, median, worst, p99, p999, self.ratio.map(|ratio| format!("{ratio:.3}")).unwrap_or_default()]
    }
}

/// Three significant digits or whole numbers.
pub(crate) fn digits(value: f64) -> String {
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
            &["best", "median", "worst", "p99", "p99.9", "x"],
            &["a", "2.00", "3.00", "4.00", "6.00", "1.000"],
            &["b", "1.00", "5.00", "9.00", "0.500"],
            &["rate", "[M/s]"],
            &["a", "4.00", "3.00", "2.00", "1.000"],
        ] {
            assert!(lines.iter().any(|known| known == line), "{line:?}\n{table}");
        }
    }
}
