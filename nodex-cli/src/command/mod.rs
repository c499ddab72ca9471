//! One file or folder per command.

mod demo;

use std::process::ExitCode;

use clap::Subcommand;

use crate::{cli::Global, failure::Failure};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a node and call it, without Erlang: what this is all about, in ten seconds
    Demo(demo::Args),
    /// Be the node of the demo
    #[command(hide = true)]
    DemoNode(demo::NodeArgs),
}

impl Command {
    pub(crate) fn run(self, global: &Global) -> Result<ExitCode, Failure> {
        match self {
            Command::Demo(args) => demo::run(args, global),
            Command::DemoNode(args) => Ok(demo::be_node(args)),
        }
    }
}
