//! Processes that a slave has started and left behind. A BEAM starts its port programs in sessions of their own, which
//! signals to its process group do not reach. They inherit its environment, which contains a mark.

use std::{
    ffi::OsString,
    fs,
    time::{Duration, Instant},
};

use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

use nodex_core::random;

/// The variable that marks a slave and everything that it starts.
pub(super) const VARIABLE: &str = "NODEX_SLAVE";

/// How long processes may take to vanish after SIGKILL. Longer ones hang in the kernel and are given up.
const VANISH: Duration = Duration::from_secs(2);

/// After this number of checks in a row without a find, no process is left.
const LOOKS: u32 = 3;

/// The pause between two checks.
const PAUSE: Duration = Duration::from_millis(10);

/// The mark of one slave.
#[derive(Debug, Clone)]
pub(in crate::distributed) struct Strays {
    mark: String,
}

impl Strays {
    pub(in crate::distributed) fn new() -> Strays {
        Strays { mark: format!("{:016x}{:016x}", random::any(), random::any()) }
    }

    /// Returns the value of [`VARIABLE`].
    pub(super) fn value(&self) -> OsString {
        OsString::from(&self.mark)
    }

    /// Returns the variable as it stands in an environment.
    pub(super) fn entry(&self) -> String {
        format!("{VARIABLE}={}", self.mark)
    }

    /// Kills all processes with the mark, and waits until they have ended. Must be called after the end of the slave.
    pub(in crate::distributed) async fn end(&self) {
        let give_up_at = Instant::now() + VANISH;
        // One that is just exchanging its program shows no environment, and is seen at the next look.
        let mut nobody = 0;
        loop {
            let strays = self.clone();
            // It reads a file of every process of the machine.
            let left = tokio::task::spawn_blocking(move || strays.kill()).await.unwrap_or_default();
            nobody = if left == 0 { nobody + 1 } else { 0 };
            if nobody == LOOKS || Instant::now() >= give_up_at {
                return;
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Kills all processes with the mark, and returns how many there were.
    fn kill(&self) -> usize {
        let entry = self.entry().into_bytes();
        let carries = |pid: Pid| {
            let environment = fs::read(format!("/proc/{}/environ", pid.as_raw_nonzero())).unwrap_or_default();
            environment.split(|byte| *byte == 0).any(|variable| variable == entry)
        };
        let kill = |pid: Pid| {
            let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else { return };
            // Its number may have gone to another process before it was opened.
            if carries(pid) {
                let _ = pidfd_send_signal(&process, Signal::KILL);
            }
        };
        let pids = fs::read_dir("/proc").into_iter().flatten().flatten().filter_map(|entry| {
            let number = entry.file_name().to_str()?.parse().ok()?;
            Pid::from_raw(number)
        });
        pids.filter(|pid| carries(*pid)).map(kill).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[tokio::test]
    async fn whoever_carries_the_mark_is_ended_and_nobody_else() {
        let (one, other) = (Strays::new(), Strays::new());
        let start = |strays: &Strays| {
            Command::new("setsid").args(["sleep", "600"]).env(VARIABLE, strays.value()).spawn().unwrap()
        };
        let (mut marked, mut spared) = (start(&one), start(&other));
        // A zombie has no environment any more, so its parent need not have reaped it.
        one.end().await;
        assert!(!marked.wait().unwrap().success());
        assert!(spared.try_wait().unwrap().is_none());
        other.end().await;
        assert!(!spared.wait().unwrap().success());
        assert_eq!((one.kill(), other.kill()), (0, 0));
    }
}
