//! A small node for a host to start: it answers `{ping, Term}`, slowly on request, keeps notes in a file, and can be
//! made to fail.

use std::{fs::File, io::Write as _, process::ExitCode, time::Duration};

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
            .add("sname", || std::env::args().nth(1).unwrap_or_default())
            .add("note", |file: String, line: String| {
                // In one write, as others append to the same file.
                let line = format!("{line}\n");
                let file = File::options().append(true).create(true).open(file);
                file.is_ok_and(|mut file| file.write_all(line.as_bytes()).is_ok())
            })
            .add("fail", |text: String, status: i32| -> i32 {
                eprintln!("error: {text}");
                std::process::exit(status)
            })
            .add("panic", |text: String| -> i32 { panic!("{text}") })
            .add("big", |megabytes: usize| vec![1_u8; megabytes << 20].into_iter().map(u16::from).collect::<Vec<_>>())
            .add("exit", |status: i32| -> i32 { std::process::exit(status) })
            .add("abort", || -> bool { std::process::abort() });
        Ok(node.service(functions))
    })
}
