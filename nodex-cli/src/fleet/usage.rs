//! Memory and processor time of a process, from `/proc/<pid>/stat` (proc_pid_stat(5)).

use std::fs;

use rustix::param::{clock_ticks_per_second, page_size};

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Usage {
    /// What of it is in memory.
    pub(super) memory_bytes: u64,
    /// Processor time since its start.
    pub(super) cpu_ms: u64,
}

/// `None` when the process is gone.
pub(super) fn of(pid: u32) -> Option<Usage> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    read(&stat, clock_ticks_per_second(), u64::try_from(page_size()).ok()?)
}

fn read(stat: &[u8], ticks_per_second: u64, page: u64) -> Option<Usage> {
    // The name in field 2 may hold anything.
    let after_name = stat.iter().rposition(|byte| *byte == b')')? + 1;
    let fields: Vec<&str> = std::str::from_utf8(&stat[after_name..]).ok()?.split_ascii_whitespace().collect();
    // The first one here is field 3.
    let number = |field: usize| fields.get(field - 3)?.parse::<u64>().ok();
    let ticks = number(14)?.saturating_add(number(15)?);
    Some(Usage {
        memory_bytes: number(24)?.saturating_mul(page),
        cpu_ms: ticks.saturating_mul(1000) / ticks_per_second.max(1),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields() {
        let stat = b"7 (a) b) S 1 7 7 0 -1 4194560 100 0 0 0 150 50 9 9 20 0 1 0 1234 1000000 321 18446744073709551615";
        assert_eq!(read(stat, 100, 4096), Some(Usage { memory_bytes: 321 * 4096, cpu_ms: 2000 }));
        assert_eq!(read(b"7 (a) S 1 7", 100, 4096), None);
        assert_eq!(read(b"", 100, 4096), None);
    }

    #[test]
    fn this_process_uses_memory() {
        assert!(of(std::process::id()).unwrap().memory_bytes > 100_000);
        assert_eq!(of(u32::MAX), None);
    }
}
