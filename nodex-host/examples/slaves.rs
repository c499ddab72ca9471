//! Starts BEAMs, says what they are, and stays until the end of its input: `cargo run -p nodex-host --example slaves -- 2`

use std::{error::Error, io::Read as _, net::Ipv4Addr};

use nodex_host::{Distributed, EpmdMode};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let count = std::env::args().nth(1).ok_or("usage: slaves <count>")?.parse()?;
    let net = Distributed::builder("master").ip(Ipv4Addr::LOCALHOST).epmd(EpmdMode::Private).up().await?;
    for slave in net.spawn_slaves(count).await? {
        println!("{} is process {}", slave.node(), slave.pid());
    }
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    net.down().await;
    Ok(())
}
