//! The life of a fleet: from the file to the last process that is gone.

use std::{
    path::Path,
    process::{self, ExitCode},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use nodex_core::{error::Chain, node::CookieSource};
use nodex_host::{
    Distributed, Events, Supervisor,
    process::reap_strays,
    supervisor::{Ended, StartSupervisorError},
};
use tokio::{runtime::Handle, sync::watch, task::JoinHandle, time::timeout};

use super::{
    board::{Board, millis},
    claim::{Claim, ClaimError},
    file::Fleet,
    notify,
    place::places,
    server::{self, Control},
    signals::{Wish, Wishes},
    teller::Teller,
    wire::FleetInfo,
};
use crate::{
    failure::{Code, Failure},
    options::Global,
    output::{Screen, Untrusted},
};

/// Events and lines that wait to be told.
const WAITING: usize = 4096;

/// How long those may take who still have to hear of the end.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How many threads take in what nodes do.
const MIN_WORKERS: usize = 2;
const MAX_WORKERS: usize = 4;

const STATES: [&str; 3] = ["starting", "up", "stopping"];

pub(crate) fn up(fleet: Fleet, global: &Global) -> Result<ExitCode, Failure> {
    if process::id() == 1 {
        reap_strays().map_err(|error| Failure::new(Code::PeerError, Chain(&error)))?;
    }
    // What nodes print, send and answer is taken in on threads of their own. This one only decides and tells, so that no
    // node can keep it from the others, from signals and from those who ask.
    let workers =
        thread::available_parallelism().map_or(MIN_WORKERS, |count| count.get().clamp(MIN_WORKERS, MAX_WORKERS));
    let mut nodes = tokio::runtime::Builder::new_multi_thread();
    let nodes = nodes.worker_threads(workers).thread_name("nodex-nodes").enable_all().build()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let result = runtime.block_on(run(fleet, global, nodes.handle()));
    nodes.shutdown_background();
    result
}

async fn run(fleet: Fleet, global: &Global, nodes: &Handle) -> Result<ExitCode, Failure> {
    // First of all, so that no signal ends this process while something of it is there.
    let wishes = Wishes::watch()?;
    let screen = Screen::new(global.quiet);
    let path = fleet.path.clone();
    let claim = Claim::take(&path, &places(&path, fleet.control_dir())).map_err(|error| claim_failure(&error))?;
    if claim.replaced {
        screen.talk("the last nodex up of this fleet ended without cleaning up: its control socket is replaced");
    }
    let net = tokio::select! {
        net = host(&fleet, global, nodes) => net?,
        wish = wishes.wait() => return ending(wish),
    };
    let names = fleet.names();
    let showing = fleet.shows_cookie().await;
    if !showing.is_empty() {
        screen.talk(format_args!(
            "the cookie is in the arguments of {}, where every user of this machine can read it: not known to be built with \
             nodex",
            showing.join(", ")
        ));
    }
    screen.talk(format_args!(
        "{}: {} of {}, host {}, control socket {}",
        path.display(),
        if names.len() == 1 { "1 node".to_owned() } else { format!("{} nodes", names.len()) },
        fleet.strategy_name(),
        net.node().name(),
        claim.path().display()
    ));
    let result = Running::start(fleet, global, &net, &claim, &wishes)?.until_the_end().await;
    net.down().await;
    drop(claim);
    result
}

/// Returns the host's own node.
async fn host(fleet: &Fleet, global: &Global, nodes: &Handle) -> Result<Distributed, Failure> {
    let mut builder = fleet.host();
    if let Some(file) = global.cookie_file.clone().or_else(|| fleet.cookie_file()) {
        let cookie = CookieSource::with_file(file).read();
        builder = builder.cookie(cookie.map_err(|error| Failure::new(Code::Refused, Chain(&error)))?);
    }
    let up = nodes.spawn(builder.up()).await;
    up.map_err(|error| Failure::new(Code::PeerError, error))?
        .map_err(|error| Failure::from(error).hint("name and epmd in [host] choose another name and another epmd"))
}

fn claim_failure(error: &ClaimError) -> Failure {
    match error {
        ClaimError::Running { file, .. } => Failure::new(Code::Refused, Chain(&error))
            .hint(format!("nodex ps -f {0} shows it, nodex stop -f {0} stops it", file.display())),
        ClaimError::NoPlace { .. } => Failure::new(Code::Refused, Chain(&error))
            .hint("control_dir in [host] names another folder for it, and so does XDG_RUNTIME_DIR"),
    }
}

fn ending(wish: Wish) -> Result<ExitCode, Failure> {
    match wish {
        Wish::Interrupt => Err(Failure::new(Code::Interrupted, "interrupted")),
        Wish::Terminate | Wish::Asked => Ok(ExitCode::SUCCESS),
    }
}

/// A fleet between its start and its end.
struct Running<'a> {
    screen: Screen,
    net: &'a Distributed,
    wishes: &'a Wishes,
    control: Arc<Control>,
    state: Arc<AtomicU8>,
    supervisor: watch::Sender<Option<Supervisor>>,
    over: watch::Sender<bool>,
    /// What tells the events and lines.
    telling: JoinHandle<()>,
    builder: nodex_host::supervisor::SupervisorBuilder,
}

impl<'a> Running<'a> {
    fn start(
        fleet: Fleet,
        global: &Global,
        net: &'a Distributed,
        claim: &Claim,
        wishes: &'a Wishes,
    ) -> Result<Running<'a>, Failure> {
        let events = Events::new(WAITING);
        let builder = fleet.supervisor(&events);
        let board = Board::new(fleet.names());
        let (supervisor, is_supervisor) = watch::channel(None);
        let (over, is_over) = watch::channel(false);
        let log_dir = fleet.log_dir();
        let teller = Teller::new(board.clone(), global.json, log_dir.as_deref())
            .map_err(|error| log_failure(log_dir.as_deref(), &error))?;
        let telling = tokio::spawn(teller.run(builder.subscribe(), events.subscribe(), is_supervisor.clone()));
        let state = Arc::new(AtomicU8::new(0));
        let about = about(&fleet.path, net, state.clone());
        let control = Arc::new(Control {
            fleet,
            events,
            board,
            wishes: wishes.clone(),
            supervisor: is_supervisor,
            over: is_over,
            about,
        });
        let listener = claim
            .listen()
            .and_then(tokio::net::UnixListener::from_std)
            .map_err(|error| claim_failure(&ClaimError::NoPlace { path: claim.path(), error }))?;
        tokio::spawn(server::serve(listener, control.clone()));
        Ok(Running {
            screen: Screen::new(global.quiet),
            net,
            wishes,
            control,
            state,
            supervisor,
            over,
            telling,
            builder,
        })
    }

    async fn until_the_end(self) -> Result<ExitCode, Failure> {
        let Running { screen, net, wishes, control, state, supervisor, over, telling, builder } = self;
        let count = control.fleet.names().len();
        let stopping = |wish: &Wish| {
            state.store(2, Ordering::Relaxed);
            notify::stopping("stopping");
            screen.talk(match wish {
                Wish::Interrupt => "stopping; once more to kill what is left",
                Wish::Terminate | Wish::Asked => "stopping",
            });
        };
        // The start is polled first: it cannot be given up before it has begun, so its end is always told.
        let started = tokio::select! {
            biased;
            started = builder.start(net) => Ok(started),
            wish = wishes.wait() => Err(wish),
        };
        let result = match started {
            Err(wish) => {
                stopping(&wish);
                ending(wish)
            }
            Ok(Err(error)) => Err(start_failure(error)),
            Ok(Ok(running)) => {
                state.store(1, Ordering::Relaxed);
                supervisor.send_replace(Some(running.clone()));
                screen.talk(if count == 1 { "the node is up".to_owned() } else { format!("all {count} nodes are up") });
                notify::ready(&format!("{count} up"));
                tokio::select! {
                    ended = running.ended() => ended_failure(&ended),
                    wish = wishes.wait() => {
                        stopping(&wish);
                        match running.stop().await {
                            Ended::Stopped => ending(wish),
                            ended => ended_failure(&ended),
                        }
                    }
                }
            }
        };
        // The end of the events is the end of the last node.
        let _ = telling.await;
        over.send_replace(true);
        // Clients that wait for the end are notified. The server holds one reference, and so does this function.
        let told = async {
            while Arc::strong_count(&control) > 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = timeout(LAST_WORDS, told).await;
        result
    }
}

fn about(file: &Path, net: &Distributed, state: Arc<AtomicU8>) -> Box<dyn Fn() -> FleetInfo + Send + Sync> {
    let (file, host) = (Untrusted::of(file.display()), Untrusted::of(net.node().name()));
    let (epmd_port, since) = (net.epmd_port(), Instant::now());
    Box::new(move || FleetInfo {
        file: file.clone(),
        state: Untrusted::new(STATES[usize::from(state.load(Ordering::Relaxed)) % STATES.len()]),
        host: host.clone(),
        pid: process::id(),
        epmd_port,
        uptime_ms: millis(since.elapsed()),
    })
}

fn log_failure(folder: Option<&Path>, error: &std::io::Error) -> Failure {
    let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
    Failure::new(Code::Usage, format!("the logs cannot be written to {folder}: {error}", error = Chain(&error)))
        .hint("log_dir in [host] names their folder")
}

fn start_failure(error: StartSupervisorError) -> Failure {
    match &error {
        StartSupervisorError::Ended(Ended::StartFailed { child, error }) => {
            Failure::from(&**error).message(format!("{child} did not start: {error}", error = Chain(&error)))
        }
        StartSupervisorError::Ended(ended) => match ended_failure(ended) {
            Err(failure) => failure,
            Ok(_) => Failure::new(Code::GaveUp, Chain(&error)),
        },
        error => Failure::new(Code::Usage, Chain(&error)),
    }
}

fn ended_failure(ended: &Ended) -> Result<ExitCode, Failure> {
    match ended {
        Ended::Stopped => Ok(ExitCode::SUCCESS),
        Ended::GaveUp { child, .. } => {
            Err(Failure::new(Code::GaveUp, format!("the supervisor gave up: {ended}", ended = Chain(&ended))).hint(
                format!("max_restarts and max_seconds in [supervisor] set the limit; see what {child} printed above"),
            ))
        }
        ended => Err(Failure::new(Code::GaveUp, Chain(&ended))),
    }
}
