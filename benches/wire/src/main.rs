//! `scripts/bench`: node executables side by side, under a raw generator that plays the host and
//! under a BEAM. See `options::USAGE`.
//!
//! Every round starts every executable anew and does the same work with each in turn, so that what
//! else happens on the machine meets all of them alike.

mod beam;
mod cores;
#[path = "../../../tests/support/epmd.rs"]
mod epmd;
mod frames;
mod handshake;
mod host;
mod json;
mod options;
mod process;
mod raw;
mod report;
mod work;

use std::process::ExitCode;

use options::Options;
use report::Report;

fn main() -> ExitCode {
    let options = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => options,
        Err(message) => {
            eprintln!("{message}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    match run(&options) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("bench: {message}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), String> {
    let cores = cores::Cores::of_this_process()?;
    let host = host::Host::start().map_err(|error| format!("no host: {error}"))?;
    let mut report = Report::new(options);
    for round in 1..=options.rounds {
        // Each round begins with another one, so that none is always the one after the same.
        let (tail, head) = options.nodes.split_at((round - 1) % options.nodes.len());
        let nodes: Vec<_> = head.iter().chain(tail).collect();
        for node in &nodes {
            eprintln!("round {round} of {}: {}", options.rounds, node.name);
            raw::measure(&host, &cores, node, options, &mut report)?;
        }
        if let Some(script) = &options.beam {
            eprintln!("round {round} of {}: a BEAM as the host", options.rounds);
            beam::measure(script, &cores, &nodes, options, &mut report)?;
        }
    }
    print!("{}", report.table());
    if let Some(path) = &options.json {
        json::write(path, &report).map_err(|error| format!("{}: {error}", path.display()))?;
        eprintln!("written to {}", path.display());
    }
    Ok(())
}
