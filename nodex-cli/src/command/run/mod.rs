//! `nodex run`: one executable, supervised.

mod names;
mod options;
mod show;
mod stop;

use std::{
    pin::pin,
    process::ExitCode,
    time::{Duration, Instant},
};

use nodex_core::{error::Chain, node::Subscription, term::RawTerm};
use nodex_host::{
    CnodeEvent, Distributed, EventKind, Events,
    supervisor::{Change, Ended, Supervised, SupervisedBuilder, SupervisorEvent},
};
use tokio::time::timeout;

pub(crate) use options::Args;
use show::Show;
use stop::{Stop, Wanted};

use crate::{
    failure::{Code, Failure},
    lifetime::{self, print_until},
    options::Global,
    output::Screen,
    terms::{Answer, AnswerJson, argument, micros},
};

/// Events that the screen may lag behind.
const WAITING: usize = 4096;

pub(crate) fn run(args: Args, global: &Global) -> Result<ExitCode, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let mut stop = Stop::new()?;
        let net = options::host(global).await?;
        let result = match &args.call {
            Some(call) => ask(&args, call, &net, global, &mut stop).await,
            None => supervise(&args, &net, global, &mut stop).await,
        };
        net.down().await;
        result
    })
}

/// One answer and out.
async fn ask(
    args: &Args,
    call: &str,
    net: &Distributed,
    global: &Global,
    stop: &mut Stop,
) -> Result<ExitCode, Failure> {
    let request = argument(call, global)?;
    let options = args.cnode()?;
    let asked = async {
        let cnode = options.spawn(net).await?;
        let asked = Instant::now();
        let reply = async {
            let reply: Result<RawTerm, _> = match args.gen_call {
                true => cnode.call(&request, global.timeout).await,
                false => cnode.request_timeout(&request, global.timeout).await,
            };
            reply.map_err(|error| Failure::from(error).call_hint(args))
        };
        let reply = match args.to {
            Some(_) => reply.await,
            None => names::unless_named(net, cnode.node(), reply).await,
        };
        let took = asked.elapsed();
        let node = cnode.node().clone();
        cnode.stop().await;
        Ok::<_, Failure>((node, reply?, asked, took))
    };
    let (node, reply, asked_at, took) = tokio::select! {
        asked = asked => asked?,
        // The process ends when this is dropped.
        wanted = stop.wanted() => return wanted.end(),
    };
    print_until(asked_at + global.timeout, global);
    lifetime::interrupts(global.json, lifetime::AT_ONCE)?;
    let reply = Answer::new(reply);
    reply.print(Screen::new(global.quiet), global, |reply, value| AnswerJson {
        microseconds: micros(took),
        name: None,
        node: &node,
        reply: Some(reply),
        result: None,
        value,
    })?;
    lifetime::done();
    Ok(reply.exit_code())
}

/// Until it ends for good or is stopped.
async fn supervise(args: &Args, net: &Distributed, global: &Global, stop: &mut Stop) -> Result<ExitCode, Failure> {
    let lines = Events::new(WAITING);
    let supervised: SupervisedBuilder = args.supervised(args.cnode()?.events(&lines), global);
    let screen = Screen::new(global.quiet);
    screen.talk(format_args!(
        "{} {}, {} on port {}",
        screen.err.head("host"),
        net.node().name(),
        if net.has_embedded_epmd() { "an epmd of its own" } else { "epmd" },
        net.epmd_port()
    ));
    let mut watch = Watch {
        lines: lines.subscribe(),
        changes: supervised.subscribe(),
        show: Show::new(screen, global),
        ended: None,
    };
    drop(lines);
    let started = {
        let mut starting = pin!(supervised.spawn(net));
        loop {
            tokio::select! {
                biased;
                // Its end comes last, and then the start has failed.
                shown = watch.next() => drop(shown?),
                started = &mut starting => break Ok(started),
                wanted = stop.wanted() => break Err(wanted),
            }
        }
    };
    let supervised: Supervised = match started {
        Ok(Ok(supervised)) => supervised,
        Ok(Err(error)) => {
            watch.rest().await?;
            return Err(Failure::from(&*error));
        }
        Err(wanted) => {
            // The start was called off with what was dropped.
            watch.stopping(None, args.stop_grace).await?;
            return wanted.end();
        }
    };
    tokio::select! {
        ended = watch.all() => match ended? {
            ended @ Ended::AutoShutdown { .. } if is_good(&ended) => Ok(ExitCode::SUCCESS),
            ended => Err(gave_up(&ended)),
        },
        wanted = stop.wanted() => {
            tokio::select! {
                stopped = watch.stopping(Some(&supervised), args.stop_grace) => stopped?,
                // The second signal means at once: a process that is dropped is killed.
                _ = stop.wanted() => {}
            }
            wanted.end()
        }
    }
}

/// It ended by itself, and well.
fn is_good(ended: &Ended) -> bool {
    use nodex_host::supervisor::Failure as Why;
    matches!(ended, Ended::AutoShutdown { reason: Why::Down(down), .. } if down.is_normal())
}

fn gave_up(ended: &Ended) -> Failure {
    let failure = Failure::new(Code::GaveUp, Chain(&ended));
    match ended {
        Ended::GaveUp { .. } => failure.hint("--max-restarts and --max-seconds say how many are too many"),
        _ => failure,
    }
}

impl Failure {
    fn call_hint(self, args: &Args) -> Failure {
        match args.gen_call {
            false => self.hint("--timeout gives it more time; --gen calls as GenServer.call does"),
            true => self.hint("--timeout gives it more time; without --gen a C node may answer"),
        }
    }
}

/// What happens, and where it is shown.
struct Watch {
    lines: Subscription<CnodeEvent>,
    changes: Subscription<SupervisorEvent>,
    show: Show,
    ended: Option<Ended>,
}

impl Watch {
    /// Shows everything until the supervisor has ended.
    async fn all(&mut self) -> std::io::Result<Ended> {
        loop {
            if let Some(ended) = self.next().await? {
                return Ok(ended);
            }
        }
    }

    /// Shows one event; returns the end of the supervisor.
    async fn next(&mut self) -> std::io::Result<Option<Ended>> {
        if let Some(ended) = &self.ended {
            // There is nothing more to come.
            let ended = ended.clone();
            tokio::task::yield_now().await;
            return Ok(Some(ended));
        }
        tokio::select! {
            biased;
            Some(event) = self.lines.next() => {
                if let EventKind::Line(line) = &event.kind {
                    self.show.line(&event.node, line)?;
                }
            }
            change = self.changes.next() => match change {
                Some(event) => {
                    self.show.change(&event.change)?;
                    if let Change::Ended(ended) = event.change {
                        self.ended = Some(ended);
                    }
                }
                None => self.ended = Some(Ended::RuntimeGone),
            },
        }
        Ok(self.ended.clone())
    }

    /// What is still to be shown of a supervisor that has ended.
    async fn rest(&mut self) -> std::io::Result<()> {
        match timeout(Duration::from_secs(1), self.all()).await {
            Ok(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    /// Stops it and shows how that goes. Without a supervisor it is being stopped already.
    async fn stopping(&mut self, supervised: Option<&Supervised>, grace: Duration) -> std::io::Result<()> {
        let stop = async {
            if let Some(supervised) = supervised {
                supervised.stop().await;
            }
        };
        let limit = grace + Duration::from_secs(5);
        let (_, shown) = tokio::join!(stop, timeout(limit, self.all()));
        match shown {
            Ok(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Wanted {
    /// Returns how the command ends for it.
    fn end(self) -> Result<ExitCode, Failure> {
        match self {
            Wanted::Interrupt => Err(Failure::new(Code::Interrupted, "interrupted")),
            Wanted::Terminate => Ok(ExitCode::SUCCESS),
        }
    }
}
