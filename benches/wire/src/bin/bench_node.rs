//! A node of many handlers or connections. With the four arguments of a node executable it connects out; with
//! `listen <node> <cookie>` it prints its port and takes any number of connections. `BENCH_HANDLERS` is how many handlers
//! it has beside those that are called.

use std::{
    io::Read,
    net::{Ipv4Addr, TcpListener},
    process::ExitCode,
    time::{Duration, Instant},
};

use nodex::{
    node::{self, Builder, Functions},
    prelude::*,
};
use nodex_core::dist::Cookie;

/// Gives the term back.
#[cnode_handler]
fn ping(term: RawTerm) -> (Atom, RawTerm) {
    (atom!("pong"), term)
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

fn serving(node: Builder) -> Builder {
    let count = std::env::var("BENCH_HANDLERS").ok().and_then(|count| count.parse().ok()).unwrap_or(1_u32);
    // `ping` is one of them. Names live as long as the program.
    let more = (1..count).fold(Functions::new(), |functions, number| {
        functions.add(String::leak(format!("handler_{number}")), |term: RawTerm| term)
    });
    node.service(ping {}).service(zzzz {}).service(busy {}).service(more)
}

/// Until the end of stdin.
#[tokio::main(flavor = "current_thread")]
async fn listen(name: &str, cookie: &str) -> Result<(), Box<dyn std::error::Error>> {
    // Nodes say nothing about the port that they get by themselves.
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
    let address = (Ipv4Addr::LOCALHOST, port).into();
    let node = serving(Builder::new()).listen_unpublished(address).start(name, Cookie::new(cookie)?).await?;
    println!("{port}");
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    node.stop(Duration::from_secs(1)).await;
    Ok(())
}
