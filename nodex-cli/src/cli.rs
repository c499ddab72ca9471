//! The command line as it is read.

use std::process::ExitCode;

use clap::{
    Parser,
    error::{ContextValue, ErrorKind},
};

use crate::{
    command::Command,
    options::Global,
    output::{Screen, Untrusted},
};

/// Erlang nodes from a shell: start them, call them, watch them.
#[derive(Debug, Parser)]
#[command(name = "nodex", version, arg_required_else_help = true, infer_subcommands = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Returns the command line, or the exit code of one that is none. Help goes to stdout.
pub(crate) fn parse() -> Result<Cli, ExitCode> {
    Cli::try_parse().map_err(|error| match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            // A reader that has gone away is no reason to complain.
            let _ = error.print();
            ExitCode::SUCCESS
        }
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            let _ = error.print();
            ExitCode::from(2)
        }
        _ => {
            tell(error);
            ExitCode::from(2)
        }
    })
}

/// Quotes an argument, which may contain anything.
fn tell(mut error: clap::Error) {
    let shown = |text: &str| Untrusted::new(text).to_string();
    let quoted: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, ContextValue::String(shown(text)))),
            ContextValue::Strings(texts) => {
                Some((kind, ContextValue::Strings(texts.iter().map(|text| shown(text)).collect())))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    let screen = Screen::new(false);
    for line in error.render().to_string().trim_end().lines() {
        match line.strip_prefix("error:") {
            Some(rest) => screen.tell(format_args!("{}{rest}", screen.err.bad("error:"))),
            None => screen.tell(line),
        }
    }
}
