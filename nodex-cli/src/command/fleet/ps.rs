//! `nodex ps`: how it is with the nodes of a fleet.

use std::{fmt::Display, process::ExitCode, time::Duration};

use serde_json::json;

use crate::{
    failure::Failure,
    fleet::{Ask, Control, FileArg, FleetInfo, NodeInfo, Reply},
    options::Global,
    output::{Screen, Table, bytes, long_duration},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let (fleet, nodes) = look(&args.file, global).await?;
    let screen = Screen::new(global.quiet);
    if global.json {
        let mut line = json!(fleet);
        line["nodes"] = json!(nodes);
        screen.json(line)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(fleet) = fleet {
        let uptime = long_duration(Duration::from_millis(fleet.uptime_ms));
        let FleetInfo { file, state, host, pid, epmd_port, .. } = fleet;
        screen.talk(format_args!("{file}: {state}, host {host}, process {pid}, epmd port {epmd_port}, for {uptime}"));
    }
    let mut table = Table::new(&["name", "state", "node", "pid", "uptime", "restarts", "memory", "cpu", "last cause"]);
    for node in nodes {
        table.row([
            node.name.to_string(),
            node.state.to_string(),
            or_dash(node.node),
            or_dash(node.pid),
            or_dash(node.uptime_ms.map(Duration::from_millis).map(long_duration)),
            node.restarts.to_string(),
            or_dash(node.memory_bytes.map(bytes)),
            or_dash(node.cpu_ms.map(|ms| format!("{:.2} s", Duration::from_millis(ms).as_secs_f64()))),
            or_dash(node.last_cause),
        ]);
    }
    table.print(screen)?;
    Ok(ExitCode::SUCCESS)
}

/// What there is, in a column.
pub(super) fn or_dash(cell: Option<impl Display>) -> String {
    cell.map_or_else(|| "-".to_owned(), |cell| cell.to_string())
}

/// Returns the fleet and its nodes.
pub(super) async fn look(file: &FileArg, global: &Global) -> Result<(Option<FleetInfo>, Vec<NodeInfo>), Failure> {
    let mut control = Control::ask(file, global, &Ask::Ps).await?;
    let (mut fleet, mut nodes) = (None, Vec::new());
    while let Some(reply) = control.next().await? {
        match reply {
            Reply::Fleet(info) => fleet = Some(info),
            Reply::Node(info) => nodes.push(info),
            _ => {}
        }
    }
    Ok((fleet, nodes))
}
