//! `nodex demo`: a host and a node, without Erlang.

mod measure;
mod node;
mod session;

use std::{path::PathBuf, process::ExitCode};

pub(crate) use node::{NodeArgs, be_node};

use crate::{cli::Global, failure::Failure, output::Screen};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A node executable, Rust or C. Default: the example `example_client` if it is built beside this command, else
    /// this command itself
    exe: Option<PathBuf>,
    /// How many calls to time, one after the other
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    calls: u64,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    super::interruptible(session::run(args, Screen::new(global.quiet)))
}
