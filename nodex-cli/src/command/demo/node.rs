//! The node of the demo, where no example is built: this program itself, started once more.

use std::{ffi::OsString, process::ExitCode};

use nodex_core::{
    atom,
    node::{self, Functions},
    term::RawTerm,
};

/// The hidden command that makes this program a node.
pub(super) const COMMAND: &str = "demo-node";

#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true)]
pub(crate) struct NodeArgs {
    /// The four arguments of a node
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    args: Vec<OsString>,
}

/// A node that answers `{ping, Term}` with `{pong, Term}`.
pub(crate) fn be_node(args: NodeArgs) -> ExitCode {
    node::main_with(COMMAND, args.args, |node| {
        Ok(node.service(Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term))))
    })
}
