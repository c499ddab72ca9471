//! `nodex completions`: what a shell needs.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use crate::failure::Failure;

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The shell
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: Args, mut whole: clap::Command) -> Result<ExitCode, Failure> {
    // Not straight to stdout: a reader that goes away early would make it panic.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut whole, "nodex", &mut script);
    io::stdout().write_all(&script)?;
    Ok(ExitCode::SUCCESS)
}
