//! Nodes under a host: found or started, called, watched, stopped. The same cases for a C node and a Rust node. What
//! the Elixir package Nodex tests is in `as_nodex.rs`, the causes of an end are in `causes.rs`.

// The cases are functions that the tests of a macro call.
#![allow(clippy::unwrap_used)]

use crate::support;

use std::{path::PathBuf, time::Duration};

use nodex_core::{atom, convert::DecodeError, error::Chain, term::Atom};
use nodex_host::{Cnode, CnodeBuilder, CnodeError, EventKind, NodeDown, Protocol, SpawnError, process::Exit};
use support::{
    child, example, members,
    net::{Pong, finish, ping, rust_node, up},
    nothing_left, obeyed, within,
};

const SHORT: Duration = Duration::from_millis(150);

for_each_node!(
    every_call_gets_its_own_reply,
    a_thousand_late_replies_disturb_nobody,
    unknown_call,
    lost_link,
    lost_link_of_a_node_that_does_not_exit,
    dropping_it_stops_it,
    host_that_goes_down,
);

async fn every_call_gets_its_own_reply(exec: PathBuf) {
    let net = up().await;
    let cnode = Cnode::builder(exec).spawn(&net).await.unwrap();
    let calls = (0..1000).map(|number| {
        let cnode = cnode.clone();
        tokio::spawn(async move { ping(&cnode, &format!("call {number}")).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

/// The node is held up until all calls have given up; then their replies come, while others wait for theirs.
async fn a_thousand_late_replies_disturb_nobody(exec: PathBuf) {
    let net = up().await;
    let cnode = Cnode::builder(exec).spawn(&net).await.unwrap();
    let pid = cnode.pid().unwrap();
    support::signal(pid, "STOP");
    let late = (0..1000).map(|number| {
        let cnode = cnode.clone();
        tokio::spawn(
            async move { cnode.request_timeout::<Pong>((atom!("ping"), format!("late {number}")), SHORT).await },
        )
    });
    for call in late.collect::<Vec<_>>() {
        let result = call.await.unwrap();
        assert!(result.as_ref().is_err_and(CnodeError::is_timeout), "{result:?}");
    }
    let calls = (0..1000).map(|number| {
        let cnode = cnode.clone();
        tokio::spawn(async move {
            let text = format!("call {number}");
            let (_, back): Pong =
                cnode.request_timeout((atom!("ping"), &*text), Duration::from_secs(60)).await.expect("an answer");
            assert_eq!(back, text);
        })
    });
    let calls: Vec<_> = calls.collect();
    support::signal(pid, "CONT");
    for call in calls {
        call.await.unwrap();
    }
    cnode.stop().await;
    finish(net, [pid]).await;
}

async fn unknown_call(exec: PathBuf) {
    let net = up().await;
    let cnode = Cnode::builder(exec).spawn(&net).await.unwrap();
    let reply: (Atom, Atom) = cnode.request((atom!("no_such_function"), 1)).await.unwrap();
    assert_eq!(reply, (atom!("error"), atom!("unknown_call")));
    // A reply of another type than the caller wants is the caller's error, and costs nothing else.
    let error = cnode.request::<i64>((atom!("ping"), 1)).await.unwrap_err();
    let CnodeError::Call { source: nodex_core::node::CallError::Reply { error: DecodeError { .. }, .. }, .. } = error
    else {
        panic!("{error}")
    };
    ping(&cnode, "still there").await;
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

async fn lost_link(exec: PathBuf) {
    let net = up().await;
    let cnode = Cnode::builder(exec).spawn(&net).await.unwrap();
    let pid = cnode.pid().unwrap();
    cnode.peer().disconnect();
    let down = within(60, "the end", cnode.down()).await;
    assert!(matches!(down, NodeDown::LinkLost { .. }), "{down}");
    finish(net, [pid]).await;
}

async fn lost_link_of_a_node_that_does_not_exit(exec: PathBuf) {
    let net = up().await;
    let cnode = Cnode::builder(exec).spawn(&net).await.unwrap();
    let pid = cnode.pid().unwrap();
    support::signal(pid, "STOP");
    cnode.peer().disconnect();
    let down = within(60, "the end", cnode.down()).await;
    assert!(matches!(down, NodeDown::LinkLost { .. }), "{down}");
    // It was continued and asked to end.
    finish(net, [pid]).await;
}

async fn dropping_it_stops_it(exec: PathBuf) {
    let net = up().await;
    let cnode = Cnode::builder(exec).spawn(&net).await.unwrap();
    let pid = cnode.pid().unwrap();
    let mut events = cnode.subscribe();
    drop(cnode);
    nothing_left(pid).await;
    loop {
        match within(60, "the event", events.next()).await.unwrap().kind {
            EventKind::Down(down) => break assert_eq!(down, NodeDown::Stopped),
            EventKind::Exited(_) => {}
            other => panic!("{other:?}"),
        }
    }
    finish(net, [pid]).await;
}

async fn host_that_goes_down(exec: PathBuf) {
    let net = up().await;
    let cnode = Cnode::builder(exec).spawn(&net).await.unwrap();
    let pid = cnode.pid().unwrap();
    net.down().await;
    let down = within(60, "the end", cnode.down()).await;
    assert!(matches!(down, NodeDown::LinkLost { .. }), "{down}");
    nothing_left(pid).await;
}

#[tokio::test]
async fn a_late_reply_disturbs_nobody() {
    let net = up().await;
    let cnode = Cnode::builder(rust_node()).spawn(&net).await.unwrap();
    let pid = cnode.pid().unwrap();
    for round in 0..20 {
        support::signal(pid, "STOP");
        let late = cnode.request_timeout::<String>((atom!("slowly"), 1, "late"), Duration::from_millis(20)).await;
        assert!(late.as_ref().is_err_and(CnodeError::is_timeout), "{late:?}");
        support::signal(pid, "CONT");
        let right: String = cnode.request((atom!("slowly"), 1, format!("right {round}"))).await.unwrap();
        assert_eq!(right, format!("right {round}"));
    }
    cnode.stop().await;
    finish(net, [pid]).await;
}

#[tokio::test]
async fn a_call_that_is_never_answered_ends_in_its_time() {
    let net = up().await;
    let cnode = Cnode::builder(rust_node()).spawn(&net).await.unwrap();
    let error = cnode.request_timeout::<Pong>(atom!("silence"), SHORT).await.unwrap_err();
    assert!(error.is_timeout(), "{error}");
    assert_eq!(Chain(&error).to_string(), format!("a call to {} failed: no reply within 150ms", cnode.node()));
    ping(&cnode, "still there").await;
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

#[tokio::test]
async fn a_call_that_the_node_dies_of_fails_with_the_cause() {
    let net = up().await;
    let mut pids = Vec::new();
    for (call, cause) in [("exit", Exit::Status(3)), ("abort", Exit::Signal { signal: 6, core_dumped: false })] {
        let cnode = Cnode::builder(rust_node()).spawn(&net).await.unwrap();
        pids.push(cnode.pid().unwrap());
        let others: Vec<_> = (0..10)
            .map(|_| {
                let cnode = cnode.clone();
                tokio::spawn(async move { cnode.request::<String>((atom!("slowly"), 60_000, "never")).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let result = match call {
            "exit" => cnode.request::<i64>((atom!("exit"), 3)).await.map(drop),
            _ => cnode.request::<bool>(atom!("abort")).await.map(drop),
        };
        for result in
            futures::future::join_all(others).await.into_iter().map(|other| other.unwrap().map(drop)).chain([result])
        {
            let Err(CnodeError::Down { down: NodeDown::Exited { exit }, .. }) = result else { panic!("{result:?}") };
            // Whether there is a core dump is a matter of the machine.
            match exit {
                Exit::Signal { signal, .. } => assert_eq!(Exit::Signal { signal, core_dumped: false }, cause),
                exit => assert_eq!(exit, cause),
            }
        }
    }
    finish(net, pids).await;
}

#[tokio::test]
async fn gen_call_cast_and_send() {
    let net = up().await;
    let cnode = Cnode::builder(rust_node()).spawn(&net).await.unwrap();
    let (pong, text): Pong = cnode.call((atom!("ping"), "gen"), Duration::from_secs(60)).await.unwrap();
    assert_eq!((pong.as_str(), text.as_str()), ("pong", "gen"));
    cnode.send((atom!("ping"), "nobody hears the answer")).await.unwrap();
    cnode.cast((atom!("exit"), 4)).await.unwrap();
    assert_eq!(within(60, "the end", cnode.down()).await, NodeDown::Exited { exit: Exit::Status(4) });
    let pid = cnode.pid().unwrap();
    finish(net, [pid]).await;
}

#[tokio::test]
async fn a_node_that_listens_is_connected_to() {
    let net = up().await;
    let cnode = Cnode::builder(example("listener")).protocol(Protocol::Bundlex).sname("l").spawn(&net).await.unwrap();
    ping(&cnode, "bundlex").await;
    // It is registered, so another host could find it as well.
    let pid = cnode.pid().unwrap();
    obeyed(cnode.stop().await.unwrap());
    finish(net, [pid]).await;
}

/// Any executable that becomes a node: a BEAM.
#[tokio::test]
async fn plain_is_ready_when_it_is_connected() {
    let net = up().await;
    let options = CnodeBuilder::new(support::in_path("erl"))
        .sname("beam")
        .protocol(Protocol::Plain { args: erl("beam", "the_cookie_of_a_test") })
        .registered_name(atom!("net_kernel"));
    let cnode = options.spawn(&net).await.unwrap();
    let yes: Atom = cnode.call((atom!("is_auth"), net.node().name().clone()), Duration::from_secs(60)).await.unwrap();
    assert_eq!(yes, atom!("yes"));
    let pid = cnode.pid().unwrap();
    assert!(!members(pid).is_empty());
    cnode.stop().await;
    finish(net, [pid]).await;
}

fn erl(sname: &str, cookie: &str) -> Vec<std::ffi::OsString> {
    let name = format!("{sname}@127.0.0.1");
    ["-name", &name, "-setcookie", cookie, "-start_epmd", "false", "-hidden", "-noinput"].map(Into::into).into()
}

#[tokio::test]
async fn a_name_that_is_taken_by_a_node_with_another_cookie() {
    let net = up().await;
    let other = CnodeBuilder::new(support::in_path("erl"))
        .sname("taken")
        .protocol(Protocol::Plain { args: erl("taken", "another_cookie") })
        .start(net.host())
        .await
        .unwrap();
    let epmd = nodex_core::epmd::Client::new(([127, 0, 0, 1], net.epmd_port()).into());
    within(60, "its registration", async {
        while epmd.lookup("taken").await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    let error = Cnode::builder(rust_node()).sname("taken").spawn(&net).await.unwrap_err();
    assert!(matches!(error, SpawnError::NameTaken { .. }), "{error}");
    assert!(Chain(&error).to_string().contains("cookie"), "{error}");
    let pid = other.pid();
    other.stop().await;
    finish(net, [pid]).await;
}

#[tokio::test]
async fn a_plain_node_that_never_connects() {
    let net = up().await;
    let options = Cnode::builder(child("never_ready"))
        .protocol(Protocol::Plain { args: ["child".into(), "h".into()].into() })
        .start_timeout(SHORT);
    let error = options.spawn(&net).await.unwrap_err();
    assert!(matches!(error, SpawnError::StartTimeout { .. }), "{error}");
    finish(net, []).await;
}

#[tokio::test]
async fn a_cookie_that_differs() {
    let net = up().await;
    let options = Cnode::builder(rust_node()).cookie_in_env(true);
    let error = options.clone().env("NODEX_COOKIE", "another_cookie").spawn(&net).await.unwrap_err();
    let SpawnError::UnexpectedExit { printed, .. } = &error else { panic!("{error:?}") };
    let last = printed.lines().next_back().unwrap().to_string();
    assert!(last.contains("cookie"), "{last}");
    // With the right one in the same place it works.
    let cnode = options.spawn(&net).await.unwrap();
    ping(&cnode, "by the environment").await;
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

#[tokio::test]
async fn the_name_of_the_host_is_taken() {
    let net = up().await;
    let error = Cnode::builder(rust_node()).sname("master").spawn(&net).await.unwrap_err();
    assert_eq!(Chain(&error).to_string(), "master@127.0.0.1 is the name of the host itself");
    finish(net, []).await;
}

#[tokio::test]
async fn dropping_the_host_takes_it_down() {
    let net = up().await;
    let epmd = nodex_core::epmd::Client::new(([127, 0, 0, 1], net.epmd_port()).into());
    assert_eq!(epmd.names().await.unwrap().len(), 1);
    drop(net);
    within(60, "the end of its epmd", async {
        while epmd.names().await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}
