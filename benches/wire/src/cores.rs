//! Which processor core works for whom.
//!
//! A round trip between two cores costs a wake-up of a sleeping core each way, a round trip on one
//! core two switches. On a virtual machine the first may take ten times as long as the second, and
//! left to itself the kernel chooses now this and now that. So each is measured by itself.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Where the generator (this thread) and what it starts are to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Placement {
    /// The generator and all that it starts on one core.
    OneCore,
    /// The generator on that core, what it starts on all others.
    Apart,
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

    /// The placements that this machine can do: apart needs a second core.
    pub(crate) fn pinned(&self) -> &'static [Placement] {
        match self.all.count() {
            1 => &[Placement::OneCore],
            _ => &[Placement::OneCore, Placement::Apart],
        }
    }

    /// The generator and what it starts on cores of their own, where there are two.
    pub(crate) fn apart(&self) -> Placement {
        self.pinned().last().copied().unwrap_or(Placement::OneCore)
    }

    /// Runs `start` where what it starts shall run, then puts this thread where the generator
    /// shall run.
    pub(crate) fn place<T>(&self, placement: Placement, start: impl FnOnce() -> T) -> Result<T, String> {
        let mut one = CpuSet::new();
        one.set(self.generator);
        let mut others = self.all;
        others.unset(self.generator);
        let (started, generator) = match placement {
            Placement::OneCore => (one, one),
            Placement::Apart => (others, one),
            Placement::Free => (self.all, self.all),
        };
        let pin = |set: &CpuSet| sched_setaffinity(None, set).map_err(|error| format!("cannot choose a core: {error}"));
        pin(&started)?;
        let result = start();
        pin(&generator)?;
        Ok(result)
    }
}

#[cfg(test)]
mod tests {
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
        }
    }
}
