//! The command line of the benchmark.

use std::path::PathBuf;
use std::time::Duration;

/// What the program prints when it is called wrongly.
pub const USAGE: &str = "\
usage: wire [options] --node NAME=PATH ...
       wire tables PAGE BENCH.JSON CODEC.JSON   put the tables of these figures into a page, between its marks
  --node NAME=PATH   an executable that obeys the contract of a node; the first one is the yardstick
  --beam-node NAME=PATH  one that is a BEAM and so does not learn who sends: it answers one process only
  --only PARTS       some of raw, host, beam, growth, fleet, many, big, with commas between them (all)
  --rounds N         how often everything is done (5)
  --messages N       small messages, one at a time, in each round (10000)
  --big N            messages of 1 MB, one at a time, in each round (200)
  --saturate TIME    how long each executable is kept saturated in each round (500ms)
  --glance TIME      the same for each point of what is looked at by size, rate or number (100ms)
  --starts N         how often each executable is started in each round, for no longer than a second (20)
  --growth PATH      also measure with this executable what a node with more handlers and connections does
  --fleet PATH       also measure with this program what many nodes under one supervisor do
  --fleet-of NAMES   of which nodes they are, with commas between them (the first one)
  --fleet-size N     how many they are (1000)
  --many-node NAME=PATH  another executable for the part many: many processes of a BEAM that call
  --big-node NAME=PATH  an executable for the part big, small calls beside big transfers, in place of the others: it
                     also answers {get, Bytes} with {got, Binary}
  --transfer BYTES   the size of a big transfer (100000000)
  --line MB          the part big also over a line of so many megabytes per second: needs root, ip and tc
  --otp NAME=COMMAND another BEAM than erl for the part big, e.g. --otp \"OTP 27=chroot /otp27 erl\"
  --flags TEXT       flags for the BEAMs of the parts many and big, e.g. --flags \"+sbwt none\"
  --codec FILE       what the benchmark of the codec has written: goes into the report if it is there
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
    /// It answers the raw generator's first process only.
    pub one_caller: bool,
}

impl Executable {
    /// A node that answers every caller.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self { name: name.into(), path: path.into(), one_caller: false }
    }
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
    /// Which parts of the benchmark are done; empty for all.
    pub only: Vec<String>,
    /// An executable as `src/bin/bench_node.rs`, to measure what a node with more handlers and connections does.
    pub growth: Option<Executable>,
    /// Many nodes under one supervisor.
    pub fleet: Option<Fleet>,
    /// More executables that many processes of a BEAM call.
    pub many: Vec<Executable>,
    /// Executables for small calls beside big transfers; if there are none, those of `nodes`.
    pub big_nodes: Vec<Executable>,
    /// The size of a big transfer.
    pub transfer: usize,
    /// The speed of a line over which these go too, in megabytes per second.
    pub line: Option<u64>,
    /// More BEAMs for these: a name, and the words of the command.
    pub releases: Vec<(String, Vec<String>)>,
    /// The flags of the BEAMs that read commands from lines.
    pub flags: Vec<String>,
    /// What the benchmark of the codec writes.
    pub codec: Option<PathBuf>,
    /// Further entries for the head of the report: name and text.
    pub about: Vec<(String, String)>,
    /// What the report says to be missing, and why.
    pub left_out: Vec<String>,
    /// The command line, for the head of the report.
    pub command: String,
    /// A folder for the report.
    pub report: Option<PathBuf>,
}

/// Many nodes under one supervisor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fleet {
    /// `src/bin/fleet.rs`.
    pub program: PathBuf,
    /// The names of the nodes that it is made of.
    pub of: Vec<String>,
    /// How many nodes it has.
    pub size: usize,
}

/// The parts of the benchmark: a raw generator, a Rust host, a BEAM, more handlers and connections, many nodes, many
/// callers in a BEAM, and big transfers beside small calls.
pub(crate) const PARTS: [&str; 7] = ["raw", "host", "beam", "growth", "fleet", "many", "big"];

impl Options {
    /// Returns whether this one of [`PARTS`] is done.
    pub(crate) fn does(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|wanted| wanted == part)
    }

    /// These executables and the usual amounts.
    pub fn new(nodes: Vec<Executable>) -> Self {
        Self {
            nodes,
            rounds: 5,
            messages: 10_000,
            big: 200,
            saturate_for: Duration::from_millis(500),
            glance: Duration::from_millis(100),
            starts: 20,
            only: Vec::new(),
            growth: None,
            fleet: None,
            many: Vec::new(),
            big_nodes: Vec::new(),
            transfer: 100_000_000,
            line: None,
            releases: Vec::new(),
            flags: Vec::new(),
            codec: None,
            about: Vec::new(),
            left_out: Vec::new(),
            command: String::new(),
            report: None,
        }
    }

    /// Reads a command line, see [`USAGE`].
    ///
    /// # Errors
    /// A sentence about the error in it.
    pub fn parse(arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::new(Vec::new());
        let mut arguments = arguments;
        let (mut program, mut of, mut size) = (None, Vec::new(), 1000);
        while let Some(option) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{option} needs a value"))?;
            match option.as_str() {
                "--node" => options.nodes.push(executable(&value)?),
                "--beam-node" => options.nodes.push(Executable { one_caller: true, ..executable(&value)? }),
                "--rounds" => options.rounds = count(&option, &value)?,
                "--messages" => options.messages = count(&option, &value)?,
                "--big" => options.big = count(&option, &value)?,
                "--starts" => options.starts = count(&option, &value)?,
                "--saturate" => options.saturate_for = time(&option, &value)?,
                "--glance" => options.glance = time(&option, &value)?,
                "--growth" => options.growth = Some(executable(&format!("many={value}"))?),
                "--only" => options.only = names(&value),
                "--fleet" => program = Some(value.into()),
                "--fleet-of" => of = names(&value),
                "--fleet-size" => size = count(&option, &value)?,
                "--many-node" => options.many.push(executable(&value)?),
                "--big-node" => options.big_nodes.push(executable(&value)?),
                "--transfer" => options.transfer = count(&option, &value)?,
                "--line" => options.line = Some(count(&option, &value)? as u64),
                "--otp" => {
                    let (name, command) = pair(&value)?;
                    options.releases.push((name, words(&command)));
                }
                "--flags" => options.flags = words(&value),
                "--codec" => options.codec = Some(value.into()),
                "--about" => options.about.push(pair(&value)?),
                "--command" => options.command = value,
                "--left-out" => options.left_out.push(value),
                "--report" => options.report = Some(value.into()),
                _ => return Err(format!("{option} is no option")),
            }
        }
        if options.nodes.is_empty() {
            return Err("there is no --node".into());
        }
        if let Some(part) = options.only.iter().find(|part| !PARTS.contains(&part.as_str())) {
            return Err(format!("{part} is none of {}", PARTS.join(", ")));
        }
        if let Some(name) = of.iter().find(|name| options.nodes.iter().all(|node| node.name != **name)) {
            return Err(format!("no --node is called {name}"));
        }
        if of.is_empty() {
            of.push(options.nodes[0].name.clone());
        }
        options.fleet = program.map(|program| Fleet { program, of, size });
        Ok(options)
    }
}

fn executable(value: &str) -> Result<Executable, String> {
    let (name, path) = value.split_once('=').ok_or_else(|| format!("{value} is not NAME=PATH"))?;
    let path = std::path::absolute(path).map_err(|error| format!("{path}: {error}"))?;
    if !path.is_file() {
        return Err(format!("{} is no file", path.display()));
    }
    Ok(Executable::new(name, path))
}

fn pair(value: &str) -> Result<(String, String), String> {
    let (name, text) = value.split_once('=').ok_or_else(|| format!("{value} is not NAME=TEXT"))?;
    Ok((name.into(), text.into()))
}

fn words(value: &str) -> Vec<String> {
    value.split_whitespace().map(str::to_owned).collect()
}

fn names(value: &str) -> Vec<String> {
    value.split(',').map(|name| name.trim().to_owned()).collect()
}

fn count(option: &str, value: &str) -> Result<usize, String> {
    let count = value.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("{option} needs a whole number from 1, not {value}"))
}

fn time(option: &str, value: &str) -> Result<Duration, String> {
    match nodex_core::duration::parse(value) {
        Ok(Duration::ZERO) => Err(format!("{option} needs more time than none")),
        result => result.map_err(|error| format!("{option}: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(arguments: &[&str]) -> Result<Options, String> {
        Options::parse(arguments.iter().map(ToString::to_string))
    }

    #[test]
    fn an_executable_has_to_be_there() {
        let options = parse(&["--node", "a=/proc/self/exe", "--saturate", "500ms"]).expect("options");
        assert_eq!(options.nodes[0].name, "a");
        assert_eq!(options.saturate_for, Duration::from_millis(500));
        assert!(options.does("raw") && options.fleet.is_none());
        let options =
            parse(&["--only", "raw, host", "--fleet", "/fleet", "--node", "a=/proc/self/exe"]).expect("options");
        assert!(options.does("host") && !options.does("fleet"));
        assert_eq!(options.fleet.expect("a fleet").of, ["a"]);
        assert!(parse(&["--node", "a=/nowhere"]).is_err());
        assert!(parse(&["--node", "/proc/self/exe"]).is_err());
    }

    #[test]
    fn mistakes_are_errors() {
        let node = ["--node", "a=/proc/self/exe"];
        let part = [node[0], node[1], "--only", "raw,cooked"];
        let fleet = [node[0], node[1], "--fleet", "/fleet", "--fleet-of", "b"];
        for arguments in [&[][..], &["--rounds"], &["--rounds", "0"], &["--quick", "1"], &part, &fleet] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
