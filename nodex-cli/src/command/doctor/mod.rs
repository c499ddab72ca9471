//! `nodex doctor`: why two nodes do not connect.

mod here;
mod there;

use std::process::ExitCode;

use serde_json::json;

use crate::{
    cli::Global,
    client,
    failure::{Code, Failure},
    output::{Screen, Untrusted},
    report::{Check, Layout, Report, Verdict},
};

/// The longest name of a check.
const WIDTH: usize = 22;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node that cannot be connected to, name@host, or a name on this host [default: only look at this machine]
    node: Option<String>,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    // What cannot be tried is told before anything is.
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

/// What has been found so far.
struct Findings {
    report: Report,
    /// The first failure: what a script is told, and what people are.
    first: Option<(Code, Untrusted)>,
    /// The node that is asked for, by its full name once that is known.
    node: Option<String>,
}

impl Findings {
    fn begin(&mut self, name: &str) {
        self.report.begin(name);
    }

    /// Takes a finding, which ends the command with `code` if it is the first failure. False if it is one.
    fn add(&mut self, id: &'static str, name: &'static str, code: Code, verdict: Verdict) -> Result<bool, Failure> {
        let failed = match &verdict {
            Verdict::Fail(found, _) => {
                self.first.get_or_insert_with(|| (code, found.clone()));
                true
            }
            _ => false,
        };
        self.report.add(Check { id, name }, verdict)?;
        Ok(!failed)
    }

    /// One sentence.
    fn conclusion(&self) -> String {
        let warnings = match self.report.counts()[1] {
            0 => "",
            1 => "; there is a warning",
            _ => "; there are warnings",
        };
        match (&self.first, &self.node) {
            (None, None) => format!("nodes of this machine can find each other{warnings}"),
            (None, Some(node)) => format!("{} can be connected to{warnings}", Untrusted::new(node)),
            (Some((_, found)), None) => format!("nodes of this machine do not find each other: {found}"),
            (Some((_, found)), Some(node)) => {
                format!("{} cannot be connected to: {found}", Untrusted::new(node))
            }
        }
    }
}
