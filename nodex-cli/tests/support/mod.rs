//! Runs of the command: its output, its exit status, and the proof that nothing of it is left.

pub(crate) mod fleet;
pub(crate) mod hostile;
pub(crate) mod shot;
pub(crate) mod world;

use std::{ffi::OsStr, path::PathBuf, process::Command};

use nodex_testkit::executable::Executable;
pub(crate) use nodex_testkit::run::{Ended, Run as Nodex, Running};

/// The command with these arguments.
pub(crate) fn nodex(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Nodex {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nodex"));
    command.args(args);
    Nodex::new(command)
}

/// A program of `c_src`.
pub(crate) fn c_program(name: &str) -> PathBuf {
    Executable::c_node(name).path().to_owned()
}

/// An example of the workspace.
pub(crate) fn example(name: &str) -> PathBuf {
    Executable::example(name).path().to_owned()
}
