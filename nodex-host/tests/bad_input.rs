//! What cannot be started, and what the error says of it: what was printed, and what to do.

// The cases are functions that the tests of a macro call.
#![allow(clippy::unwrap_used)]

use nodex_core::error::Chain;

use crate::support;

use nodex_host::{
    CnodeBuilder, Distributed, Protocol, SpawnError, UpError,
    cnode::{HostNode, HostNodeError},
    distributed::{EpmdMode, SlaveBuilder},
    process::{Exit, LaunchError},
    supervisor::{Change, ChildSpec, Ended, StartSupervisorError, Supervisor},
};
use support::{
    kind::Kind,
    members,
    net::{finish, ping, up},
    nothing_left, within,
};

for_each_kind!(another_cookie, a_name_that_a_connected_node_has, a_fleet_of_which_some_fail);

#[tokio::test]
async fn paths() {
    let net = up().await;
    type Expected = fn(&LaunchError) -> bool;
    let cases: [(&str, Expected, &str); 3] = [
        ("/nowhere/at/all", |error| matches!(error, LaunchError::NotFound { .. }), "correct the path"),
        ("/etc/passwd", |error| matches!(error, LaunchError::NotExecutable { .. }), "chmod +x"),
        ("/usr", |error| matches!(error, LaunchError::IsDirectory { .. }), "inside of it"),
    ];
    for (path, expected, advice) in cases {
        let error = CnodeBuilder::new(path).spawn(&net).await.unwrap_err();
        let SpawnError::Launch(launch) = &error else { panic!("{error:?}") };
        assert!(expected(launch) && Chain(&error).to_string().contains(path), "{error:?}");
        assert!(error.advice().contains(advice), "{}", error.advice());
    }
    finish(net, []).await;
}

#[tokio::test]
async fn names() {
    let net = up().await;
    for sname in ["new\nline", "Käse", "日本", "", "two words", "a@b", &"x".repeat(300), "a.b", "a/b", "a:b", "a+b"]
    {
        let error = Kind::Rust.good().sname(sname).spawn(&net).await.unwrap_err();
        assert!(matches!(error, SpawnError::InvalidName { .. }), "{sname:?}: {error:?}");
        assert!(!Chain(&error).to_string().contains('\n'), "a name may not break the lines of a log: {error}");
        assert!(error.advice().contains("ASCII"));
    }
    let error = Kind::Rust.good().sname("master").spawn(&net).await.unwrap_err();
    assert!(matches!(error, SpawnError::NameOfHost { .. }), "{error:?}");
    let error = SlaveBuilder::new().prefix("sla.ve").spawn(&net).await.unwrap_err();
    assert!(matches!(error, SpawnError::InvalidName { .. }), "{error:?}");
    finish(net, []).await;
}

/// What is no name is told before an epmd is started or asked.
#[tokio::test]
async fn names_of_a_host() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port();
    for name in ["a.b", "a/b", "a:b", "a+b", "", "a@b", &"x".repeat(300)] {
        let error = Distributed::builder(name).epmd(EpmdMode::System).epmd_port(port).up().await.unwrap_err();
        assert!(matches!(error, UpError::HostNode(HostNodeError::Name { .. })), "{name:?}: {error:?}");
    }
    free.set_nonblocking(true).unwrap();
    assert_eq!(free.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
    // A host that is somebody else's may be called what it likes.
    assert_eq!(HostNode::new("a.b@127.0.0.1", "secret").unwrap().alive(), "a.b");
}

/// Fails because the node refuses to go on, and says so itself.
fn refused(error: &SpawnError, words: &str) {
    let SpawnError::UnexpectedExit { exit: Exit::Status(1), printed, .. } = error else { panic!("{error:?}") };
    assert!(printed.lines().any(|line| line.text().contains(words)), "{error}");
    assert!(Chain(&error).to_string().contains("cookie") || Chain(&error).to_string().contains("taken"), "{error}");
    assert!(error.advice().contains("printed"), "{}", error.advice());
}

async fn another_cookie(kind: Kind) {
    let net = up().await;
    let args = ["spy", "127.0.0.1", "another_cookie", "master"].map(Into::into).into();
    let options = kind.good().sname("spy").protocol(Protocol::Plain { args }).ready_line("spy@127.0.0.1 ready");
    let error = within(60, "the error", options.spawn(&net)).await.unwrap_err();
    refused(&error, "cookie");
    finish(net, []).await;
}

async fn a_name_that_a_connected_node_has(kind: Kind) {
    let net = up().await;
    let first = kind.good().sname("one").spawn(&net).await.unwrap();
    // Started all the same, it is the node that is told that the name is taken.
    let error = kind.good().sname("one").adopt(false).spawn(&net).await.unwrap_err();
    match kind {
        Kind::C => refused(&error, "this node's name in use there"),
        Kind::Rust => refused(&error, "the name one@127.0.0.1 is taken"),
    }
    ping(&first, "undisturbed").await;
    let pid = first.pid().unwrap();
    first.stop().await;
    finish(net, [pid]).await;
}

/// Of six nodes two fail: the first failure is told with what that node printed, and the others are stopped.
async fn a_fleet_of_which_some_fail(kind: Kind) {
    let net = up().await;
    let specs = (0..6).map(|number| {
        let name = format!("n{number}");
        let options = if number % 3 == 2 { kind.child("exits_before_ready") } else { kind.good() };
        ChildSpec::new(&*name, options.sname(&name))
    });
    let specs: Vec<_> = specs.collect();
    for at_once in [1, 6] {
        let builder = Supervisor::builder().at_once(at_once).children(specs.clone());
        let mut events = builder.subscribe();
        let error = within(60, "the error", builder.start(&net)).await.unwrap_err();
        let StartSupervisorError::Ended(Ended::StartFailed { child, error: why }) = &error else { panic!("{error:?}") };
        assert!(["n2", "n5"].contains(&&**child), "{child}");
        let SpawnError::UnexpectedExit { exit: Exit::Status(3), printed, .. } = &**why else { panic!("{why:?}") };
        assert!(printed.lines().any(|line| line.text() == "cannot go on"), "{why}");
        assert!(
            Chain(&error).to_string().starts_with(&format!("the supervisor did not start: {child} did not start: "))
        );
        let mut groups = Vec::new();
        loop {
            match within(60, "events", events.next()).await.unwrap().change {
                Change::Up { pid, .. } => groups.extend(pid),
                Change::Ended(_) => break,
                _ => {}
            }
        }
        for group in groups {
            assert!(members(group).is_empty(), "the error comes when all are down");
            nothing_left(group).await;
        }
    }
    // Added one by one, those that fail cost nobody else.
    let supervisor = Supervisor::builder().start(&net).await.unwrap();
    let mut up = 0;
    for spec in specs {
        up += usize::from(supervisor.start_child(spec).await.is_ok());
    }
    assert_eq!((up, supervisor.count_children().await.active), (4, 4));
    let groups: Vec<_> = supervisor.which_children().await.iter().filter_map(|child| child.pid).collect();
    within(60, "the end", supervisor.stop()).await;
    finish(net, groups).await;
}
