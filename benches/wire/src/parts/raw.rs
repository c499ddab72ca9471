//! One executable, one round, under the raw generator.

use std::{
    io,
    time::{Duration, Instant},
};

use super::world::World;
use crate::{
    figures::{
        latency::Latencies,
        report::Report,
        subject::{Subject, Unit},
    },
    generator::{
        cores::Placement,
        host::Node,
        process::{cpu_time, peak_memory},
    },
    load::{
        open_loop::open_loop,
        round_trips::{MEGABYTE, one_at_a_time, round_trips},
        saturated::saturated,
        traffic::{PINGS, Traffic},
    },
    options::Executable,
};

/// Bytes in the binary.
const PAYLOADS: [usize; 8] = [5, 100, 1_000, 10_000, 100_000, MEGABYTE, 10_000_000, 64_000_000];

/// Messages per second on schedule.
const RATES: [u64; 2] = [10_000, 100_000];

/// A node that starts slowly is started less often: for no longer than this, if it was so often.
const LONGEST_STARTS: Duration = Duration::from_secs(1);
const FEWEST_STARTS: usize = 3;

/// The works.
pub(crate) const START: &str = "start to ready line";
pub(crate) const TERM: &str = "SIGTERM to the end of the process";
pub(crate) const SATURATED: &str = "saturated, messages";
pub(crate) const SATURATED_CPU: &str = "saturated, processor time per message";
pub(crate) const SATURATED_GENERATOR: &str = "saturated, processor time of the generator per message";
pub(crate) const MIXED: &str = "saturated, mixed messages";
pub(crate) const MIXED_CPU: &str = "saturated, mixed, processor time per message";
pub(crate) const MIXED_GENERATOR: &str = "saturated, mixed, processor time of the generator per message";
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

/// Returns whether it is a node that starts.
pub(crate) fn measure(world: &World<'_>, node: &Executable, report: &mut Report) -> bool {
    if let Err(error) = starts(world, node, report) {
        report.fail(node, START, &error);
        return false;
    }
    let steps: [(&str, Step); 4] =
        [("one at a time", round_trips_and_rate), (MIXED, mixed), (PAYLOAD_RATE, payloads), (ON_SCHEDULE, on_schedule)];
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
    let (mut times, mut ends) = (Latencies::new()?, Latencies::new()?);
    let began = Instant::now();
    for number in 0..world.options.starts {
        // A virtual machine takes its time.
        if number >= FEWEST_STARTS && began.elapsed() > LONGEST_STARTS {
            break;
        }
        let (running, took) = spawn(world, node, Placement::OneCore)?;
        times.record(took);
        if number.is_multiple_of(2) {
            ends.record(running.terminate().map_err(text)?);
        } else {
            running.stop().map_err(text)?;
        }
    }
    report.add(Subject::new(START, &node.name, "p50", Unit::Milliseconds), times.at(0.5) * 1e3);
    report.add(Subject::new(TERM, &node.name, "p50", Unit::Milliseconds), ends.at(0.5) * 1e3);
    Ok(())
}

fn round_trips_and_rate(world: &World<'_>, node: &Executable, report: &mut Report) -> Result<(), String> {
    let options = world.options;
    for placement in world.cores.pinned() {
        let (mut running, _) = spawn(world, node, *placement)?;
        let place = match placement {
            Placement::OneCore => "one core",
            Placement::Apart | Placement::Two | Placement::Free => "two cores",
        };
        for (size, count) in [(5, options.messages), (MEGABYTE, options.big)] {
            one_at_a_time(&mut running.stream, size, count / 10).map_err(text)?;
            let times = one_at_a_time(&mut running.stream, size, count).map_err(text)?;
            let subject = Subject::new(&one_at_a_time_work(size, place), &node.name, "", Unit::Microseconds);
            report.add_times(&subject, &Latencies::of(&times)?);
        }
        if *placement == world.cores.apart() {
            let alike = Traffic::alike(&mut running.stream).map_err(text)?;
            let saturation = saturate(&mut running, &alike, options.saturate_for).map_err(text)?;
            saturation.report([SATURATED, SATURATED_CPU, SATURATED_GENERATOR], node, report);
            let memory = peak_memory(running.pid()).map_err(text)? as f64 / 1e6;
            report.add(Subject::new(MEMORY, &node.name, "value", Unit::Megabytes), memory);
        }
        running.stop().map_err(text)?;
    }
    Ok(())
}

/// Many kinds of terms, many senders, two names.
fn mixed(world: &World<'_>, node: &Executable, report: &mut Report) -> Result<(), String> {
    if node.one_caller {
        return Ok(());
    }
    let (mut running, _) = spawn(world, node, world.cores.apart())?;
    let mixed = Traffic::mixed(&mut running.stream, &PINGS).map_err(text)?;
    let saturation = saturate(&mut running, &mixed, world.options.saturate_for).map_err(text)?;
    saturation.report([MIXED, MIXED_CPU, MIXED_GENERATOR], node, report);
    running.stop().map_err(text)
}

/// What a saturated run tells.
pub(crate) struct Saturation {
    /// Millions of messages per second.
    pub(crate) rate: f64,
    /// Microseconds of the node's processor time for each.
    pub(crate) cpu: f64,
    /// The same of the generator.
    pub(crate) generator: f64,
}

pub(crate) fn saturate(running: &mut Node, traffic: &Traffic, time: Duration) -> io::Result<Saturation> {
    saturated(&mut running.stream, traffic, time / 10)?;
    let times = |running: &Node| Ok::<_, io::Error>([cpu_time(running.pid())?, cpu_time(std::process::id())?]);
    let before = times(running)?;
    let (messages, took) = saturated(&mut running.stream, traffic, time)?;
    let after = times(running)?;
    let each = |side: usize| after[side].saturating_sub(before[side]).as_secs_f64() * 1e6 / messages as f64;
    Ok(Saturation { rate: messages as f64 / took.as_secs_f64() / 1e6, cpu: each(0), generator: each(1) })
}

impl Saturation {
    fn report(&self, [rate, cpu, generator]: [&str; 3], node: &Executable, report: &mut Report) {
        report.add(Subject::new(rate, &node.name, "value", Unit::MillionsPerSecond), self.rate);
        report.add(Subject::new(cpu, &node.name, "value", Unit::Microseconds), self.cpu);
        report.add(Subject::new(generator, &node.name, "value", Unit::Microseconds), self.generator);
    }
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
