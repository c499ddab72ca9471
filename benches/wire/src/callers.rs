//! A Rust host that calls a node: `nodex-host`, from one task to many.

use std::time::{Duration, Instant};

use nodex_core::{atom, term::Atom};
use nodex_host::{Cnode, CnodeBuilder};

use crate::{
    cores::Placement,
    latency::Latencies,
    options::Executable,
    report::{Report, Subject, Unit},
    round::{PATIENCE, World},
};

/// Tasks that call at once.
pub(crate) const CALLERS: [u64; 5] = [1, 4, 16, 64, 256];

/// The works.
pub(crate) const CALLS: &str = "calls from a Rust host, by callers";
pub(crate) const TIMES: &str = "one call from a Rust host, by callers";

pub(crate) fn measure(world: &World<'_>, node: &Executable, report: &mut Report) {
    // The host's threads run wherever they like from the beginning; so does what they start.
    let done = world.cores.place(Placement::Free, || world.runtime.block_on(all(world, node, report)));
    if let Err(error) = done.and_then(|done| done) {
        report.fail(node, CALLS, &error);
    }
}

async fn all(world: &World<'_>, node: &Executable, report: &mut Report) -> Result<(), String> {
    let builder = CnodeBuilder::new(&node.path).spawn_inactive_timeout(PATIENCE).connect_timeout(PATIENCE);
    let cnode = builder.spawn(&world.net).await.map_err(|error| error.to_string())?;
    many(&cnode, 1, world.options.glance).await?;
    for callers in CALLERS {
        let (rate, latencies) = many(&cnode, callers, world.options.glance).await?;
        report.add(Subject::new(CALLS, &node.name, "value", Unit::ThousandsPerSecond).at(callers), rate / 1e3);
        report.add_times(&Subject::new(TIMES, &node.name, "", Unit::Microseconds).at(callers), &latencies);
    }
    cnode.stop().await;
    Ok(())
}

/// Each calls at least once. Calls per second, and how long they took.
async fn many(cnode: &Cnode, callers: u64, time: Duration) -> Result<(f64, Latencies), String> {
    let began = Instant::now();
    let callers: Vec<_> = (0..callers).map(|_| tokio::spawn(caller(cnode.clone(), began + time))).collect();
    let (mut calls, mut latencies) = (0, Latencies::new()?);
    for caller in callers {
        let (made, times) = caller.await.map_err(|error| error.to_string())??;
        calls += made;
        latencies.add(&times)?;
    }
    Ok((f64::from(calls) / began.elapsed().as_secs_f64(), latencies))
}

async fn caller(cnode: Cnode, until: Instant) -> Result<(u32, Latencies), String> {
    let (mut calls, mut latencies) = (0, Latencies::new()?);
    let mut began = Instant::now();
    loop {
        let answer = cnode.call_within(PATIENCE, (atom!("ping"), "hello")).await;
        let (pong, text): (Atom, String) = answer.map_err(|error| error.to_string())?;
        if pong.as_str() != "pong" || text != "hello" {
            return Err(format!("the answer to a ping was {pong} {text}"));
        }
        let now = Instant::now();
        latencies.record(now - began);
        began = now;
        calls += 1;
        if now >= until {
            return Ok((calls, latencies));
        }
    }
}
