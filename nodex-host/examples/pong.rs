//! A small node for a host to start: it answers `{ping, Term}`, slowly on request, and can be made to fail.

use std::{process::ExitCode, time::Duration};

use nodex_core::{
    atom,
    node::{self, Functions, NoReply},
    term::RawTerm,
};

fn main() -> ExitCode {
    node::main(|node| {
        let functions = Functions::new()
            .add("ping", |term: RawTerm| (atom!("pong"), term))
            .add_async("slowly", |millis: u64, term: RawTerm| async move {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                term
            })
            .add("silence", || NoReply)
            .add("exit", |status: i32| -> i32 { std::process::exit(status) })
            .add("abort", || -> bool { std::process::abort() });
        Ok(node.service(functions))
    })
}
