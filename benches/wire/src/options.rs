//! The command line of the benchmark.

use std::path::PathBuf;
use std::time::Duration;

pub(crate) const USAGE: &str = "\
usage: wire [options] --node NAME=PATH ...
  --node NAME=PATH   an executable that obeys the contract of a node; the first one is the yardstick
  --rounds N         how often everything is done (5)
  --messages N       small messages, one at a time, in each round (20000)
  --big N            messages of 1 MB, one at a time, in each round (200)
  --seconds S        how long each executable is kept saturated in each round (1)
  --starts N         how often each executable is started in each round (20)
  --beam SCRIPT      also run this Elixir script, with a BEAM as the host
  --json FILE        write every figure there";

/// A node executable and what it is called in the tables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Executable {
    pub(crate) name: String,
    pub(crate) path: PathBuf,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) nodes: Vec<Executable>,
    pub(crate) rounds: usize,
    pub(crate) messages: usize,
    pub(crate) big: usize,
    pub(crate) saturate_for: Duration,
    pub(crate) starts: usize,
    pub(crate) beam: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            nodes: Vec::new(),
            rounds: 5,
            messages: 20_000,
            big: 200,
            saturate_for: Duration::from_secs(1),
            starts: 20,
            beam: None,
            json: None,
        };
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
                "--json" => options.json = Some(value.into()),
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
