//! The node whose end `tests/lifetime.rs` looks at: it writes down what it has done, until the very end of its `main`.
//!
//! `NOTES` is the file, `SERVICES` says what it serves, and `HOOK` has it set a panic hook of its own.

use std::{
    fs::OpenOptions,
    io::Write,
    path::{Path, PathBuf},
    process::ExitCode,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::Duration,
};

use nodex::{
    node::{self, Call, Function, Functions, Handled, Handler, NodeBuilder, ServiceOptions},
    prelude::*,
};

/// Adds a line to the file. One write, so that lines of several threads stay whole.
fn note(line: &str) {
    let path = std::env::var_os("NOTES").map(PathBuf::from).expect("NOTES names a file");
    let mut file = OpenOptions::new().append(true).create(true).open(path).expect("the file");
    file.write_all(format!("{line}\n").as_bytes()).expect("room");
}

/// A time in the environment.
fn milliseconds(variable: &str) -> Option<Duration> {
    std::env::var(variable).ok()?.parse().ok().map(Duration::from_millis)
}

/// The state of a service, whose end is noted, and takes its time if `DROP` says so.
struct State(&'static str);

impl Drop for State {
    fn drop(&mut self) {
        if let Some(time) = milliseconds("DROP") {
            thread::sleep(time);
        }
        note(&format!("{} dropped", self.0));
    }
}

fn functions(name: &'static str) -> Functions {
    let (state, count) = (State(name), AtomicU64::new(0));
    Functions::new()
        .add("ping", move |term: RawTerm| {
            let _kept = &state;
            (atom!("pong"), term)
        })
        .add("next", move || count.fetch_add(1, Ordering::Relaxed))
        .add("note", |line: String| note(&line))
        .add("slow_note", |ms: u64, line: String| {
            thread::sleep(Duration::from_millis(ms));
            note(&line);
        })
        .add("block", |ms: u64| {
            note("begins");
            thread::sleep(Duration::from_millis(ms));
            note("ends");
            ms
        })
        // Holds up its thread until there is such a file.
        .add("block_until", |path: String| {
            note("begins");
            while !Path::new(&path).exists() {
                thread::sleep(Duration::from_millis(1));
            }
            note("ends");
            atom!("there")
        })
        .add_async("sleep", |ms: u64| async move {
            note("begins");
            tokio::time::sleep(Duration::from_millis(ms)).await;
            note("ends");
            ms
        })
        .add_handler(Function::new("work", 1), Work)
        .add("crash", |message: String| -> u64 { panic!("{message}") })
        .add_async("crash_later", |message: String| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if message.is_empty() { 0 } else { panic!("{message}") }
        })
        .add("refuse", |reason: RawTerm| Err::<(), _>(reason))
        .add_async("refuse_later", |reason: RawTerm| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            Err::<(), _>(reason)
        })
        .add("pid", |cx: Context| cx.pid())
        .add("stop", |reason: RawTerm, cx: Context| cx.stop(&reason).is_ok())
}

/// Sleeps on a thread for blocking work.
struct Work;

impl Handler for Work {
    fn handle(&self, mut call: Call<'_>) -> Handled {
        match call.arg::<u64>() {
            Ok(ms) => call.blocking(move || {
                note("begins");
                thread::sleep(Duration::from_millis(ms));
                note("ends");
                ms
            }),
            Err(rejection) => call.reject(rejection),
        }
    }
}

fn services(node: NodeBuilder) -> NodeBuilder {
    let trapping = ServiceOptions::new().trap_exit(true);
    match std::env::var("SERVICES").as_deref() {
        Ok("two") => node.register("a", functions("a")).register("b", functions("b")),
        Ok("permanent") => node.register_with("a", trapping.permanent(), functions("a")).register("b", functions("b")),
        Ok("transient") => node.service_with(trapping.transient(), functions("one")),
        Ok("temporary") => node.service_with(trapping.temporary(), functions("one")),
        Ok("factory") => node.register_factory("a", || functions("a")).register("b", functions("b")),
        Ok("only_factory") => node.factory_with(trapping.stop_on_panic(true), || functions("one")),
        Ok("slow_start") => {
            note("starting");
            // Slower than whoever stops it is ready to wait.
            thread::sleep(Duration::from_secs(60));
            node.service(functions("one"))
        }
        _ => node.service(functions("one")),
    }
}

fn main() -> ExitCode {
    if std::env::var_os("HOOK").is_some() {
        std::panic::set_hook(Box::new(|panic| {
            let payload = panic.payload();
            let text = payload.downcast_ref::<&str>().copied();
            let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
            note(&format!("hook: {}", text.unwrap_or("?")));
        }));
    }
    let drain = milliseconds("DRAIN");
    let status = node::main(|node| {
        let node = services(node);
        Ok(match drain {
            Some(time) => node.drain(time),
            None => node,
        })
    });
    note("after the node");
    if std::env::var_os("HOOK").is_some() {
        let _ = thread::spawn(|| panic!("in a thread")).join();
    }
    if let Some(time) = milliseconds("AFTER") {
        thread::sleep(time);
        note("at the end");
    }
    status
}
