//! What the tests of the host share: the misbehaving children, and the proof that nothing of them is left.

// Every test binary takes its own part of this module.
#![allow(dead_code, unused_imports, unused_macros)]

#[macro_use]
pub(crate) mod kind;
#[macro_use]
pub(crate) mod net;
#[path = "../../../tests/support/otp.rs"]
pub(crate) mod otp;
pub(crate) mod slaves;

use std::{
    collections::HashSet,
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use nodex_core::node::Subscription;
use nodex_host::{
    CnodeBuilder, CnodeEvent, EventKind, Events, HostNode, SpawnError,
    process::{Exit, Line},
};

/// The name under which `otp` looks for cargo's target folder.
pub(crate) mod executable {
    pub(crate) fn target() -> &'static std::path::Path {
        std::path::Path::new(env!("CARGO_TARGET_TMPDIR"))
            .parent()
            .expect("cargo's tmp folder lies in its target folder")
    }
}

/// A misbehaving child of `c_src/children`.
pub(crate) fn child(name: &str) -> PathBuf {
    c_program(&format!("children/{name}"))
}

/// A program of `c_src`.
pub(crate) fn c_program(name: &str) -> PathBuf {
    built(executable::target().join("c_src").join(name), "make -C c_src")
}

/// An example of this package.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().expect("the path of the running test");
    let profile = test.ancestors().nth(2).expect("target/<profile>/deps/<test>");
    built(profile.join("examples").join(name), "cargo build --examples")
}

/// A program of the system.
pub(crate) fn in_path(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").expect("PATH");
    let found = std::env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file());
    found.unwrap_or_else(|| panic!("{name} is not installed: scripts/test installs it"))
}

fn built(path: PathBuf, by: &str) -> PathBuf {
    assert!(path.is_file(), "{} is not there: {by} builds it (scripts/test does all that is needed)", path.display());
    path
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

/// Waits until nobody is left of a process group; fails after some seconds.
pub(crate) async fn nothing_left(group: u32) {
    // When a host was killed, its guard gives them 5 s.
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let left = members(group);
        if left.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "left of group {group}: {left:?}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Sends a signal to a child of this test.
pub(crate) fn signal(pid: u32, name: &str) {
    use rustix::process::{Pid, Signal, kill_process};
    let signal = match name {
        "KILL" => Signal::KILL,
        "STOP" => Signal::STOP,
        "CONT" => Signal::CONT,
        "ABRT" => Signal::ABORT,
        other => panic!("the signal {other}"),
    };
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("a pid");
    kill_process(pid, signal).expect("a process to signal");
}

/// The processes of a group as `/proc/<pid>/stat` shows them. A zombie counts if this process should have reaped it.
pub(crate) fn members(group: u32) -> Vec<String> {
    members_of(&HashSet::from([group]))
}

/// The same for many groups.
pub(crate) fn members_of(groups: &HashSet<u32>) -> Vec<String> {
    let own = std::process::id().to_string();
    let belongs = |stat: &String| {
        let (_, fields) = stat.rsplit_once(") ").expect("the name in parentheses");
        let fields: Vec<_> = fields.split(' ').collect();
        let (state, parent, of) = (fields[0], fields[1], fields[2]);
        of.parse().is_ok_and(|of| groups.contains(&of)) && (!matches!(state, "Z" | "X") || parent == own)
    };
    fs::read_dir("/proc")
        .expect("/proc")
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().iter().all(u8::is_ascii_digit))
        .filter_map(|entry| fs::read_to_string(entry.path().join("stat")).ok())
        .filter(belongs)
        .collect()
}
