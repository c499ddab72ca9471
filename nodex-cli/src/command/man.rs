//! `nodex man`: the manual page.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use clap::Command;

use crate::failure::{Code, Failure};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The command that it is about [default: all of them, in short]
    command: Option<String>,
}

pub(crate) fn run(args: Args, mut all: Command) -> Result<ExitCode, Failure> {
    all.build();
    let command = match &args.command {
        None => all,
        Some(name) => page(&all, name)?,
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command).render(&mut page)?;
    io::stdout().write_all(&page)?;
    Ok(ExitCode::SUCCESS)
}

fn page(all: &Command, name: &str) -> Result<Command, Failure> {
    match all.get_subcommands().find(|command| command.get_name() == name) {
        Some(command) => Ok(command.clone().display_name(format!("nodex-{name}"))),
        None => Err(Failure::new(Code::Usage, format!("there is no command {name}")).hint("nodex --help lists them")),
    }
}
