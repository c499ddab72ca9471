//! `nodex ping`: the handshake, and round trips as `net_adm:ping` makes them.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use nodex_core::{atom, term::Term};
use serde_json::json;

use crate::{
    client::{Client, call_failure},
    failure::{Code, Failure},
    options::Global,
    output::{Screen, duration},
    terms::brief,
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The node: name@host, or a name on this host
    node: String,
    /// The number of round trips
    #[arg(short = 'c', long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    count: u32,
    /// The pause between them, such as 500ms, 1s
    #[arg(short = 'i', long, value_name = "TIME", default_value = "0s", value_parser = nodex_core::duration::parse)]
    interval: Duration,
}

pub(crate) async fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let screen = Screen::new(global.quiet);
    let started = Instant::now();
    let client = Client::connect(&args.node, global).await?;
    let handshake = started.elapsed();
    let (target, shown) = (client.target().clone(), client.shown());
    if !global.json {
        screen.data(format_args!("{shown} let us in within {}", duration(handshake)))?;
    }
    let mut times = Vec::new();
    for i in 0..args.count {
        if i > 0 && !args.interval.is_zero() {
            tokio::time::sleep(args.interval).await;
        }
        let asked = Instant::now();
        let request = (atom!("is_auth"), client.node.name());
        let answer = client.node.call::<Term>((atom!("net_kernel"), target.clone()), request, client.timeout).await;
        let took = asked.elapsed();
        match answer {
            Ok(answer) if answer.is_atom("yes") => {}
            Ok(other) => {
                let other = brief(&other, global);
                let message = format!("{shown} answered {other} to is_auth: Node.ping gives pang");
                return Err(Failure::new(Code::PeerError, message));
            }
            Err(error) => {
                let failure = call_failure(&format!("'net_kernel' on {shown}"), &error, global.syntax.into());
                return Err(failure.hint(
                    "it is connected, but Node.ping from a BEAM would wait for it: a C node that knows no is_auth",
                ));
            }
        }
        times.push(took);
        if !global.json {
            screen.data(format_args!("pong {} from {shown}: {}", i + 1, duration(took)))?;
        }
    }
    client.close().await;
    times.sort_unstable();
    let at = |part: usize| times.get((times.len() - 1) * part / 100).copied().unwrap_or_default();
    let [min, p50, p99, max] = [0, 50, 99, 100].map(at);
    if global.json {
        let micros = |time: Duration| time.as_nanos() as f64 / 1000.0;
        screen.json(json!({
            "node": &*target, "count": times.len(), "handshake_microseconds": micros(handshake),
            "microseconds": { "min": micros(min), "p50": micros(p50), "p99": micros(p99), "max": micros(max) },
        }))?;
    } else if times.len() > 1 {
        let [min, p50, p99, max] = [min, p50, p99, max].map(duration);
        screen.data(format_args!("{} round trips: min {min}, p50 {p50}, p99 {p99}, max {max}", times.len()))?;
    }
    Ok(ExitCode::SUCCESS)
}
