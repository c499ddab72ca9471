//! Makes this program a node with all defaults, says what it is, and stays until the end of its input:
//! `cargo run -p nodex-host --example up -- <name> [system]`, with `system` beside an epmd of Erlang that it starts.

use std::{error::Error, io::Read as _, net::Ipv4Addr};

use nodex_host::{Distributed, EpmdMode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let name = std::env::args().nth(1).ok_or("usage: up <name>")?;
    let net = match std::env::args().nth(2).as_deref() {
        Some("system") => Distributed::builder(&name).epmd(EpmdMode::SystemStarted).up().await?,
        _ => Distributed::up(&name, Ipv4Addr::LOCALHOST).await?,
    };
    let epmd = if net.has_embedded_epmd() { "embedded" } else { "of the system" };
    println!("{} is up, epmd {epmd} on port {}", net.node().name(), net.epmd_port());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    net.down().await;
    Ok(())
}
