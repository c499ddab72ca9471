//! `nodex top`: how it is with the nodes of a fleet, again and again.

use std::{
    collections::HashMap,
    io::{self, IsTerminal as _, Write as _, stdout},
    process::ExitCode,
    time::{Duration, Instant},
};

use rustix::termios::tcgetwinsize;
use serde_json::json;

use super::ps::{look, or_dash};
use crate::{
    failure::Failure,
    fleet::{FileArg, FleetInfo, NodeInfo},
    options::Global,
    output::{Screen, Style, Table, bytes, long_duration},
};

#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    file: FileArg,
    /// The time from one list to the next, such as 500ms, 5s
    #[arg(short, long, default_value = "1s", value_name = "TIME", value_parser = nodex_core::duration::parse)]
    interval: Duration,
    /// The number of lists [default: without end on a terminal, otherwise one]
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
}

/// Ctrl-C is how it is ended, and no interruption.
pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::select! {
            result = watch(args, global) => result.map(|()| ExitCode::SUCCESS),
            result = tokio::signal::ctrl_c() => Ok(result.map(|()| ExitCode::SUCCESS)?),
        }
    })
}

async fn watch(args: Args, global: &Global) -> Result<(), Failure> {
    let screen = Screen::new(global.quiet);
    let mut spent = Spent::default();
    // The first look is only there to compare the next one with.
    spent.look(look(&args.file, global).await?.1);
    let on_screen = stdout().is_terminal() && !global.json;
    let terminal = on_screen.then(Terminal::enter).transpose()?;
    let count = args.count.unwrap_or(if on_screen { u32::MAX } else { 1 });
    for _ in 0..count {
        tokio::time::sleep(args.interval.max(Duration::from_millis(50))).await;
        let (fleet, nodes) = look(&args.file, global).await?;
        let nodes = spent.look(nodes);
        if global.json {
            let nodes: Vec<_> = nodes.iter().map(|(node, part)| with_part(node, *part)).collect();
            screen.json(json!({ "fleet": fleet, "nodes": nodes }))?;
        } else {
            let lines = lines(fleet.as_ref(), &nodes);
            match &terminal {
                Some(terminal) => terminal.show(&lines)?,
                None => lines.into_iter().try_for_each(|(line, _)| screen.data(line))?,
            }
        }
    }
    Ok(())
}

fn with_part(node: &NodeInfo, part: Option<f64>) -> serde_json::Value {
    let mut json = json!(node);
    json["cpu_percent"] = json!(part.map(|part| (part * 1000.0).round() / 10.0));
    json
}

/// How much processor time each process had spent, and when.
#[derive(Default)]
struct Spent(HashMap<u32, (u64, Instant)>);

impl Spent {
    /// Returns the nodes with the part of a processor that each took since the last look.
    fn look(&mut self, nodes: Vec<NodeInfo>) -> Vec<(NodeInfo, Option<f64>)> {
        let now = Instant::now();
        let mut next = HashMap::new();
        let part = |node: &NodeInfo| {
            let (pid, cpu) = (node.pid?, node.cpu_ms?);
            next.insert(pid, (cpu, now));
            let (before, then) = self.0.get(&pid)?;
            let passed = now.duration_since(*then).as_secs_f64() * 1000.0;
            Some(cpu.saturating_sub(*before) as f64 / passed.max(1.0))
        };
        let parts: Vec<_> = nodes.iter().map(part).collect();
        self.0 = next;
        nodes.into_iter().zip(parts).collect()
    }
}

/// What a line is about, which is how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Fleet,
    Heading,
    /// A node that is up.
    Up,
    /// One that is not.
    Down,
}

fn lines(fleet: Option<&FleetInfo>, nodes: &[(NodeInfo, Option<f64>)]) -> Vec<(String, Kind)> {
    let mut table = Table::new(&["name", "state", "pid", "uptime", "restarts", "cpu", "memory", "last cause"]);
    for (node, part) in nodes {
        table.row([
            node.name.to_string(),
            node.state.to_string(),
            or_dash(node.pid),
            or_dash(node.uptime_ms.map(Duration::from_millis).map(long_duration)),
            node.restarts.to_string(),
            or_dash(part.map(|part| format!("{:.1} %", part * 100.0))),
            or_dash(node.memory_bytes.map(bytes)),
            or_dash(node.last_cause.as_ref()),
        ]);
    }
    let about = fleet.map(|fleet| {
        let uptime = long_duration(Duration::from_millis(fleet.uptime_ms));
        let up = nodes.iter().filter(|(node, _)| node.state.is("up")).count();
        let about =
            format!("{}: {}, {up} of {} up, host {}, for {uptime}", fleet.file, fleet.state, nodes.len(), fleet.host);
        (about, Kind::Fleet)
    });
    let kinds = nodes.iter().map(|(node, _)| if node.state.is("up") { Kind::Up } else { Kind::Down });
    about.into_iter().chain(table.lines().into_iter().zip([Kind::Heading].into_iter().chain(kinds))).collect()
}

/// The other screen of the terminal, left again in any case.
struct Terminal {
    style: Style,
}

impl Terminal {
    fn enter() -> io::Result<Terminal> {
        write!(stdout(), "\x1b[?1049h\x1b[?25l")?;
        stdout().flush()?;
        Ok(Terminal { style: Style::of_stdout() })
    }

    /// As much as fits.
    fn show(&self, lines: &[(String, Kind)]) -> io::Result<()> {
        let size = tcgetwinsize(stdout()).ok().filter(|size| size.ws_col > 0 && size.ws_row > 0);
        let (columns, rows) = size.map_or((80, 24), |size| (usize::from(size.ws_col), usize::from(size.ws_row)));
        let mut text = String::from("\x1b[H");
        for (line, kind) in lines.iter().take(rows.saturating_sub(1)) {
            let line: String = line.chars().take(columns).collect();
            let line = match kind {
                Kind::Fleet => self.style.dim(line),
                Kind::Heading => self.style.head(line),
                Kind::Up => self.style.plain(line),
                Kind::Down => self.style.bad(line),
            };
            text.push_str(&format!("{line}\x1b[K\r\n"));
        }
        text.push_str("\x1b[J");
        stdout().write_all(text.as_bytes())?;
        stdout().flush()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = write!(stdout(), "\x1b[?25h\x1b[?1049l");
        let _ = stdout().flush();
    }
}
