//! The command line of the benchmark.

use std::path::PathBuf;
use std::time::Duration;

/// What the program prints when it is called wrongly.
pub const USAGE: &str = "\
usage: wire [options] --node NAME=PATH ...
  --node NAME=PATH   an executable that obeys the contract of a node; the first one is the yardstick
  --rounds N         how often everything is done (5)
  --messages N       small messages, one at a time, in each round (20000)
  --big N            messages of 1 MB, one at a time, in each round (200)
  --seconds S        how long each executable is kept saturated in each round (1)
  --glance S         the same for each point of what is looked at by size, rate or number (0.15)
  --starts N         how often each executable is started in each round (20)
  --beam SCRIPT      also run this Elixir script, with a BEAM as the host
  --growth PATH      also measure with this executable what a node with more handlers and connections does
  --command TEXT     the command line, for the head of the report
  --about NAME=TEXT  a line for the head of the report
  --left-out TEXT    something that is not in the report, and why
  --report FOLDER    write there bench.json, report.html and the pictures";

/// A node executable and what it is called in the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executable {
    /// In tables and pictures.
    pub name: String,
    /// It takes the four arguments of a node executable.
    pub path: PathBuf,
}

/// What is measured, and for how long.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The executables; the first one is the yardstick.
    pub nodes: Vec<Executable>,
    /// How often everything is done.
    pub rounds: usize,
    /// Small messages, one at a time, in each round.
    pub messages: usize,
    /// Messages of 1 MB, one at a time, in each round.
    pub big: usize,
    /// How long each executable is kept saturated in each round.
    pub saturate_for: Duration,
    /// The same for each point of a work that has several.
    pub glance: Duration,
    /// How often each executable is started in each round.
    pub starts: usize,
    /// An Elixir script for a BEAM as the host (`benches/beam.exs`).
    pub beam: Option<PathBuf>,
    /// An executable as `src/bin/bench_node.rs`, to measure what a node with more handlers and connections does.
    pub growth: Option<Executable>,
    /// What else the head of the report is to say: name and text.
    pub about: Vec<(String, String)>,
    /// What the report says to be missing, and why.
    pub left_out: Vec<String>,
    /// The command line, for the head of the report.
    pub command: String,
    /// A folder for the report.
    pub report: Option<PathBuf>,
}

impl Options {
    /// These executables and the usual amounts.
    pub fn new(nodes: Vec<Executable>) -> Self {
        Self {
            nodes,
            rounds: 5,
            messages: 20_000,
            big: 200,
            saturate_for: Duration::from_secs(1),
            glance: Duration::from_millis(150),
            starts: 20,
            beam: None,
            growth: None,
            about: Vec::new(),
            left_out: Vec::new(),
            command: String::new(),
            report: None,
        }
    }

    /// Reads a command line, see [`USAGE`].
    ///
    /// # Errors
    /// A sentence about what is wrong with it.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::new(Vec::new());
        let mut arguments = arguments;
        while let Some(option) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--node" => options.nodes.push(executable(&value)?),
                "--rounds" => options.rounds = count(&option, &value)?,
                "--messages" => options.messages = count(&option, &value)?,
                "--big" => options.big = count(&option, &value)?,
                "--starts" => options.starts = count(&option, &value)?,
                "--seconds" => options.saturate_for = seconds(&option, &value)?,
                "--beam" => options.beam = Some(value.into()),
                "--glance" => options.glance = seconds(&option, &value)?,
                "--growth" => options.growth = Some(executable(&format!("many={value}"))?),
                "--about" => {
                    let (name, text) = value.split_once('=').ok_or_else(|| format!("{value} is not NAME=TEXT"))?;
                    options.about.push((name.into(), text.into()));
                }
                "--command" => options.command = value,
                "--left-out" => options.left_out.push(value),
                "--report" => options.report = Some(value.into()),
                _ => return Err(format!("{option} is no option")),
            }
        }
        if options.nodes.is_empty() {
            return Err("there is no --node".into());
        }
        Ok(options)
    }
}

fn executable(value: &str) -> Result<Executable, String> {
    let (name, path) = value.split_once('=').ok_or_else(|| format!("{value} is not NAME=PATH"))?;
    let path = std::path::absolute(path).map_err(|error| format!("{path}: {error}"))?;
    if !path.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    Ok(Executable { name: name.into(), path })
}

fn count(option: &str, value: &str) -> Result<usize, String> {
    let count = value.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("{option} needs a whole number from 1, not {value}"))
}

fn seconds(option: &str, value: &str) -> Result<Duration, String> {
    let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|seconds| !seconds.is_zero())
        .ok_or_else(|| format!("{option} needs a number of seconds, not {value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        Options::parse(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn an_executable_has_to_be_there() {
        let options = parse(&["--node", "a=/proc/self/exe", "--seconds", "0.5"]).expect("options");
        assert_eq!(options.nodes[0].name, "a");
        assert_eq!(options.saturate_for, Duration::from_millis(500));
        assert!(parse(&["--node", "a=/nowhere"]).is_err());
        assert!(parse(&["--node", "/proc/self/exe"]).is_err());
    }

    #[test]
    fn mistakes_are_errors() {
        for arguments in [&[][..], &["--rounds"], &["--rounds", "0"], &["--quick", "1"]] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
