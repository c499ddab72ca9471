//! A Rust host that calls a node: `nodex-host`, from one task to many.

use std::time::{Duration, Instant};

use nodex_core::{atom, protocol::Cookie, term::Atom};
use nodex_host::{Cnode, CnodeBuilder, Distributed, EpmdMode};
use tokio::runtime::{Builder, Runtime};

use super::world::World;
use crate::{
    figures::{
        latency::Latencies,
        report::Report,
        subject::{Subject, Unit},
    },
    generator::{cores::Placement, handshake::COOKIE, host::PATIENCE},
    options::Executable,
};

/// Tasks that call at once.
pub(crate) const CALLERS: [u64; 5] = [1, 4, 16, 64, 256];

/// Where host and node run.
pub(crate) const PLACES: [(&str, Placement); 3] = [
    ("a thread for each core", Placement::Free),
    ("all on one core", Placement::OneCore),
    ("one thread, the node on another core", Placement::Apart),
];

/// Calls per second.
pub(crate) fn calls_work(place: &str) -> String {
    format!("calls from a Rust host, {place}, by callers")
}

/// Returns how long one takes.
pub(crate) fn times_work(place: &str) -> String {
    format!("one call from a Rust host, {place}, by callers")
}

pub(crate) fn measure(world: &World<'_>, node: &Executable, report: &mut Report) {
    for (place, placement) in PLACES {
        // On one core there is only this core.
        if placement == Placement::Apart && world.cores.apart() != placement {
            continue;
        }
        if let Err(error) = measure_at(world, node, place, placement, report) {
            report.fail(node, &calls_work(place), &error);
        }
    }
}

fn measure_at(
    world: &World<'_>,
    node: &Executable,
    place: &str,
    placement: Placement,
    report: &mut Report,
) -> Result<(), String> {
    let (runtime, net, cnode) = world.cores.place(placement, || started(node, placement))??;
    let result = runtime.block_on(async {
        // A host starts all its nodes from a thread that it has for this.
        world.cores.put(placement, cnode.pid().ok_or("a node without a process")?)?;
        many(&cnode, 1, world.options.glance).await?;
        for callers in CALLERS {
            let (rate, latencies) = many(&cnode, callers, world.options.glance).await?;
            let rates = Subject::new(&calls_work(place), &node.name, "value", Unit::ThousandsPerSecond);
            report.add(rates.at(callers), rate / 1e3);
            let times = Subject::new(&times_work(place), &node.name, "", Unit::Microseconds);
            report.add_times(&times.at(callers), &latencies);
        }
        Ok(())
    });
    runtime.block_on(async {
        cnode.stop().await;
        net.down().await;
    });
    result
}

/// Returns a host without other nodes, and its node.
fn started(node: &Executable, placement: Placement) -> Result<(Runtime, Distributed, Cnode), String> {
    let mut runtime = match placement {
        Placement::Free | Placement::Two => Builder::new_multi_thread(),
        Placement::OneCore | Placement::Apart => Builder::new_current_thread(),
    };
    let runtime = runtime.enable_all().build().map_err(|error| format!("no runtime: {error}"))?;
    let cookie = Cookie::new(COOKIE).map_err(|error| error.to_string())?;
    let (net, cnode) = runtime.block_on(async {
        let net = Distributed::builder("caller").cookie(cookie).epmd(EpmdMode::Private).up().await;
        let net = net.map_err(|error| error.to_string())?;
        let builder = CnodeBuilder::new(&node.path).spawn_inactive_timeout(PATIENCE).connect_timeout(PATIENCE);
        let cnode = builder.spawn(&net).await.map_err(|error| error.to_string())?;
        Ok::<_, String>((net, cnode))
    })?;
    Ok((runtime, net, cnode))
}

/// Each calls at least once. Calls per second, and how long they took.
async fn many(cnode: &Cnode, callers: u64, time: Duration) -> Result<(f64, Latencies), String> {
    let began = Instant::now();
    let callers: Vec<_> = (0..callers).map(|_| tokio::spawn(caller(cnode.clone(), began + time))).collect();
    let mut times = Vec::new();
    for caller in callers {
        times.push(caller.await.map_err(|error| error.to_string())??);
    }
    // Nothing of this is counted: many histograms take as long to be made as many calls.
    let took = began.elapsed().as_secs_f64();
    let times = times.concat();
    Ok((times.len() as f64 / took, Latencies::of(&times)?))
}

/// Returns how long each call took.
async fn caller(cnode: Cnode, until: Instant) -> Result<Vec<Duration>, String> {
    let mut times = Vec::new();
    let mut began = Instant::now();
    loop {
        let answer = cnode.request_timeout((atom!("ping"), "hello"), PATIENCE).await;
        let (pong, text): (Atom, String) = answer.map_err(|error| error.to_string())?;
        if pong.as_str() != "pong" || text != "hello" {
            return Err(format!("the answer to a ping was {pong} {text}"));
        }
        let now = Instant::now();
        times.push(now - began);
        began = now;
        if now >= until {
            return Ok(times);
        }
    }
}
