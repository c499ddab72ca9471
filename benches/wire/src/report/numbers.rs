//! Figures of a report that was written as JSON (`json.rs`).

use serde_json::Value;

/// Its figures.
pub(crate) struct Figures<'a>(&'a [Value]);

impl<'a> Figures<'a> {
    pub(crate) fn new(report: &'a Value) -> Self {
        Figures(report["figures"].as_array().map(Vec::as_slice).unwrap_or_default())
    }

    fn find(&self, which: &str, work: &str, row: &str, node: &str, statistic: &str, at: Option<u64>) -> Option<f64> {
        let is = |figure: &&Value| {
            figure["work"] == work
                && figure["row"] == row
                && figure["node"] == node
                && figure["statistic"] == statistic
                && figure["at"].as_u64() == at
        };
        self.0.iter().find(is)?[which].as_f64()
    }

    pub(crate) fn best(&self, work: &str, row: &str, node: &str, statistic: &str, at: Option<u64>) -> Option<f64> {
        self.find("best", work, row, node, statistic, at)
    }

    pub(crate) fn median(&self, work: &str, row: &str, node: &str, statistic: &str, at: Option<u64>) -> Option<f64> {
        self.find("median", work, row, node, statistic, at)
    }

    /// The best of the only figure of a work.
    pub(crate) fn any(&self, work: &str) -> Option<f64> {
        self.0.iter().find(|figure| figure["work"] == work)?["best"].as_f64()
    }

    pub(crate) fn works(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        distinct(self.0.iter(), "work").into_iter()
    }

    /// The nodes of a work, in order.
    pub(crate) fn nodes(&self, work: &str) -> Vec<&'a str> {
        distinct(self.0.iter().filter(|figure| figure["work"] == work), "node")
    }

    pub(crate) fn rows(&self, work: &str) -> Vec<&'a str> {
        distinct(self.0.iter().filter(|figure| figure["work"] == work), "row")
    }
}

fn distinct<'a>(figures: impl Iterator<Item = &'a Value>, field: &str) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in figures.filter_map(|figure| figure[field].as_str()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
