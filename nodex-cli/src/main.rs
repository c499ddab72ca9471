//! The `nodex` command: Erlang nodes from a shell.

mod cli;
mod command;
mod failure;
mod output;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    run().unwrap_or_else(|failure| failure.report())
}

fn run() -> Result<ExitCode, failure::Failure> {
    let cli = cli::Cli::parse();
    output::log_to_stderr(cli.global.verbose);
    cli.command.run(&cli.global)
}
