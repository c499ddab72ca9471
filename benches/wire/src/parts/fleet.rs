//! Many nodes under one supervisor: runs `src/bin/fleet.rs` and takes its figures.

use std::process::{Command, Stdio};

use super::world::World;
use crate::{
    figures::{
        report::Report,
        subject::{Subject, Unit},
    },
    generator::cores::Placement,
    options::Fleet,
};

/// Returns the work of one of its figures.
pub(crate) fn work(size: usize, what: &str) -> String {
    format!("{size} supervised nodes: {what}")
}

pub(crate) fn measure(world: &World<'_>, fleet: &Fleet, report: &mut Report) -> Result<(), String> {
    let of: Vec<_> = world.options.nodes.iter().filter(|node| fleet.of.contains(&node.name)).collect();
    let mut command = Command::new(&fleet.program);
    command.arg(fleet.size.to_string()).args(of.iter().map(|node| &node.path));
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = world.cores.place(Placement::Free, || command.output())?;
    let output = output.map_err(|error| format!("{} does not start: {error}", fleet.program.display()))?;
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let ["fleet", what, unit, value] = fields.as_slice() else { continue };
        let unit = if *unit == "s" { Unit::Seconds } else { Unit::Kibibytes };
        let value: f64 = value.parse().map_err(|_| format!("the fleet printed {line:?}"))?;
        report.add(Subject::new(&work(fleet.size, what), "", "value", unit).row(&fleet.of.join(", ")), value);
    }
    if !output.status.success() {
        return Err(format!("it ended with {}", output.status));
    }
    Ok(())
}
