//! A node of many handlers, names or connections. With the four arguments of a node executable it connects out; with
//! `listen <node> <cookie>` it prints its port and takes any number of connections. `BENCH_HANDLERS` is how many handlers
//! it has beside those that are called; with `BENCH_NAMES` it has two registered names, each with functions of many types,
//! in place of one service for all names. For transfers it takes `{put, Binary}` and answers `{get, Bytes}`.

use std::{
    io::Read,
    net::{Ipv4Addr, TcpListener},
    process::ExitCode,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;

use nodex::{
    convert::Binary,
    node::{self, Functions, NodeBuilder},
    prelude::*,
};
use nodex_core::protocol::Cookie;

/// Returns the term back.
#[cnode_handler]
fn ping(term: RawTerm) -> (Atom, RawTerm) {
    (atom!("pong"), term)
}

/// Takes a binary, as it came.
#[cnode_handler]
fn put(_binary: RawTerm) {}

/// Gives a binary of so many bytes: the same memory as long as nobody asks for another size.
#[cnode_handler]
fn get(bytes: usize) -> (Atom, Bytes) {
    static LAST: Mutex<Bytes> = Mutex::new(Bytes::new());
    let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
    if last.len() != bytes {
        *last = vec![0; bytes].into();
    }
    (atom!("got"), last.clone())
}

/// Waits for a timer.
#[cnode_handler]
async fn zzzz(milliseconds: u64) {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
}

/// Computes, on a thread for that.
#[cnode_handler(blocking)]
fn busy(milliseconds: u64) {
    let until = Instant::now() + Duration::from_millis(milliseconds);
    while Instant::now() < until {
        std::hint::spin_loop();
    }
}

#[derive(FromTerm)]
struct Rectangle {
    width: u32,
    height: u32,
}

/// Functions of many types (`FUNCTIONS` of `src/load/traffic.rs`).
struct Typed;

#[cnode_handler]
impl Typed {
    fn ping(&self, term: RawTerm) -> (Atom, RawTerm) {
        (atom!("pong"), term)
    }

    fn add(&self, a: i64, b: i64) -> Option<i64> {
        a.checked_add(b)
    }

    fn total(&self, numbers: Vec<f64>) -> f64 {
        numbers.iter().sum()
    }

    fn greet(&self, name: String) -> (Atom, String) {
        (atom!("hello"), name)
    }

    fn flip(&self, value: bool, side: Atom) -> (bool, Atom) {
        (!value, side)
    }

    fn area(&self, rectangle: Rectangle) -> u64 {
        u64::from(rectangle.width) * u64::from(rectangle.height)
    }

    fn lengths(&self, texts: Vec<Binary>) -> Vec<u32> {
        texts.iter().map(|text| text.len() as u32).collect()
    }

    fn swap(&self, (number, text): (i64, String)) -> (String, i64) {
        (text, number)
    }
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [word, name, cookie] = &arguments[..] else {
        return node::main(|node| Ok(serving(node)));
    };
    match word == "listen" && listen(name, cookie).map_err(|error| eprintln!("{error}")).is_ok() {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
    }
}

fn serving(node: NodeBuilder) -> NodeBuilder {
    if std::env::var_os("BENCH_NAMES").is_some() {
        return node.register("nil", Typed).register("another_name", Typed);
    }
    let count = std::env::var("BENCH_HANDLERS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_u32);
    // `ping` is one of them. Names live as long as the program.
    let more = (1..count).fold(Functions::new(), |functions, number| {
        functions.add(String::leak(format!("handler_{number}")), |term: RawTerm| term)
    });
    node.service(ping {}).service(put {}).service(get {}).service(zzzz {}).service(busy {}).service(more)
}

/// Until the end of stdin.
#[tokio::main(flavor = "current_thread")]
async fn listen(name: &str, cookie: &str) -> Result<(), Box<dyn std::error::Error>> {
    // Nodes say nothing about the port that they get by themselves.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let node = serving(NodeBuilder::new()).listen_unpublished(address).start(name, Cookie::new(cookie)?).await?;
    println!("{port}");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    node.stop(Duration::from_secs(1)).await;
    Ok(())
}
