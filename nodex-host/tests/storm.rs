//! A storm: 200 supervised nodes, every other one in C, and a minute of SIGKILL, SIGSTOP and dropped connections at
//! random, while callers call. At the end all are up, every call was answered correctly or failed with its cause, the
//! counts add up, and nothing is left.
//!
//! `NODEX_STORM_SECONDS` makes it longer, `NODEX_STORM_SEED` repeats a plan; the seed is printed.

// The parts of the storm are functions that the test calls.
#![allow(clippy::unwrap_used)]

mod support;

use std::{
    collections::{BTreeMap, HashSet},
    hash::{BuildHasher as _, Hasher as _, RandomState},
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use nodex_core::{
    atom,
    net::LinkEnd,
    node::{Backoff, Subscription},
};
use nodex_host::{
    CnodeBuilder, CnodeError, EventKind, Events, NodeDown,
    process::Exit,
    supervisor::{Change, Child, ChildSpec, Health, Supervisor, SupervisorEvent},
};
use support::{
    net::{Pong, c_node, finish, rust_node, up},
    within,
};
use tokio::task::JoinSet;

const NODES: usize = 200;
const CALLERS: usize = 24;
/// The attacks wait while so many nodes are down, so that a slow machine has a slow storm.
const DOWN_AT_ONCE: usize = 20;
/// Longer than it takes to find out about any attack, so no call ends by its time.
const CALL_LIMIT: Duration = Duration::from_secs(240);

const SIGKILL: Exit = Exit::Signal { signal: 9, core_dumped: false };

/// Numbers that look like chance, the same ones for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        // xorshift64*.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % limit
    }
}

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text:?}")))
}

/// How many of each kind.
type Tally = BTreeMap<&'static str, u64>;

fn count(tally: &Mutex<Tally>, what: &'static str) {
    *tally.lock().unwrap().entry(what).or_default() += 1;
}

/// The causes that a storm may have.
fn cause(down: &NodeDown) -> &'static str {
    match down {
        NodeDown::Exited { exit } if *exit == SIGKILL => "killed",
        // Held up for so long that the health checks came later.
        NodeDown::LinkLost { reason: LinkEnd::TickTimeout(_) } => "silent",
        // A node whose connection was dropped exits with status 0, or is found out first.
        NodeDown::LinkLost { .. } | NodeDown::Exited { exit: Exit::Status(0) } => "dropped",
        NodeDown::Unhealthy { .. } => "unhealthy",
        other => panic!("a cause that nobody brought about: {other:?}"),
    }
}

/// Calls any child until it is told to stop.
async fn caller(number: u64, seed: u64, children: Arc<Vec<Child>>, stop: Arc<AtomicBool>, calls: Arc<Mutex<Tally>>) {
    let mut dice = Dice(seed ^ ((number + 1) << 32) | 1);
    let mut calls_made = 0;
    while !stop.load(Ordering::Relaxed) {
        let child = &children[usize::try_from(dice.below(NODES as u64)).unwrap()];
        let text = format!("{number}: {calls_made}");
        calls_made += 1;
        count(&calls, "made");
        match child.request_timeout::<Pong>((atom!("ping"), &*text), CALL_LIMIT).await {
            Ok((pong, back)) => {
                assert_eq!((pong.as_str(), back), ("pong", text));
                count(&calls, "answered");
            }
            Err(CnodeError::Down { down, .. }) => count(&calls, cause(&down)),
            Err(other) => panic!("{}: a failure without a cause: {other:?}", child.id()),
        }
        tokio::time::sleep(Duration::from_millis(dice.below(20))).await;
    }
}

/// The pid of a child that is up; nobody else's, whatever has happened meanwhile.
fn own_pid(child: &Child) -> Option<u32> {
    let pid = child.cnode()?.pid()?;
    (!support::members(pid).is_empty()).then_some(pid)
}

fn down_now(children: &[Child]) -> usize {
    children.iter().filter(|child| child.cnode().is_none()).count()
}

/// Attacks until the time is over. Gives how many there were of each kind.
async fn attack(dice: &mut Dice, children: &[Child], until: Instant) -> Tally {
    let attacks = Mutex::new(Tally::new());
    let mut going_on = JoinSet::new();
    while Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(20 + dice.below(100))).await;
        let child = &children[usize::try_from(dice.below(NODES as u64)).unwrap()];
        let (kind, pause) = (dice.below(10), Duration::from_millis(100 + dice.below(3000)));
        if down_now(children) >= DOWN_AT_ONCE {
            continue;
        }
        let Some(cnode) = child.cnode() else { continue };
        let Some(pid) = own_pid(child) else { continue };
        match kind {
            0..=5 => {
                support::signal(pid, "KILL");
                count(&attacks, "killed");
            }
            6..=7 => {
                support::signal(pid, "STOP");
                count(&attacks, "stopped");
                // Every other one is let go on after a while, the rest have to be found out.
                if kind == 6 {
                    let child = child.clone();
                    going_on.spawn(async move {
                        tokio::time::sleep(pause).await;
                        if own_pid(&child) == Some(pid) {
                            support::signal(pid, "CONT");
                        }
                    });
                }
            }
            _ => {
                cnode.peer().disconnect();
                count(&attacks, "dropped");
            }
        }
    }
    while let Some(done) = going_on.join_next().await {
        done.unwrap();
    }
    attacks.into_inner().unwrap()
}

/// Counts what the supervisor tells, until it has ended.
async fn observe(mut events: Subscription<SupervisorEvent>, seen: Arc<Mutex<Tally>>) {
    while let Some(event) = events.next().await {
        match event.change {
            Change::Up { .. } => count(&seen, "up"),
            Change::Down { down, .. } => {
                count(&seen, "down");
                count(&seen, cause(&down));
            }
            Change::StartFailed { error } => {
                println!("a start failed: {}: {error}", event.child);
                count(&seen, "start failed");
            }
            Change::Missed(events) => panic!("{events} events are lost"),
            Change::Ended(_) => return,
            _ => {}
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn storm() {
    let seconds = variable("NODEX_STORM_SECONDS").unwrap_or(60);
    let seed = variable("NODEX_STORM_SEED").unwrap_or_else(|| RandomState::new().build_hasher().finish() >> 1);
    println!("NODEX_STORM_SEED={seed} NODEX_STORM_SECONDS={seconds}");
    within(seconds + 900, "the end of the storm", run(seed, seconds)).await;
}

async fn run(seed: u64, seconds: u64) {
    let net = up().await;
    let (groups, told) = (Arc::new(Mutex::new(HashSet::new())), Events::new(1 << 16));
    let collect = tokio::spawn({
        let (groups, mut told) = (groups.clone(), told.subscribe());
        async move {
            while let Some(event) = told.next().await {
                match event.kind {
                    EventKind::Started { pid } => drop(groups.lock().unwrap().insert(pid)),
                    EventKind::Missed(events) => panic!("{events} events are lost"),
                    _ => {}
                }
            }
        }
    });
    let health =
        Health::request((atom!("ping"), "?")).every(Duration::from_secs(2)).within(Duration::from_secs(5)).failures(2);
    let backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(500));
    let specs = (0..NODES).map(|number| {
        let exec = if number % 2 == 0 { c_node() } else { rust_node() };
        let options =
            CnodeBuilder::new(exec).sname(format!("s{number}")).spawn_inactive_timeout(Duration::from_secs(60));
        let options = options.connect_timeout(Duration::from_secs(60)).events(&told);
        ChildSpec::new(format!("s{number}"), options).health(health.clone())
    });
    let builder = Supervisor::builder().at_once(4).at_most(1_000_000, Duration::from_secs(1)).backoff(backoff);
    let builder = builder.children(specs.collect::<Vec<_>>());
    let seen = Arc::new(Mutex::new(Tally::new()));
    let observer = tokio::spawn(observe(builder.subscribe(), seen.clone()));
    let supervisor = builder.start(&net).await.expect("a fleet");
    let mut children = Vec::new();
    for number in 0..NODES {
        children.push(supervisor.child(&format!("s{number}")).await.expect("a child"));
    }
    let children = Arc::new(children);

    let (stop, calls) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Tally::new())));
    let mut callers = JoinSet::new();
    for number in 0..CALLERS as u64 {
        callers.spawn(caller(number, seed, children.clone(), stop.clone(), calls.clone()));
    }
    let attacks = attack(&mut Dice(seed | 1), &children, Instant::now() + Duration::from_secs(seconds)).await;

    // The storm is over: each node answers again, those that were stopped and not continued as well.
    let answered = AtomicU64::new(0);
    within(300, "an answer of every node", async {
        for child in &*children {
            loop {
                match child.request_timeout::<Pong>((atom!("ping"), child.id()), CALL_LIMIT).await {
                    Ok((_, back)) => break assert_eq!(back, child.id()),
                    Err(CnodeError::Down { .. }) => {}
                    Err(other) => panic!("{}: {other:?}", child.id()),
                }
            }
            answered.fetch_add(1, Ordering::Relaxed);
        }
    })
    .await;
    stop.store(true, Ordering::Relaxed);
    while let Some(done) = within(300, "the callers", callers.join_next()).await {
        done.unwrap();
    }
    assert_eq!(answered.into_inner(), NODES as u64);
    within(300, "all nodes up", async {
        while down_now(&children) > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let counts = supervisor.count_children().await;
    assert_eq!((counts.specs, counts.active), (NODES, NODES));
    let restarts: u64 = supervisor.which_children().await.iter().map(|child| child.restarts).sum();
    within(120, "the end of all nodes", supervisor.stop()).await;
    within(60, "the last event", observer).await.unwrap();
    drop(children);
    drop(told);
    drop(supervisor);

    let (calls, seen) = (calls.lock().unwrap().clone(), seen.lock().unwrap().clone());
    println!("attacks {attacks:?}\nnodes {seen:?}\ncalls {calls:?}");
    let of = |tally: &Tally, what| tally.get(what).copied().unwrap_or(0);
    let failed: u64 = ["killed", "dropped", "unhealthy", "silent"].into_iter().map(|cause| of(&calls, cause)).sum();
    assert_eq!(of(&calls, "made"), of(&calls, "answered") + failed, "every call has come to its end");
    assert!(of(&calls, "answered") > 0 && of(&attacks, "killed") > 0);
    // Every node that went down has come up again, and no cause was told more often than it was brought about.
    assert_eq!(of(&seen, "up"), NODES as u64 + of(&seen, "down"));
    assert_eq!(restarts, of(&seen, "down"));
    assert!(of(&seen, "killed") <= of(&attacks, "killed") && of(&seen, "dropped") <= of(&attacks, "dropped"));

    let groups = groups.lock().unwrap().clone();
    assert!(groups.len() as u64 >= of(&seen, "up"));
    within(60, "the end of all processes", async {
        while !support::members_of(&groups).is_empty() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    finish(net, []).await;
    within(60, "the last of their events", collect).await.unwrap();
}
