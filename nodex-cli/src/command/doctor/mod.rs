//! `nodex doctor`: why two nodes do not connect.

mod findings;
mod here;
mod there;

use std::process::ExitCode;

use serde_json::json;

use self::findings::Findings;
use crate::{
    client,
    failure::Failure,
    options::Global,
    output::Screen,
    report::{Layout, Report},
};

/// The longest name of a check.
const WIDTH: usize = 22;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node that cannot be connected to, name@host, or a name on this host [default: only look at this machine]
    node: Option<String>,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    // Problems with the arguments are reported before any check.
    match &args.node {
        Some(node) => client::own_name_to(node, global)?,
        None => client::own_name(global)?,
    };
    let screen = Screen::new(global.quiet);
    let mut found = Findings {
        report: Report::new(screen, global.quiet, global.json, WIDTH, Layout::Next),
        first: None,
        node: args.node.clone(),
    };
    let cookie = here::all(&mut found, global).await?;
    if let Some(node) = &args.node {
        there::all(&mut found, node, cookie, global).await?;
    }
    let conclusion = found.conclusion();
    if global.json {
        let about = json!({ "node": found.node, "conclusion": conclusion });
        screen.json(found.report.to_json(about))?;
    } else {
        screen.data("")?;
        screen.data(conclusion)?;
    }
    Ok(found.first.map_or(ExitCode::SUCCESS, |(code, _)| ExitCode::from(code as u8)))
}
