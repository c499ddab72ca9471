//! The measurement itself, and its report.

use std::{collections::HashSet, path::Path, process::ExitCode, time::Duration};

use nodex_core::error::Chain;
use wire::{Executable, Options};

use super::options::Args;
use crate::{
    failure::{Code, Failure},
    options::Global,
    output::Screen,
};

/// What `--quick` makes of the amounts.
fn quick(options: Options) -> Options {
    let (saturate_for, glance) = (Duration::from_millis(100), Duration::from_millis(20));
    Options { messages: 500, big: 10, starts: 3, saturate_for, glance, ..options }
}

pub(super) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let nodes = args.exes.iter().map(|exe| executable(exe)).collect::<Result<Vec<_>, _>>()?;
    let mut names = HashSet::new();
    if let Some(node) = nodes.iter().find(|node| !names.insert(&node.name)) {
        let failure = Failure::new(Code::Usage, format!("two executables are called {}", node.name));
        return Err(failure.hint("NAME=PATH gives one another name than its file has"));
    }
    let mut options = Options::new(nodes);
    options.rounds = args.rounds.into();
    options.command = std::env::args().collect::<Vec<_>>().join(" ");
    if args.quick {
        options = quick(options);
    }

    let screen = Screen::new(global.quiet);
    let report = wire::run(&options, |what| screen.talk(what)).map_err(|error| Failure::new(Code::PeerError, error))?;
    match global.json {
        true => screen.json_lines(report.json())?,
        false => report.table().trim_end().lines().try_for_each(|line| screen.data(line))?,
    }
    if let Some(folder) = &args.report {
        report.write(folder).map_err(|error| {
            Failure::new(
                Code::Usage,
                format!("the report cannot be written into {}: {error}", folder.display(), error = Chain(&error)),
            )
        })?;
        screen.talk("");
        screen.talk(format_args!("written to {}", folder.join("report.html").display()));
    }
    if report.failures.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    let failure = Failure::new(Code::PeerError, "not all of it could be measured");
    let failure = report.failures.iter().fold(failure, Failure::detail);
    Err(failure.hint("nodex check EXE tells what an executable lacks as a node"))
}

fn executable(text: &str) -> Result<Executable, Failure> {
    let (name, path) = match text.split_once('=') {
        Some((name, path)) if !Path::new(text).exists() => (name.to_owned(), Path::new(path)),
        _ => {
            let path = Path::new(text);
            (path.file_stem().unwrap_or_default().to_string_lossy().into_owned(), path)
        }
    };
    if !path.is_file() {
        let what = if path.exists() { "is no file" } else { "does not exist" };
        return Err(Failure::new(Code::Usage, format!("the executable {} {what}", path.display())));
    }
    Ok(Executable::new(name, std::path::absolute(path)?))
}
