//! Many supervised nodes: how long until all are ready, what each costs the host, and how long until those that were
//! killed are back.

use std::{
    collections::HashSet,
    time::{Duration, Instant},
};

use nodex_host::{
    CnodeBuilder, Distributed,
    supervisor::{Backoff, Change, ChildSpec, Supervisor},
};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};

use crate::{Result, options::Options, report::Report};

/// Patience with a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) async fn measure(net: &Distributed, options: &Options, report: &mut Report) -> Result<()> {
    allow_files();
    let specs: Vec<_> = (0..options.fleet)
        .map(|number| {
            let path = if number % 2 == 0 { &options.c_node } else { &options.rust_node };
            let name = format!("n{number}");
            let node = CnodeBuilder::new(path).sname(&name).spawn_inactive_timeout(PATIENCE).start_timeout(PATIENCE);
            ChildSpec::new(name, node.connect_timeout(PATIENCE))
        })
        .collect();
    let memory = memory()?;
    let began = Instant::now();
    let supervisor = Supervisor::builder()
        .at_once(options.at_once)
        .at_most(u32::MAX, Duration::from_secs(1))
        .backoff(Backoff::NONE)
        .children(specs)
        .start(net)
        .await
        .map_err(|error| error.to_string())?;
    let work = format!("{} supervised nodes", options.fleet);
    report.add(&work, "all ready after", "s", began.elapsed().as_secs_f64());
    let more = self::memory()?.saturating_sub(memory);
    report.add(&work, "memory of the host for each", "KiB", more as f64 / 1024.0 / options.fleet as f64);

    let killed: Vec<_> = supervisor.which_children().await.into_iter().take(options.killed).collect();
    let mut events = supervisor.subscribe();
    let mut down: HashSet<_> = killed.iter().map(|child| child.id.clone()).collect();
    let count = down.len();
    let began = Instant::now();
    for child in &killed {
        let pid = child.pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        kill_process(pid.ok_or("a child without a process")?, Signal::KILL).map_err(|error| error.to_string())?;
    }
    while !down.is_empty() {
        let event = tokio::time::timeout(PATIENCE, events.next()).await;
        match event.map_err(|_| format!("{} nodes are not back", down.len()))? {
            Some(event) if matches!(event.change, Change::Up { .. }) => drop(down.remove(&event.child)),
            Some(event) => {
                if let Change::Missed(events) = event.change {
                    return Err(format!("{events} events are lost"));
                }
            }
            None => return Err("the supervisor has ended".to_owned()),
        }
    }
    report.add(&format!("{count} of them killed at once"), "all back after", "s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    supervisor.stop().await;
    report.add(&work, "all stopped after", "s", began.elapsed().as_secs_f64());
    Ok(())
}

/// As many open files as this user may have: each node takes five.
fn allow_files() {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where that is refused, a start says that files ran out.
    let _ = setrlimit(Resource::Nofile, limit);
}

/// Resident memory of this process in bytes.
fn memory() -> Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status").map_err(|error| error.to_string())?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kilobytes.map(|kilobytes| kilobytes * 1024).ok_or_else(|| "no VmRSS in /proc/self/status".to_owned())
}
