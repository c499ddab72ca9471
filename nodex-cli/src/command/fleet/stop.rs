//! `nodex stop`: a node of a fleet, or the fleet.

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
    /// The node, which stays down until it is restarted [default: all, and the fleet ends]
    name: Option<String>,
    #[command(flatten)]
    file: FileArg,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let screen = Screen::new(global.quiet);
    let whole = args.name.is_none();
    let mut control = Control::ask(&args.file, global, &Ask::Stop { name: args.name }).await?;
    while let Some(reply) = control.next().await? {
        match reply {
            Reply::Node(node) if global.json => screen.json(json!(node))?,
            Reply::Node(node) => screen.data(format_args!("{} is {}", node.name, node.state))?,
            _ => {}
        }
    }
    if whole {
        control.gone().await;
        let file = args.file.file.display().to_string();
        match global.json {
            true => screen.json(json!({ "file": file, "state": "ended" }))?,
            false => screen.data(format_args!("the fleet of {file} has ended"))?,
        }
    }
    Ok(ExitCode::SUCCESS)
}
