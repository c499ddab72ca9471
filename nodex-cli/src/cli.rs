//! The command line: what all commands share.

use clap::{ArgAction, Args, Parser};

use crate::command::Command;

/// Erlang nodes from a shell: start them, call them, watch them.
#[derive(Debug, Parser)]
#[command(name = "nodex", version, arg_required_else_help = true, infer_subcommands = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub(crate) struct Global {
    /// Print data only, nothing about what is going on
    #[arg(short, long, global = true)]
    pub(crate) quiet: bool,
    /// Log to stderr what the library does; twice for more
    #[arg(short, long, global = true, action = ArgAction::Count)]
    pub(crate) verbose: u8,
}
