//! What the tests of the Elixir package Nodex ask of a C node and its host, by the names that it gives them, for a C node
//! and for a Rust node.

// The cases are functions that the tests of a macro call.
#![allow(clippy::unwrap_used)]

use crate::support;

use std::time::Duration;

use nodex_core::{atom, error::Chain, node::NodeEvent};
use nodex_host::{CnodeError, EventKind, NodeDown, SpawnError, process::Exit};
use support::{
    kind::Kind,
    net::{Pong, finish, ping, up},
    obeyed, signal, within,
};

const SHORT: Duration = Duration::from_millis(500);
const SIGKILL: Exit = Exit::Signal { signal: 9, core_dumped: false };

for_each_kind!(
    greets_the_world,
    already_started_node,
    spawn_inactive_timeout,
    unable_to_establish_connection,
    cnode_unexpected_exit,
    nodedown,
);

async fn greets_the_world(kind: Kind) {
    let net = up().await;
    let mut events = net.node().events();
    let cnode = kind.good().spawn(&net).await.unwrap();
    // Eight random hexadecimal digits.
    assert_eq!(cnode.node().len(), "01234567@127.0.0.1".len());
    let (pong, world): Pong = cnode.request((atom!("ping"), "world")).await.unwrap();
    assert_eq!((pong.as_str(), world.as_str()), ("pong", "world"));
    assert!(cnode.down_reason().is_none());
    assert_eq!(events.next().await.unwrap(), NodeEvent::Up { node: cnode.node().clone() });
    let pid = cnode.pid().unwrap();
    obeyed(cnode.stop().await.unwrap());
    assert_eq!(cnode.down().await, NodeDown::Stopped);
    let error = cnode.request::<Pong>((atom!("ping"), "?")).await.unwrap_err();
    assert!(matches!(error, CnodeError::Down { down: NodeDown::Stopped, .. }), "{error}");
    finish(net, [pid]).await;
}

async fn already_started_node(kind: Kind) {
    let net = up().await;
    let options = kind.good().sname("one");
    let started = options.spawn(&net).await.unwrap();
    let found = options.spawn(&net).await.unwrap();
    assert_eq!((found.node(), found.pid()), (started.node(), None));
    ping(&found, "found").await;
    drop(found);
    ping(&started, "still there").await;
    let pid = started.pid().unwrap();
    started.stop().await;
    // Its name is free again as soon as it is stopped.
    let again = options.spawn(&net).await.unwrap();
    ping(&again, "again").await;
    let again_pid = again.pid().unwrap();
    again.stop().await;
    finish(net, [pid, again_pid]).await;
}

async fn spawn_inactive_timeout(kind: Kind) {
    let net = up().await;
    let error = kind.child("never_ready").spawn_inactive_timeout(SHORT).spawn(&net).await.unwrap_err();
    let SpawnError::InactiveTimeout { timeout: SHORT, printed, .. } = &error else { panic!("{error:?}") };
    assert!(printed.lines().all(|line| line.text().starts_with("initialising ")), "{error}");
    finish(net, []).await;
}

async fn unable_to_establish_connection(kind: Kind) {
    let net = up().await;
    // It says that it is ready, and never connects.
    let options = kind.child("ignores_sigterm").sname("mute").connect_timeout(SHORT).stop_grace(SHORT);
    let error = options.spawn(&net).await.unwrap_err();
    let SpawnError::NoConnection { timeout: SHORT, printed, .. } = &error else { panic!("{error:?}") };
    assert_eq!(printed.lines().map(|line| line.text().into_owned()).collect::<Vec<_>>(), ["mute@127.0.0.1 ready"]);
    finish(net, []).await;
}

async fn cnode_unexpected_exit(kind: Kind) {
    let net = up().await;
    for (name, status) in [("exits_before_ready", 3), ("exits_after_ready", 7)] {
        let error = kind.child(name).spawn(&net).await.unwrap_err();
        let SpawnError::UnexpectedExit { exit, .. } = &error else { panic!("{error:?}") };
        assert_eq!(*exit, Exit::Status(status), "{error}");
    }
    finish(net, []).await;
}

async fn nodedown(kind: Kind) {
    let net = up().await;
    let cnode = kind.good().spawn(&net).await.unwrap();
    let pid = cnode.pid().unwrap();
    let (mut events, mut nodes) = (cnode.subscribe(), net.node().events());
    signal(pid, "KILL");
    let down = within(60, "the end", cnode.down()).await;
    assert_eq!(down, NodeDown::Exited { exit: SIGKILL });
    within(60, "the event", async { while events.next().await.unwrap().kind != EventKind::Down(down.clone()) {} })
        .await;
    let NodeEvent::Down { node, .. } = within(60, "nodedown", nodes.next()).await.unwrap() else { panic!("another") };
    assert_eq!(node, *cnode.node());
    let error = cnode.request::<Pong>((atom!("ping"), "?")).await.unwrap_err();
    assert_eq!(Chain(&error).to_string(), format!("{node} is down: its process ended: killed by SIGKILL"));
    finish(net, [pid]).await;
}
