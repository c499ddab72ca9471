//! Children that misbehave in every way that was seen, in C and in Rust: what the host says of each, and that it leaves
//! nothing.

// The cases are functions that the tests of a macro call.
#![allow(clippy::unwrap_used)]

use crate::support;

use std::time::Duration;

use nodex_core::{
    atom,
    error::Chain,
    node::{Backoff, NodeEvent},
};
use nodex_host::{
    Cnode, CnodeBuilder, CnodeError, EventKind, NodeDown, SpawnError,
    process::{Exit, LINE_LIMIT, Stream},
    supervisor::{Change, ChildSpec, Health, Supervisor},
};
use support::{
    Start,
    kind::Kind,
    lines, members,
    net::{Pong, finish, ping, up},
    nothing_left, obeyed, texts, within,
};

const SHORT: Duration = Duration::from_millis(150);
const LONG: Duration = Duration::from_secs(60);
const SIGKILL: Exit = Exit::Signal { signal: 9, core_dumped: false };

for_each_kind!(
    never_ready,
    chatty_and_never_ready,
    exits_before_ready,
    exits_after_ready,
    ignores_sigterm,
    forks_grandchildren,
    one_megabyte_without_a_line_feed,
    bytes_that_are_no_utf8,
    answers_nobody,
    answers_twice,
    stops_reading,
    hangs_in_a_handler,
    hangs_under_a_supervisor,
    closes_its_socket_and_goes_on,
);

/// Starts a child that does not connect.
async fn start(options: CnodeBuilder) -> Start {
    Start::options(options.sname("child")).await
}

/// A failed start, seen by somebody who wants a node: error and events; nothing is left.
async fn fails(options: CnodeBuilder) -> SpawnError {
    let net = up().await;
    let events = nodex_host::Events::new(100_000);
    let mut happened = events.subscribe();
    let error = within(60, "the error", options.sname("child").events(&events).spawn(&net)).await.unwrap_err();
    let EventKind::Started { pid } = happened.next().await.unwrap().kind else { panic!("not started") };
    assert!(members(pid).is_empty(), "the error comes when nothing is left");
    finish(net, [pid]).await;
    error
}

async fn never_ready(kind: Kind) {
    let error = fails(kind.child("never_ready").spawn_inactive_timeout(SHORT * 4)).await;
    let SpawnError::InactiveTimeout { printed, .. } = &error else { panic!("{error:?}") };
    assert_eq!(printed.lines().count(), 1, "{error}");
}

async fn chatty_and_never_ready(kind: Kind) {
    let options = kind.child("chatty").spawn_inactive_timeout(LONG).start_timeout(SHORT * 4);
    let error = fails(options).await;
    let SpawnError::StartTimeout { printed, .. } = &error else { panic!("{error:?}") };
    assert!(printed.lines().all(|line| line.text().starts_with("still busy")), "{error}");
}

async fn exits_before_ready(kind: Kind) {
    let error = fails(kind.child("exits_before_ready")).await;
    let SpawnError::UnexpectedExit { exit: Exit::Status(3), printed, .. } = &error else { panic!("{error:?}") };
    let said = |stream, text: &str| printed.lines().any(|line| line.stream == stream && line.text() == text);
    assert!(said(Stream::Stdout, "initialising child@127.0.0.1") && said(Stream::Stderr, "cannot go on"), "{error}");
}

async fn exits_after_ready(kind: Kind) {
    let error = fails(kind.child("exits_after_ready")).await;
    let SpawnError::UnexpectedExit { exit: Exit::Status(7), .. } = &error else { panic!("{error:?}") };
    assert!(Chain(&error).to_string().ends_with("its last line was \"last words\""), "{error}");
}

async fn ignores_sigterm(kind: Kind) {
    let start = start(kind.child("ignores_sigterm").stop_grace(SHORT)).await;
    assert_eq!(start.ok().stop().await, SIGKILL);
    let events = start.finish().await;
    assert_eq!(events.last().unwrap().kind, EventKind::Exited(SIGKILL));
}

async fn forks_grandchildren(kind: Kind) {
    let start = start(kind.child("grandchildren").stop_grace(SHORT * 3)).await;
    let process = start.ok();
    assert_eq!(members(process.pid()).len(), 4);
    obeyed(process.stop().await);
    assert!(members(process.pid()).is_empty(), "one of them ignores SIGTERM");
    start.finish().await;
}

async fn one_megabyte_without_a_line_feed(kind: Kind) {
    let start = start(kind.child("long_line")).await;
    start.ok();
    let lines = lines(&start.finish().await);
    let (last, pieces) = lines.split_last().unwrap();
    assert_eq!(last.text(), "child@127.0.0.1 ready");
    assert_eq!(pieces.iter().map(|piece| piece.bytes.len()).sum::<usize>(), 1_000_000);
    assert!(pieces.iter().all(|piece| piece.bytes.len() <= LINE_LIMIT));
}

async fn bytes_that_are_no_utf8(kind: Kind) {
    let start = start(kind.child("not_utf8")).await;
    start.ok();
    let events = start.finish().await;
    let expected: Vec<u8> = (0..=255).filter(|byte| *byte != b'\n').collect();
    assert_eq!(lines(&events)[0].bytes, expected);
    assert_eq!(texts(&events)[1], "child@127.0.0.1 ready");
}

/// What a call that is not answered gives its caller.
async fn no_answer(cnode: &Cnode, message: &str) {
    let error = cnode.request_timeout::<Pong>((atom!("ping"), message), SHORT).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
}

async fn answers_nobody(kind: Kind) {
    let net = up().await;
    let bad = kind.node("answers_nobody").spawn(&net).await.unwrap();
    let good = kind.good().spawn(&net).await.unwrap();
    // Its answers must not reach the calls of others, whose pids are near.
    for number in 0..20 {
        let late = tokio::spawn({
            let bad = bad.clone();
            async move { no_answer(&bad, "lost").await }
        });
        ping(&good, &format!("own {number}")).await;
        late.await.unwrap();
    }
    assert!(bad.down_reason().is_none());
    let groups = [bad.pid().unwrap(), good.pid().unwrap()];
    bad.stop().await;
    good.stop().await;
    finish(net, groups).await;
}

async fn answers_twice(kind: Kind) {
    let net = up().await;
    let cnode = kind.node("answers_twice").spawn(&net).await.unwrap();
    // The second answer comes while the next call waits for its own.
    for number in 0..200 {
        ping(&cnode, &format!("one {number}")).await;
    }
    let calls = (0..200).map(|number| {
        let cnode = cnode.clone();
        tokio::spawn(async move { ping(&cnode, &format!("many {number}")).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

async fn stops_reading(kind: Kind) {
    let net = up().await;
    let bad = kind.node("stops_reading").stop_grace(SHORT).spawn(&net).await.unwrap();
    let good = kind.good().spawn(&net).await.unwrap();
    // More than the buffers of a socket hold.
    let block = "x".repeat(64 * 1024);
    let calls = (0..200).map(|_| {
        let (bad, block) = (bad.clone(), block.clone());
        tokio::spawn(async move { no_answer(&bad, &block).await })
    });
    let calls: Vec<_> = calls.collect();
    for number in 0..20 {
        ping(&good, &format!("as if nothing were {number}")).await;
    }
    for call in calls {
        call.await.unwrap();
    }
    let groups = [bad.pid().unwrap(), good.pid().unwrap()];
    within(60, "the end", bad.stop()).await;
    assert_eq!(bad.down().await, NodeDown::Stopped);
    good.stop().await;
    finish(net, groups).await;
}

async fn hangs_in_a_handler(kind: Kind) {
    let net = up().await;
    let cnode = kind.node("hangs").stop_grace(SHORT).spawn(&net).await.unwrap();
    ping(&cnode, "before").await;
    let error = cnode.request_timeout::<bool>(atom!("hang"), SHORT).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    // Nor does it answer anything else, but it is up.
    no_answer(&cnode, "behind it").await;
    assert!(cnode.down_reason().is_none());
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

async fn hangs_under_a_supervisor(kind: Kind) {
    let net = up().await;
    let health = Health::request((atom!("ping"), "?")).every(SHORT).within(SHORT * 4).failures(2);
    let options = kind.node("hangs").sname("one").stop_grace(SHORT);
    let quick = Backoff::new(Duration::from_millis(1), Backoff::default().max);
    let builder = Supervisor::builder().backoff(quick).child(ChildSpec::new("one", options).health(health));
    let supervisor = builder.start(&net).await.unwrap();
    let mut events = supervisor.subscribe();
    let one = supervisor.child("one").await.unwrap();
    let first = one.cnode().unwrap().pid().unwrap();
    let error = one.request_timeout::<bool>(atom!("hang"), LONG).await.unwrap_err();
    let CnodeError::Down { down: NodeDown::Unhealthy { .. }, .. } = &error else { panic!("{error:?}") };
    within(60, "the new one", async { while !matches!(events.next().await.unwrap().change, Change::Up { .. }) {} })
        .await;
    let cnode = one.up(LONG).await.unwrap();
    ping(&cnode, "again").await;
    let second = cnode.pid().unwrap();
    assert_ne!(first, second);
    drop(cnode);
    supervisor.stop().await;
    finish(net, [first, second]).await;
}

async fn closes_its_socket_and_goes_on(kind: Kind) {
    let net = up().await;
    let mut events = net.node().events();
    let cnode = kind.node("closes_its_socket").sname("closer").stop_grace(SHORT).spawn(&net).await.unwrap();
    ping(&cnode, "before").await;
    cnode.send(atom!("close")).await.unwrap();
    let down = within(60, "the end", cnode.down()).await;
    assert!(matches!(down, NodeDown::LinkLost { .. }), "{down:?}");
    assert!(matches!(events.next().await.unwrap(), NodeEvent::Up { .. }));
    assert!(matches!(events.next().await.unwrap(), NodeEvent::Down { .. }));
    // It was stopped, since nobody can talk to it any more.
    let pid = cnode.pid().unwrap();
    nothing_left(pid).await;
    finish(net, [pid]).await;
}

#[tokio::test]
async fn an_async_handler_that_hangs_costs_its_own_call() {
    let net = up().await;
    let cnode = Kind::Rust.node("hangs_alone").spawn(&net).await.unwrap();
    let error = cnode.request_timeout::<bool>(atom!("hang"), SHORT).await.unwrap_err();
    assert!(error.is_timeout(), "{error:?}");
    ping(&cnode, "behind it").await;
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}
