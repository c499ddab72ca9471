//! Which processor core works for whom.
//!
//! A round trip between two cores costs a wake-up of a sleeping core each way, a round trip on one
//! core two switches. On a virtual machine the first may take ten times as long as the second, and
//! left to itself the kernel chooses now this and now that. So each is measured by itself.

use rustix::thread::{CpuSet, Pid, sched_getaffinity, sched_setaffinity};

/// Where the generator (this thread) and what it starts are to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// The generator and all that it starts on one core.
    OneCore,
    /// The generator on that core, what it starts on all others.
    Apart,
    /// The generator and all that it starts on the same two cores, where there are two.
    Two,
    /// As the kernel likes.
    Free,
}

/// The cores that this process may use.
pub(crate) struct Cores {
    all: CpuSet,
    generator: usize,
}

impl Cores {
    pub(crate) fn of_this_process() -> Result<Self, String> {
        let all = sched_getaffinity(None).map_err(|error| format!("no cores: {error}"))?;
        // The last core: the first one often has the machine's interrupts.
        let generator = (0..CpuSet::MAX_CPU).rev().find(|core| all.is_set(*core));
        Ok(Self { all, generator: generator.ok_or("no core to run on")? })
    }

    /// Returns the placements that this machine can do: apart needs a second core.
    pub(crate) fn pinned(&self) -> &'static [Placement] {
        match self.all.count() {
            1 => &[Placement::OneCore],
            _ => &[Placement::OneCore, Placement::Apart],
        }
    }

    /// Returns the generator and what it starts on cores of their own, where there are two.
    pub(crate) fn apart(&self) -> Placement {
        self.pinned().last().copied().unwrap_or(Placement::OneCore)
    }

    /// Runs `start` where what it starts shall run, then puts this thread where the generator
    /// shall run.
    pub(crate) fn place<T>(&self, placement: Placement, start: impl FnOnce() -> T) -> Result<T, String> {
        let (started, generator) = self.sets(placement);
        pin(None, &started)?;
        let result = start();
        pin(None, &generator)?;
        Ok(result)
    }

    /// Moves a process to the cores of this placement, even if it was started without it.
    pub(crate) fn put(&self, placement: Placement, pid: u32) -> Result<(), String> {
        let (started, _) = self.sets(placement);
        let threads = std::fs::read_dir(format!("/proc/{pid}/task")).map_err(|error| format!("no threads: {error}"))?;
        for thread in threads.flatten() {
            let thread = thread.file_name().to_str().and_then(|number| Pid::from_raw(number.parse().ok()?));
            pin(thread, &started)?;
        }
        Ok(())
    }

    /// Returns the cores of the started programs, and of the generator.
    fn sets(&self, placement: Placement) -> (CpuSet, CpuSet) {
        let mut one = CpuSet::new();
        one.set(self.generator);
        let mut others = self.all;
        others.unset(self.generator);
        let mut two = one;
        if let Some(other) = (0..CpuSet::MAX_CPU).rev().find(|core| others.is_set(*core)) {
            two.set(other);
        }
        match placement {
            Placement::OneCore => (one, one),
            Placement::Two => (two, two),
            Placement::Apart => (others, one),
            Placement::Free => (self.all, self.all),
        }
    }
}

fn pin(thread: Option<Pid>, set: &CpuSet) -> Result<(), String> {
    sched_setaffinity(thread, set).map_err(|error| format!("cannot choose a core: {error}"))
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn what_is_started_apart_runs_elsewhere() {
        let cores = Cores::of_this_process().expect("cores");
        for placement in cores.pinned() {
            let there = cores.place(*placement, || sched_getaffinity(None).expect("affinity"));
            let here = sched_getaffinity(None).expect("affinity");
            let same = there.expect("placed").is_set(cores.generator);
            assert!(here.is_set(cores.generator) && here.count() == 1);
            assert_eq!(same, *placement == Placement::OneCore);

            let spawn = || Command::new("sleep").arg("60").spawn().expect("a process");
            let mut child = cores.place(Placement::Free, spawn).expect("placed");
            cores.put(*placement, child.id()).expect("put");
            let there = sched_getaffinity(Some(Pid::from_child(&child))).expect("affinity");
            child.kill().and_then(|()| child.wait()).expect("an end");
            assert_eq!(there.is_set(cores.generator), *placement == Placement::OneCore);
        }
    }
}
