//! Ending a node executable, by every way that there is: nothing of it is left.

use crate::support;

use std::{
    io::{BufRead as _, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use nodex_host::{
    CnodeBuilder, EventKind, Protocol, SpawnError,
    process::{Exit, StopOptions, StopSignal},
};
use support::{Start, child, example, host, members, nothing_left, obeyed, texts, within};

const SHORT: Duration = Duration::from_millis(150);
const SIGKILL: Exit = Exit::Signal { signal: 9, core_dumped: false };

fn five(last: &str) -> Protocol {
    Protocol::Plain { args: ["child", "127.0.0.1", "c", "m", last].map(Into::into).into() }
}

#[tokio::test]
async fn stop_lets_it_put_its_house_in_order() {
    let start = Start::child("slow_to_end", |options| options).await;
    assert_eq!(start.ok().stop().await, Exit::Status(0));
    assert!(members(start.ok().pid()).is_empty());
    // A second SIGTERM means "at once" to some, so there is only one.
    assert_eq!(texts(&start.finish().await).last().unwrap(), "asked 1 time(s)");
}

#[tokio::test]
async fn stopping_twice_at_once_asks_it_once() {
    let start = Start::child("slow_to_end", |options| options).await;
    let process = start.ok();
    assert_eq!(tokio::join!(process.stop(), process.stop()), (Exit::Status(0), Exit::Status(0)));
    assert_eq!(process.stop().await, Exit::Status(0), "after its end");
    assert_eq!(texts(&start.finish().await).last().unwrap(), "asked 1 time(s)");
}

#[tokio::test]
async fn after_the_grace_period_it_is_killed() {
    let start = Start::child("ignores_sigterm", |options| options.stop_grace(SHORT)).await;
    let began = Instant::now();
    assert_eq!(start.ok().stop().await, SIGKILL);
    assert!(began.elapsed() >= SHORT);
    assert!(members(start.ok().pid()).is_empty());
    start.finish().await;
}

#[tokio::test]
async fn a_kill_cuts_a_stop_short() {
    let start = Start::child("ignores_sigterm", |options| options.stop_grace(Duration::from_secs(3600))).await;
    let process = start.ok();
    let kill = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        process.kill().await
    };
    assert_eq!(within(60, "the end", async { tokio::join!(process.stop(), kill) }).await, (SIGKILL, SIGKILL));
    start.finish().await;
}

#[tokio::test]
async fn a_process_that_is_stopped_by_a_signal_is_ended_too() {
    let start = Start::child("stops_itself", |options| options).await;
    // It was continued, not killed after its grace period.
    obeyed(start.ok().stop().await);
    start.finish().await;
}

#[tokio::test]
async fn grandchildren_get_their_grace_period_and_then_are_killed() {
    let start = Start::child("grandchildren", |options| options.stop_grace(Duration::from_millis(400))).await;
    assert_eq!(members(start.ok().pid()).len(), 4);
    let began = Instant::now();
    let exit = start.ok().stop().await;
    obeyed(exit);
    assert!(members(start.ok().pid()).is_empty());
    assert!(began.elapsed() >= Duration::from_millis(400), "one of them ignores SIGTERM");
    start.finish().await;
}

#[tokio::test]
async fn grandchildren_do_not_outlive_a_node_that_exits_by_itself() {
    let start = Start::child("grandchildren", |options| {
        options.protocol(five("exit")).ready_line("child@127.0.0.1 ready").stop_grace(SHORT)
    })
    .await;
    let process = start.ok();
    assert_eq!(process.ended().await, Exit::Status(5));
    nothing_left(process.pid()).await;
    start.finish().await;
}

#[tokio::test]
async fn a_failed_start_leaves_nothing() {
    let start = Start::child("ignores_sigterm", |options| {
        options.protocol(five("never")).ready_line("never").spawn_inactive_timeout(SHORT).stop_grace(SHORT)
    })
    .await;
    assert!(matches!(start.error(), SpawnError::InactiveTimeout { .. }), "{:?}", start.error());
    assert!(start.took >= 2 * SHORT, "the error comes when it is gone");
    let events = start.finish().await;
    assert_eq!(events.last().unwrap().kind, EventKind::Exited(SIGKILL));
}

#[tokio::test]
async fn a_start_that_is_cancelled_leaves_nothing() {
    let events = nodex_host::Events::default();
    let mut happened = events.subscribe();
    let options = CnodeBuilder::new(child("never_ready")).events(&events);
    let host = host();
    let event = tokio::select! {
        start = options.start(&host) => panic!("{start:?}"),
        event = happened.next() => event,
    };
    // Cancelled while it waits.
    let EventKind::Started { pid } = event.unwrap().kind else { panic!("not started") };
    nothing_left(pid).await;
}

/// A program may wait for any child, and so take the status away from under the host.
#[tokio::test]
async fn somebody_else_reaps_it() {
    use rustix::process::{Pid, WaitOptions, waitpid};
    for _ in 0..20 {
        let start = Start::child("never_ready", |options| options.ready_line("initialising child@127.0.0.1")).await;
        let process = start.ok();
        let pid = Pid::from_raw(i32::try_from(process.pid()).unwrap());
        let thief = tokio::task::spawn_blocking(move || waitpid(pid, WaitOptions::empty()));
        let exit = within(60, "the end", process.stop()).await;
        let stolen = thief.await.unwrap().is_ok();
        match exit {
            Exit::Unknown => assert!(stolen, "nobody took the status"),
            exit => obeyed(exit),
        }
        start.finish().await;
    }
}

#[tokio::test]
async fn dropping_it_ends_it() {
    for name in ["never_ready", "ignores_sigterm", "grandchildren"] {
        let start = Start::child(name, |options| {
            options.protocol(Protocol::Plain { args: ["child".into(), "h".into()].into() }).stop_grace(SHORT)
        })
        .await;
        let pid = start.ok().pid();
        drop(start);
        nothing_left(pid).await;
    }
}

#[test]
fn it_is_ended_when_the_runtime_is_gone() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let start = runtime.block_on(Start::child("ignores_sigterm", |options| options.stop_grace(SHORT))).result.unwrap();
    let pid = start.pid();
    drop(runtime);
    assert!(!members(pid).is_empty(), "it runs on without the runtime");
    drop(start);
    tokio::runtime::Runtime::new().unwrap().block_on(nothing_left(pid));
}

#[test]
fn it_is_ended_when_its_owner_panics() {
    for name in ["ignores_sigterm", "grandchildren"] {
        let pid = std::sync::Mutex::new(0);
        let panicked = std::panic::catch_unwind(|| {
            tokio::runtime::Runtime::new().unwrap().block_on(async {
                let start = Start::child(name, |options| options.stop_grace(SHORT)).await;
                *pid.lock().unwrap() = start.ok().pid();
                panic!("on purpose");
            });
        });
        assert!(panicked.is_err());
        let pid = *pid.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        assert_ne!(pid, 0);
        tokio::runtime::Runtime::new().unwrap().block_on(nothing_left(pid));
    }
}

/// The host is killed with SIGKILL, so that no code of it runs any more.
#[tokio::test]
async fn it_ends_when_the_host_is_killed() {
    let names = ["slow_to_end", "ignores_sigterm", "closes_output", "stops_itself", "grandchildren"];
    let in_c = names.map(|name| (name, child(name)));
    let in_rust = ["ignores_sigterm", "grandchildren"].map(|name| (name, example("misbehaves")));
    for (name, path) in in_c.into_iter().chain(in_rust) {
        let mut host = Command::new(example("watch"))
            .args([&path, &path])
            .env("MISBEHAVIOUR", name)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(host.stdout.take().unwrap()).lines();
        let mut pids: Vec<u32> = Vec::new();
        let mut ready = 0;
        while ready < 2 {
            let line = lines.next().expect("two nodes that are ready").unwrap();
            if let Some((_, pid)) = line.split_once(": started as ") {
                pids.push(pid.parse().unwrap());
            }
            ready += usize::from(line.contains(": ready after "));
        }
        assert!(pids.len() == 2 && pids.iter().all(|pid| !members(*pid).is_empty()), "{name}: {pids:?}");
        host.kill().unwrap();
        host.wait().unwrap();
        for pid in pids {
            nothing_left(pid).await;
        }
    }
}

/// A shell that runs this script up to its line `up`.
fn shell(options: CnodeBuilder, script: &str) -> CnodeBuilder {
    options.protocol(Protocol::Plain { args: vec!["-c".into(), script.into()] }).ready_line("up")
}

#[tokio::test]
async fn another_signal() {
    let script = "trap 'echo asked by INT; exit 0' INT; trap '' TERM; echo up; while :; do sleep 0.02 & wait $!; done";
    let options = shell(CnodeBuilder::new("/bin/sh").sname("child"), script);
    let stop = StopOptions::new(StopSignal::Int, Duration::from_secs(20));
    let start = Start::options(options.stop(stop)).await;
    assert_eq!(start.ok().stop().await, Exit::Status(0));
    assert_eq!(texts(&start.finish().await), ["up", "asked by INT"]);
}

/// As a shell has what it runs in the background ignore them.
#[tokio::test]
async fn what_a_host_ignores_its_nodes_do_not() {
    let mut host = Command::new("/bin/sh")
        .args(["-c", "trap '' TERM INT QUIT HUP; exec \"$0\" \"$1\""])
        .args([example("watch"), child("slow_to_end")])
        .env("MISBEHAVIOUR", "slow_to_end")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(host.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut pids = lines.filter_map(|line| Some(line.split_once(": started as ")?.1.parse::<u32>().unwrap()));
    let pid = pids.next().expect("a node");
    let ignored = |pid: u32| {
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).expect("what is ignored");
        let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
        [1, 2, 3, 15].map(|signal| mask & 1 << (signal - 1) != 0)
    };
    assert_eq!(ignored(host.id()), [true; 4]);
    // HUP is for `nohup`.
    assert_eq!(ignored(pid), [true, false, false, false]);
    host.kill().unwrap();
    host.wait().unwrap();
    nothing_left(pid).await;
}

#[tokio::test]
async fn a_signal_for_the_first_process_only() {
    let script = "
        sh -c 'trap \"echo a child was asked\" TERM; while kill -0 $PPID; do sleep 0.02; done 2>/dev/null' &
        trap 'sleep 0.2; echo the first was asked; kill -KILL $!; exit 0' TERM
        echo up; while :; do sleep 0.02; done";
    let options = shell(CnodeBuilder::new("/bin/sh").sname("child"), script);
    let stop = StopOptions::new(StopSignal::Term, Duration::from_secs(20)).group(false);
    let start = Start::options(options.stop(stop)).await;
    assert_eq!(start.ok().stop().await, Exit::Status(0));
    assert_eq!(texts(&start.finish().await), ["up", "the first was asked"]);
}

/// Whoever is left when the first process has ended gets the signal then.
#[tokio::test]
async fn the_rest_of_a_group_is_asked_later() {
    let script = "
        sh -c 'trap \"exit 0\" TERM; while :; do sleep 0.02; done' &
        trap 'exit 3' TERM
        echo up; while :; do sleep 0.02; done";
    let options = shell(CnodeBuilder::new("/bin/sh").sname("child"), script);
    let stop = StopOptions::new(StopSignal::Term, Duration::from_secs(3600)).group(false);
    let start = Start::options(options.stop(stop)).await;
    assert_eq!(within(60, "the end of the group", start.ok().stop()).await, Exit::Status(3));
    start.finish().await;
}
