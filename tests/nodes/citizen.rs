//! The node that `tests/elixir/citizen*.exs` look at: services under names of their own.

use std::{process::ExitCode, time::Duration};

use bytes::Bytes;
use nodex::{
    node::{self, Accepts, Call, CallKind, Function, Functions, Handled, Handler, Raised, ServiceOptions},
    prelude::*,
};

fn main() -> ExitCode {
    let visible = std::env::var_os("CITIZEN_VISIBLE").is_some();
    node::main(|node| Ok(node.visible(visible).register("orders", orders()).register("workers", workers())))
}

/// Starts and stops services.
fn workers() -> Functions {
    Functions::new()
        .add("spawn", |cx: Context| cx.node().spawn(worker()).map_err(|error| error.to_string()))
        .add("spawn", |trap_exit: bool, stop_on_panic: bool, cx: Context| {
            let options = ServiceOptions::new().trap_exit(trap_exit).stop_on_panic(stop_on_panic);
            cx.node().spawn_with(options, worker()).map_err(|error| error.to_string())
        })
        .add("register", |name: Atom, cx: Context| {
            cx.node().register(&name, worker()).map_err(|error| error.to_string())
        })
        .add("shelf", |cx: Context| {
            let shelf = Shelf { items: Vec::new(), secret: "not shown".to_owned() };
            cx.node().spawn(shelf).map_err(|error| error.to_string())
        })
        .add("whereis", |name: Atom, cx: Context| cx.node().whereis(&name))
        .add("stop", |pid: Pid, reason: RawTerm, cx: Context| cx.node().stop_service(&pid, &reason).ok())
}

/// A service to be started and stopped.
fn worker() -> Functions {
    Functions::new()
        .add("ping", |term: RawTerm| (atom!("pong"), term))
        .add("self", |cx: Context| cx.pid())
        .add("stop", |reason: RawTerm, cx: Context| cx.stop(&reason).map_err(|error| error.to_string()))
        .add("crash", |message: String| -> i64 { panic!("{message}") })
        .add_async("link", |other: Pid, cx: Context| async move {
            match cx.pid() {
                Some(own) => cx.node().link(&own, &other).await.map_err(|error| error.to_string()),
                None => Err("no pid".to_owned()),
            }
        })
        .add("unlink", |other: Pid, cx: Context| {
            if let Some(own) = cx.pid() {
                cx.node().unlink(&own, &other);
            }
        })
        .add_async("sleep", |ms: u64| async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            ms
        })
        .add_async("crash_later", |message: String| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if message.is_empty() { 0 } else { panic!("{message}") }
        })
}

/// A service that shows its state to `sys`, though not all of it.
struct Shelf {
    items: Vec<RawTerm>,
    secret: String,
}

#[cnode_handler(sys_state = Self::shown)]
impl Shelf {
    fn put(&mut self, item: RawTerm) -> usize {
        self.items.push(item);
        self.items.len()
    }

    async fn put_slowly(&mut self, item: RawTerm, ms: u64) -> usize {
        tokio::time::sleep(Duration::from_millis(ms)).await;
        self.put(item)
    }

    fn secret(&self) -> &str {
        &self.secret
    }

    #[cnode(skip)]
    fn shown(&self) -> &[RawTerm] {
        &self.items
    }
}

fn orders() -> Functions {
    Functions::new()
        .add("ping", |term: RawTerm| (atom!("pong"), term))
        .add_handler(Function::new("add", 2).doc("The sum, or nil if it is too large."), Add)
        .add("sum", |numbers: Vec<i64>| numbers.iter().sum::<i64>())
        .add("nothing", || ())
        .add("refuse", |reason: RawTerm| Err::<(), _>(reason))
        .add("raise", raise)
        .add("crash", |message: String| -> i64 { panic!("{message}") })
        .add("big", |size: usize| Bytes::from(vec![7; size]))
        .add("not_a_number", || f64::NAN)
        .add("no_reply", || NoReply)
        .add("forget", |caller: Caller| drop_later(caller, None))
        .add("answer_later", |term: RawTerm, caller: Caller| drop_later(caller, Some(term)))
        .add("how", |caller: Caller| {
            let how = match caller.kind() {
                CallKind::Plain => "plain",
                CallKind::GenCall => "call",
                CallKind::Cast => "cast",
                CallKind::Rpc => "rpc",
                _ => "else",
            };
            (Atom::from_static(how), caller.pid().ok())
        })
        .add_async("sleep", |ms: u64| async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            ms
        })
        .add_async("crash_later", |message: String| async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            if message.is_empty() { 0 } else { panic!("{message}") }
        })
        .add_handler(Function::new("only_messages", 0).accepts(Accepts::PLAIN.or(Accepts::CALL)), Yes)
        .add_handler(Function::new("only_rpc", 0).accepts(Accepts::RPC), Yes)
}

struct Add;

impl Handler for Add {
    fn handle(&self, mut call: Call<'_>) -> Handled {
        match (call.arg::<i64>(), call.arg::<i64>()) {
            (Ok(a), Ok(b)) => call.reply(a.checked_add(b)),
            (Err(rejection), _) | (_, Err(rejection)) => call.reject(rejection),
        }
    }
}

struct Yes;

impl Handler for Yes {
    fn handle(&self, call: Call<'_>) -> Handled {
        call.reply(atom!("yes"))
    }
}

fn raise(class: Atom, reason: RawTerm) -> Result<RawTerm, Raised<RawTerm>> {
    match class.as_str() {
        "error" => Err(Raised::Error(reason)),
        "exit" => Err(Raised::Exit(reason)),
        "throw" => Err(Raised::Throw(reason)),
        _ => Ok(reason),
    }
}

/// Takes the caller to another thread and answers from there, or not at all.
fn drop_later(caller: Caller, answer: Option<RawTerm>) -> NoReply {
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(20));
        if let Some(answer) = answer {
            // The answer is a term that came from a BEAM.
            caller.reply(answer).unwrap_or_default();
        }
    });
    NoReply
}
