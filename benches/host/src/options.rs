//! The command line of the benchmark of the host.

use std::{path::PathBuf, time::Duration};

pub(crate) const USAGE: &str = "\
usage: bench-host --c-node PATH --rust-node PATH [options]
  --c-node PATH      a C node that answers {ping, T}
  --rust-node PATH   a Rust node that does
  --rounds N         how often the calls are measured (5)
  --calls N          calls, one at a time, in each round (20000)
  --callers N        how many call at the same time (64)
  --seconds S        how long they do, in each round (1)
  --fleet N          nodes under one supervisor, half of each kind; 0 for none (1000)
  --at-once N        how many of them are started at the same time (8)
  --killed N         how many of them are killed at once (100)
  --beam SCRIPT      also call the C node from a BEAM, by this Elixir script
  --json FILE        write every figure there";

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) c_node: PathBuf,
    pub(crate) rust_node: PathBuf,
    pub(crate) rounds: usize,
    pub(crate) calls: usize,
    pub(crate) callers: usize,
    pub(crate) call_for: Duration,
    pub(crate) fleet: usize,
    pub(crate) at_once: usize,
    pub(crate) killed: usize,
    pub(crate) beam: Option<PathBuf>,
    pub(crate) json: Option<PathBuf>,
}

impl Options {
    pub(crate) fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Options {
            c_node: PathBuf::new(),
            rust_node: PathBuf::new(),
            rounds: 5,
            calls: 20_000,
            callers: 64,
            call_for: Duration::from_secs(1),
            fleet: 1000,
            at_once: 8,
            killed: 100,
            beam: None,
            json: None,
        };
        while let Some(option) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
            let number = || value.parse::<usize>().map_err(|_| format!("{option} needs a number, not {value}"));
            match option.as_str() {
                "--c-node" => options.c_node = value.into(),
                "--rust-node" => options.rust_node = value.into(),
                "--rounds" => options.rounds = number()?,
                "--calls" => options.calls = number()?.max(1),
                "--callers" => options.callers = number()?.max(1),
                "--seconds" => {
                    let seconds = value.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
                    options.call_for = seconds.ok_or_else(|| format!("{option} needs seconds, not {value}"))?;
                }
                "--fleet" => options.fleet = number()?,
                "--at-once" => options.at_once = number()?,
                "--killed" => options.killed = number()?,
                "--beam" => options.beam = Some(value.into()),
                "--json" => options.json = Some(value.into()),
                _ => return Err(format!("{option} is no option")),
            }
        }
        match options.c_node.as_os_str().is_empty() || options.rust_node.as_os_str().is_empty() {
            true => Err("--c-node and --rust-node are needed".to_owned()),
            false => Ok(options),
        }
    }
}
