//! The figures of all rounds, as a table and as JSON.

use std::{fmt::Write as _, io, path::Path};

/// One figure in each round.
struct Figure {
    work: String,
    statistic: &'static str,
    unit: &'static str,
    rounds: Vec<f64>,
}

impl Figure {
    /// Best, median and worst.
    fn summary(&self) -> [f64; 3] {
        let mut sorted = self.rounds.clone();
        sorted.sort_by(f64::total_cmp);
        if self.unit == "M/s" {
            sorted.reverse();
        }
        [sorted[0], sorted[sorted.len() / 2], sorted[sorted.len() - 1]]
    }
}

pub(crate) struct Report {
    figures: Vec<Figure>,
    /// What else the machine had to do before.
    load: String,
}

impl Report {
    pub(crate) fn new() -> Report {
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        Report { figures: Vec::new(), load: load.trim().to_owned() }
    }

    pub(crate) fn add(&mut self, work: &str, statistic: &'static str, unit: &'static str, value: f64) {
        match self.figures.iter_mut().find(|known| known.work == work && known.statistic == statistic) {
            Some(figure) => figure.rounds.push(value),
            None => self.figures.push(Figure { work: work.to_owned(), statistic, unit, rounds: vec![value] }),
        }
    }

    pub(crate) fn table(&self) -> String {
        let mut table = format!("load before: {}\n", self.load);
        let _ = writeln!(table, "{:<66} {:>27} {:>9} {:>9} {:>9}", "", "", "best", "median", "worst");
        for figure in &self.figures {
            let [best, median, worst] = figure.summary();
            let what = format!("{}, {}", figure.statistic, figure.unit);
            let _ = writeln!(table, "{:<60} {what:>33} {best:>9.3} {median:>9.3} {worst:>9.3}", figure.work);
        }
        table
    }

    pub(crate) fn write(&self, path: &Path) -> io::Result<()> {
        // None of these texts has a character that JSON would want escaped.
        let figures = self.figures.iter().map(|figure| {
            let [best, median, worst] = figure.summary();
            format!(
                "{{\"work\":\"{}\",\"statistic\":\"{}\",\"unit\":\"{}\",\"best\":{best},\"median\":{median},\"worst\":{worst},\"rounds\":{:?}}}",
                figure.work, figure.statistic, figure.unit, figure.rounds
            )
        });
        let figures: Vec<_> = figures.collect();
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, format!("{{\"load\":\"{}\",\"figures\":[\n{}\n]}}\n", self.load, figures.join(",\n")))
    }
}
