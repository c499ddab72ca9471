//! One executable, one round, under the raw generator.

use std::io;
use std::time::Duration;

use crate::cores::{Cores, Placement};
use crate::host::{Host, Node};
use crate::options::{Executable, Options};
use crate::process::{cpu_time, peak_memory};
use crate::report::{Report, Subject, Unit};
use crate::work::{MEGABYTE, one_at_a_time, saturated};

/// Batches of 100 messages in flight: enough that neither side ever waits for the other to wake.
const BATCHES: usize = 64;

pub(crate) fn measure(
    host: &Host,
    cores: &Cores,
    executable: &Executable,
    options: &Options,
    report: &mut Report,
) -> Result<(), String> {
    let failed = |error: io::Error| format!("{}: {error}", executable.name);
    let name = executable.name.as_str();

    let spawn = || host.spawn(&executable.path);
    let mut starts = Vec::new();
    for _ in 0..options.starts {
        let (node, took) = cores.place(Placement::OneCore, spawn)?.map_err(failed)?;
        starts.push(took);
        node.stop().map_err(failed)?;
    }
    let start = subject("start to ready line", name, "p50", Unit::Milliseconds);
    report.add(start, part(&mut starts, 0.5) * 1e3);

    for placement in cores.pinned() {
        let (mut node, _) = cores.place(*placement, spawn)?.map_err(failed)?;
        let place = match placement {
            Placement::OneCore => "one core",
            Placement::Apart | Placement::Free => "two cores",
        };
        for (size, count, what) in [(5, options.messages, "<<\"hello\">>"), (MEGABYTE, options.big, "1 MB")] {
            one_at_a_time(&mut node.stream, size, count / 10).map_err(failed)?;
            let mut times = one_at_a_time(&mut node.stream, size, count).map_err(failed)?;
            for (rank, which) in [(0.5, "p50"), (0.99, "p99")] {
                let work = format!("{what}, one at a time, {place}");
                let subject = subject(&work, name, which, Unit::Microseconds);
                report.add(subject, part(&mut times, rank) * 1e6);
            }
        }
        if placement == cores.pinned().last().unwrap_or(placement) {
            saturate(&mut node, options.saturate_for, name, report).map_err(failed)?;
            let memory = peak_memory(node.pid()).map_err(failed)?;
            let subject = subject("peak resident memory", name, "value", Unit::Megabytes);
            report.add(subject, memory as f64 / 1e6);
        }
        node.stop().map_err(failed)?;
    }
    Ok(())
}

fn saturate(node: &mut Node, time: Duration, name: &str, report: &mut Report) -> io::Result<()> {
    saturated(&mut node.stream, BATCHES, time / 10)?;
    let before = cpu_time(node.pid())?;
    let (messages, took) = saturated(&mut node.stream, BATCHES, time)?;
    let used = cpu_time(node.pid())?.saturating_sub(before);
    let rate = messages as f64 / took.as_secs_f64() / 1e6;
    report.add(subject("saturated, messages", name, "value", Unit::MillionsPerSecond), rate);
    let cpu = used.as_secs_f64() * 1e6 / messages as f64;
    let work = "saturated, processor time per message";
    report.add(subject(work, name, "value", Unit::Microseconds), cpu);
    Ok(())
}

fn subject(work: &str, node: &str, statistic: &'static str, unit: Unit) -> Subject {
    Subject { work: work.into(), row: String::new(), node: node.into(), statistic, unit }
}

/// The value below which the part `rank` of the times lies, in seconds.
fn part(times: &mut [Duration], rank: f64) -> f64 {
    times.sort_unstable();
    let place = (times.len() as f64 * rank) as usize;
    times.get(place).map_or(f64::NAN, Duration::as_secs_f64)
}
