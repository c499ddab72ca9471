//! Pools over real nodes: who gets a call, what members that die cost, and a restart of all under load that costs
//! nothing.

// The cases are functions that the tests of a macro call.
#![allow(clippy::unwrap_used)]

use crate::support;
mod restarts;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

use nodex_core::{atom, error::Chain, node::Backoff, term::Term};
use nodex_host::{
    CnodeBuilder, CnodeError, Distributed, NodeDown, Pool, SpawnError,
    pool::{MemberState, PoolBuilder, RestartError},
    process::Exit,
    supervisor::{Change, Ended, Health, StartSupervisorError},
};
use support::{
    child,
    net::{Pong, finish, rust_node, up},
    nothing_left, signal, within,
};
use tokio::task::JoinSet;

const SIGKILL: Exit = Exit::Signal { signal: 9, core_dumped: false };
const LONG: Duration = Duration::from_secs(60);

fn quick() -> Backoff {
    Backoff::new(Duration::from_millis(1), Duration::from_millis(20))
}

fn pool(exec: impl AsRef<Path>) -> PoolBuilder {
    Pool::builder("calc", CnodeBuilder::new(exec)).at_most(1000, Duration::from_secs(1)).backoff(quick())
}

fn pids(pool: &Pool) -> Vec<u32> {
    pool.members().iter().filter_map(|member| member.pid).collect()
}

/// Waits until all members are up, and are other processes than these.
async fn all_up(pool: &Pool, before: &[u32]) -> Vec<u32> {
    within(60, "all members", async {
        loop {
            let now = pids(pool);
            if now.len() == pool.members().len() && !now.iter().any(|pid| before.contains(pid)) {
                return now;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
}

/// What callers have seen.
#[derive(Debug, Default)]
struct Seen {
    right: AtomicU64,
    failed: AtomicU64,
}

/// Callers that call one after the other until they are told to stop. A failure has to be one that `may_fail` knows.
struct Load {
    callers: JoinSet<()>,
    stop: Arc<AtomicBool>,
    seen: Arc<Seen>,
}

impl Load {
    fn start(pool: &Pool, callers: usize, may_fail: fn(&CnodeError) -> bool) -> Load {
        let (stop, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Seen::default()));
        let mut tasks = JoinSet::new();
        for caller in 0..callers {
            let (pool, stop, seen) = (pool.clone(), stop.clone(), seen.clone());
            tasks.spawn(async move {
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    let text = format!("{caller}: {number}");
                    number += 1;
                    match pool.request_timeout::<Pong>((atom!("ping"), &*text), LONG).await {
                        Ok((pong, back)) => {
                            assert_eq!((pong.as_str(), back), ("pong", text));
                            seen.right.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => {
                            assert!(may_fail(&error), "{error:?}");
                            seen.failed.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
        Load { callers: tasks, stop, seen }
    }

    /// Waits for so many right answers more.
    async fn run(&self, more: u64) {
        let until = self.seen.right.load(Ordering::Relaxed) + more;
        within(60, "answers", async {
            while self.seen.right.load(Ordering::Relaxed) < until {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }

    /// Right answers and failures; the pool has counted the same.
    async fn end(mut self, pool: &Pool) -> (u64, u64) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(caller) = within(60, "the callers", self.callers.join_next()).await {
            caller.unwrap();
        }
        let (right, failed) = (self.seen.right.load(Ordering::Relaxed), self.seen.failed.load(Ordering::Relaxed));
        let members = pool.members();
        assert_eq!(members.iter().map(|member| member.calls).sum::<u64>(), right + failed, "{members:?}");
        assert_eq!(members.iter().map(|member| member.failed).sum::<u64>(), failed, "{members:?}");
        assert!(members.iter().all(|member| member.under_way == 0), "{members:?}");
        assert_eq!(pool.waiting(), 0);
        (right, failed)
    }
}

for_each_node!(members_take_turns, members_that_are_killed_under_load, dropping_it_stops_all_members,);

async fn members_take_turns(exec: PathBuf) {
    let net = up().await;
    let pool = pool(exec).size(3).start(&net).await.unwrap();
    let names: Vec<_> = pool.members().iter().map(|member| member.node.clone().unwrap().to_string()).collect();
    assert_eq!(names, ["calc1@127.0.0.1", "calc2@127.0.0.1", "calc3@127.0.0.1"]);
    for number in 0..30 {
        let pong: Term = pool.request((atom!("ping"), number)).await.unwrap();
        assert_eq!(pong.to_string(), format!("{{pong,{number}}}"));
    }
    for member in pool.members() {
        assert_eq!((member.state, member.calls, member.failed, member.under_way), (MemberState::Up, 10, 0, 0));
    }
    let groups = pids(&pool);
    assert!(matches!(pool.stop().await, Ended::Stopped));
    let error = pool.request::<Pong>((atom!("ping"), "?")).await.unwrap_err();
    assert_eq!(Chain(&error).to_string(), "calc is not running: it was stopped");
    finish(net, groups).await;
}

fn killed(error: &CnodeError) -> bool {
    matches!(error, CnodeError::Down { down: NodeDown::Exited { exit: SIGKILL } | NodeDown::LinkLost { .. }, .. })
}

async fn members_that_are_killed_under_load(exec: PathBuf) {
    let net = up().await;
    let pool = pool(exec).size(4).start(&net).await.unwrap();
    let mut groups = pids(&pool);
    let load = Load::start(&pool, 8, killed);
    for round in 0..12 {
        load.run(50).await;
        let now = all_up(&pool, &[]).await;
        signal(now[round % 4], "KILL");
        all_up(&pool, &now[round % 4..=round % 4]).await;
        groups.extend(pids(&pool));
    }
    load.run(50).await;
    let (right, _failed) = load.end(&pool).await;
    assert!(right >= 13 * 50);
    pool.stop().await;
    finish(net, groups).await;
}

async fn dropping_it_stops_all_members(exec: PathBuf) {
    let net = up().await;
    let pool = pool(exec).size(2).start(&net).await.unwrap();
    let groups = pids(&pool);
    drop(pool);
    finish(net, groups).await;
}

/// A call that takes until it is stopped.
fn busy(pool: &Pool) -> tokio::task::JoinHandle<Result<String, CnodeError>> {
    let pool = pool.clone();
    tokio::spawn(async move { pool.request_timeout::<String>((atom!("slowly"), 3_600_000, "never"), LONG).await })
}

async fn under_way(pool: &Pool, calls: usize) {
    within(60, "calls under way", async {
        while pool.members().iter().map(|member| member.under_way).sum::<usize>() != calls {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_least_busy_member_gets_the_call() {
    let net = up().await;
    let pool = pool(rust_node()).names(["a", "b", "c"]).start(&net).await.unwrap();
    let calls: Vec<_> = (0..2).map(|_| busy(&pool)).collect();
    under_way(&pool, 2).await;
    let idle: Vec<_> = pool.members().into_iter().filter(|member| member.under_way == 0).collect();
    assert_eq!(idle.len(), 1, "they went to two members");
    for _ in 0..20 {
        let sname: String = pool.call(atom!("sname"), LONG).await.unwrap();
        assert_eq!(sname, *idle[0].name);
    }
    calls.iter().for_each(|call| call.abort());
    // A caller that has gone is no call any more.
    under_way(&pool, 0).await;
    let groups = pids(&pool);
    pool.stop().await;
    finish(net, groups).await;
}

#[tokio::test]
async fn the_calls_of_a_member_that_dies_fail_with_its_cause_and_no_others() {
    let net = up().await;
    let pool = pool(rust_node()).size(2).start(&net).await.unwrap();
    let before = pids(&pool);
    let calls: Vec<_> = (0..10).map(|_| busy(&pool)).collect();
    under_way(&pool, 10).await;
    assert!(pool.members().iter().all(|member| member.under_way == 5), "{:?}", pool.members());
    signal(before[1], "KILL");
    let mut failed = 0;
    let mut others = Vec::new();
    under_way(&pool, 5).await;
    for call in calls {
        if call.is_finished() {
            let error = call.await.unwrap().unwrap_err();
            let CnodeError::Down { node, down } = &error else { panic!("{error:?}") };
            assert_eq!((node.as_str(), down), ("calc2@127.0.0.1", &NodeDown::Exited { exit: SIGKILL }));
            failed += 1;
        } else {
            others.push(call);
        }
    }
    assert_eq!((failed, others.len()), (5, 5));
    let after = all_up(&pool, &before[1..]).await;
    pool.stop().await;
    for call in others {
        let error = within(60, "its end", call).await.unwrap().unwrap_err();
        assert!(matches!(error, CnodeError::Down { down: NodeDown::Stopped, .. }), "{error:?}");
    }
    finish(net, before.into_iter().chain(after)).await;
}

#[tokio::test]
async fn calls_wait_for_a_member_within_their_time() {
    let net = up().await;
    let pause = |millis| Backoff::new(Duration::from_millis(millis), LONG * 60).jitter(0.0);
    for (pause, comes) in [(pause(200), true), (pause(3_600_000), false)] {
        let pool = pool(rust_node()).backoff(pause).start(&net).await.unwrap();
        let mut groups = pids(&pool);
        signal(groups[0], "KILL");
        within(60, "the end", async {
            while matches!(pool.members()[0].state, MemberState::Up) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        if comes {
            // A time that is longer than clocks go is no error.
            let (_, text): Pong = pool.request_timeout((atom!("ping"), "patience"), Duration::MAX).await.unwrap();
            assert_eq!(text, "patience");
        } else {
            let limit = Duration::from_millis(100);
            let error = pool.request_timeout::<Pong>((atom!("ping"), "?"), limit).await.unwrap_err();
            assert!(error.is_timeout());
            let words = "calc did not come up within 100ms: calc1 is not up: its process ended: killed by SIGKILL";
            assert_eq!(Chain(&error).to_string(), words);
            assert_eq!(pool.members()[0].calls, 0, "no member had the call");
        }
        groups.extend(pids(&pool));
        pool.stop().await;
        groups.iter().for_each(|group| assert!(support::members(*group).is_empty()));
    }
    finish(net, []).await;
}

#[tokio::test]
async fn a_pool_that_gives_up_says_why() {
    let net = up().await;
    let whole = pool(rust_node()).size(2).at_most(0, LONG).start(&net).await.unwrap();
    let groups = pids(&whole);
    signal(groups[0], "KILL");
    let ended = within(60, "the end", whole.ended()).await;
    assert!(matches!(ended, Ended::GaveUp { .. }), "{ended:?}");
    let error = whole.request::<Pong>((atom!("ping"), "?")).await.unwrap_err();
    assert_eq!(
        Chain(&error).to_string(),
        "calc is not running: there were more than 0 restarts within 60s, the last one of calc1: its process ended: killed by SIGKILL"
    );
    for group in groups {
        nothing_left(group).await;
    }
    // Members that are given up one by one.
    let each = pool(rust_node()).size(2).member_at_most(0, LONG).start(&net).await.unwrap();
    let groups = pids(&each);
    signal(groups[0], "KILL");
    within(60, "the end of one", async {
        while !matches!(each.members()[0].state, MemberState::Down { .. }) {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    let sname: String = each.request(atom!("sname")).await.unwrap();
    assert_eq!(sname, "calc2");
    // A call that waits learns that it waits in vain.
    let waits = busy(&each);
    under_way(&each, 1).await;
    signal(groups[1], "KILL");
    let error = within(60, "its end", waits).await.unwrap().unwrap_err();
    assert!(killed(&error), "{error:?}");
    let error = within(60, "its end", each.request_timeout::<Pong>((atom!("ping"), "?"), LONG)).await.unwrap_err();
    assert!(matches!(error, CnodeError::NotRunning { .. }), "{error:?}");
    each.stop().await;
    finish(net, groups).await;
}

#[tokio::test]
async fn a_member_that_hangs_gets_no_more_calls() {
    let net = up().await;
    let health = Health::ping().every(Duration::from_millis(20)).within(Duration::from_millis(500)).failures(2);
    let pool = pool(rust_node()).size(2).health(health).start(&net).await.unwrap();
    let before = pids(&pool);
    signal(before[0], "STOP");
    within(60, "the first failed check", async {
        while pool.members()[0].state != MemberState::Suspect {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    let sname: String = pool.request(atom!("sname")).await.unwrap();
    assert_eq!(sname, "calc2");
    let after = all_up(&pool, &before[..1]).await;
    assert_eq!(after[1], before[1]);
    pool.stop().await;
    finish(net, before.into_iter().chain(after)).await;
}

#[tokio::test]
async fn a_member_that_does_not_start_takes_the_others_down() {
    let net = up().await;
    let taken = CnodeBuilder::new(rust_node()).sname("taken").spawn(&net).await.unwrap();
    let template = CnodeBuilder::new(rust_node()).adopt(false);
    let error = Pool::builder("calc", template).names(["good", "taken"]).start(&net).await.unwrap_err();
    let StartSupervisorError::Ended(Ended::StartFailed { child, error: why }) = &error else { panic!("{error:?}") };
    assert!(matches!(&**why, SpawnError::UnexpectedExit { .. }), "{why}");
    assert_eq!(&**child, "taken");
    let pid = taken.pid().unwrap();
    taken.stop().await;
    let net: Distributed = net;
    finish(net, [pid]).await;
}

/// Names that cannot be are told before any member is started: there is no executable here that could be.
#[tokio::test]
async fn names_that_no_members_can_have() {
    let net = up().await;
    let start = async |names: [&str; 2]| pool("/no/such/executable").names(names).start(&net).await.unwrap_err();
    for name in ["new\nline", "a.b", "a/b", "a:b", "a+b", ""] {
        let error = start(["good", name]).await;
        let StartSupervisorError::Ended(Ended::StartFailed { child, error: why }) = &error else { panic!("{error:?}") };
        assert!(matches!(&**why, SpawnError::InvalidName { .. }), "{why}");
        assert_eq!(&**child, name);
    }
    assert!(matches!(start(["same", "same"]).await, StartSupervisorError::DuplicateId { .. }));
    finish(net, []).await;
}
