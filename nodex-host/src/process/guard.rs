//! The guard: a process that outlives this program, and ends the groups that it leaves behind when it is killed.
//!
//! The end of stdin and the parent-death signal reach every child, but not a grandchild that does not read its stdin.
//! So a small shell holds a pipe from this program and a list of the groups. When the pipe ends, as it does whenever
//! this program ends, the shell asks the remaining groups to end, and kills them after a grace period. It knows when
//! the first process of each group started, so that it does not confuse a group with a later one of the same number.
//! Without `/bin/sh` or `/proc` there is no guard.

use std::{
    collections::HashMap,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use nodex_core::error::Chain;
use rustix::{
    fs::{OFlags, fcntl_setfl},
    process::Pid,
};

use super::group;

const SCRIPT: &str = include_str!("guard.sh");

/// The list of the groups, and the shell that has a copy of it.
#[derive(Debug, Default)]
pub(super) struct Guard {
    /// The groups, and when the first process of each started.
    groups: HashMap<i32, u64>,
    shell: Option<Child>,
    /// Whether the start of the shell failed; it is not tried for every child.
    missing: bool,
}

impl Guard {
    /// Adds the group of a child that has been started and not reaped.
    pub(super) fn add(&mut self, group: Pid) {
        self.insert(group.as_raw_nonzero().get(), group::started(group));
    }

    fn insert(&mut self, group: i32, start: u64) {
        self.groups.insert(group, start);
        if !self.tell(&added(group, start)) {
            self.start();
        }
    }

    /// Removes a group that is empty, whose number can then be reused.
    pub(super) fn remove(&mut self, group: Pid) {
        let group = group.as_raw_nonzero().get();
        if self.groups.remove(&group).is_some() && !self.tell(&format!("- {group}\n")) {
            self.start();
        }
    }

    /// Sends a line to the shell. Returns `false` when there is none, or it does not read.
    fn tell(&mut self, line: &str) -> bool {
        let stdin = self.shell.as_mut().and_then(|shell| shell.stdin.as_mut());
        stdin.is_some_and(|stdin| stdin.write_all(line.as_bytes()).is_ok())
    }

    /// Starts the shell, or starts it again when it was killed or hangs, and sends it all groups.
    fn start(&mut self) {
        if let Some(mut hung) = self.shell.take() {
            // Both fail only when it has gone.
            let _ = hung.kill();
            let _ = hung.wait();
        }
        if self.missing {
            return;
        }
        match shell() {
            Ok(shell) => self.shell = Some(shell),
            Err(error) => {
                tracing::debug!(error = %Chain(&error), "no guard: grandchildren can be left behind when this program is killed");
                self.missing = true;
            }
        }
        let all: String = self.groups.iter().map(|(group, start)| added(*group, *start)).collect();
        self.tell(&all);
    }
}

fn added(group: i32, start: u64) -> String {
    format!("+ {group} {start}\n")
}

/// Starts a shell in a group of its own, which signals for this program do not reach, and which inherits no
/// descriptors.
fn shell() -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT, "nodex-guard"]).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let shell = command.spawn()?;
    if let Some(stdin) = &shell.stdin {
        // A guard that hangs must not block starting and stopping processes.
        fcntl_setfl(stdin, OFlags::NONBLOCK)?;
    }
    Ok(shell)
}

#[cfg(test)]
mod tests {
    use std::{
        io::{BufRead as _, BufReader, Read as _},
        os::unix::process::ExitStatusExt as _,
    };

    use rustix::process::{Signal, kill_process};

    use super::*;

    const OBEYS: &str = "echo; while :; do sleep 0.1; done";
    const IGNORES: &str = "trap '' TERM; echo; while :; do sleep 0.1; done";

    /// A shell in a group of its own that has run this script as far as its line.
    fn child(script: &str) -> (Child, Pid) {
        let mut command = Command::new("/bin/sh");
        let mut child = command.args(["-c", script]).process_group(0).stdout(Stdio::piped()).spawn().unwrap();
        child.stdout.as_mut().unwrap().read_exact(&mut [0]).unwrap();
        let pid = Pid::from_child(&child);
        (child, pid)
    }

    #[test]
    fn ends_what_is_left_and_nobody_else() {
        let (mut gone, gone_pid) = child(OBEYS);
        let (mut obeys, obeys_pid) = child(OBEYS);
        let (mut ignores, ignores_pid) = child(IGNORES);
        let mut guard = Guard::default();
        [gone_pid, obeys_pid, ignores_pid].into_iter().for_each(|pid| guard.add(pid));
        guard.remove(gone_pid);
        drop(guard);
        assert_eq!(obeys.wait().unwrap().signal(), Some(15));
        assert_eq!(ignores.wait().unwrap().signal(), Some(9));
        assert_eq!(gone.try_wait().unwrap(), None);
        gone.kill().unwrap();
        gone.wait().unwrap();
    }

    /// Waits until the shell is through.
    fn finish(mut guard: Guard) {
        let mut shell = guard.shell.take().unwrap();
        drop(shell.stdin.take());
        shell.wait().unwrap();
    }

    /// A group whose first process is gone and reaped: the pid of the one that is left, which ignores SIGTERM.
    fn leaderless(setsid: &str) -> (Pid, Pid) {
        let mut command = Command::new("/bin/sh");
        let script = format!("{setsid} sh -c \"trap '' TERM; echo \\$\\$; exec sleep 600\" & read -r end");
        command.args(["-c", &script]).process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let group = Pid::from_child(&child);
        drop(child.stdin.take());
        child.wait().unwrap();
        (group, Pid::from_raw(line.trim().parse().unwrap()).unwrap())
    }

    fn is_there(pid: Pid) -> bool {
        // It is not our child, so it may take a while until it is reaped.
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
    }

    #[test]
    fn a_stranger_with_the_number_of_a_group_is_left_alone() {
        let (mut stranger, pid) = child(OBEYS);
        let mut guard = Guard::default();
        // As if the number had been that of a child of ours that is gone.
        guard.insert(pid.as_raw_nonzero().get(), group::started(pid) - 1);
        finish(guard);
        assert_eq!(stranger.try_wait().unwrap(), None);
        stranger.kill().unwrap();
        stranger.wait().unwrap();
    }

    #[test]
    fn a_group_without_its_first_process_is_known_by_those_in_it() {
        let (group, left) = leaderless("");
        let (other_group, other) = leaderless("setsid");
        let mut guard = Guard::default();
        guard.insert(group.as_raw_nonzero().get(), 1);
        // Whatever is said of the group of the one that has left it, and of its own.
        guard.insert(other_group.as_raw_nonzero().get(), 1);
        guard.insert(other.as_raw_nonzero().get(), 1);
        finish(guard);
        assert_eq!((is_there(left), is_there(other)), (false, true));
        kill_process(other, Signal::KILL).unwrap();
    }

    /// Its number was free between the end of the host and the start of the stranger.
    #[test]
    fn a_stranger_that_came_after_the_end_of_the_host_is_left_alone() {
        let (group, left) = leaderless("");
        let mut command = Command::new("/bin/sh");
        // The script, told that the host ended before the process was started.
        let script = SCRIPT.replace("host_end=${now#* }", &format!("host_end={}", group::started(left) - 1));
        assert_ne!(script, SCRIPT);
        command.args(["-c", &script]).stdin(Stdio::piped());
        let mut shell = command.spawn().unwrap();
        shell.stdin.take().unwrap().write_all(added(group.as_raw_nonzero().get(), 1).as_bytes()).unwrap();
        shell.wait().unwrap();
        assert!(is_there(left));
        kill_process(left, Signal::KILL).unwrap();
    }

    #[test]
    fn one_that_was_killed_is_replaced() {
        let (mut one, one_pid) = child(OBEYS);
        let (mut two, two_pid) = child(OBEYS);
        let mut guard = Guard::default();
        guard.add(one_pid);
        let shell = guard.shell.as_mut().unwrap();
        let first = shell.id();
        shell.kill().unwrap();
        shell.wait().unwrap();
        guard.add(two_pid);
        assert_ne!(guard.shell.as_ref().unwrap().id(), first);
        drop(guard);
        assert_eq!((one.wait().unwrap().signal(), two.wait().unwrap().signal()), (Some(15), Some(15)));
    }
}
