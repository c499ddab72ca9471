//! One round with a BEAM as the host: runs the Elixir script and takes its figures.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{
    cores::Placement,
    options::Executable,
    raw::one_at_a_time_work,
    report::{Report, Subject, Unit},
    round::{COOKIE, World},
    work::MEGABYTE,
};

pub(crate) fn measure(
    world: &World<'_>,
    script: &Path,
    nodes: &[&Executable],
    report: &mut Report,
) -> Result<(), String> {
    let options = world.options;
    for (placement, place) in [(Placement::OneCore, "one core"), (Placement::Free, "free")] {
        let mut elixir = Command::new("elixir");
        elixir
            .args(["--name", "bench@127.0.0.1", "--cookie", COOKIE])
            .args(["--erl", "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"])
            .arg(script)
            .args([(options.messages / 4).max(1).to_string(), options.big.to_string()])
            .args(nodes.iter().map(|node| format!("{}={}", node.name, node.path.display())))
            .env("ERL_EPMD_PORT", world.net.epmd_port().to_string())
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        let output = world.cores.place(placement, || elixir.output())?;
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

/// The work of a row of the script.
pub(crate) fn work(size: usize, place: &str) -> String {
    format!("from a BEAM: {}", one_at_a_time_work(size, place))
}

/// Takes a line `beam <row> <node or -> <bytes> <p50 ns> <p99 ns> <mean ns>`.
fn add(line: &str, place: &str, report: &mut Report) -> Option<()> {
    let fields: Vec<&str> = line.split('\t').collect();
    let ["beam", row, node, bytes, p50, p99, mean] = fields.as_slice() else {
        return None;
    };
    let size = if *bytes == "5" { 5 } else { MEGABYTE };
    for (value, statistic) in [(p50, "p50"), (p99, "p99"), (mean, "mean")] {
        let subject = Subject::new(&work(size, place), node.trim_matches('-'), statistic, Unit::Microseconds).row(row);
        report.add(subject, value.parse::<f64>().ok()? / 1e3);
    }
    Some(())
}
