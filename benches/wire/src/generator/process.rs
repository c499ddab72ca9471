//! What the kernel says of a process (proc(5)).

use std::io;
use std::time::Duration;

/// User and system time of all its threads so far, less those that have ended.
pub(crate) fn cpu_time(pid: u32) -> io::Result<Duration> {
    let mut sum = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        // One that ends right now has no file any more.
        let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
        let time = text.split_whitespace().next().and_then(|time| time.parse::<u64>().ok());
        sum +=
            time.ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no time in /proc/PID/task/TID/schedstat"))?;
    }
    Ok(Duration::from_nanos(sum))
}

/// How often its threads have gone to sleep so far, less those that have ended.
pub(crate) fn sleeps(pid: u32) -> io::Result<u64> {
    let mut sum = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task"))? {
        let Ok(text) = std::fs::read_to_string(thread?.path().join("status")) else { continue };
        let count =
            text.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")?.trim().parse::<u64>().ok());
        sum += count
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "no switches in /proc/PID/task/TID/status"))?;
    }
    Ok(sum)
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
        let before = super::sleeps(pid).expect("proc");
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(super::sleeps(pid).expect("proc") > before);
        let started = std::time::Instant::now();
        while super::cpu_time(pid).expect("proc").is_zero() {
            assert!(started.elapsed().as_secs() < 60, "no time is counted");
        }
    }
}
