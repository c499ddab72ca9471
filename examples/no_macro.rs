//! The drop-in node without a macro: what `#[cnode_handler]` writes can be written by hand.
//!
//! `{ping, Term}` is answered with `{pong, Term}`, `{add, A, B}` with the sum or `nil`.

use std::process::ExitCode;

use nodex::{
    node::{self, Functions},
    prelude::*,
};

fn main() -> ExitCode {
    node::main(|node| {
        let functions = Functions::new()
            .add("ping", |term: RawTerm| (atom!("pong"), term))
            .add("add", |a: i64, b: i64| a.checked_add(b));
        Ok(node.service(functions))
    })
}
