//! The figures as JSON (RFC 8259), for other programs.

use serde_json::{Map, Value, json};

use crate::figures::{
    report::Report,
    subject::{Figures, Subject},
};

/// `{"about": {..}, "rounds", "nodes": [..], "left_out": [..], "failures": [..], "figures": [..], "codec"}`. A figure has
/// the fields of its [`Subject`], the figure of each round, and best, median and worst of them. `codec` is what the
/// benchmark of the codec has written, or `null`.
pub(crate) fn document(report: &Report) -> Value {
    let about: Map<String, Value> =
        report.about.iter().map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect();
    let nodes = report.nodes.iter().map(|node| json!({ "name": node.name, "path": node.path.display().to_string() }));
    json!({
        "about": about,
        "rounds": report.rounds,
        "nodes": nodes.collect::<Vec<_>>(),
        "left_out": report.left_out,
        "failures": report.failures,
        "codec": report.codec,
        "figures": report.figures.iter().map(figure).collect::<Vec<_>>(),
    })
}

/// What is no number, as the ratio of nothing, is `null`.
fn figure(figures: &Figures) -> Value {
    let Subject { work, at, row, node, statistic, unit } = &figures.subject;
    let [best, median, worst] = figures.summary();
    json!({
        "work": work,
        "at": at,
        "row": row,
        "node": node,
        "statistic": statistic,
        "unit": unit.name(),
        "more_is_better": unit.more_is_better(),
        "best": best,
        "median": median,
        "worst": worst,
        "rounds": figures.rounds,
    })
}
