//! A BEAM that executes commands (`parts/nodex_calls.erl`), and the nodes that it calls.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Lines, Write},
    net::IpAddr,
    path::PathBuf,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use super::{aloud, handshake::COOKIE, host::Reaped};

const MODULE: &str = include_str!("nodex_calls.erl");

/// The name of the BEAM that calls, without its host.
const CALLER: &str = "bench";

/// Compiles the module, whose text is in the environment, and goes on there: a BEAM in a system of its own sees no files
/// of this one.
const EVAL: &str = "\
Parse = fun Parse(Text, Line) -> case erl_scan:tokens([], Text, Line) of \
{done, {ok, Tokens, Next}, Rest} -> {ok, Form} = erl_parse:parse_form(Tokens), [Form | Parse(Rest, Next)]; \
_ -> [] end end, \
{ok, M, Code} = compile:forms(Parse(os:getenv(\"NODEX_CALLS\"), 1)), \
{module, M} = code:load_binary(M, \"nodex_calls\", Code), M:main(init:get_plain_arguments()).";

/// Where a shell would find `erl`.
pub(crate) fn erl() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join("erl")).find(|erl| erl.is_file())
}

/// What a BEAM and its nodes are started in.
#[derive(Debug, Clone)]
pub(crate) struct Surroundings {
    /// The address of the BEAM that calls, and the host part of all names.
    pub(crate) host: IpAddr,
    /// The port of the epmd that knows this BEAM, if it is not the usual one.
    pub(crate) epmd: Option<u16>,
    /// What runs a program where the BEAM is that calls, and where the nodes are.
    pub(crate) before: [Vec<String>; 2],
    /// What starts a BEAM, and with which flags.
    pub(crate) erl: Vec<String>,
    pub(crate) flags: Vec<String>,
}

impl Surroundings {
    /// On this machine, over loopback.
    pub(crate) fn loopback(epmd: u16, erl: Vec<String>, flags: Vec<String>) -> Self {
        Surroundings {
            host: std::net::Ipv4Addr::LOCALHOST.into(),
            epmd: Some(epmd),
            before: [Vec::new(), Vec::new()],
            erl,
            flags,
        }
    }

    fn command(&self, side: usize, program: &[&OsStr]) -> Command {
        let before = self.before[side].iter().map(OsStr::new);
        let mut words = before.chain(program.iter().copied());
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words);
        match self.epmd {
            Some(port) => command.env("ERL_EPMD_PORT", port.to_string()),
            None => command.env_remove("ERL_EPMD_PORT"),
        };
        command.env("ERL_CRASH_DUMP_BYTES", "0").env("NODEX_CALLS", MODULE);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// A BEAM of this name; `interactive` if it reads its stdin.
    fn beam(&self, side: usize, name: &str, interactive: bool, arguments: &[&str]) -> Command {
        let mut command = self.command(side, &self.erl.iter().map(OsStr::new).collect::<Vec<_>>());
        command.args([if interactive { "-noshell" } else { "-noinput" }, "+Bd", "-connect_all", "false"]);
        command.args(&self.flags).args(["-name", &format!("{name}@{}", self.host), "-setcookie", COOKIE]);
        command.args(["-start_epmd", "false"]);
        if self.host.is_loopback() {
            command.args(["-kernel", "inet_dist_use_interface", "{127,0,0,1}"]);
        }
        command.args(["-eval", EVAL, "-extra"]).args(arguments);
        command
    }
}

/// The BEAM that calls.
pub(crate) struct Beam {
    child: Reaped,
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    surroundings: Surroundings,
    /// Nodes started so far: each has a name of its own.
    nodes: usize,
    /// Its release.
    pub(crate) release: String,
}

impl Beam {
    pub(crate) fn start(surroundings: &Surroundings) -> Result<Beam, String> {
        let mut child = spawn(&mut surroundings.beam(0, CALLER, true, &[]))?;
        let stdin = child.0.stdin.take().ok_or("a BEAM without stdin")?;
        let lines = lines(&mut child.0)?;
        let mut beam =
            Beam { child, stdin, lines, surroundings: surroundings.clone(), nodes: 0, release: String::new() };
        beam.release = beam.answer("up")?.pop().unwrap_or_default();
        Ok(beam)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// Executes a command, and returns the columns after `expected`.
    pub(crate) fn ask(&mut self, command: &str, expected: &str) -> Result<Vec<String>, String> {
        writeln!(self.stdin, "{command}").map_err(|error| format!("the BEAM that calls: {error}"))?;
        self.answer(expected)
    }

    fn answer(&mut self, expected: &str) -> Result<Vec<String>, String> {
        loop {
            let line = self.lines.next().ok_or("the BEAM that calls has ended")?;
            let line = line.map_err(|error| format!("the BEAM that calls: {error}"))?;
            let mut columns = line.split('\t').map(str::to_owned);
            let first = columns.next().unwrap_or_default();
            if first == expected {
                return Ok(columns.collect());
            }
            if first == "failed" {
                return Err(columns.next().unwrap_or_default());
            }
            // A report of an error, which a BEAM prints there.
            eprintln!("{line}");
        }
    }

    /// Starts an executable with the four arguments, or another BEAM, and waits for its ready line.
    pub(crate) fn start_node(&mut self, program: &Program<'_>) -> Result<Started, String> {
        self.nodes += 1;
        let alive = format!("n{}", self.nodes);
        let host = self.surroundings.host.to_string();
        let name = format!("{alive}@{host}");
        let mut command = match program {
            Program::Executable(path) => {
                let mut command = self.surroundings.command(1, &[path.as_os_str()]);
                command.args([&alive, &host, COOKIE, CALLER]);
                command
            }
            Program::Beam => self.surroundings.beam(1, &alive, false, &["remote", &format!("{CALLER}@{host}")]),
        };
        let mut child = spawn(&mut command)?;
        for line in lines(&mut child.0)? {
            if line.map_err(|error| error.to_string())?.ends_with(" ready") {
                return Ok(Started { child, name });
            }
        }
        Err("it printed no ready line".to_owned())
    }
}

/// What a BEAM calls.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Program<'a> {
    Executable(&'a std::path::Path),
    Beam,
}

/// A node that is connected with the BEAM that calls.
pub(crate) struct Started {
    child: Reaped,
    pub(crate) name: String,
}

impl Started {
    pub(crate) fn pid(&self) -> u32 {
        self.child.0.id()
    }
}

fn spawn(command: &mut Command) -> Result<Reaped, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = Reaped(command.spawn().map_err(|error| format!("{program} does not start: {error}"))?);
    aloud::pass_on(&mut child.0).map_err(|error| error.to_string())?;
    Ok(child)
}

fn lines(child: &mut Child) -> Result<Lines<BufReader<ChildStdout>>, String> {
    Ok(BufReader::new(child.stdout.take().ok_or("a program without stdout")?).lines())
}
