//! `nodex demo`: a short tour of a host and a node, without Erlang.

mod measure;
mod node;
mod printer;
mod tour;

use std::{path::PathBuf, process::ExitCode};

pub(crate) use node::{NodeArgs, be_node};

use crate::{
    failure::Failure,
    lifetime::{CLEAN_UP, interruptible_with},
    options::Global,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// A node executable, Rust or C, in place of the one that is part of this command. It is sent only what every node
    /// can be sent
    exe: Option<PathBuf>,
    /// How many calls to time, one after the other
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u64).range(1..=10_000_000))]
    calls: u64,
}

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    interruptible_with(global, CLEAN_UP, tour::run(args.exe, args.calls, global))
}
