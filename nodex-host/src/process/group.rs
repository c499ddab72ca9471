//! Process groups: signalling them, and finding their living processes.
//!
//! The number of a group is the pid of its leader. It cannot be reused until the leader is reaped, so nothing here may
//! be called for a leader that has been reaped.

use std::{collections::HashSet, fs};

use rustix::{
    io::Errno,
    process::{Pid, Signal, kill_process, kill_process_group},
};

/// Sends a signal to every process of the group.
pub(super) fn signal(leader: Pid, signal: Signal) {
    // A leader that has left its own group is still our child, so it is reached by its pid.
    if kill_process_group(leader, signal) == Err(Errno::SRCH) {
        let _ = kill_process(leader, signal);
    }
}

/// Sends a signal to the first process of the group only.
pub(super) fn signal_leader(leader: Pid, signal: Signal) {
    let _ = kill_process(leader, signal);
}

/// Returns the groups that have living processes; zombies do not count. `None` when `/proc` does not tell.
pub(super) fn living() -> Option<HashSet<i32>> {
    let entries = fs::read_dir("/proc").ok()?;
    let mut groups = HashSet::new();
    let mut seen = false;
    for entry in entries.flatten() {
        let name = entry.file_name();
        if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        let Ok(stat) = fs::read(entry.path().join("stat")) else { continue };
        seen = true;
        if let Some(stat) = self::stat(&stat)
            && !matches!(stat.state, b'Z' | b'X' | b'x')
        {
            groups.insert(stat.group);
        }
    }
    seen.then_some(groups)
}

/// Returns when this process started, in the kernel's clock; 0, at which no process starts, when `/proc` cannot be
/// read. Together with the pid it identifies the process.
pub(super) fn started(pid: Pid) -> u64 {
    let stat = fs::read(format!("/proc/{}/stat", pid.as_raw_nonzero())).unwrap_or_default();
    start(&stat).unwrap_or_default()
}

/// Reads field 22 of `/proc/<pid>/stat`.
fn start(stat: &[u8]) -> Option<u64> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let fields = std::str::from_utf8(&stat[after_name..]).ok()?;
    fields.split_ascii_whitespace().nth(22 - 3)?.parse().ok()
}

/// Fields 3 to 5 of `/proc/<pid>/stat`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stat {
    pub(super) state: u8,
    pub(super) parent: i32,
    pub(super) group: i32,
}

/// Reads `/proc/<pid>/stat` (proc_pid_stat(5)). The name in field 2 may hold spaces and parentheses.
pub(super) fn stat(stat: &[u8]) -> Option<Stat> {
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let mut fields = stat[after_name..].split(|byte| *byte == b' ').filter(|field| !field.is_empty());
    let state = *fields.next()?.first()?;
    let mut number = || std::str::from_utf8(fields.next()?).ok()?.parse().ok();
    Some(Stat { state, parent: number()?, group: number()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_process_cannot_confuse() {
        assert_eq!(stat(b"12 (cat) S 1 12 12 0 -1"), Some(Stat { state: b'S', parent: 1, group: 12 }));
        assert_eq!(stat(b"12 (a) Z 3 4) R 9 77 1 0"), Some(Stat { state: b'R', parent: 9, group: 77 }));
        assert_eq!(stat(b"12 (cat"), None);
        assert_eq!(stat(b"12 (cat) S"), None);
    }

    #[test]
    fn starts() {
        let line = b"7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 9 9 20 0 1 0 1234 1000000 321";
        assert_eq!((start(line), start(b"7 (a) S 1 7")), (Some(1234), None));
        assert!(started(rustix::process::getpid()) > 0);
    }

    #[test]
    fn this_process_is_alive() {
        let own = rustix::process::getpgrp().as_raw_nonzero().get();
        assert!(living().unwrap().contains(&own));
    }
}
