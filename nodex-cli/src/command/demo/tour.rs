//! The parts of the tour.

use std::{
    env,
    path::{Path, PathBuf},
    process::ExitCode,
    time::{Duration, Instant},
};

use nodex_core::{
    error::Chain,
    node::{RpcError, Subscription},
    term,
    term::Term,
};
use nodex_host::{
    Cnode, CnodeBuilder, CnodeEvent, Distributed, EpmdMode, EventKind, Events, Restart,
    distributed::random_cookie,
    process::Stream,
    supervisor::{Change, Ended, Supervised, SupervisorEvent},
};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::{measure, node, printer::Printer};
use crate::{
    failure::{Code, Failure},
    options::Global,
    output::{Screen, duration},
};

/// How long each step of the tour may take, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

pub(super) async fn run(exe: Option<PathBuf>, calls: u64, global: &Global) -> Result<ExitCode, Failure> {
    let printer = Printer { screen: Screen::new(global.quiet), global };
    let net = Distributed::builder("demo").cookie(random_cookie()?).epmd(EpmdMode::Embedded).up().await?;
    printer.talk("epmd", format_args!("embedded, on 127.0.0.1:{}", net.epmd_port()));
    printer.talk("host", format_args!("{}, a hidden node in this program", net.node().name()));

    let events = Events::new(1024);
    let mut lines = events.subscribe();
    let own = exe.is_none();
    let (options, shown) = executable(exe)?;
    let options = options.sname("calc").events(&events).spawn_inactive_timeout(PATIENCE);
    let supervised = options.restart(Restart::permanent());
    let mut changes = supervised.subscribe();
    let node = supervised.spawn(&net).await.map_err(|error| Failure::from(&*error))?;
    let cnode = node.up(PATIENCE).await?;
    printer.talk("node", format_args!("{shown}, process {}", cnode.pid().unwrap_or_default()));

    printer.part("a node starts and says so")?;
    show_lines(printer, &mut lines).await?;
    printer.part("it answers messages")?;
    show_calls(printer, &cnode).await?;
    if own {
        show_more_calls(printer, &net, &cnode).await?;
        printer.part("a handler that crashes costs its own call, and nothing else")?;
        show_crash(printer, &cnode).await?;
    }
    printer.part("it is killed, and its supervisor starts it again")?;
    show_restart(printer, &node, &cnode, &mut changes).await?;
    measure::show(printer, &node.up(PATIENCE).await?, calls).await?;

    let asked = Instant::now();
    node.stop().await;
    printer.screen.talk("");
    let took = duration(asked.elapsed());
    printer.talk("end", format_args!("stopped, {took} after it was asked to; nothing is left of it"));
    net.down().await;
    Ok(ExitCode::SUCCESS)
}

/// Returns the executable that was asked for, or this one.
fn executable(exe: Option<PathBuf>) -> Result<(CnodeBuilder, String), Failure> {
    if let Some(exe) = exe {
        return Ok((Cnode::builder(&exe), shown(&exe)));
    }
    let this = env::current_exe()?;
    Ok((Cnode::builder(&this).leading_arg(node::COMMAND), format!("{} {}", shown(&this), node::COMMAND)))
}

/// Returns a path as short as it is understood here.
fn shown(path: &Path) -> String {
    let here = env::current_dir().unwrap_or_default();
    path.strip_prefix(here).unwrap_or(path).display().to_string()
}

/// What the node printed up to its ready line.
async fn show_lines(printer: Printer<'_>, lines: &mut Subscription<CnodeEvent>) -> Result<(), Failure> {
    let out = printer.screen.out;
    while let Some(event) = lines.next().await {
        match event.kind {
            EventKind::Line(line) => {
                let data = json!({ "step": "line", "stream": line.stream.name(), "text": line.text() });
                match line.stream {
                    Stream::Stdout => printer.line(&line, data)?,
                    Stream::Stderr => printer.line(out.bad(&line), data)?,
                }
            }
            EventKind::Ready { after } => {
                let data = json!({ "step": "ready", "milliseconds": after.as_secs_f64() * 1e3 });
                printer.line(out.dim(format!("({} after its start)", duration(after))), data)?;
            }
            EventKind::Connected => break,
            _ => {}
        }
    }
    Ok(())
}

/// Plain messages of many kinds; the last is one that the node does not know.
async fn show_calls(printer: Printer<'_>, cnode: &Cnode) -> Result<(), Failure> {
    let calls = [
        term!({ping, <<"hello">>}),
        term!({ping, #{joe => [1, 2.5, nil]}}),
        term!({ping, 12345678901234567890_i128}),
        term!({no_such_function, 1}),
    ];
    for call in calls {
        plain(printer, cnode, &call).await?;
    }
    Ok(())
}

async fn plain(printer: Printer<'_>, cnode: &Cnode, call: &Term) -> Result<(), Failure> {
    let asked = Instant::now();
    let answer: Term = cnode.request_timeout(call, PATIENCE).await?;
    Ok(printer.call("message", &printer.text(call, usize::MAX), &answer, asked.elapsed())?)
}

async fn gen_call(printer: Printer<'_>, cnode: &Cnode, call: &Term) -> Result<(), Failure> {
    let asked = Instant::now();
    let answer: Term = cnode.call(call, PATIENCE).await?;
    Ok(printer.call("GenServer.call", &printer.text(call, usize::MAX), &answer, asked.elapsed())?)
}

/// What a C node cannot be asked: calls, errors with types, functions.
async fn show_more_calls(printer: Printer<'_>, net: &Distributed, cnode: &Cnode) -> Result<(), Failure> {
    gen_call(printer, cnode, &term!({add, 20, 22})).await?;
    let max = i64::MAX;
    gen_call(printer, cnode, &term!({add, (max), 1})).await?;
    gen_call(printer, cnode, &term!({add, 20, <<"22">>})).await?;
    let asked = Instant::now();
    let answer: Result<Term, RpcError> = net.node().rpc(cnode.node(), "calc", "add", &[&1, &2], PATIENCE).await;
    let answer = answer.map_err(|error| Failure::new(Code::PeerError, Chain(&error)))?;
    Ok(printer.call(":rpc.call", "calc.add(1, 2)", &answer, asked.elapsed())?)
}

async fn show_crash(printer: Printer<'_>, cnode: &Cnode) -> Result<(), Failure> {
    gen_call(printer, cnode, &term!({crash, <<"on purpose">>})).await?;
    gen_call(printer, cnode, &term!({add, 1, 1})).await
}

/// Kills it and waits until it is there again.
async fn show_restart(
    printer: Printer<'_>,
    node: &Supervised,
    cnode: &Cnode,
    changes: &mut Subscription<SupervisorEvent>,
) -> Result<(), Failure> {
    let out = printer.screen.out;
    let Some(pid) = cnode.pid() else { return Ok(()) };
    // The events of the start have been told.
    let mut up = false;
    while !up {
        match changes.next().await.map(|event| event.change) {
            Some(Change::Up { .. }) => up = true,
            Some(_) => {}
            None => return Err(ended(node).await),
        }
    }
    let killed = Instant::now();
    if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
        kill_process(pid, Signal::KILL).map_err(std::io::Error::from)?;
    }
    printer.line(format_args!("{} kill -9 {pid}", out.dim("$")), json!({ "step": "kill", "pid": pid }))?;
    loop {
        match changes.next().await.map(|event| event.change) {
            Some(Change::Down { down, .. }) => {
                let after = duration(killed.elapsed());
                let data = json!({ "step": "down", "reason": Chain(&down).to_string() });
                printer.line(
                    format_args!("{}    {down}, seen after {after}", out.bad("down"), down = Chain(&down)),
                    data,
                )?;
            }
            Some(Change::Up { pid, .. }) => {
                let (pid, after) = (pid.unwrap_or_default(), killed.elapsed());
                let data = json!({ "step": "up", "pid": pid, "milliseconds": after.as_secs_f64() * 1e3 });
                printer.line(format_args!("{}      process {pid}, after {}", out.good("up"), duration(after)), data)?;
                break;
            }
            Some(Change::Ended(ended)) => return Err(Failure::new(Code::GaveUp, Chain(&ended))),
            Some(_) => {}
            None => return Err(ended(node).await),
        }
    }
    plain(printer, &node.up(PATIENCE).await?, &term!({ping, again})).await
}

async fn ended(node: &Supervised) -> Failure {
    let ended: Ended = node.ended().await;
    Failure::new(Code::GaveUp, Chain(&ended))
}
