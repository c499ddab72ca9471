//! Supervisors over real nodes. What they decide is tested in `src/supervisor/core/tests.rs`, with made-up time.

// The cases are functions that the tests of a macro call.
#![allow(clippy::unwrap_used)]

use crate::support;
mod restarts;
mod strategies;

use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use nodex_core::{
    atom,
    error::Chain,
    node::{Backoff, Subscription},
    term::Atom,
};
use nodex_host::{
    CnodeBuilder, CnodeError, Distributed, NodeDown, SpawnError,
    process::Exit,
    supervisor::{
        Change, Child, ChildError, ChildSpec, ChildState, Ended, Failure, Health, Restart, RestartType,
        StartChildError, StartSupervisorError, Strategy, Supervisor, SupervisorEvent,
    },
};
use support::{
    c_program, child,
    net::{Pong, c_node, finish, rust_node, up},
    nothing_left, signal, within,
};

const SIGKILL: Exit = Exit::Signal { signal: 9, core_dumped: false };

fn quick() -> Backoff {
    Backoff::new(Duration::from_millis(1), Duration::from_millis(20))
}

fn spec(id: &str, exec: impl AsRef<Path>) -> ChildSpec {
    ChildSpec::new(id, CnodeBuilder::new(exec).sname(id))
}

async fn pong(child: &Child, text: &str) {
    let (pong, back): Pong = child.request((atom!("ping"), text)).await.unwrap();
    assert_eq!((pong.as_str(), back.as_str()), ("pong", text));
}

fn pid(child: &Child) -> u32 {
    child.cnode().and_then(|cnode| cnode.pid()).expect("it is up")
}

/// Events in short words, until one that `last` knows.
async fn until(events: &mut Subscription<SupervisorEvent>, last: &str) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let event = within(60, last, events.next()).await.expect("more events");
        let word = match event.change {
            Change::Starting => "starting".to_owned(),
            Change::Up { .. } => "up".to_owned(),
            Change::StartFailed { .. } => "start failed".to_owned(),
            Change::Down { down, .. } => format!("down: {}", Chain(&down)),
            Change::Restarting { .. } => "restarting".to_owned(),
            Change::Stopping => "stopping".to_owned(),
            Change::Stopped => "stopped".to_owned(),
            Change::GaveUp => "gave up".to_owned(),
            Change::Removed => "removed".to_owned(),
            Change::Ending(ended) => format!("ending: {ended}"),
            Change::Ended(ended) => format!("ended: {ended}"),
            other => panic!("{other:?}"),
        };
        let line = format!("{} {word}", event.child).trim_start().to_owned();
        all.push(line);
        if all.last().is_some_and(|line| line.starts_with(last)) {
            return all;
        }
    }
}

for_each_node!(a_killed_node_comes_back, a_lost_link_is_a_failure, a_node_that_hangs_is_restarted, one_child);

async fn a_killed_node_comes_back(exec: PathBuf) {
    let net = up().await;
    let builder = Supervisor::builder().backoff(quick()).child(spec("one", exec));
    let mut events = builder.subscribe();
    let supervisor = builder.start(&net).await.unwrap();
    let one = supervisor.child("one").await.unwrap();
    assert_eq!(until(&mut events, "one up").await, ["one starting", "one up"]);
    let mut pids = vec![pid(&one)];
    for _ in 0..3 {
        pong(&one, "up").await;
        signal(pid(&one), "KILL");
        assert_eq!(
            until(&mut events, "one up").await,
            [
                "one down: its process ended: killed by SIGKILL",
                "one stopping",
                "one restarting",
                "one stopped",
                "one starting",
                "one up"
            ]
        );
        // The call waits for the node.
        pong(&one, "again").await;
        pids.push(pid(&one));
    }
    assert_eq!(supervisor.which_children().await[0].restarts, 3);
    assert!(matches!(supervisor.stop().await, Ended::Stopped));
    assert!(matches!(one.state(), ChildState::Down { .. }));
    let error = one.request::<Pong>((atom!("ping"), "?")).await.unwrap_err();
    assert_eq!(Chain(&error).to_string(), "one is not running: it was stopped");
    finish(net, pids).await;
}

async fn a_lost_link_is_a_failure(exec: PathBuf) {
    let net = up().await;
    // Not even for a transient child, though the node exits with status 0.
    let builder = Supervisor::builder().backoff(quick()).child(spec("one", exec).restart(RestartType::Transient));
    let mut events = builder.subscribe();
    let supervisor = builder.start(&net).await.unwrap();
    let one = supervisor.child("one").await.unwrap();
    let first = pid(&one);
    one.cnode().unwrap().peer().disconnect();
    until(&mut events, "one restarting").await;
    pong(&one, "again").await;
    let second = pid(&one);
    supervisor.stop().await;
    finish(net, [first, second]).await;
}

async fn a_node_that_hangs_is_restarted(exec: PathBuf) {
    let net = up().await;
    let health = Health::ping().every(Duration::from_millis(50)).within(Duration::from_millis(1000)).failures(2);
    let builder = Supervisor::builder().backoff(quick()).child(spec("one", exec).health(health));
    let mut events = builder.subscribe();
    let supervisor = builder.start(&net).await.unwrap();
    let one = supervisor.child("one").await.unwrap();
    let first = pid(&one);
    signal(first, "STOP");
    // A call that is on its way learns the reason.
    let error = one.request_timeout::<Pong>((atom!("ping"), "?"), Duration::from_secs(60)).await.unwrap_err();
    let CnodeError::Down { down: NodeDown::Unhealthy { problem }, .. } = &error else { panic!("{error:?}") };
    assert!(Chain(&**problem).to_string().contains("no reply within 1s"), "{problem}");
    until(&mut events, "one restarting").await;
    pong(&one, "again").await;
    let second = pid(&one);
    supervisor.stop().await;
    finish(net, [first, second]).await;
}

async fn one_child(exec: PathBuf) {
    let net = up().await;
    let restart = Restart::permanent().at_most(1, Duration::from_secs(3600)).backoff(quick());
    let one = CnodeBuilder::new(exec).restart(restart).spawn(&net).await.unwrap();
    pong(&one, "first").await;
    let first = pid(&one);
    signal(first, "KILL");
    let mut events = one.subscribe();
    until(&mut events, "").await;
    let second = loop {
        match one.up(Duration::from_secs(60)).await.unwrap().pid() {
            Some(pid) if pid != first => break pid,
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    };
    pong(&one, "second").await;
    signal(second, "KILL");
    let ended = within(60, "the end", one.ended()).await;
    let Ended::GaveUp { reason: Failure::Down(NodeDown::Exited { exit: SIGKILL }), max_restarts: 1, .. } = ended else {
        panic!("{ended:?}")
    };
    finish(net, [first, second]).await;
}

#[tokio::test]
async fn one_child_that_ends_well_and_is_not_restarted() {
    let net = up().await;
    let one = CnodeBuilder::new(rust_node()).restart(Restart::transient()).spawn(&net).await.unwrap();
    let first = pid(&one);
    one.send((atom!("exit"), 0)).await.unwrap();
    let ended = within(60, "the end", one.ended()).await;
    assert!(matches!(ended, Ended::AutoShutdown { .. }), "{ended:?}");
    finish(net, [first]).await;
}

#[tokio::test]
async fn one_child_that_does_not_start() {
    let net = up().await;
    let error = CnodeBuilder::new(child("exits_before_ready")).restart(Restart::permanent()).spawn(&net).await;
    assert!(matches!(*error.unwrap_err(), SpawnError::UnexpectedExit { exit: Exit::Status(3), .. }));
    finish(net, []).await;
}

async fn pids(supervisor: &Supervisor) -> Vec<u32> {
    supervisor.which_children().await.iter().filter_map(|child| child.pid).collect()
}

#[tokio::test]
async fn a_child_that_does_not_start_takes_the_others_down() {
    let net = up().await;
    let builder = Supervisor::builder().child(spec("good", c_node())).child(spec("bad", c_program("just_exit")));
    let mut events = builder.subscribe();
    let error = builder.start(&net).await.unwrap_err();
    let StartSupervisorError::Ended(Ended::StartFailed { child, error }) = &error else { panic!("{error}") };
    assert_eq!(&**child, "bad");
    assert!(matches!(**error, SpawnError::UnexpectedExit { .. }), "{error}");
    let all = until(&mut events, "ended").await;
    assert!(all.contains(&"good stopped".to_owned()), "{all:?}");
    finish(net, []).await;
}

#[tokio::test]
async fn two_children_of_one_id() {
    let net = up().await;
    let builder = Supervisor::builder().child(spec("a", c_node())).child(spec("a", rust_node()));
    assert!(matches!(builder.start(&net).await, Err(StartSupervisorError::DuplicateId { .. })));
    finish(net, []).await;
}

#[tokio::test]
async fn children_at_run_time() {
    let net = up().await;
    let supervisor = Supervisor::builder().start(&net).await.unwrap();
    let one = supervisor.start_child(spec("one", rust_node())).await.unwrap();
    pong(&one, "added").await;
    let first = pid(&one);
    let error = supervisor.start_child(spec("one", rust_node())).await.unwrap_err();
    assert!(matches!(error, StartChildError::AlreadyStarted { .. }), "{error}");
    let error = supervisor.restart_child("one").await.unwrap_err();
    assert!(matches!(error, ChildError::Running { .. }), "{error}");
    let error = supervisor.delete_child("one").await.unwrap_err();
    assert!(matches!(error, ChildError::Running { .. }), "{error}");
    supervisor.terminate_child("one").await.unwrap();
    nothing_left(first).await;
    assert!(matches!(supervisor.which_children().await[0].state, ChildState::Down { .. }));
    let error = supervisor.start_child(spec("one", rust_node())).await.unwrap_err();
    assert!(matches!(error, StartChildError::AlreadyPresent { .. }), "{error}");
    supervisor.restart_child("one").await.unwrap();
    pong(&one, "the same handle").await;
    let second = pid(&one);
    supervisor.terminate_child("one").await.unwrap();
    supervisor.delete_child("one").await.unwrap();
    assert!(supervisor.which_children().await.is_empty());
    for error in [
        supervisor.delete_child("one").await.unwrap_err(),
        supervisor.terminate_child("one").await.unwrap_err(),
        supervisor.restart_child("one").await.unwrap_err(),
    ] {
        assert_eq!(Chain(&error).to_string(), "there is no child one");
    }
    let error = supervisor.start_child(spec("bad", child("exits_before_ready"))).await.unwrap_err();
    assert!(matches!(error, StartChildError::Start { .. }), "{error}");
    assert!(supervisor.which_children().await.is_empty(), "it is not kept");
    supervisor.stop().await;
    finish(net, [first, second]).await;
}

#[tokio::test]
async fn a_start_that_hangs_is_called_off() {
    let net = up().await;
    let supervisor = Supervisor::builder().start(&net).await.unwrap();
    let events = nodex_host::Events::default();
    let mut happened = events.subscribe();
    let options = CnodeBuilder::new(child("never_ready")).spawn_inactive_timeout(Duration::from_secs(3600));
    let hanging = ChildSpec::new("hangs", options.start_timeout(Duration::from_secs(3600)).events(&events));
    let starting = tokio::spawn({
        let supervisor = supervisor.clone();
        async move { supervisor.start_child(hanging).await }
    });
    let nodex_host::EventKind::Started { pid } = happened.next().await.unwrap().kind else { panic!("not started") };
    within(60, "the end", supervisor.terminate_child("hangs")).await.unwrap();
    assert!(support::members(pid).is_empty(), "terminated means that nothing is left");
    let error = within(60, "the answer", starting).await.unwrap().unwrap_err();
    assert!(matches!(error, StartChildError::Stopped { .. }), "{error}");
    supervisor.stop().await;
    finish(net, [pid]).await;
}

#[tokio::test]
async fn a_child_whose_restart_fails_is_tried_again() {
    let net = up().await;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("restart-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let exec = folder.join("node");
    std::os::unix::fs::symlink(rust_node(), &exec).unwrap();
    let builder = Supervisor::builder().backoff(quick()).at_most(1000, Duration::from_secs(5)).child(spec("a", &exec));
    let mut events = builder.subscribe();
    let supervisor = builder.start(&net).await.unwrap();
    let a = supervisor.child("a").await.unwrap();
    let first = pid(&a);
    std::fs::remove_file(&exec).unwrap();
    signal(first, "KILL");
    for _ in 0..3 {
        until(&mut events, "a start failed").await;
    }
    assert!(matches!(a.state(), ChildState::Restarting { .. }));
    let error = a.request_timeout::<Pong>((atom!("ping"), "?"), Duration::from_millis(50)).await.unwrap_err();
    assert!(error.is_timeout() && Chain(&error).to_string().contains("does not exist"), "{error}");
    std::os::unix::fs::symlink(rust_node(), &exec).unwrap();
    pong(&a, "again").await;
    let second = pid(&a);
    supervisor.stop().await;
    std::fs::remove_dir_all(&folder).unwrap();
    finish(net, [first, second]).await;
}

#[tokio::test]
async fn a_health_check_of_ones_own() {
    let net = up().await;
    let sick = Arc::new(AtomicBool::new(false));
    let check = {
        let sick = sick.clone();
        Health::check(move |cnode| {
            let sick = sick.clone();
            async move {
                let (_, _): Pong = cnode.request((atom!("ping"), "?")).await?;
                if sick.swap(false, Ordering::Relaxed) { Err("it looks pale".into()) } else { Ok(()) }
            }
        })
    };
    let call = Health::request((atom!("ping"), "are you well?")).every(Duration::from_millis(10));
    let builder = Supervisor::builder()
        .backoff(quick())
        .child(spec("a", rust_node()).health(check.every(Duration::from_millis(10)).failures(1)))
        .child(spec("b", c_node()).health(call));
    let mut events = builder.subscribe();
    let supervisor = builder.start(&net).await.unwrap();
    let mut groups = pids(&supervisor).await;
    tokio::time::sleep(Duration::from_millis(100)).await;
    sick.store(true, Ordering::Relaxed);
    let all = until(&mut events, "a down").await;
    assert_eq!(all.last().unwrap(), "a down: it failed its health check: it looks pale");
    assert!(all.iter().all(|line| !line.starts_with("b down")), "{all:?}");
    until(&mut events, "a up").await;
    groups.extend(pids(&supervisor).await);
    supervisor.stop().await;
    finish(net, groups).await;
}

#[tokio::test]
async fn dropping_it_stops_all_children() {
    let net = up().await;
    let supervisor = Supervisor::builder().children(["a", "b"].map(|id| spec(id, c_node()))).start(&net).await.unwrap();
    let groups = pids(&supervisor).await;
    let mut a = supervisor.child("a").await.unwrap();
    drop(supervisor);
    assert!(matches!(within(60, "the end", a.changed()).await, Some(ChildState::Down { .. })));
    finish(net, groups).await;
}

#[test]
fn they_end_with_the_runtime() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (groups, supervisor, one) = runtime.block_on(async {
        let net = up().await;
        let specs = ["a", "b"].map(|id| spec(id, rust_node()));
        let supervisor = Supervisor::builder().children(specs).start(&net).await.unwrap();
        let one = supervisor.child("a").await.unwrap();
        (pids(&supervisor).await, supervisor, one)
    });
    // Handles alone keep nothing alive.
    drop(runtime);
    assert!(matches!(one.state(), ChildState::Down { .. }));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        for group in groups {
            nothing_left(group).await;
        }
        assert!(matches!(supervisor.stop().await, Ended::RuntimeGone));
    });
}

#[tokio::test]
async fn many_that_are_killed_at_once() {
    let net = up().await;
    let names: Vec<String> = (0..30).map(|count| format!("n{count}")).collect();
    let supervisor = Supervisor::builder()
        .at_once(8)
        .at_most(1000, Duration::from_secs(5))
        .backoff(quick())
        .children(names.iter().map(|name| spec(name, if name.ends_with('0') { c_node() } else { rust_node() })))
        .start(&net)
        .await
        .unwrap();
    let before = pids(&supervisor).await;
    assert_eq!(before.len(), 30);
    for pid in &before {
        signal(*pid, "KILL");
    }
    let mut names: Vec<Atom> = Vec::new();
    for info in supervisor.which_children().await {
        let child = supervisor.child(&info.id).await.unwrap();
        within(60, "its return", async {
            loop {
                if child.up(Duration::from_secs(20)).await.is_ok_and(|cnode| !before.contains(&cnode.pid().unwrap())) {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
        pong(&child, &info.id).await;
        names.extend(child.node());
    }
    assert_eq!(names.len(), 30);
    let after = pids(&supervisor).await;
    supervisor.stop().await;
    finish(net, before.into_iter().chain(after)).await;
}
