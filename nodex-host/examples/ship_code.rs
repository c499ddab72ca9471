//! Compiles a module at run time, loads it into a fresh BEAM and calls it there: what the Elixir package Nodex shows of its
//! distributed environment. Needs `erl` in `PATH`: `cargo run -p nodex-host --example ship_code`

use std::{error::Error, net::Ipv4Addr, time::Duration};

use nodex_core::term::Atom;
use nodex_host::{Distributed, EpmdMode};

const LIMIT: Duration = Duration::from_secs(30);

const SOURCE: &str = "
    -module(greeter).
    -export([hello/1]).
    hello(Name) -> {hello, Name, node()}.
";

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let net = Distributed::builder("master").ip(Ipv4Addr::LOCALHOST).epmd(EpmdMode::Private).up().await?;
    let slaves = net.spawn_slaves(2).await?;

    // A Rust program has no Erlang compiler, a BEAM has one. `ObjectCode::read` takes a file of `erlc` instead.
    let greeter = net.compile_erlang(slaves[0].node(), SOURCE, LIMIT).await?;
    net.load_module(slaves[1].node(), &greeter, LIMIT).await?;

    let (hello, name, node): (Atom, String, Atom) = slaves[1].rpc("greeter", "hello", &[&"world"], LIMIT).await?;
    println!("{hello} {name} from {node}");

    // What a function raises is told with its class and its reason.
    let failed =
        slaves[0].rpc::<Atom>("greeter", "hello", &[&"world"], LIMIT).await.expect_err("it is not loaded here");
    let exception = failed.exception().ok_or("no exception")?;
    println!("{}: {:?} {}", slaves[0].node(), exception.class, exception.reason);

    net.down().await;
    Ok(())
}
