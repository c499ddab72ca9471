//! The figures as JSON (RFC 8259), for other programs.

use std::io::{self, Write};
use std::path::Path;

use crate::report::{Figures, Report, Subject};

/// Writes `{"rounds", "machine", "nodes": [..], "figures": [..]}`; a figure has the fields of its
/// [`Subject`], the figure of each round, and best, median and worst of them.
pub(crate) fn write(path: &Path, report: &Report) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = io::BufWriter::new(std::fs::File::create(path)?);
    let nodes = report.nodes.iter().map(|node| {
        let path = node.path.display().to_string();
        format!("{{\"name\": {}, \"path\": {}}}", string(&node.name), string(&path))
    });
    writeln!(file, "{{\"rounds\": {}, \"machine\": {},", report.rounds, string(&machine()))?;
    writeln!(file, "\"nodes\": [{}],", joined(nodes))?;
    writeln!(file, "\"figures\": [\n{}\n]}}", joined(report.figures.iter().map(figure)))?;
    file.flush()
}

fn figure(figures: &Figures) -> String {
    let Subject { work, row, node, statistic, unit } = &figures.subject;
    let [best, median, worst] = figures.summary().map(number);
    let rounds: Vec<_> = figures.rounds.iter().map(|value| number(*value)).collect();
    let text = |key: &str, value: &str| format!("{}: {}", string(key), string(value));
    let fields = [
        text("work", work),
        text("row", row),
        text("node", node),
        text("statistic", statistic),
        text("unit", unit.name()),
        format!("\"more_is_better\": {}", unit.more_is_better()),
        format!("\"best\": {best}, \"median\": {median}, \"worst\": {worst}"),
        format!("\"rounds\": [{}]", rounds.join(", ")),
    ];
    format!("{{{}}}", fields.join(", "))
}

fn joined(values: impl Iterator<Item = String>) -> String {
    values.collect::<Vec<_>>().join(",\n")
}

/// JSON knows neither NaN nor infinity.
fn number(value: f64) -> String {
    if value.is_finite() { format!("{value}") } else { "null".into() }
}

fn string(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => quoted += &format!("\\u{:04x}", u32::from(control)),
            other => quoted.push(other),
        }
    }
    quoted + "\""
}

/// Kernel, processor and number of cores.
fn machine() -> String {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let model = model.map_or("", |(_, model)| model.trim());
    format!("Linux {}, {cores} cores, {model}", kernel.trim())
}
