//! The node of the tour: this program itself, started once more.

use std::{ffi::OsString, process::ExitCode};

use nodex_core::{
    atom,
    node::{self, Functions},
    term::{Atom, RawTerm},
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

/// Returns a node that echoes, adds, and crashes on request.
pub(crate) fn be_node(args: NodeArgs) -> ExitCode {
    node::main_with(COMMAND, args.args, |node| {
        let functions = Functions::new()
            .add("ping", |term: RawTerm| (atom!("pong"), term))
            .add("add", |a: i64, b: i64| a.checked_add(b).ok_or(atom!("overflow")))
            .add("crash", |why: String| -> Atom { panic!("{why}") });
        Ok(node.service(functions))
    })
}
