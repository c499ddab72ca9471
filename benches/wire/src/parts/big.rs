//! Small calls of a BEAM beside big transfers: to the node and from it, at full speed and over a line of limited speed.

use super::{many, world::World};
use crate::{
    figures::{
        report::Report,
        subject::{Subject, Unit},
    },
    generator::{
        beam::{Beam, Program, Surroundings, erl},
        cores::Placement,
        line::{CALLER, Line},
    },
};

/// Transfers at once.
pub(crate) const TRANSFERS: [u64; 3] = [0, 1, 5];

/// To the node, and from it.
pub(crate) const WAYS: [&str; 2] = ["to", "from"];

/// A point takes this many glances, or as long as one of each transfer.
const GLANCES: u32 = 10;

/// Rounds that do this: a transfer takes as long as it takes.
const MOST_ROUNDS: usize = 3;

/// What the small calls take.
pub(crate) fn times_work(bytes: usize, way: &str, speed: &str) -> String {
    format!("small calls beside transfers of {} {way} the node, {speed}, by transfers", size(bytes))
}

/// Whether this is the name of a [`times_work`].
pub(crate) fn is_times_work(work: &str) -> bool {
    work.starts_with("small calls beside transfers")
}

/// What goes over the line meanwhile.
pub(crate) fn rate_work(bytes: usize, way: &str, speed: &str) -> String {
    format!("transfers of {} {way} the node beside small calls, {speed}, by transfers", size(bytes))
}

pub(crate) fn size(bytes: usize) -> String {
    if bytes.is_multiple_of(1_000_000) { format!("{} MB", bytes / 1_000_000) } else { format!("{bytes} B") }
}

/// The speeds, for names of works.
pub(crate) fn speeds(line: Option<u64>) -> Vec<String> {
    let line = line.map(|line| format!("over {line} MB/s"));
    [Some("at full speed".to_owned()), line].into_iter().flatten().collect()
}

pub(crate) fn measure(world: &World<'_>, round: usize, report: &mut Report) -> Result<(), String> {
    if round > MOST_ROUNDS {
        return Ok(());
    }
    let options = world.options;
    let mut releases: Vec<(String, Vec<String>)> = Vec::new();
    match erl() {
        Some(erl) => releases.push((String::new(), vec![erl.to_string_lossy().into_owned()])),
        None => report.leave_out("small calls of a BEAM beside big transfers: there is no erl on the PATH"),
    }
    releases.extend(options.releases.iter().cloned());
    let line = options.line.and_then(|megabytes| match Line::new(megabytes) {
        Ok(line) => Some(line),
        Err(error) => {
            report.leave_out(&format!("big transfers over a line of {megabytes} MB/s: {error}"));
            None
        }
    });
    for (release, erl) in &releases {
        let loopback = Surroundings::loopback(world.net.epmd_port(), erl.clone(), options.flags.clone());
        let limited = line.as_ref().map(|line| Surroundings {
            host: CALLER,
            epmd: None,
            before: line.before(),
            ..loopback.clone()
        });
        let speeds = speeds(options.line);
        for (speed, surroundings) in speeds.iter().zip([Some(loopback), limited]) {
            let Some(surroundings) = surroundings else { continue };
            if let Err(error) = over(world, round, speed, release, &surroundings, report) {
                report.fail_at(&format!("big transfers {speed} {release}"), &error);
            }
        }
    }
    Ok(())
}

fn over(
    world: &World<'_>,
    round: usize,
    speed: &str,
    release: &str,
    surroundings: &Surroundings,
    report: &mut Report,
) -> Result<(), String> {
    let options = world.options;
    let nodes = if options.big_nodes.is_empty() { &options.nodes } else { &options.big_nodes };
    let executables = nodes.iter().filter(|node| !node.one_caller);
    let mut all: Vec<(&str, Program<'_>)> =
        executables.map(|node| (node.name.as_str(), Program::Executable(&node.path))).collect();
    all.push((many::BEAM, Program::Beam));
    let first = (round - 1) % all.len();
    all.rotate_left(first);
    let mut beam = world.cores.place(Placement::Free, || Beam::start(surroundings))??;
    let row = if release.is_empty() { format!("OTP {}", beam.release) } else { release.to_owned() };
    for (name, program) in all {
        let mut failed = None;
        let node = world.cores.place(Placement::Free, || beam.start_node(&program))??;
        beam.ask(&format!("join {}", node.name), "joined")?;
        let form = if matches!(program, Program::Beam) { "beam" } else { "plain" };
        for way in WAYS {
            for transfers in TRANSFERS {
                let time = (options.glance * GLANCES).as_millis();
                let bytes = options.transfer;
                let command = format!("beside {} {form} {way} {transfers} {bytes} {time}", node.name);
                let done = match beam.ask(&command, "beside") {
                    Ok(done) => many::numbers::<6>(&done)?,
                    Err(error) if error.contains("no_get") => {
                        report.leave_out(&format!("big transfers from {name}: it does not answer {{get, Bytes}}"));
                        continue;
                    }
                    Err(error) => {
                        failed.get_or_insert(error);
                        continue;
                    }
                };
                let [p50, p99, p999, max, moved, nanoseconds] = done;
                let times = Subject::new(&times_work(bytes, way, speed), name, "", Unit::Milliseconds).row(&row);
                for (statistic, value) in [("p50", p50), ("p99", p99), ("p99.9", p999), ("max", max)] {
                    report.add(Subject { statistic, ..times.clone() }.at(transfers), value / 1e6);
                }
                if transfers > 0 {
                    let rate = Subject::new(&rate_work(bytes, way, speed), name, "value", Unit::MegabytesPerSecond);
                    report.add(rate.row(&row).at(transfers), moved * 1e3 / nanoseconds);
                }
            }
        }
        beam.ask(&format!("leave {}", node.name), "left")?;
        if let Some(error) = failed {
            report.fail_at(&format!("{name}: big transfers {speed}, {row}"), &error);
        }
    }
    Ok(())
}
