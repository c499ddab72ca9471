//! The `nodex` command: Erlang nodes from a shell.
//!
//! Each floor uses those below it only:
//!
//! | | |
//! |---|---|
//! | `cli` | the command line as it is read |
//! | `command` | one file or folder per command |
//! | `fleet`, `raw` | fleets; connections of which every signal is seen, as `check` and `listen` need them |
//! | `client` | this command as a node that is connected with another one |
//! | `lifetime`, `report`, `terms` | Ctrl-C and time limits; lists of checks; terms in arguments and answers |
//! | `options` | what all commands are told |
//! | `failure` | exit codes and errors |
//! | `output` | everything that is printed |

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
use nodex_core::error::Chain;

fn main() -> ExitCode {
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return code,
    };
    output::log_to_stderr(cli.global.verbose);
    if let Err(error) = nodex_core::node::ready_process() {
        eprintln!("error: {error}", error = Chain(&error));
        return ExitCode::FAILURE;
    }
    let json = cli.global.json;
    cli.command.run(&cli.global, cli::Cli::command).unwrap_or_else(|failure| failure.report(json))
}
