//! `nodex up`: the nodes of a fleet file, supervised.

use std::process::ExitCode;

use serde_json::json;

use crate::{
    failure::{Code, Failure},
    fleet::{
        self, FileArg,
        file::{Fleet, check, failure, load},
    },
    options::Global,
    output::Screen,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    /// Only check the file, and that all executables exist
    #[arg(long)]
    check: bool,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let path = args.file.file;
    let fleet = load(&path)?;
    let faults = check(&fleet);
    if args.check && global.json {
        let faults: Vec<_> = faults.iter().map(fleet::file::Fault::json).collect();
        let ok = faults.is_empty();
        let line = json!({ "file": path, "ok": ok, "nodes": fleet.names(), "faults": faults });
        Screen::new(global.quiet).json(line)?;
        return Ok(if ok { ExitCode::SUCCESS } else { ExitCode::from(Code::Usage as u8) });
    }
    if let [first, more @ ..] = &faults[..] {
        let mut failure = failure(&path, first);
        for fault in more {
            failure = failure.detail(fault.sentence(&path));
            for detail in fault.details() {
                failure = failure.detail(detail);
            }
        }
        return Err(failure);
    }
    if args.check {
        Screen::new(global.quiet).data(in_order(&fleet, &path))?;
        return Ok(ExitCode::SUCCESS);
    }
    fleet::up(fleet, global)
}

fn in_order(fleet: &Fleet, path: &std::path::Path) -> String {
    let names = fleet.names();
    let nodes = if names.len() == 1 { "node" } else { "nodes" };
    format!("{} is in order: {} {nodes}: {}", path.display(), names.len(), names.join(", "))
}
