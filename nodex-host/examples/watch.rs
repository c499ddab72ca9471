//! Starts an executable by the start protocol of nodes, without talking to it, and prints what happens to it:
//! `cargo run -p nodex-host --example watch -- <executable>...`

use std::{env, process::ExitCode};

use nodex_host::{CnodeBuilder, EventKind, Events, HostNode};

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let executables: Vec<_> = env::args_os().skip(1).collect();
    if executables.is_empty() {
        eprintln!("usage: watch <executable>...");
        return Ok(ExitCode::from(2));
    }
    let events = Events::default();
    let mut happened = events.subscribe();
    let host = HostNode::new("master@127.0.0.1", "a cookie for an example")?;
    let mut running = Vec::new();
    for executable in executables {
        running.push(CnodeBuilder::new(executable).events(&events).start(&host).await?);
    }
    drop(events);
    while let Some(event) = happened.next().await {
        match event.kind {
            EventKind::Started { pid } => println!("{}: started as {pid}", event.node),
            EventKind::Line(line) => println!("{}: {}: {line}", event.node, line.stream),
            EventKind::Ready { after } => println!("{}: ready after {after:?}", event.node),
            EventKind::Exited(exit) => println!("{}: {exit}", event.node),
            other => println!("{}: {other:?}", event.node),
        }
    }
    Ok(ExitCode::SUCCESS)
}
