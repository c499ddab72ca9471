//! The rounds.

use crate::{
    figures::report::Report,
    options::{Executable, Options, PARTS},
    parts::{beam, big, callers, fleet, growth, many, raw, world::World},
};

type More = fn(&World<'_>, usize, &mut Report) -> Result<(), String>;

/// Does all rounds; `talk` is called with the progress.
///
/// Failures of a node are in [`Report::failures`], and the other nodes continue.
///
/// # Errors
/// Returns an error when there is nothing to measure with: no socket, no thread.
pub fn run(options: &Options, talk: impl Fn(&str)) -> Result<Report, String> {
    let world = World::new(options)?;
    let mut report = Report::new(options);
    for round in 1..=options.rounds {
        // Each round begins with another one, so that none is always the one after the same.
        let (tail, head) = options.nodes.split_at((round - 1) % options.nodes.len());
        let nodes: Vec<&Executable> = head.iter().chain(tail).collect();
        let say = |what: &str| talk(&format!("round {round} of {}: {what}", options.rounds));
        let mut started: Vec<&Executable> = Vec::new();
        for node in &nodes {
            say(&node.name);
            let starts = !options.does("raw") || raw::measure(&world, node, &mut report);
            if !starts || node.one_caller {
                continue;
            }
            started.push(node);
            if options.does("host") {
                callers::measure(&world, node, &mut report);
            }
        }
        if let Some(node) = options.growth.as_ref().filter(|_| options.does("growth")) {
            say("more handlers, more connections, slow handlers");
            growth::measure(&world, node, &mut report);
        }
        if options.does("beam") && !started.is_empty() {
            say("a BEAM as the host");
            if let Err(error) = beam::measure(&world, &started, &mut report) {
                report.fail_at("a BEAM as the host", &error);
            }
        }
        let more: [(&str, &str, More); 2] = [
            ("many", "many processes of a BEAM that call", many::measure),
            ("big", "small calls beside big transfers", big::measure),
        ];
        for (part, what, measure) in more.into_iter().filter(|(part, ..)| options.does(part)) {
            say(what);
            if let Err(error) = measure(&world, round, &mut report) {
                report.fail_at(&format!("{part}: {what}"), &error);
            }
        }
        if let Some(fleet) = options.fleet.as_ref().filter(|_| options.does("fleet")) {
            say("many nodes under one supervisor");
            if let Err(error) = fleet::measure(&world, fleet, &mut report) {
                report.fail_at("many nodes under one supervisor", &error);
            }
        }
    }
    if let Some(file) = &options.codec {
        report.codec = std::fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok());
        if report.codec.is_none() {
            report.leave_out("the codec: cargo bench -p nodex-proto --bench codec measures it");
        }
    }
    for part in PARTS.iter().filter(|part| !options.does(part)) {
        report.leave_out(&format!("{part}: the command asked for others only"));
    }
    world.runtime.block_on(world.net.down());
    Ok(report)
}
