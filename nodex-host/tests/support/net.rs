//! A host for tests that talk to nodes, and the proof that it leaves nothing.

use std::{path::PathBuf, time::Duration};

use nodex_core::{atom, node::NodeBuilder, protocol::Cookie, term::Atom};
use nodex_host::{Cnode, Distributed, EpmdMode};

use super::{c_program, example, nothing_left, within};

/// The answer to `{ping, Text}`.
pub(crate) type Pong = (Atom, String);

/// The cookie of all hosts here.
pub(crate) const COOKIE: &str = "the_cookie_of_a_test";

/// A host with an epmd that it meets nobody else at.
pub(crate) async fn up() -> Distributed {
    up_with(|node| node).await
}

/// The same, with options of its node.
pub(crate) async fn up_with(configure: impl FnOnce(NodeBuilder) -> NodeBuilder) -> Distributed {
    let cookie = Cookie::new(COOKIE).expect("a cookie");
    let builder = Distributed::builder("master").cookie(cookie).epmd(EpmdMode::Private).node(configure);
    builder.up().await.expect("a host")
}

pub(crate) fn c_node() -> PathBuf {
    c_program("example_client")
}

pub(crate) fn rust_node() -> PathBuf {
    example("pong")
}

/// The end of every test: no process of these groups, no registered name, no connection and no socket is left, and the
/// host goes down.
pub(crate) async fn finish(net: Distributed, groups: impl IntoIterator<Item = u32>) {
    for group in groups {
        nothing_left(group).await;
    }
    let epmd = nodex_core::epmd::Client::new(([127, 0, 0, 1], net.epmd_port()).into());
    let port = epmd.lookup("master").await.expect("the host is registered").port;
    // The end of a registration is a matter of its connection with epmd.
    within(60, "the end of all names but one", async {
        while epmd.names().await.expect("the names").iter().any(|(name, _)| name != "master") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    within(60, "the end of all connections", async {
        while !net.node().peers().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    within(60, "the end of the host", net.down()).await;
    assert!(epmd.names().await.is_err(), "the embedded epmd is gone");
    within(60, "the end of all sockets", async {
        while let left = sockets(port)
            && !left.is_empty()
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
}

/// The TCP sockets at either end of this port that a process holds (proc_pid_net(5)).
fn sockets(port: u16) -> Vec<String> {
    let of_port = format!(":{port:04X}");
    let table = std::fs::read_to_string("/proc/net/tcp").expect("/proc/net/tcp");
    let held = |line: &&str| {
        let fields: Vec<_> = line.split_whitespace().collect();
        // What the kernel alone still knows, as TIME_WAIT, has no inode.
        (fields[1].ends_with(&of_port) || fields[2].ends_with(&of_port)) && fields[9] != "0"
    };
    table.lines().skip(1).filter(held).map(str::to_owned).collect()
}

pub(crate) async fn ping(cnode: &Cnode, text: &str) {
    let (pong, back): Pong = cnode.request((atom!("ping"), text)).await.expect("an answer");
    assert_eq!((pong.as_str(), back.as_str()), ("pong", text));
}

/// Runs cases, functions that take the path of a node, with the C node and with a Rust node.
#[allow(unused_macros)]
macro_rules! for_each_node {
    ($($case:ident),+ $(,)?) => {
        mod c {
            $(#[tokio::test] async fn $case() { super::$case($crate::support::net::c_node()).await; })+
        }
        mod rust {
            $(#[tokio::test] async fn $case() { super::$case($crate::support::net::rust_node()).await; })+
        }
    };
}
