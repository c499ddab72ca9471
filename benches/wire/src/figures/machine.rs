//! Where and when a report was made.

use std::process::Command;

/// Names and values for the head of a report: what the caller adds comes last.
pub(crate) fn about(command: &str, more: &[(String, String)]) -> Vec<(String, String)> {
    let known = [("date", date()), ("machine", machine()), ("load before", load()), ("command", command.to_owned())];
    let known = known.into_iter().map(|(name, value)| (name.to_owned(), value));
    known.chain([("nodex".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]).chain(more.iter().cloned()).collect()
}

/// Kernel, processor, number of cores, memory.
fn machine() -> String {
    let read = |path| std::fs::read_to_string(path).unwrap_or_default();
    let (kernel, cpus, memory) = (read("/proc/sys/kernel/osrelease"), read("/proc/cpuinfo"), read("/proc/meminfo"));
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let memory =
        memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok());
    let model = model.map_or("unknown processor", |(_, model)| model.trim());
    let gigabytes = memory.unwrap_or(0.0) * 1024.0 / 1e9;
    format!("{cores} cores, {model}, {gigabytes:.0} GB, Linux {}", kernel.trim())
}

/// The load of the machine in the last 1, 5 and 15 minutes.
fn load() -> String {
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').take(3).collect::<Vec<_>>().join(" ")
}

fn date() -> String {
    let output = Command::new("date").args(["-u", "+%Y-%m-%d %H:%M UTC"]).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned()).unwrap_or_default()
}
