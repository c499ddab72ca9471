//! A Rust host that calls a node so many times: what is counted of it, by valgrind, strace or the kernel, is the cost of its
//! calls.
//!
//! Arguments: a node executable, `request` or `call`, how many call at once, how many calls in all, how many threads the
//! runtime has besides the main one (default: none), and how many threads of the node drive connections (default: that of a
//! host). Prints one line, in tab-separated columns: the calls, and for the host
//! and for the node how often a thread has waited and how often it was made to.

use std::{fs, process::ExitCode, time::Duration};

use nodex_core::{atom, protocol::Cookie, term::Atom};
use nodex_host::{Cnode, CnodeBuilder, Distributed, EpmdMode};
use tokio::runtime::{Builder, Runtime};

/// What goes wrong, in words.
type Result<T> = std::result::Result<T, String>;

/// Patience with a machine that is busy, and with a host that valgrind runs.
const PATIENCE: Duration = Duration::from_secs(300);

/// How nodes are called.
#[derive(Debug, Clone, Copy)]
enum Form {
    Request,
    Call,
}

struct Plan {
    executable: String,
    form: Form,
    callers: usize,
    calls: usize,
    threads: usize,
    readers: Option<usize>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some(plan) = plan(&arguments) else {
        eprintln!("usage: host_calls <executable> request|call <callers> <calls> [<threads> [<readers>]]");
        return ExitCode::from(2);
    };
    match runtime(plan.threads).and_then(|runtime| runtime.block_on(run(&plan))) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn plan(arguments: &[String]) -> Option<Plan> {
    let [executable, form, callers, calls, more @ ..] = arguments else { return None };
    let form = match form.as_str() {
        "request" => Form::Request,
        "call" => Form::Call,
        _ => return None,
    };
    let (threads, readers) = match more {
        [] => (0, None),
        [threads] => (threads.parse().ok()?, None),
        [threads, readers] => (threads.parse().ok()?, Some(readers.parse().ok()?)),
        _ => return None,
    };
    let callers = callers.parse().ok().filter(|callers| *callers > 0)?;
    Some(Plan { executable: executable.clone(), form, callers, calls: calls.parse().ok()?, threads, readers })
}

fn runtime(threads: usize) -> Result<Runtime> {
    let mut runtime = match threads {
        0 => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    runtime.worker_threads(threads.max(1)).enable_all().build().map_err(|error| format!("no runtime: {error}"))
}

async fn run(plan: &Plan) -> Result<()> {
    let cookie = Cookie::new("bench_cookie").map_err(|error| error.to_string())?;
    let net = Distributed::builder("caller").cookie(cookie).epmd(EpmdMode::Private);
    let net = match plan.readers {
        Some(readers) => net.node(|node| node.readers(readers)),
        None => net,
    };
    let net = net.up().await;
    let net = net.map_err(|error| format!("no host: {error}"))?;
    let builder = CnodeBuilder::new(&plan.executable).spawn_inactive_timeout(PATIENCE).connect_timeout(PATIENCE);
    let cnode = builder.spawn(&net).await.map_err(|error| format!("no node: {error}"))?;
    let node = cnode.pid().ok_or("a node without a process")?;

    let before = [waits(std::process::id())?, waits(node)?];
    let callers: Vec<_> = (0..plan.callers)
        .map(|caller| {
            let calls = plan.calls / plan.callers + usize::from(caller < plan.calls % plan.callers);
            tokio::spawn(call(cnode.clone(), plan.form, calls))
        })
        .collect();
    for caller in callers {
        caller.await.map_err(|error| error.to_string())??;
    }
    let after = [waits(std::process::id())?, waits(node)?];
    let [host, node] = [0, 1].map(|process| [0, 1].map(|kind| after[process][kind] - before[process][kind]));
    println!("{}\t{}\t{}\t{}\t{}", plan.calls, host[0], host[1], node[0], node[1]);
    cnode.stop().await;
    net.down().await;
    Ok(())
}

async fn call(cnode: Cnode, form: Form, calls: usize) -> Result<()> {
    for _ in 0..calls {
        let message = (atom!("ping"), "hello");
        let answer = match form {
            Form::Request => cnode.request_timeout(message, PATIENCE).await,
            Form::Call => cnode.call(message, PATIENCE).await,
        };
        let (pong, text): (Atom, String) = answer.map_err(|error| error.to_string())?;
        if pong != "pong" || text != "hello" {
            return Err(format!("the answer to a ping was {pong} {text}"));
        }
    }
    Ok(())
}

/// How often the threads of a process have waited, and how often another one was run in their place.
fn waits(process: u32) -> Result<[u64; 2]> {
    let tasks = format!("/proc/{process}/task");
    let tasks = fs::read_dir(&tasks).map_err(|error| format!("{tasks}: {error}"))?;
    let mut all = [0; 2];
    // A thread may end while it is inspected.
    for status in tasks.flatten().filter_map(|task| fs::read_to_string(task.path().join("status")).ok()) {
        for (count, name) in all.iter_mut().zip(["voluntary_ctxt_switches:", "nonvoluntary_ctxt_switches:"]) {
            let value =
                status.lines().find_map(|line| line.strip_prefix(name)).and_then(|value| value.trim().parse().ok());
            *count += value.unwrap_or(0_u64);
        }
    }
    Ok(all)
}
