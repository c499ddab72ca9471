//! The node under attack: functions that misbehave on request, behind the connection to a host or behind a port.
//!
//! With the four arguments of a node executable it connects out; with `listen <node> <cookie>` it prints its port and
//! lets anybody in who knows the cookie. `TICK_MS` is its tick time, `MAX_FRAME` the longest frame that it takes.

use std::{
    hint,
    io::Read,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    process::ExitCode,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use nodex::{
    net::LinkLimits,
    node::{self, Caller, Context, Functions, NoReply, NodeBuilder, Raised},
    prelude::*,
};
use nodex_core::protocol::Cookie;

static HANDLED: AtomicU64 = AtomicU64::new(0);
static KEPT: Mutex<Vec<Bytes>> = Mutex::new(Vec::new());
static KEPT_RAW: Mutex<Vec<RawTerm>> = Mutex::new(Vec::new());
static CALLERS: Mutex<Vec<Caller>> = Mutex::new(Vec::new());

/// How many there are then.
fn keep<T>(all: &Mutex<Vec<T>>, value: T) -> usize {
    let mut all = all.lock().expect("no panic in there");
    all.push(value);
    all.len()
}

/// How often a gate is looked at.
const LOOK: Duration = Duration::from_millis(2);

fn functions() -> Functions {
    Functions::new()
        .add("ping", |term: RawTerm| {
            HANDLED.fetch_add(1, Ordering::Relaxed);
            (atom!("pong"), term)
        })
        // How many of these and of pings there were before, from all peers together.
        .add("handled", || HANDLED.fetch_add(1, Ordering::Relaxed))
        .add("dynamic", |term: Term| (atom!("pong"), term))
        .add("numbers", |numbers: Vec<i64>| numbers.len() as u64)
        .add("nested", |lists: Vec<Vec<Vec<i64>>>| lists.len() as u64)
        .add("text", |text: String| text.len() as u64)
        .add("panic", |text: String| -> u64 { panic!("{text}") })
        .add_async("panic_later", |text: String| async move {
            tokio::time::sleep(Duration::from_millis(20)).await;
            if text.is_empty() { 0u64 } else { panic!("{text}") }
        })
        .add("block", |ms: u64| {
            thread::sleep(Duration::from_millis(ms));
            ms
        })
        // Holds up its thread until there is such a file.
        .add("block_until", |gate: String| {
            while !Path::new(&gate).exists() {
                thread::sleep(LOOK);
            }
            atom!("open")
        })
        // The same without holding up anything.
        .add_async("wait_until", |gate: String, term: RawTerm| async move {
            while !Path::new(&gate).exists() {
                tokio::time::sleep(LOOK).await;
            }
            (atom!("open"), term)
        })
        .add_async("later", |ms: u64, term: RawTerm| async move {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            (atom!("later"), term)
        })
        // The system's time, in seconds.
        .add("clock", || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).map_or(0, |time| time.as_secs()))
        .add("overflow", || deep(0))
        .add("allocate", || {
            let mut all = Vec::new();
            loop {
                all.push(vec![1u8; 1 << 20]);
                hint::black_box(&all);
            }
            #[allow(unreachable_code)] // Says what it would answer.
            0u64
        })
        .add("leak", |mib: u64| {
            for _ in 0..mib {
                Box::leak(vec![1u8; 1 << 20].into_boxed_slice());
            }
            mib
        })
        .add("silent", |_: RawTerm| NoReply)
        .add_async("silent_later", |_: RawTerm| async {
            tokio::task::yield_now().await;
            NoReply
        })
        // Answers with so many bytes.
        .add("large", |bytes: usize| Bytes::from(vec![7; bytes]))
        .add("size", |bytes: Bytes| bytes.len())
        .add_async("size_later", |bytes: Bytes| async move {
            tokio::task::yield_now().await;
            bytes.len()
        })
        .add("raise", |reason: RawTerm| Err::<u64, _>(Raised::Error(reason)))
        .add("keep", |bytes: Bytes| keep(&KEPT, bytes))
        .add("keep_raw", |term: RawTerm| keep(&KEPT_RAW, term))
        .add("keep_caller", |caller: Caller| {
            keep(&CALLERS, caller);
            NoReply
        })
        // A service that ends when it is told to, with a reason that it is told.
        .add("spawn", |context: Context| {
            let mortal =
                Functions::new().add("stop", |context: Context, reason: RawTerm| context.stop(&reason).is_ok());
            context.node().spawn(mortal).expect("it can be served")
        })
        .add_async("never_all", |kept: Vec<Bytes>| async move {
            std::future::pending::<()>().await;
            kept.len()
        })
        .add_async("never", |kept: RawTerm| async move {
            std::future::pending::<()>().await;
            kept
        })
}

/// Needs more stack for each level.
fn deep(level: u64) -> u64 {
    let here = hint::black_box([level; 64]);
    if level == u64::MAX { 0 } else { deep(level + 1) + here[3] }
}

fn builder() -> NodeBuilder {
    let mut limits = LinkLimits::default();
    if let Some(ms) = std::env::var("TICK_MS").ok().and_then(|ms| ms.parse().ok()) {
        limits.tick_time = Duration::from_millis(ms);
    }
    if let Some(bytes) = std::env::var("MAX_FRAME").ok().and_then(|bytes| bytes.parse().ok()) {
        limits.max_frame = bytes;
    }
    NodeBuilder::new().limits(limits).service(functions())
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match &arguments[..] {
        [listen, name, cookie] if listen == "listen" => serve(name, cookie),
        _ => node::main(|_| Ok(builder())),
    }
}

fn serve(name: &str, cookie: &str) -> ExitCode {
    node::log_to_stderr().expect("a level");
    let cookie = Cookie::new(cookie).expect("a cookie");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    // Free a moment ago; whoever starts this node tries again if it is not free any more.
    let port =
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|socket| socket.local_addr()).expect("a port").port();
    let node = runtime.block_on(builder().listen_unpublished((Ipv4Addr::LOCALHOST, port).into()).start(name, cookie));
    let _node = match node {
        Ok(node) => node,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    println!("port {port}");
    // Ends with the test.
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    thread::spawn(move || {
        let _ = std::io::stdin().read(&mut [0; 1]);
        drop(end);
    });
    let _ = runtime.block_on(ended);
    ExitCode::SUCCESS
}
