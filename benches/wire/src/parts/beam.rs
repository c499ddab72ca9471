//! One round with a BEAM as the host: runs a module in Erlang and takes its figures.

use std::{
    fs,
    path::PathBuf,
    process::{Command, Stdio},
};

use super::{raw::one_at_a_time_work, world::World};
use crate::{
    figures::{
        report::Report,
        subject::{Subject, Unit},
    },
    generator::{beam::erl, cores::Placement, handshake::COOKIE},
    load::round_trips::MEGABYTE,
    options::Executable,
};

const MODULE: &str = include_str!("nodex_bench.erl");

/// What does not depend on the machine.
const ARGUMENTS: [&str; 12] = [
    "-noinput",
    "+Bd",
    "-name",
    "bench@127.0.0.1",
    "-setcookie",
    COOKIE,
    "-start_epmd",
    "false",
    "-kernel",
    "inet_dist_use_interface",
    "{127,0,0,1}",
    "-eval",
];

/// Compiles the module, whose file is in the environment, and goes on there.
const EVAL: &str = "\
File = os:getenv(\"NODEX_BENCH\"), \
case compile:file(File, [binary, report]) of \
{ok, M, Code} -> {module, M} = code:load_binary(M, File, Code), M:main(Code, init:get_plain_arguments()); \
_ -> halt(1) end.";

pub(crate) fn measure(world: &World<'_>, nodes: &[&Executable], report: &mut Report) -> Result<(), String> {
    let Some(erl) = erl() else {
        report.leave_out("a BEAM that calls: there is no erl on the PATH");
        return Ok(());
    };
    let options = world.options;
    let source = Source::write()?;
    for (placement, place) in [(Placement::OneCore, "one core"), (Placement::Free, "free")] {
        let mut command = Command::new(&erl);
        command
            .args(ARGUMENTS)
            .args([EVAL, "-extra", &(options.messages / 4).max(1).to_string(), &options.big.to_string()])
            .args(nodes.iter().map(|node| format!("{}={}", node.name, node.path.display())))
            .env("ERL_EPMD_PORT", world.net.epmd_port().to_string())
            .env("ERL_CRASH_DUMP_BYTES", "0")
            .env("NODEX_BENCH", source.0.join("nodex_bench.erl"))
            .stdin(Stdio::null())
            .stderr(Stdio::inherit());
        let output = world.cores.place(placement, || command.output())?;
        let output = output.map_err(|error| format!("erl does not start: {error}"))?;
        for line in String::from_utf8_lossy(&output.stdout).lines() {
            // All other output is an error.
            let failed = line.strip_prefix("failed\t").and_then(|line| line.split_once('\t'));
            let failed = failed.and_then(|(name, why)| Some((nodes.iter().find(|node| node.name == name)?, why)));
            match failed {
                Some((node, why)) => report.fail(node, "from a BEAM", why),
                None if add(line, place, report).is_none() => eprintln!("{line}"),
                None => {}
            }
        }
        if !output.status.success() {
            return Err(format!("erl ended with {}", output.status));
        }
    }
    Ok(())
}

/// Returns the work of a row of the module.
pub(crate) fn work(size: usize, place: &str) -> String {
    format!("from a BEAM: {}", one_at_a_time_work(size, place))
}

/// Takes a line that the module prints.
fn add(line: &str, place: &str, report: &mut Report) -> Option<()> {
    let fields: Vec<&str> = line.split('\t').collect();
    match fields.as_slice() {
        ["otp", release] => report.tell("BEAM", &format!("Erlang/OTP {release}")),
        ["left out", what] => report.leave_out(what),
        ["beam", row, node, bytes, p50, p99, mean] => {
            let size = if *bytes == "5" { 5 } else { MEGABYTE };
            for (value, statistic) in [(p50, "p50"), (p99, "p99"), (mean, "mean")] {
                let node = if *node == "-" { "" } else { node };
                let subject = Subject::new(&work(size, place), node, statistic, Unit::Microseconds).row(row);
                report.add(subject, value.parse::<f64>().ok()? / 1e3);
            }
        }
        _ => return None,
    }
    Some(())
}

/// The module as a file, in a folder of its own for as long as it is needed.
struct Source(PathBuf);

impl Source {
    fn write() -> Result<Source, String> {
        let folder = std::env::temp_dir().join(format!("nodex-bench-{}", std::process::id()));
        let failed = |error| format!("{}: {error}", folder.display());
        // Fails if it exists already.
        fs::create_dir(&folder).map_err(failed)?;
        let source = Source(folder.clone());
        fs::write(folder.join("nodex_bench.erl"), MODULE).map_err(failed)?;
        Ok(source)
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        // What stays is a small file in a folder for such files.
        let _ = fs::remove_dir_all(&self.0);
    }
}
