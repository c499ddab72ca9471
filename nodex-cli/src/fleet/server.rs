//! The server side of the control socket: no input from it disturbs the fleet.

use std::{fmt::Display, io, sync::Arc, time::Duration};

use nodex_core::error::Chain;
use rustix::process::geteuid;
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Semaphore, broadcast, watch},
    time::{sleep, timeout},
};

use super::{
    board::Board,
    file::{Fleet, choice},
    signals::{Wish, Wishes},
    wire::{Ask, FleetInfo, Lines, LogLine, NodeInfo, REQUEST_LIMIT, Refusal, RefusalKind, Reply},
};
use crate::output::Untrusted;
use nodex_host::{
    Events, Supervisor,
    supervisor::{ChildError, StartChildError},
};

/// Connections at the same time.
const CONNECTIONS: usize = 64;

/// How long a request may take to come, and an answer to be taken.
const PATIENCE: Duration = Duration::from_secs(5);

/// The interval of progress messages to a waiting client.
const WORKING: Duration = Duration::from_secs(1);

/// What all connections share.
pub(super) struct Control {
    pub(super) fleet: Fleet,
    pub(super) events: Events,
    pub(super) board: Board,
    pub(super) wishes: Wishes,
    /// Once all nodes have been up.
    pub(super) supervisor: watch::Receiver<Option<Supervisor>>,
    /// Once all is down.
    pub(super) over: watch::Receiver<bool>,
    /// What does not change, and the state.
    pub(super) about: Box<dyn Fn() -> FleetInfo + Send + Sync>,
}

/// Serves until the runtime ends.
pub(super) async fn serve(listener: UnixListener, control: Arc<Control>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                // No descriptors, most likely: some may become free.
                tracing::warn!(error = %Chain(&error), "a control connection cannot be accepted");
                sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(place) = places.clone().try_acquire_owned() else { continue };
        if !may_ask(&stream) {
            continue;
        }
        let control = control.clone();
        tokio::spawn(async move {
            if let Err(error) = converse(stream, control).await {
                tracing::debug!(error = %Chain(&error), "a control connection ended");
            }
            drop(place);
        });
    }
}

/// The owner of the fleet, and the superuser. The modes of folder and socket say the same.
fn may_ask(stream: &UnixStream) -> bool {
    stream.peer_cred().is_ok_and(|peer| peer.uid() == geteuid().as_raw() || peer.uid() == 0)
}

async fn converse(stream: UnixStream, control: Arc<Control>) -> io::Result<()> {
    let mut lines = Lines::new(stream, REQUEST_LIMIT);
    let ask = match timeout(PATIENCE, lines.next()).await? {
        Ok(Some(ask)) => ask,
        Ok(None) => return Ok(()),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => {
            let refusal = Refusal { kind: RefusalKind::BadRequest, message: Untrusted::of(Chain(&error)), hint: None };
            return lines.send(Reply::Error(refusal), PATIENCE).await;
        }
        Err(error) => return Err(error),
    };
    match ask {
        Ask::Ps => {
            lines.send(Reply::Fleet((control.about)()), PATIENCE).await?;
            for node in control.board.nodes() {
                lines.send(Reply::Node(node), PATIENCE).await?;
            }
            lines.send(Reply::Done, PATIENCE).await
        }
        Ask::Logs { name, lines: count, follow } => logs(&mut lines, &control, name.as_deref(), count, follow).await,
        Ask::Restart { name } => {
            for_each(&mut lines, &control, &name, |name| tokio::spawn(restart(control.clone(), name))).await
        }
        Ask::Stop { name: Some(name) } => {
            for_each(&mut lines, &control, &name, |name| tokio::spawn(stop(control.clone(), name))).await
        }
        Ask::Stop { name: None } => {
            control.wishes.wish(Wish::Asked);
            let mut over = control.over.clone();
            let work = tokio::spawn(async move { over.wait_for(|over| *over).await.map(drop).map_err(|_| ended()) });
            // Whoever tells of the end may himself be gone at the end.
            let _ = wait_for(&mut lines, work).await?;
            lines.send(Reply::Done, PATIENCE).await?;
            // Until now the process waits for this.
            drop(control);
            // The end of the connection is the end of the process: then the fleet can be started again.
            lines.disturbed().await;
            Ok(())
        }
    }
}

/// A task that does not depend on the client that has requested it: a node must not stay down because its client is gone.
type Work<T> = tokio::task::JoinHandle<Result<T, Refusal>>;

/// Does something to each node that a name stands for, one after the other, and tells how it is then.
async fn for_each(
    lines: &mut Lines,
    control: &Control,
    name: &str,
    work: impl Fn(String) -> Work<NodeInfo>,
) -> io::Result<()> {
    let names = match known(control, name) {
        Ok(names) => names,
        Err(refusal) => return lines.send(Reply::Error(refusal), PATIENCE).await,
    };
    for name in names {
        match wait_for(lines, work(name)).await? {
            Ok(node) => lines.send(Reply::Node(node), PATIENCE).await?,
            Err(refusal) => return lines.send(Reply::Error(refusal), PATIENCE).await,
        }
    }
    lines.send(Reply::Done, PATIENCE).await
}

async fn wait_for<T>(lines: &mut Lines, mut work: Work<T>) -> io::Result<Result<T, Refusal>> {
    loop {
        match timeout(WORKING, &mut work).await {
            Ok(result) => return Ok(result.unwrap_or_else(|_| Err(ended()))),
            Err(_) => lines.send(Reply::Working, PATIENCE).await?,
        }
    }
}

fn ended() -> Refusal {
    not_now("the fleet is being stopped")
}

fn not_now(message: impl Display) -> Refusal {
    Refusal { kind: RefusalKind::NotNow, message: Untrusted::of(message), hint: None }
}

/// Returns the nodes that a name stands for.
fn known(control: &Control, name: &str) -> Result<Vec<String>, Refusal> {
    let known = control.fleet.named(name);
    if !known.is_empty() {
        return Ok(known);
    }
    let names = control.fleet.all_names();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let message = Untrusted::of(format_args!("there is no node {name} in {}", control.fleet.path.display()));
    Err(Refusal { kind: RefusalKind::NoSuchNode, message, hint: Some(Untrusted::of(choice(name, &names, "it has"))) })
}

fn supervisor(control: &Control) -> Result<Supervisor, Refusal> {
    let supervisor = control.supervisor.borrow().clone();
    supervisor.ok_or_else(|| not_now("not all nodes of the fleet have been started yet"))
}

async fn stop(control: Arc<Control>, name: String) -> Result<NodeInfo, Refusal> {
    match supervisor(&control)?.terminate_child(&name).await {
        // One that is not kept is down.
        Ok(()) | Err(ChildError::NotFound { .. }) => shown(&control, &name, &["stopped", "ended", "gave up"]).await,
        Err(error) => Err(not_now(error)),
    }
}

async fn restart(control: Arc<Control>, name: String) -> Result<NodeInfo, Refusal> {
    let supervisor = supervisor(&control)?;
    let started = match supervisor.terminate_child(&name).await {
        Ok(()) => supervisor.restart_child(&name).await.map(drop),
        Err(error) => Err(error),
    };
    let started = match started {
        // A temporary node is not kept once it is down.
        Err(ChildError::NotFound { .. }) => match control.fleet.child(&name, &control.events) {
            Some(spec) => match supervisor.start_child(spec).await {
                Ok(_) => Ok(()),
                Err(StartChildError::Start { child, error }) => Err(ChildError::Start { child, error }),
                Err(error) => return Err(not_now(error)),
            },
            None => Ok(()),
        },
        started => started,
    };
    match started {
        Ok(()) => shown(&control, &name, &["up"]).await,
        Err(error @ ChildError::Start { .. }) => Err(Refusal {
            kind: RefusalKind::StartFailed,
            message: Untrusted::of(Chain(&error)),
            hint: Some(Untrusted::of(format_args!("nodex logs {name} shows what it printed"))),
        }),
        Err(error) => Err(not_now(error)),
    }
}

/// Returns the node, once the board has heard of what was done. It does so on a way of its own.
async fn shown(control: &Control, name: &str, states: &[&str]) -> Result<NodeInfo, Refusal> {
    for _ in 0..1000 {
        if control.board.node(name).is_some_and(|node| states.iter().any(|state| node.state.is(state))) {
            break;
        }
        sleep(Duration::from_millis(1)).await;
    }
    control.board.node(name).ok_or_else(ended)
}

async fn logs(lines: &mut Lines, control: &Control, name: Option<&str>, count: usize, follow: bool) -> io::Result<()> {
    let names = match name.map(|name| known(control, name)).transpose() {
        Ok(names) => names,
        Err(refusal) => return lines.send(Reply::Error(refusal), PATIENCE).await,
    };
    let (last, mut next) = control.board.lines(names.as_deref(), count);
    for line in last {
        lines.send(Reply::Line(LogLine::clone(&line)), PATIENCE).await?;
    }
    if follow {
        follow_lines(lines, control, names.as_deref(), &mut next).await?;
    }
    lines.send(Reply::Done, PATIENCE).await
}

/// The lines to come, until the fleet ends or the reader goes away.
async fn follow_lines(
    lines: &mut Lines,
    control: &Control,
    names: Option<&[String]>,
    next: &mut broadcast::Receiver<Arc<LogLine>>,
) -> io::Result<()> {
    let mut over = control.over.clone();
    loop {
        let line = tokio::select! {
            biased;
            line = next.recv() => line,
            () = lines.disturbed() => return Err(io::ErrorKind::ConnectionAborted.into()),
            _ = over.wait_for(|over| *over) => return Ok(()),
        };
        // Who reads slowly loses lines, and holds up nobody.
        match line {
            Ok(line) if names.is_none_or(|names| names.contains(&line.name)) => {
                lines.send_slowly(Reply::Line(LogLine::clone(&line))).await?;
            }
            Ok(_) => {}
            Err(broadcast::error::RecvError::Lagged(count)) => lines.send_slowly(Reply::Missed { count }).await?,
            Err(broadcast::error::RecvError::Closed) => return Ok(()),
        }
    }
}
