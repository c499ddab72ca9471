//! Why a node went down, as its events, the events of its supervisor and the call under way tell it: exit status, signal,
//! lost connection, silence for the tick time, health check.

// The cases are functions that the tests of a macro call.
#![allow(clippy::unwrap_used)]

use crate::support;

use std::time::Duration;

use nodex_core::{
    atom,
    error::Chain,
    net::{LinkEnd, LinkLimits},
    node::exit_status,
};
use nodex_host::{
    CnodeBuilder, CnodeError, Distributed, EventKind, Events, NodeDown, SpawnError,
    process::Exit,
    supervisor::{Change, Child, ChildSpec, Health, Restart, Supervisor},
};
use support::{
    kind::Kind,
    net::{Pong, finish, ping, rust_node, up, up_with},
    signal, within,
};

const LONG: Duration = Duration::from_secs(60);

for_each_kind!(
    exit_status,
    exit_status_0,
    the_status_of_a_breach,
    the_status_of_a_service,
    a_signal,
    a_signal_of_its_own,
    the_connection_closed_by_the_node,
    the_connection_closed_here,
    silence_for_the_tick_time,
    a_health_check,
);

/// Has a node go down, and returns the cause, which all who tell of it have to agree about.
async fn cause(
    net: Distributed,
    options: CnodeBuilder,
    health: Option<Health>,
    how: impl AsyncFnOnce(&Child),
) -> NodeDown {
    let told = Events::default();
    let mut of_node = told.subscribe();
    let mut spec = ChildSpec::new("one", options.sname("one").events(&told).stop_grace(Duration::from_millis(300)));
    spec = spec.restart(Restart::temporary());
    if let Some(health) = health {
        spec = spec.health(health);
    }
    let supervisor = Supervisor::builder().start(&net).await.unwrap();
    let mut of_supervisor = supervisor.subscribe();
    let one = supervisor.start_child(spec).await.unwrap();
    let cnode = one.cnode().unwrap();
    let pid = cnode.pid().unwrap();
    ping(&cnode, "up").await;
    how(&one).await;
    let by_node = within(60, "the event of the node", async {
        loop {
            if let EventKind::Down(down) = of_node.next().await.unwrap().kind {
                break down;
            }
        }
    });
    let by_supervisor = within(60, "the event of the supervisor", async {
        loop {
            if let Change::Down { down, node } = of_supervisor.next().await.unwrap().change {
                assert_eq!(node.as_str(), "one@127.0.0.1");
                break down;
            }
        }
    });
    let (by_node, by_supervisor) = (by_node.await, by_supervisor.await);
    assert_eq!((&by_node, &cnode.down().await), (&by_supervisor, &by_supervisor));
    let error = cnode.request::<Pong>((atom!("ping"), "?")).await.unwrap_err();
    let CnodeError::Down { down, .. } = &error else { panic!("{error:?}") };
    assert_eq!(*down, by_node);
    drop(cnode);
    supervisor.stop().await;
    finish(net, [pid]).await;
    by_node
}

/// A node that exits when it is told to.
fn exits(kind: Kind) -> CnodeBuilder {
    if kind == Kind::C { kind.node("exits") } else { kind.good() }
}

async fn exit_status(kind: Kind) {
    let down = cause(up().await, exits(kind), None, async |one| one.send((atom!("exit"), 5)).await.unwrap()).await;
    assert_eq!(down, NodeDown::Exited { exit: Exit::Status(5) });
    assert_eq!(Chain(&down).to_string(), "its process ended: exit status 5");
}

async fn exit_status_0(kind: Kind) {
    let down = cause(up().await, exits(kind), None, async |one| one.send((atom!("exit"), 0)).await.unwrap()).await;
    assert_eq!(down, NodeDown::Exited { exit: Exit::Status(0) });
    assert!(down.is_normal());
}

/// Only nodes that are known to be built with nodex mean by their status what it means there.
async fn meaning(kind: Kind, status: u8) -> NodeDown {
    let words = "of somebody else: \u{1b}[31m";
    let end = async |one: &Child| match kind {
        Kind::Rust => one.send((atom!("fail"), words, i32::from(status))).await.unwrap(),
        Kind::C => one.send((atom!("exit"), i32::from(status))).await.unwrap(),
    };
    let down = cause(up().await, exits(kind), None, end).await;
    assert!(!down.is_normal());
    if kind == Kind::C {
        assert_eq!(down, NodeDown::Exited { exit: Exit::Status(status.into()) });
    }
    down
}

async fn the_status_of_a_breach(kind: Kind) {
    let down = meaning(kind, exit_status::BREACH).await;
    if kind == Kind::Rust {
        assert!(matches!(down, NodeDown::Breach { .. }), "{down:?}");
        assert_eq!(Chain(&down).to_string(), "it had to end the connection: of somebody else: \\u{1b}[31m");
    }
}

async fn the_status_of_a_service(kind: Kind) {
    let down = meaning(kind, exit_status::SERVICE_ENDED).await;
    if kind == Kind::Rust {
        assert!(matches!(down, NodeDown::ServiceEnded { .. }), "{down:?}");
        assert_eq!(Chain(&down).to_string(), "it ended with a service: of somebody else: \\u{1b}[31m");
    }
}

/// A shell that leaves a child, which holds its stdout, and goes on with this.
fn script(then: &str) -> CnodeBuilder {
    let script = format!("sleep 600 & {then}");
    CnodeBuilder::new("/bin/sh").leading_arg("-c").leading_arg(script).leading_arg("sh").cookie_in_env(true)
}

#[tokio::test]
async fn the_status_of_a_start_that_leaves_a_child() {
    let net = up().await;
    let options = script("echo last words; exit 3").spawn_inactive_timeout(60 * LONG).start_timeout(60 * LONG);
    let error = within(60, "the end of the start", options.spawn(&net)).await.unwrap_err();
    let SpawnError::UnexpectedExit { exit: Exit::Status(3), .. } = &error else { panic!("{error:?}") };
    assert!(Chain(&error).to_string().ends_with("exit status 3; its last line was \"last words\""), "{error}");
    finish(net, []).await;
}

#[tokio::test]
async fn the_signal_of_a_node_that_leaves_a_child() {
    let kill = async |one: &Child| signal(one.cnode().unwrap().pid().unwrap(), "KILL");
    let options = script(&format!("exec {} \"$@\"", rust_node().display()));
    let down = cause(up().await, options, None, kill).await;
    assert_eq!(down, NodeDown::Exited { exit: Exit::Signal { signal: 9, core_dumped: false } });
}

/// What it printed is told before its end.
#[tokio::test]
async fn its_last_words_come_before_its_end() {
    let (net, events) = (up().await, Events::new(1000));
    let mut told = events.subscribe();
    let cnode = CnodeBuilder::new(rust_node()).events(&events).spawn(&net).await.unwrap();
    let pid = cnode.pid().unwrap();
    cnode.send((atom!("fail"), "last words", 7)).await.unwrap();
    let mut heard = false;
    loop {
        match within(60, "its end", told.next()).await.unwrap().kind {
            EventKind::Line(line) => heard |= line.text() == "error: last words",
            EventKind::Down(down) => break assert_eq!(down, NodeDown::Exited { exit: Exit::Status(7) }),
            _ => {}
        }
    }
    assert!(heard);
    drop(cnode);
    finish(net, [pid]).await;
}

async fn a_signal(kind: Kind) {
    let kill = async |one: &Child| signal(one.cnode().unwrap().pid().unwrap(), "KILL");
    let down = cause(up().await, kind.good(), None, kill).await;
    assert_eq!(down, NodeDown::Exited { exit: Exit::Signal { signal: 9, core_dumped: false } });
    assert_eq!(Chain(&down).to_string(), "its process ended: killed by SIGKILL");
}

async fn a_signal_of_its_own(kind: Kind) {
    let abort = async |one: &Child| signal(one.cnode().unwrap().pid().unwrap(), "ABRT");
    let down = cause(up().await, kind.good(), None, abort).await;
    // Whether there is a core dump is a matter of the machine.
    assert!(matches!(down, NodeDown::Exited { exit: Exit::Signal { signal: 6, .. } }), "{down}");
}

async fn the_connection_closed_by_the_node(kind: Kind) {
    let close = async |one: &Child| one.send(atom!("close")).await.unwrap();
    let down = cause(up().await, kind.node("closes_its_socket"), None, close).await;
    // What a C node has not read when it closes its socket makes it a reset.
    let NodeDown::LinkLost { reason: LinkEnd::Closed | LinkEnd::Io { .. } } = &down else { panic!("{down:?}") };
}

async fn the_connection_closed_here(kind: Kind) {
    let disconnect = async |one: &Child| one.cnode().unwrap().peer().disconnect();
    let down = cause(up().await, kind.good(), None, disconnect).await;
    assert!(matches!(down, NodeDown::LinkLost { .. }), "{down:?}");
}

async fn silence_for_the_tick_time(kind: Kind) {
    let limits = LinkLimits::default().tick_time(Duration::from_secs(4));
    let net = up_with(|node| node.limits(limits)).await;
    let stop = async |one: &Child| signal(one.cnode().unwrap().pid().unwrap(), "STOP");
    let down = cause(net, kind.good(), None, stop).await;
    assert_eq!(Chain(&down).to_string(), "the connection with it was lost: nothing was heard from the peer for 4s");
}

async fn a_health_check(kind: Kind) {
    let health = Health::request((atom!("ping"), "?")).every(Duration::from_millis(100)).within(Duration::from_secs(1));
    let hang = async |one: &Child| {
        let error = one.request_timeout::<bool>(atom!("hang"), LONG).await.unwrap_err();
        assert!(matches!(error, CnodeError::Down { down: NodeDown::Unhealthy { .. }, .. }), "{error:?}");
    };
    let down = cause(up().await, kind.node("hangs"), Some(health.failures(2)), hang).await;
    assert_eq!(
        Chain(&down).to_string(),
        "it failed its health check: a call to one@127.0.0.1 failed: no reply within 1s"
    );
}
