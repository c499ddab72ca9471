//! `nodex logs`: what the nodes of a fleet printed, and what happened to them.

use std::{path::PathBuf, process::ExitCode};

use serde_json::json;

use crate::{
    failure::Failure,
    fleet::{Ask, Control, FileArg, Reply, shown},
    options::Global,
    output::Screen,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node [default: all]
    name: Option<String>,
    /// Also print new lines, until the fleet ends
    #[arg(short, long)]
    follow: bool,
    /// The number of last lines
    #[arg(short = 'n', long, value_name = "N", default_value_t = 100)]
    lines: usize,
    /// The fleet file
    #[arg(long, value_name = "FILE", default_value = "nodex.toml")]
    file: PathBuf,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let Args { name, follow, lines, file } = args;
    let screen = Screen::new(global.quiet);
    let mut control = Control::ask(&FileArg { file }, global, &Ask::Logs { name, lines, follow }).await?;
    let mut width = 0;
    while let Some(reply) = if follow { control.next_at_last().await? } else { control.next().await? } {
        match reply {
            Reply::Line(line) if global.json => screen.json(json!(line))?,
            Reply::Line(line) => {
                width = width.max(line.name.len());
                screen.data(shown(&line, width, screen.out))?;
            }
            Reply::Missed { count } if global.json => screen.json(json!({ "missed": count }))?,
            Reply::Missed { count } => screen.talk(format_args!("{count} lines came faster than they were printed")),
            _ => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}
