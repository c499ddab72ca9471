//! A BEAM that calls a node, from one process to a thousand: plain messages, and `gen_server:call` where the node answers it.

use super::world::World;
use crate::{
    figures::{
        latency::RANKS,
        report::Report,
        subject::{Subject, Unit},
    },
    generator::{
        beam::{Beam, Program, Started, Surroundings, erl},
        cores::Placement,
        process::{cpu_time, sleeps},
    },
};

/// Processes that call at once.
pub(crate) const COUNTS: [u64; 5] = [1, 16, 64, 256, 1000];

/// How a message is sent, and what it is called.
pub(crate) const FORMS: [(&str, &str); 2] = [("plain", "plain"), ("call", "GenServer.call")];

/// The name of the remote BEAM in the tables.
pub(crate) const BEAM: &str = "remote BEAM";

/// Where caller and node are, and how many schedulers a BEAM has.
struct Place {
    name: &'static str,
    caller: Placement,
    node: Placement,
    schedulers: &'static str,
}

const PLACES: [Place; 2] = [
    Place { name: "a core for each side", caller: Placement::OneCore, node: Placement::Apart, schedulers: "1:1" },
    Place { name: "the same two cores", caller: Placement::Two, node: Placement::Two, schedulers: "2:2" },
];

/// The works of a place. A window is the glance, and this many times as long.
const WINDOW: u32 = 2;

pub(crate) fn places() -> impl Iterator<Item = &'static str> {
    PLACES.iter().map(|place| place.name)
}

pub(crate) fn calls_work(place: &str) -> String {
    format!("many callers of a BEAM, {place}: calls, by callers")
}

pub(crate) fn times_work(place: &str) -> String {
    format!("many callers of a BEAM, {place}: one call, by callers")
}

/// `of` is the caller or the node.
pub(crate) fn cpu_work(place: &str, of: &str) -> String {
    format!("many callers of a BEAM, {place}: processor time of the {of}, by callers")
}

pub(crate) fn sleeps_work(place: &str, of: &str) -> String {
    format!("many callers of a BEAM, {place}: how often a thread of the {of} sleeps, by callers")
}

/// Begins with another node in each round.
pub(crate) fn measure(world: &World<'_>, round: usize, report: &mut Report) -> Result<(), String> {
    let Some(erl) = erl() else {
        report.leave_out("many callers in a BEAM: there is no erl on the PATH");
        return Ok(());
    };
    let options = world.options;
    let executables = options.nodes.iter().chain(&options.many).filter(|node| !node.one_caller);
    let mut all: Vec<(&str, Program<'_>)> =
        executables.map(|node| (node.name.as_str(), Program::Executable(&node.path))).collect();
    all.push((BEAM, Program::Beam));
    let first = (round - 1) % all.len();
    all.rotate_left(first);
    for place in &PLACES {
        if place.node == Placement::Apart && world.cores.apart() != Placement::Apart {
            report.leave_out("many callers of a BEAM with a core for each side: there is one core");
            continue;
        }
        let mut flags = vec!["+S".to_owned(), place.schedulers.to_owned()];
        flags.extend(options.flags.iter().cloned());
        let surroundings =
            Surroundings::loopback(world.net.epmd_port(), vec![erl.to_string_lossy().into_owned()], flags);
        let mut beam = world.cores.place(place.caller, || Beam::start(&surroundings))??;
        report.tell("BEAM", &format!("Erlang/OTP {}", beam.release));
        for (name, program) in &all {
            if let Err(error) = node(world, place, &mut beam, name, *program, report) {
                report.fail_at(&format!("{name}: many callers of a BEAM, {}", place.name), &error);
            }
        }
    }
    Ok(())
}

fn node(
    world: &World<'_>,
    place: &Place,
    beam: &mut Beam,
    name: &str,
    program: Program<'_>,
    report: &mut Report,
) -> Result<(), String> {
    let node = world.cores.place(place.node, || beam.start_node(&program))??;
    let joined = beam.ask(&format!("join {}", node.name), "joined")?;
    let is_beam = matches!(program, Program::Beam);
    for (form, row) in FORMS {
        if form == "call" && !is_beam && joined.first().is_none_or(|calls| calls != "true") {
            report.leave_out(&format!("GenServer.call from many callers to {name}: it does not answer one"));
            continue;
        }
        let form = match (form, is_beam) {
            ("plain", true) => "beam",
            ("call", true) => "beam_call",
            _ => form,
        };
        for callers in COUNTS {
            let mut run = |window: u128| beam_calls(beam, &node, form, callers, window);
            let glance = world.options.glance.as_millis().max(1);
            // This creates everything that is created only once, such as processes and buffers.
            run((glance / 2).max(1))?;
            let figures = run(glance * u128::from(WINDOW))?;
            figures.report(Subject::new("", name, "value", Unit::Microseconds).row(row).at(callers), place, report);
        }
    }
    beam.ask(&format!("leave {}", node.name), "left")?;
    Ok(())
}

/// What one run of so many callers tells.
struct Figures {
    calls: f64,
    seconds: f64,
    /// Of caller and node: seconds of processor time, and how often threads went to sleep.
    used: [(f64, f64); 2],
    /// In seconds, by [`RANKS`].
    times: Vec<f64>,
}

fn beam_calls(beam: &mut Beam, node: &Started, form: &str, callers: u64, window: u128) -> Result<Figures, String> {
    let used = |beam: &Beam| {
        let of = |pid| Ok((cpu_time(pid)?.as_secs_f64(), sleeps(pid)? as f64));
        let both: Result<_, std::io::Error> = of(beam.pid()).and_then(|caller| Ok([caller, of(node.pid())?]));
        both.map_err(|error| error.to_string())
    };
    let before = used(beam)?;
    let done = beam.ask(&format!("calls {} {form} {callers} {window}", node.name), "done")?;
    let after = used(beam)?;
    let [calls, nanoseconds] = numbers(&done)?;
    let times: [f64; RANKS.len()] = numbers(&beam.ask("times", "times")?)?;
    let difference = |side: usize| (after[side].0 - before[side].0, after[side].1 - before[side].1);
    let times = times.iter().map(|time| time / 1e9).collect();
    Ok(Figures { calls, seconds: nanoseconds / 1e9, used: [difference(0), difference(1)], times })
}

/// Columns of an answer.
pub(crate) fn numbers<const N: usize>(columns: &[String]) -> Result<[f64; N], String> {
    let numbers: Option<Vec<f64>> = columns.iter().map(|column| column.parse().ok()).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| format!("the BEAM said {columns:?}"))
}

impl Figures {
    fn report(&self, subject: Subject, place: &Place, report: &mut Report) {
        let mut add = |work: String, statistic, unit, value| {
            report.add(Subject { work, statistic, unit, ..subject.clone() }, value);
        };
        add(calls_work(place.name), "value", Unit::ThousandsPerSecond, self.calls / self.seconds / 1e3);
        for ((_, statistic), time) in RANKS.iter().zip(&self.times) {
            add(times_work(place.name), statistic, Unit::Microseconds, time * 1e6);
        }
        for (of, (seconds, sleeps)) in ["caller", "node"].iter().zip(self.used) {
            add(cpu_work(place.name, of), "value", Unit::Microseconds, seconds * 1e6 / self.calls);
            add(sleeps_work(place.name, of), "value", Unit::PerCall, sleeps / self.calls);
        }
    }
}
