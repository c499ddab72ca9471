//! What the kernel says of a process (proc(5)).

use std::io;
use std::time::Duration;

/// User and system time of all threads so far, in steps of a clock tick (10 ms).
pub(crate) fn cpu_time(pid: u32) -> io::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The command name, in brackets, may hold anything; utime and stime are fields 14 and 15.
    let fields = stat.rsplit_once(')').map_or("", |(_, fields)| fields);
    let mut ticks = fields.split_whitespace().skip(11).map(str::parse::<u64>);
    match (ticks.next(), ticks.next()) {
        (Some(Ok(user)), Some(Ok(system))) => {
            let per_second = rustix::param::clock_ticks_per_second();
            Ok(Duration::from_secs(user + system) / per_second as u32)
        }
        _ => Err(io::Error::new(io::ErrorKind::InvalidData, "no times in /proc/PID/stat")),
    }
}

/// Peak resident memory in bytes.
pub(crate) fn peak_memory(pid: u32) -> io::Result<u64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
    kilobytes
        .map(|kilobytes| kilobytes * 1024)
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no VmHWM in /proc/PID/status"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn this_process_has_used_memory_and_time() {
        let pid = std::process::id();
        assert!(super::peak_memory(pid).expect("proc") > 100_000);
        let started = std::time::Instant::now();
        while super::cpu_time(pid).expect("proc").is_zero() {
            assert!(started.elapsed().as_secs() < 60, "no time is counted");
        }
    }
}
