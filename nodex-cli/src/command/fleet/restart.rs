//! `nodex restart`: a node of a fleet, stopped and started again.

use std::process::ExitCode;

use serde_json::json;

use crate::{
    failure::Failure,
    fleet::{Ask, Control, FileArg, Reply},
    options::Global,
    output::Screen,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node
    name: String,
    #[command(flatten)]
    file: FileArg,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let screen = Screen::new(global.quiet);
    let mut control = Control::ask(&args.file, global, &Ask::Restart { name: args.name }).await?;
    while let Some(reply) = control.next().await? {
        match reply {
            Reply::Node(node) if global.json => screen.json(json!(node))?,
            Reply::Node(node) => {
                let process = node.pid.map(|pid| format!(", process {pid}")).unwrap_or_default();
                let full = node.node.map(|node| format!(" as {node}")).unwrap_or_default();
                screen.data(format_args!("{} is {}{full}{process}", node.name, node.state))?;
            }
            _ => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}
