//! The process that outlives this program: it ends the groups that this program leaves behind when it is killed.
//!
//! The end of stdin and the parent-death signal reach every child, but not a grandchild that does not read its stdin.
//! So one small shell holds a pipe from here and a list of the groups. At the end of the pipe, which comes with every end
//! of this program, it asks those that are left to end, and kills them after a grace period. Where there is no
//! `/bin/sh`, there is no guard.

use std::{
    collections::HashSet,
    io::{self, Write as _},
    os::unix::process::CommandExt as _,
    process::{Child, Command, Stdio},
};

use rustix::{
    fs::{OFlags, fcntl_setfl},
    process::Pid,
};

const SCRIPT: &str = include_str!("guard.sh");

/// The list of the groups, and the process that has a copy of it.
#[derive(Debug, Default)]
pub(super) struct Guard {
    groups: HashSet<i32>,
    shell: Option<Child>,
    /// It could not be started; that is not tried for every child.
    missing: bool,
}

impl Guard {
    /// A child has been started.
    pub(super) fn add(&mut self, group: Pid) {
        let group = group.as_raw_nonzero().get();
        self.groups.insert(group);
        if !self.tell(&format!("+ {group}\n")) {
            self.start();
        }
    }

    /// A group is empty, and its number is not ours any more.
    pub(super) fn remove(&mut self, group: Pid) {
        let group = group.as_raw_nonzero().get();
        self.groups.remove(&group);
        if !self.tell(&format!("- {group}\n")) {
            self.start();
        }
    }

    /// False when there is nobody to tell, or nobody who listens.
    fn tell(&mut self, line: &str) -> bool {
        let stdin = self.shell.as_mut().and_then(|shell| shell.stdin.as_mut());
        stdin.is_some_and(|stdin| stdin.write_all(line.as_bytes()).is_ok())
    }

    /// Starts it, or starts it anew when it has been killed or hangs, and tells it of all groups.
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
                tracing::debug!(%error, "no guard: grandchildren can be left behind when this program is killed");
                self.missing = true;
            }
        }
        let all: String = self.groups.iter().map(|group| format!("+ {group}\n")).collect();
        self.tell(&all);
    }
}

/// A shell in a group of its own, which nothing that is meant for this program reaches, and that inherits nothing.
fn shell() -> io::Result<Child> {
    let mut command = Command::new("/bin/sh");
    command.args(["-c", SCRIPT, "nodex-guard"]).env_clear().env("PATH", "/usr/bin:/bin").current_dir("/");
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    let shell = command.spawn()?;
    if let Some(stdin) = &shell.stdin {
        // One that hangs must not hold up those who start and stop processes.
        fcntl_setfl(stdin, OFlags::NONBLOCK)?;
    }
    Ok(shell)
}

#[cfg(test)]
mod tests {
    use std::{io::Read as _, os::unix::process::ExitStatusExt as _};

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
