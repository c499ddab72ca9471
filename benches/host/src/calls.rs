//! Calls from this host into one node: one at a time, and many callers at once.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use nodex_core::{atom, term::Atom};
use nodex_host::{Cnode, Distributed};

use crate::{Result, options::Options, report::Report};

/// No healthy call takes a tenth of this.
const LIMIT: Duration = Duration::from_secs(30);

/// `{ping, <<"hello">>}` into the C node and the Rust node, one call after the other.
pub(crate) async fn one_at_a_time(
    net: &Distributed,
    options: &Options,
    runtime: &str,
    report: &mut Report,
) -> Result<()> {
    for (path, name) in [(&options.c_node, "C node"), (&options.rust_node, "Rust node")] {
        let node = spawn(net, path).await?;
        for _ in 0..options.calls / 10 {
            call(&node).await?;
        }
        let mut times = Vec::with_capacity(options.calls);
        for _ in 0..options.calls {
            let began = Instant::now();
            call(&node).await?;
            times.push(began.elapsed());
        }
        node.stop().await;
        times.sort();
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        let work = format!("one call at a time, {name}, {runtime}");
        report.add(&work, "p50", "us", us(times[times.len() / 2]));
        report.add(&work, "p99", "us", us(times[times.len() * 99 / 100]));
        report.add(&work, "mean", "us", us(times.iter().sum::<Duration>()) / times.len() as f64);
    }
    Ok(())
}

/// The same from many tasks into one Rust node.
pub(crate) async fn many_callers(
    net: &Distributed,
    options: &Options,
    runtime: &str,
    report: &mut Report,
) -> Result<()> {
    let node = spawn(net, &options.rust_node).await?;
    let calls = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let until = began + options.call_for;
    let callers = (0..options.callers).map(|_| {
        let (node, calls) = (node.clone(), calls.clone());
        tokio::spawn(async move {
            let mut made = 0;
            while Instant::now() < until {
                call(&node).await?;
                made += 1;
            }
            calls.fetch_add(made, Ordering::Relaxed);
            Ok::<_, String>(())
        })
    });
    for caller in callers.collect::<Vec<_>>() {
        caller.await.map_err(|error| error.to_string())??;
    }
    let took = began.elapsed();
    node.stop().await;
    let work = format!("{} callers, Rust node, {runtime}", options.callers);
    report.add(&work, "calls", "M/s", calls.load(Ordering::Relaxed) as f64 / took.as_secs_f64() / 1e6);
    Ok(())
}

async fn spawn(net: &Distributed, path: &Path) -> Result<Cnode> {
    Cnode::builder(path).spawn(net).await.map_err(|error| error.to_string())
}

async fn call(node: &Cnode) -> Result<()> {
    let answer: (Atom, &str) = (atom!("ping"), "hello");
    let (pong, text): (Atom, String) = node.call_within(LIMIT, answer).await.map_err(|error| error.to_string())?;
    match pong.as_str() == "pong" && text == "hello" {
        true => Ok(()),
        false => Err(format!("the answer to a ping was {pong} {text}")),
    }
}
