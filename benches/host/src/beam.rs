//! The same call from a BEAM, by the script that the benchmark of the wire uses.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use crate::{COOKIE, Result, options::Options, report::Report};

pub(crate) async fn measure(script: &Path, epmd_port: u16, options: &Options, report: &mut Report) -> Result<()> {
    let mut elixir = Command::new("elixir");
    elixir
        .args(["--name", "bench@127.0.0.1", "--cookie", COOKIE])
        .args(["--erl", "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"])
        .arg(script)
        .args([(options.calls / 4).max(1).to_string(), "1".to_owned()])
        .arg(format!("c={}", options.c_node.display()))
        .env("ERL_EPMD_PORT", epmd_port.to_string())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit());
    // Its epmd is in this runtime.
    let output = tokio::task::spawn_blocking(move || elixir.output()).await.map_err(|error| error.to_string())?;
    let output = output.map_err(|error| format!("elixir does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("{} ended with {}", script.display(), output.status));
    }
    // beam <row> <node or -> <bytes> <p50 ns> <p99 ns> <mean ns>
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let ["beam", row @ ("cnode" | "cnode direct"), "c", "5", p50, p99, mean] = fields.as_slice() else { continue };
        let work = format!("one call at a time, C node, from a BEAM, {row}");
        for (value, statistic) in [(p50, "p50"), (p99, "p99"), (mean, "mean")] {
            let nanoseconds: f64 = value.parse().map_err(|_| format!("the script printed {line:?}"))?;
            report.add(&work, statistic, "us", nanoseconds / 1e3);
        }
    }
    Ok(())
}
