//! One round with a BEAM as the host: runs the Elixir script and takes its figures.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::cores::{Cores, Placement};
use crate::epmd::Epmd;
use crate::options::{Executable, Options};
use crate::report::{Report, Subject, Unit};

pub(crate) fn measure(
    script: &Path,
    cores: &Cores,
    nodes: &[&Executable],
    options: &Options,
    report: &mut Report,
) -> Result<(), String> {
    let epmd = Epmd::start();
    for (placement, place) in [(Placement::OneCore, "one core"), (Placement::Free, "free")] {
        let mut elixir = Command::new("elixir");
        elixir
            .args(["--name", "bench@127.0.0.1", "--cookie", "bench_cookie"])
            .args(["--erl", "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"])
            .arg(script)
            .args([(options.messages / 4).max(1).to_string(), options.big.to_string()])
            .args(nodes.iter().map(|node| format!("{}={}", node.name, node.path.display())))
            .env("ERL_EPMD_PORT", epmd.port().to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        let output = cores.place(placement, || elixir.output())?;
        let output = output.map_err(|error| format!("elixir does not start: {error}"))?;
        if !output.status.success() {
            return Err(format!("{} ended with {}", script.display(), output.status));
        }
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            add(line, place, report).ok_or_else(|| format!("the script printed {line:?}"))?;
        }
    }
    Ok(())
}

/// Takes a line `beam <row> <node or -> <bytes> <p50 ns> <p99 ns> <mean ns>`.
fn add(line: &str, place: &str, report: &mut Report) -> Option<()> {
    let fields: Vec<&str> = line.split('\t').collect();
    let ["beam", row, node, bytes, p50, p99, mean] = fields.as_slice() else {
        return None;
    };
    let what = if *bytes == "5" { "<<\"hello\">>" } else { "1 MB" };
    for (value, statistic) in [(p50, "p50"), (p99, "p99"), (mean, "mean")] {
        let subject = Subject {
            work: format!("from a BEAM: {what}, one at a time, {place}"),
            row: row.to_string(),
            node: node.trim_matches('-').into(),
            statistic,
            unit: Unit::Microseconds,
        };
        report.add(subject, value.parse::<f64>().ok()? / 1e3);
    }
    Some(())
}
