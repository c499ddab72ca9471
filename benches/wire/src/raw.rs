//! One executable, one round, under the raw generator.

use std::{
    io,
    time::{Duration, Instant},
};

use crate::{
    cores::Placement,
    host::Node,
    latency::Latencies,
    open_loop::open_loop,
    options::Executable,
    process::{cpu_time, peak_memory},
    report::{Report, Subject, Unit},
    round::World,
    work::{MEGABYTE, one_at_a_time, round_trips, saturated},
};

/// Batches of 100 messages in flight: enough that neither side ever waits for the other to wake.
const BATCHES: usize = 64;

/// Bytes in the binary.
const PAYLOADS: [usize; 8] = [5, 100, 1_000, 10_000, 100_000, MEGABYTE, 10_000_000, 64_000_000];

/// Messages per second on schedule.
const RATES: [u64; 2] = [10_000, 100_000];

/// The works.
pub(crate) const START: &str = "start to ready line";
pub(crate) const SATURATED: &str = "saturated, messages";
pub(crate) const SATURATED_CPU: &str = "saturated, processor time per message";
pub(crate) const MEMORY: &str = "peak resident memory";
pub(crate) const PAYLOAD_TIMES: &str = "one at a time, by bytes";
pub(crate) const PAYLOAD_RATE: &str = "throughput one way, by bytes";
pub(crate) const ON_SCHEDULE: &str = "on schedule, by messages per second";

/// `one at a time` with a small or a big binary.
pub(crate) fn one_at_a_time_work(size: usize, place: &str) -> String {
    let what = if size == MEGABYTE { "1 MB" } else { "<<\"hello\">>" };
    format!("{what}, one at a time, {place}")
}

type Step = fn(&World<'_>, &Executable, &mut Report) -> Result<(), String>;

/// Gives whether it is a node that starts.
pub(crate) fn measure(world: &World<'_>, node: &Executable, report: &mut Report) -> bool {
    if let Err(error) = starts(world, node, report) {
        report.fail(node, START, &error);
        return false;
    }
    let steps: [(&str, Step); 3] =
        [("one at a time", round_trips_and_rate), (PAYLOAD_RATE, payloads), (ON_SCHEDULE, on_schedule)];
    for (work, step) in steps {
        if let Err(error) = step(world, node, report) {
            report.fail(node, work, &error);
        }
    }
    true
}

fn spawn(world: &World<'_>, node: &Executable, placement: Placement) -> Result<(Node, Duration), String> {
    world.cores.place(placement, || world.host.spawn(&node.path))?.map_err(text)
}

fn text(error: io::Error) -> String {
    error.to_string()
}

fn starts(world: &World<'_>, node: &Executable, report: &mut Report) -> Result<(), String> {
    let mut times = Latencies::new()?;
    for _ in 0..world.options.starts {
        let (running, took) = spawn(world, node, Placement::OneCore)?;
        times.record(took);
        running.stop().map_err(text)?;
    }
    report.add(Subject::new(START, &node.name, "p50", Unit::Milliseconds), times.at(0.5) * 1e3);
    Ok(())
}

fn round_trips_and_rate(world: &World<'_>, node: &Executable, report: &mut Report) -> Result<(), String> {
    let options = world.options;
    for placement in world.cores.pinned() {
        let (mut running, _) = spawn(world, node, *placement)?;
        let place = match placement {
            Placement::OneCore => "one core",
            Placement::Apart | Placement::Free => "two cores",
        };
        for (size, count) in [(5, options.messages), (MEGABYTE, options.big)] {
            one_at_a_time(&mut running.stream, size, count / 10).map_err(text)?;
            let times = one_at_a_time(&mut running.stream, size, count).map_err(text)?;
            let subject = Subject::new(&one_at_a_time_work(size, place), &node.name, "", Unit::Microseconds);
            report.add_times(&subject, &Latencies::of(&times)?);
        }
        if *placement == world.cores.apart() {
            let (rate, cpu) = saturate(&mut running, options.saturate_for).map_err(text)?;
            report.add(Subject::new(SATURATED, &node.name, "value", Unit::MillionsPerSecond), rate);
            report.add(Subject::new(SATURATED_CPU, &node.name, "value", Unit::Microseconds), cpu);
            let memory = peak_memory(running.pid()).map_err(text)? as f64 / 1e6;
            report.add(Subject::new(MEMORY, &node.name, "value", Unit::Megabytes), memory);
        }
        running.stop().map_err(text)?;
    }
    Ok(())
}

/// Millions of messages per second, and microseconds of the node's processor time for each.
pub(crate) fn saturate(running: &mut Node, time: Duration) -> io::Result<(f64, f64)> {
    saturated(&mut running.stream, BATCHES, time / 10)?;
    let before = cpu_time(running.pid())?;
    let (messages, took) = saturated(&mut running.stream, BATCHES, time)?;
    let used = cpu_time(running.pid())?.saturating_sub(before);
    Ok((messages as f64 / took.as_secs_f64() / 1e6, used.as_secs_f64() * 1e6 / messages as f64))
}

fn payloads(world: &World<'_>, node: &Executable, report: &mut Report) -> Result<(), String> {
    let (mut running, _) = spawn(world, node, world.cores.apart())?;
    for size in PAYLOADS {
        one_at_a_time(&mut running.stream, size, 1).map_err(text)?;
        let began = Instant::now();
        let times = round_trips(&mut running.stream, size, world.options.glance).map_err(text)?;
        let rate = (size * times.len()) as f64 / began.elapsed().as_secs_f64() / 1e6;
        let subject = Subject::new(PAYLOAD_TIMES, &node.name, "", Unit::Microseconds).at(size as u64);
        report.add_times(&subject, &Latencies::of(&times)?);
        report.add(Subject::new(PAYLOAD_RATE, &node.name, "value", Unit::MegabytesPerSecond).at(size as u64), rate);
    }
    running.stop().map_err(text)
}

fn on_schedule(world: &World<'_>, node: &Executable, report: &mut Report) -> Result<(), String> {
    // The generator never sleeps: on its core a node would only run when the kernel takes it away.
    if world.cores.apart() != Placement::Apart {
        return Err("needs two cores".into());
    }
    for rate in RATES {
        let (mut running, _) = spawn(world, node, Placement::Apart)?;
        open_loop(&mut running.stream, rate, world.options.glance / 2)?;
        let latencies = open_loop(&mut running.stream, rate, world.options.glance)?;
        report.add_times(&Subject::new(ON_SCHEDULE, &node.name, "", Unit::Microseconds).at(rate), &latencies);
        running.stop().map_err(text)?;
    }
    Ok(())
}
