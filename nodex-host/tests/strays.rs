//! Orphans that this program inherits, as process 1 of a container does; here as a subreaper, for which nobody needs
//! rights. In a program of its own, because it would reap the children of other tests.

mod support;

use std::time::{Duration, Instant};

use nodex_host::{
    CnodeBuilder, Protocol,
    process::{Exit, reap_strays},
};
use nodex_testkit::processes::{pids, stat};
use support::{Start, within};

/// The children of this process that have ended and were not reaped.
fn zombies() -> Vec<u32> {
    let own = std::process::id();
    pids().filter(|pid| stat(*pid).is_some_and(|stat| stat.state == "Z" && stat.parent == own)).collect()
}

#[tokio::test]
async fn orphans_are_reaped_and_own_children_keep_their_status() {
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).expect("a subreaper");
    // Two levels down, out of the group, and orphans at once.
    let script = "(setsid sh -c 'exit 5' &) ; (setsid sleep 0.1 &) ; echo up; read x; exit 3";
    let options = CnodeBuilder::new("/bin/sh")
        .sname("parent")
        .protocol(Protocol::Plain { args: vec!["-c".into(), script.into()] })
        .ready_line("up");
    let start = Start::options(options).await;
    let deadline = Instant::now() + Duration::from_secs(30);
    while zombies().is_empty() {
        assert!(Instant::now() < deadline, "no orphan came here");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    reap_strays().expect("a thread that reaps");
    while !zombies().is_empty() {
        assert!(Instant::now() < deadline, "left: {:?}", zombies());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    // Its stdin ends, and with it the shell.
    let exit = within(60, "the end", start.ok().stop()).await;
    assert!(matches!(exit, Exit::Status(3) | Exit::Signal { signal: 15, .. }), "{exit}");
    start.finish().await;
}
