//! Children that this program did not start: process 1 of a container inherits all orphans.

use std::{collections::HashSet, fs};

use rustix::process::{Pid, WaitId, WaitIdOptions, getpid, waitid};

use super::group::{self, Stat};

/// Reaps the ended children whose pids are not among `own`.
pub(super) fn reap(own: &HashSet<i32>) {
    // The usual answer, without a look at the process table: there is nothing to reap.
    let peek = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
    if !matches!(waitid(WaitId::All, peek), Ok(Some(_))) {
        return;
    }
    let this = getpid().as_raw_nonzero().get();
    let Ok(entries) = fs::read_dir("/proc") else { return };
    for entry in entries.flatten() {
        let pid = entry.file_name().to_str().and_then(|name| name.parse().ok());
        let Some(pid) = pid.filter(|pid| !own.contains(pid)) else { continue };
        let stat = fs::read(entry.path().join("stat")).ok();
        if let Some(Stat { state: b'Z', parent, .. }) = stat.and_then(|stat| group::stat(&stat))
            && parent == this
            && let Some(pid) = Pid::from_raw(pid)
        {
            let _ = waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOHANG);
        }
    }
}
