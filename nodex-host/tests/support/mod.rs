//! What the tests of the host share: the misbehaving children, and the proof that nothing of them is left.

// Every test binary takes its own part of this module.
#![allow(dead_code, unused_imports, unused_macros)]

#[macro_use]
pub(crate) mod kind;
#[macro_use]
pub(crate) mod net;
pub(crate) mod slaves;

use std::{
    collections::HashSet,
    path::PathBuf,
    time::{Duration, Instant},
};

use nodex_core::node::Subscription;
use nodex_host::{
    CnodeBuilder, CnodeEvent, EventKind, Events, HostNode, SpawnError,
    process::{Exit, Line},
};
pub(crate) use nodex_testkit::{
    executable::{self, Executable, in_path},
    otp,
    processes::{Pack, Process},
};

/// A misbehaving child of `c_src/children`.
pub(crate) fn child(name: &str) -> PathBuf {
    Executable::child(name).path().to_owned()
}

/// A program of `c_src`.
pub(crate) fn c_program(name: &str) -> PathBuf {
    Executable::c_node(name).path().to_owned()
}

/// An example of this package.
pub(crate) fn example(name: &str) -> PathBuf {
    Executable::example(name).path().to_owned()
}

pub(crate) fn host() -> HostNode {
    HostNode::new("master@127.0.0.1", "a_cookie").expect("a host node")
}

/// One start of a child, its events, and at the end the check that its group is empty.
pub(crate) struct Start {
    pub(crate) result: Result<nodex_host::NodeProcess, SpawnError>,
    pub(crate) events: Subscription<CnodeEvent>,
    pub(crate) took: Duration,
}

impl Start {
    /// Starts a child with options that suit a test: short clocks.
    pub(crate) async fn child(name: &str, options: impl FnOnce(CnodeBuilder) -> CnodeBuilder) -> Start {
        Self::options(options(
            CnodeBuilder::new(child(name))
                .sname("child")
                .spawn_inactive_timeout(Duration::from_secs(20))
                .stop_grace(Duration::from_secs(20)),
        ))
        .await
    }

    pub(crate) async fn options(options: CnodeBuilder) -> Start {
        let events = Events::new(100_000);
        let subscription = events.subscribe();
        let started = Instant::now();
        let result = options.events(&events).start(&host()).await;
        Start { result, events: subscription, took: started.elapsed() }
    }

    pub(crate) fn ok(&self) -> &nodex_host::NodeProcess {
        self.result.as_ref().unwrap_or_else(|error| panic!("did not start: {error}"))
    }

    pub(crate) fn error(&self) -> &SpawnError {
        self.result.as_ref().expect_err("an error, but it is ready")
    }

    /// All events of the process up to its end; checks that its group is then empty.
    pub(crate) async fn finish(self) -> Vec<CnodeEvent> {
        drop(self.result);
        let mut all = Vec::new();
        let mut events = self.events;
        while let Some(event) = within(60, "the end of the events", events.next()).await {
            all.push(event);
        }
        for event in &all {
            if let EventKind::Started { pid } = event.kind {
                nothing_left(pid).await;
            }
        }
        all
    }
}

/// Checks that a process ended because it was asked to: by the end of its stdin or by SIGTERM, whichever it saw first.
pub(crate) fn obeyed(exit: Exit) {
    let sigterm = Exit::Signal { signal: 15, core_dumped: false };
    assert!(exit == Exit::Status(0) || exit == sigterm, "{exit}");
}

/// The lines among these events.
pub(crate) fn lines(events: &[CnodeEvent]) -> Vec<Line> {
    let line = |event: &CnodeEvent| match &event.kind {
        EventKind::Line(line) => Some(line.clone()),
        _ => None,
    };
    events.iter().filter_map(line).collect()
}

pub(crate) fn texts(events: &[CnodeEvent]) -> Vec<String> {
    lines(events).iter().map(ToString::to_string).collect()
}

/// Fails when `future` takes longer than these seconds.
pub(crate) async fn within<T>(seconds: u64, what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(seconds), future)
        .await
        .unwrap_or_else(|_| panic!("{what} did not come within {seconds} s"))
}

/// Waits until nobody is left of a process group; fails after some time.
pub(crate) async fn nothing_left(group: u32) {
    Pack::group(group).will_be_gone().await;
}

/// Sends a signal to a child of this test.
pub(crate) fn signal(pid: u32, name: &str) {
    use rustix::process::Signal;
    let signal = match name {
        "KILL" => Signal::KILL,
        "STOP" => Signal::STOP,
        "CONT" => Signal::CONT,
        "ABRT" => Signal::ABORT,
        other => panic!("the signal {other}"),
    };
    nodex_testkit::processes::signal(pid, signal);
}

/// The processes of a group. A zombie counts if this process should have reaped it.
pub(crate) fn members(group: u32) -> Vec<Process> {
    Pack::group(group).members()
}

/// The same for many groups.
pub(crate) fn members_of(groups: &HashSet<u32>) -> Vec<Process> {
    Pack::Groups(groups.clone()).members()
}
