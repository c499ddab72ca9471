//! Everything at once for a while: BEAMs of every release, a Rust host, Rust and C nodes under a supervisor, and faults.
//! In the end the counts add up, memory is flat, and nothing is left behind. Meanwhile handlers block for a minute.
//!
//! `NODEX_SOAK_SECONDS` says for how long, a minute unless set; `scripts/soak` takes minutes.

#[path = "soak/minute.rs"]
mod minute;

use std::{
    collections::BTreeMap,
    fs,
    io::Write,
    net::{Ipv4Addr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use nodex::prelude::*;
use nodex_core::{
    error::Chain,
    node::{Backoff, Functions, Node, NodeBuilder},
    protocol::Cookie,
};
use nodex_host::{
    CnodeBuilder, Distributed, EpmdMode, Supervisor,
    supervisor::{Child, ChildSpec},
};
use nodex_testkit::{
    erl::Beam,
    executable::Executable,
    otp::Otp,
    world::{COOKIE, World},
};
use rustix::process::{Pid, Signal, kill_process};

const NODE: &str = "soak@127.0.0.1";

/// As `scripts/otp` calls them; the first is the one of this machine.
const RELEASES: [Option<&str>; 4] = [None, Some("23"), Some("27"), Some("29")];

/// How often something breaks.
const PAUSE: Duration = Duration::from_secs(1);

/// What a process may grow by between the first third and the end: caches fill, the allocator keeps a little.
const GROWTH_KIB: u64 = 16 * 1024;

#[derive(Default)]
struct Count {
    sent: AtomicUsize,
    answered: AtomicUsize,
    failed: Mutex<BTreeMap<String, usize>>,
}

// Left out where the other releases are.
mod otp_23_to_29 {
    #[test]
    fn a_mixed_load_with_faults() {
        super::a_mixed_load_with_faults();
    }
}

fn a_mixed_load_with_faults() {
    let seconds = std::env::var("NODEX_SOAK_SECONDS").ok().map_or(60, |text| text.parse().expect("seconds"));
    let apart = World::new();
    let minute = minute::Minute::begin(&apart);
    // What a process has once, such as a place where signals arrive, it keeps.
    let world = World::new();
    let (net, supervisor, _) = world.wait(host(&world));
    world.wait(supervisor.stop());
    world.wait(net.down());
    drop((world, net, supervisor));
    let (descriptors, threads) = (entries("fd"), entries("task"));
    soak(Duration::from_secs(seconds));
    let started = Instant::now();
    // Ends of threads and sockets take their time.
    while entries("fd") > descriptors || entries("task") > threads {
        let late = started.elapsed() > Duration::from_secs(30);
        assert!(
            !late,
            "{} descriptors and {} threads, {descriptors} and {threads} before",
            entries("fd"),
            entries("task")
        );
        std::thread::sleep(Duration::from_millis(50));
    }
    minute.end();
}

fn soak(time: Duration) {
    let mut world = World::new();
    let echo = Functions::new().add("echo", |term: RawTerm| term);
    let node = world.node(NODE, NodeBuilder::new().register("soak", echo));
    let mut beams: Vec<Beam> = RELEASES.iter().map(|release| beam(&world, *release)).collect();
    beams.iter_mut().for_each(start_calls);

    let (net, supervisor, children) = world.wait(host(&world));
    let (count, end) = (Arc::new(Count::default()), Arc::new(AtomicBool::new(false)));
    let callers: Vec<_> = children
        .iter()
        .flat_map(|child| [child.clone(), child.clone()])
        .map(|child| {
            let (count, end) = (count.clone(), end.clone());
            world.spawn(async move { call(&child, &count, &end).await })
        })
        .collect();

    let (started, mut early, mut faults) = (Instant::now(), None, 0);
    while started.elapsed() < time {
        // Between two faults.
        std::thread::sleep(PAUSE);
        fault(faults, &mut world, &node, &mut beams, &children);
        faults += 1;
        if started.elapsed() > time / 3 && early.is_none() {
            early = Some(memory_kib());
        }
    }
    let late = memory_kib();

    let mut all = [0, 0];
    for beam in &mut beams {
        let (sent, answered, failed) = stop_calls(beam);
        println!("{}: {sent} sent, {answered} answered, failed: {failed}", beam.name());
        let lost: usize = causes(&failed).values().sum();
        assert_eq!(sent, answered + lost, "{failed}");
        assert!(answered > 0, "{} was never answered", beam.name());
        for cause in ["timeout", "wrong_answer", "other"] {
            assert!(!causes(&failed).contains_key(cause), "{}: {failed}", beam.name());
        }
        all = [all[0] + sent, all[1] + answered];
    }
    end.store(true, Ordering::Relaxed);
    for caller in callers {
        world.wait(caller).expect("a caller");
    }
    let (sent, answered) = (count.sent.load(Ordering::Relaxed), count.answered.load(Ordering::Relaxed));
    let failed = count.failed.lock().expect("no panic in there").clone();
    println!("the host: {sent} sent, {answered} answered, failed: {failed:?}");
    assert_eq!(sent, answered + failed.values().sum::<usize>());
    assert!(answered > 0, "no child was ever answered");

    let early = early.expect("a third of the time has passed");
    println!(
        "{} calls, {} answered, {faults} faults; {early} KiB, {late} KiB in the end",
        all[0] + sent,
        all[1] + answered
    );
    assert!(late <= early + GROWTH_KIB, "{late} KiB, {early} KiB after a third of the time");

    let pids: Vec<u32> = children.iter().filter_map(os_pid).collect();
    world.wait(supervisor.stop());
    world.wait(net.down());
    world.wait(node.stop(Duration::from_secs(5)));
    for pid in pids {
        let alive = Pid::from_raw(pid as i32).is_some_and(|pid| rustix::process::test_kill_process(pid).is_ok());
        assert!(!alive, "the child {pid} is left");
    }
    // Each checks that nothing of it is left.
    drop(beams);
}

fn beam(world: &World, release: Option<&str>) -> Beam {
    let name = format!("otp{}@127.0.0.1", release.unwrap_or("own"));
    let mut beam = world.beam(&Otp::installed(release), &name, &[]);
    beam.load("soak.erl");
    beam
}

fn start_calls(beam: &mut Beam) {
    beam.eval(&format!("Callers = soak:start('{NODE}', 4), ok"));
}

/// What was sent, what was answered, and the causes of what was not.
fn stop_calls(beam: &mut Beam) -> (usize, usize, String) {
    let said = beam.eval("soak:stop(Callers)");
    let parts: Vec<&str> =
        said.strip_prefix('{').and_then(|said| said.strip_suffix('}')).unwrap_or_default().splitn(3, ',').collect();
    let [sent, answered, failed] = parts[..] else { panic!("{said}") };
    let number = |text: &str| text.parse().unwrap_or_else(|_| panic!("{said}"));
    (number(sent), number(answered), failed.to_owned())
}

/// Reads `[{cause,count},..]`.
fn causes(failed: &str) -> BTreeMap<String, usize> {
    let pairs = failed.split('{').skip(1).filter_map(|pair| pair.split('}').next()?.split_once(','));
    pairs.map(|(cause, count)| (cause.to_owned(), count.parse().unwrap_or_else(|_| panic!("{failed}")))).collect()
}

/// A Rust program as a host, with a Rust node and a C node under a supervisor.
async fn host(world: &World) -> (Distributed, Supervisor, Vec<Child>) {
    let cookie = Cookie::new(COOKIE).expect("a cookie");
    let epmd = EpmdMode::System;
    let builder = Distributed::builder("host").ip(Ipv4Addr::LOCALHOST).cookie(cookie).epmd(epmd);
    let net = builder.epmd_port(world.epmd_port()).up().await.expect("a host");
    let paths = [Executable::example("example_client"), Executable::c_node("example_client")];
    let specs = ["rust", "c"]
        .into_iter()
        .zip(paths)
        .map(|(id, executable)| ChildSpec::new(id, CnodeBuilder::new(executable.path()).sname(format!("soak_{id}"))));
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(200));
    let supervisor = Supervisor::builder().at_most(1_000_000, Duration::from_secs(1)).backoff(backoff).children(specs);
    let supervisor = supervisor.start(&net).await.expect("the children start");
    let mut children = Vec::new();
    for id in ["rust", "c"] {
        children.push(supervisor.child(id).await.expect("it is there"));
    }
    (net, supervisor, children)
}

fn os_pid(child: &Child) -> Option<u32> {
    child.cnode()?.pid()
}

async fn call(child: &Child, count: &Count, end: &AtomicBool) {
    while !end.load(Ordering::Relaxed) {
        let number = count.sent.fetch_add(1, Ordering::Relaxed) as i64;
        match child.request_timeout::<(Atom, i64)>((atom!("ping"), number), Duration::from_secs(60)).await {
            Ok((pong, back)) => {
                assert_eq!((&*pong, back), ("pong", number));
                count.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(error) => {
                let cause = Chain(&error).to_string();
                assert!(!cause.contains("no reply within"), "a call came to nothing: {cause}");
                *count.failed.lock().expect("no panic in there").entry(cause).or_default() += 1;
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    }
}

/// One of the faults, in turn.
fn fault(number: usize, world: &mut World, node: &Node, beams: &mut [Beam], children: &[Child]) {
    let beam = &mut beams[number / 8 % RELEASES.len()];
    match number % 8 {
        0 => {
            kill_process(beam.os_pid(), Signal::STOP).expect("it runs");
            // For so long it stands still.
            std::thread::sleep(Duration::from_millis(300));
            kill_process(beam.os_pid(), Signal::CONT).expect("it is stopped");
        }
        1 => {
            if let Some(peer) = node.peer(beam.name()) {
                peer.disconnect();
            }
        }
        2 => kill(&children[0]),
        3 => kill(&children[1]),
        4 => {
            world.stop_epmd();
            // For so long there is none.
            std::thread::sleep(Duration::from_millis(200));
            world.start_epmd();
            world.wait_registered("soak");
        }
        5 => rubbish(world.port_of("soak")),
        6 => drop(beam.eval(&format!("erlang:disconnect_node('{NODE}')"))),
        _ => {
            for child in children {
                if let Some(cnode) = child.cnode() {
                    cnode.peer().disconnect();
                }
            }
        }
    }
}

fn kill(child: &Child) {
    if let Some(pid) = os_pid(child).and_then(|pid| Pid::from_raw(pid as i32)) {
        // It may have gone by itself just now.
        let _ = kill_process(pid, Signal::KILL);
    }
}

/// Peers that are none.
fn rubbish(port: u16) {
    for bytes in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 100], &[255; 3000], b""] {
        let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the node listens");
        // Closed early, if at all.
        let _ = socket.write_all(bytes);
    }
}

/// Memory of this process, in which the node and the host are.
fn memory_kib() -> u64 {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("KiB")
}

/// Descriptors (`fd`) or threads (`task`) of this process.
fn entries(what: &str) -> usize {
    fs::read_dir(format!("/proc/self/{what}")).expect("/proc").count()
}
