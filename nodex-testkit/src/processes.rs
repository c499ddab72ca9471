//! The hunter of processes that are left behind: those of a run, by a variable in their environment, which children
//! inherit even when their parent is gone, or those of process groups.

use std::{
    collections::HashSet,
    fmt, fs,
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::POLL_INTERVAL;

/// The variable that marks every process of a run.
pub const MARK: &str = "NODEX_TEST_RUN";

/// How long a process may take to end that has been told to, or that has lost whoever started it; those of a host that
/// was killed have five seconds.
pub const TIME_TO_END: Duration = Duration::from_secs(60);

/// Returns a value of [`MARK`] that no other run has.
pub fn new_mark() -> String {
    static RUNS: AtomicU32 = AtomicU32::new(0);
    format!("{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed))
}

/// Processes that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pack {
    /// Those that have this `NAME=VALUE` in their environment.
    Carrying(String),
    /// Those of these process groups. A zombie is one of them if this process should have reaped it.
    Groups(HashSet<u32>),
}

impl Pack {
    /// Returns the processes of a run with this mark.
    pub fn marked(mark: &str) -> Self {
        Pack::Carrying(format!("{MARK}={mark}"))
    }

    /// Returns the processes of one group.
    pub fn group(group: u32) -> Self {
        Pack::Groups(HashSet::from([group]))
    }

    /// Those that are there at this moment.
    pub fn members(&self) -> Vec<Process> {
        pids().filter(|pid| self.has(*pid)).map(Process::new).collect()
    }

    fn has(&self, pid: u32) -> bool {
        match self {
            // The environment of a zombie is empty.
            Pack::Carrying(variable) => fs::read(format!("/proc/{pid}/environ"))
                .is_ok_and(|all| all.split(|byte| *byte == 0).any(|one| one == variable.as_bytes())),
            Pack::Groups(groups) => stat(pid).is_some_and(|stat| {
                let gone = matches!(stat.state.as_str(), "Z" | "X") && stat.parent != std::process::id();
                groups.contains(&stat.group) && !gone
            }),
        }
    }

    /// Sends SIGKILL to all of them.
    pub fn kill(&self) {
        for process in self.members() {
            process.kill();
        }
    }

    /// Those that are still there when they had [`TIME_TO_END`]; they are killed.
    pub fn left_over(&self) -> Vec<Process> {
        let left = crate::poll(TIME_TO_END, || self.members().is_empty().then_some(()));
        if left.is_some() { Vec::new() } else { self.killed() }
    }

    /// Waits until none of them is left.
    ///
    /// # Panics
    /// Panics when one still is after [`TIME_TO_END`]; they are killed first.
    #[track_caller]
    pub fn is_gone(&self) {
        let left = self.left_over();
        assert!(left.is_empty(), "left of {self}: {left:?}");
    }

    /// The same in a task, whose runtime may have to reap them.
    ///
    /// # Panics
    /// As [`Self::is_gone`] does.
    pub async fn will_be_gone(&self) {
        let deadline = Instant::now() + TIME_TO_END;
        while !self.members().is_empty() {
            if Instant::now() > deadline {
                panic!("left of {self}: {:?}", self.killed());
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    fn killed(&self) -> Vec<Process> {
        let left = self.members();
        left.iter().for_each(Process::kill);
        left
    }
}

impl fmt::Display for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Pack::Carrying(variable) => f.write_str(variable),
            Pack::Groups(groups) => write!(f, "the process groups {groups:?}"),
        }
    }
}

/// A process that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// Its program and arguments, or in parentheses the name of one that has none any more.
    pub command: String,
}

impl Process {
    fn new(pid: u32) -> Self {
        let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
        let command = read("cmdline").replace('\0', " ");
        let command = if command.is_empty() { format!("({})", read("comm").trim_end()) } else { command };
        Process { pid, command }
    }

    fn kill(&self) {
        // Fails only when it is gone by now.
        let _ = kill_process(raw(self.pid), Signal::KILL);
    }
}

/// Sends a signal to a process of a test.
///
/// # Panics
/// Panics when it is not there.
#[track_caller]
pub fn signal(pid: u32, signal: Signal) {
    kill_process(raw(pid), signal).unwrap_or_else(|error| panic!("{signal:?} for process {pid}: {error}"));
}

fn raw(pid: u32) -> Pid {
    i32::try_from(pid).ok().and_then(Pid::from_raw).expect("the number of a process")
}

/// Returns all processes that there are.
pub fn pids() -> impl Iterator<Item = u32> {
    fs::read_dir("/proc").expect("/proc").flatten().filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

/// What a test needs of `/proc/<pid>/stat` (proc_pid_stat(5)).
#[derive(Debug, Clone)]
pub struct Stat {
    /// A letter; `Z` is a zombie.
    pub state: String,
    /// The process that has to reap it.
    pub parent: u32,
    /// The group.
    pub group: u32,
}

/// None if there is no such process.
pub fn stat(pid: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Any character can be in the name, which is in parentheses.
    let mut fields = text.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?.to_owned();
    Some(Stat { state, parent: fields.next()?.parse().ok()?, group: fields.next()?.parse().ok()? })
}
