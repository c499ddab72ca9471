//! The figures of all rounds.

use super::{
    latency::{Latencies, RANKS},
    machine,
    subject::{Figures, Subject},
};
use crate::options::{Executable, Options};

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

    /// Adds a line about a missing part, once.
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

    /// Returns the figures of one work, statistic and node, by what they are at.
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
}
