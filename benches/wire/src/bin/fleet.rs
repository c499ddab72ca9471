//! Many supervised nodes: how long until all are ready, what each costs the host, and how long until those that were
//! killed are back. A program of its own, so that no memory that was used before counts for less.
//!
//! Arguments: the number of nodes, then their executables, which are used in turn. Prints one line for each figure, in
//! tab-separated columns: `fleet <what> <unit> <value>`.

use std::{
    collections::HashSet,
    path::PathBuf,
    process::ExitCode,
    time::{Duration, Instant},
};

use nodex_core::{node::Backoff, protocol::Cookie};
use nodex_host::{
    CnodeBuilder, Distributed, EpmdMode,
    supervisor::{Change, ChildSpec, Supervisor},
};
use rustix::process::{Pid, Resource, Signal, getrlimit, kill_process, setrlimit};

/// What goes wrong, in words.
type Result<T> = std::result::Result<T, String>;

/// Nodes that are started at the same time.
const AT_ONCE: usize = 8;

/// Patience with a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(300);

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let size = arguments.next().and_then(|size| size.to_str()?.parse().ok()).filter(|size| *size > 0);
    let executables: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    let (Some(size), false) = (size, executables.is_empty()) else {
        eprintln!("usage: fleet <nodes> <executable>..");
        return ExitCode::from(2);
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let measured = runtime.map_err(|error| format!("no runtime: {error}")).and_then(|runtime| {
        runtime.block_on(async {
            let cookie = Cookie::new("bench_cookie").map_err(|error| error.to_string())?;
            let net = Distributed::builder("fleet").cookie(cookie).epmd(EpmdMode::Private).up().await;
            let net = net.map_err(|error| format!("no host: {error}"))?;
            measure(&net, size, &executables).await?;
            net.down().await;
            Ok::<_, String>(())
        })
    });
    match measured {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn tell(what: &str, unit: &str, value: f64) {
    println!("fleet\t{what}\t{unit}\t{value}");
}

async fn measure(net: &Distributed, size: usize, executables: &[PathBuf]) -> Result<()> {
    allow_files();
    let specs: Vec<_> = (0..size)
        .map(|number| {
            let path = &executables[number % executables.len()];
            let name = format!("n{number}");
            let node = CnodeBuilder::new(path).sname(&name).spawn_inactive_timeout(PATIENCE).start_timeout(PATIENCE);
            ChildSpec::new(name, node.connect_timeout(PATIENCE))
        })
        .collect();
    let memory = memory()?;
    let began = Instant::now();
    let supervisor = Supervisor::builder()
        .at_once(AT_ONCE)
        .at_most(u32::MAX, Duration::from_secs(1))
        .backoff(Backoff::NONE)
        .children(specs)
        .start(net)
        .await
        .map_err(|error| error.to_string())?;
    tell("all are ready", "s", began.elapsed().as_secs_f64());
    let more = self::memory()?.saturating_sub(memory);
    tell("memory of the host for each", "KiB", more as f64 / 1024.0 / size as f64);

    let killed: Vec<_> = supervisor.which_children().await.into_iter().take((size / 10).max(1)).collect();
    let mut events = supervisor.subscribe();
    let mut down: HashSet<_> = killed.iter().map(|child| child.id.clone()).collect();
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
    tell("a tenth is killed at once and all are back", "s", began.elapsed().as_secs_f64());
    let began = Instant::now();
    supervisor.stop().await;
    tell("all are stopped", "s", began.elapsed().as_secs_f64());
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
