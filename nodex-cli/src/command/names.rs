//! `nodex names`: what epmd knows, and whether it is true.

use std::{net::SocketAddr, process::ExitCode, time::Duration};

use nodex_core::{
    epmd::{Client as Epmd, HIDDEN_NODE, NORMAL_NODE},
    error::Chain,
};
use serde_json::json;
use tokio::{
    net::TcpStream,
    time::{Instant, timeout},
};

use crate::{
    client::epmd_failure,
    failure::Failure,
    options::Global,
    output::{Screen, Table, Untrusted, duration},
};

/// How long a node may take to accept a connection before it counts as silent.
const SILENT: Duration = Duration::from_secs(1);

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The host whose nodes to list [default: this one]
    host: Option<String>,
}

struct Node {
    name: Untrusted,
    port: u16,
    kind: &'static str,
    /// How long it took to accept a connection, or what came of the attempt.
    answer: Result<Duration, String>,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let deadline = Instant::now() + global.timeout;
    let epmd = match &args.host {
        Some(host) => Epmd::at_host(host).await,
        None => Epmd::local(),
    };
    let epmd = epmd.map_err(|error| epmd_failure(&error))?.timeout(global.timeout);
    let mut names = epmd.names().await.map_err(|error| epmd_failure(&error))?;
    names.sort();
    let mut nodes = Vec::new();
    for (name, port) in names {
        if Instant::now() >= deadline {
            let answer = Err("not asked: the time is up".to_owned());
            nodes.push(Node { name: name.into(), port, kind: "?", answer });
            continue;
        }
        let kind = match epmd.lookup(&name).await.map(|entry| entry.node_type) {
            Ok(NORMAL_NODE) => "beam",
            // 72 is what ei and erl_dist register for hidden nodes.
            Ok(HIDDEN_NODE | 72) => "hidden",
            _ => "?",
        };
        let answer = knock(SocketAddr::new(epmd.address().ip(), port), global.timeout.min(SILENT)).await;
        nodes.push(Node { name: name.into(), port, kind, answer });
    }

    let screen = Screen::new(global.quiet);
    if global.json {
        let node = |node: &Node| {
            let answer = match &node.answer {
                Ok(_) => "ok",
                Err(problem) => problem.as_str(),
            };
            json!({ "name": node.name, "port": node.port, "kind": node.kind, "answers": node.answer.is_ok(), "connection": answer })
        };
        let nodes: Vec<_> = nodes.iter().map(node).collect();
        screen.json(json!({ "epmd": epmd.address().to_string(), "nodes": nodes }))?;
        return Ok(ExitCode::SUCCESS);
    }
    if nodes.is_empty() {
        screen.talk(format_args!("no nodes are registered with epmd at {}", epmd.address()));
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(&["name", "port", "kind", "answers"]);
    for node in nodes {
        let answer = match node.answer {
            Ok(took) => duration(took),
            Err(problem) => problem,
        };
        table.row([node.name, node.port.to_string().into(), node.kind.into(), answer.into()]);
    }
    table.print(screen)?;
    Ok(ExitCode::SUCCESS)
}

/// Connects and goes away again, which a node forgives.
async fn knock(address: SocketAddr, limit: Duration) -> Result<Duration, String> {
    let asked = Instant::now();
    match timeout(limit, TcpStream::connect(address)).await {
        Ok(Ok(_)) => Ok(asked.elapsed()),
        Ok(Err(error)) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            Err("no: nothing listens there".to_owned())
        }
        Ok(Err(error)) => Err(format!("no: {error}", error = Chain(&error))),
        Err(_) => Err(format!("no: silent for {}", duration(limit))),
    }
}
