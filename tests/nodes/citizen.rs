//! The node that `tests/elixir/citizen*.exs` look at: services under names of their own.

use std::process::ExitCode;

use nodex::{
    node::{self, Functions},
    prelude::*,
};

fn main() -> ExitCode {
    node::main(|node| Ok(node.register("orders", orders())))
}

fn orders() -> Functions {
    Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term)).add("add", |a: i64, b: i64| a.checked_add(b))
}
