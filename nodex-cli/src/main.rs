//! The `nodex` command: Erlang nodes from a shell.

mod cli;
mod client;
mod command;
mod failure;
mod fleet;
mod lifetime;
mod options;
mod output;
mod raw;
mod report;
mod terms;

use std::process::ExitCode;

use clap::CommandFactory as _;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    output::log_to_stderr(cli.global.verbose);
    if let Err(error) = nodex_core::node::ready_process() {
        eprintln!("error: {error}");
        return ExitCode::FAILURE;
    }
    let json = cli.global.json;
    cli.command.run(&cli.global, cli::Cli::command).unwrap_or_else(|failure| failure.report(json))
}
