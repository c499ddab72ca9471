//! Carries out the decisions of the core: starts, watches and stops nodes, and answers requests.

use std::{
    collections::HashMap,
    sync::Arc,
    time::{Duration, Instant},
};

use futures::{StreamExt as _, future::BoxFuture, stream::FuturesUnordered};
use nodex_core::node::Backoff;
use tokio::sync::{mpsc, oneshot, watch};

use super::{
    Change, ChildSpec, Ended, Intensity,
    command::Command,
    core::{Action, Core, End, Fresh, Key, Member, Rules},
    entry::Entry,
    error::Failure,
    event::Changes,
    task::Task,
};
use crate::{
    cnode::{Cancel, Cnode, NodeDown, SpawnError},
    distributed::Distributed,
};

/// An event that the driver waits for.
enum Happened {
    /// A start has ended.
    Started { key: Key, took: Duration, result: Result<Cnode, SpawnError> },
    /// A node that was up is down.
    Down { key: Key, incarnation: u64, down: NodeDown },
    /// A stop has ended.
    Stopped { key: Key },
}

/// Ends a node, or the processes that are left of it.
fn end(key: Key, cnode: Cnode) -> BoxFuture<'static, Happened> {
    Box::pin(async move {
        cnode.stop().await;
        Happened::Stopped { key }
    })
}

pub(super) struct Driver {
    net: Distributed,
    pub(super) core: Core,
    intensity: Intensity,
    backoff: Backoff,
    pub(super) entries: HashMap<Key, Entry>,
    next_key: Key,
    work: FuturesUnordered<BoxFuture<'static, Happened>>,
    changes: Changes,
    /// Events that are reported together with the new states.
    untold: Vec<(Arc<str>, Change)>,
    commands: mpsc::UnboundedReceiver<Command>,
    ended: watch::Sender<Option<Ended>>,
    /// The caller that waits until all children have been up once.
    started: Option<oneshot::Sender<()>>,
}

impl Driver {
    #[allow(clippy::too_many_arguments)]
    pub(super) fn new(
        net: Distributed,
        rules: Rules,
        backoff: Backoff,
        specs: Vec<ChildSpec>,
        changes: Changes,
        commands: mpsc::UnboundedReceiver<Command>,
        ended: watch::Sender<Option<Ended>>,
        started: oneshot::Sender<()>,
    ) -> Driver {
        let mut driver = Driver {
            net,
            core: Core::new(rules),
            intensity: rules.intensity,
            backoff,
            entries: HashMap::new(),
            next_key: 0,
            work: FuturesUnordered::new(),
            changes,
            untold: Vec::new(),
            commands,
            ended,
            started: Some(started),
        };
        for spec in specs {
            driver.add(spec, Fresh::Initial);
        }
        // Without children its start is over.
        driver.core.wake(Instant::now());
        driver
    }

    /// Runs until all children are down for the last time.
    pub(super) async fn run(mut self) {
        let mut owned = true;
        loop {
            if let Some(ended) = self.act() {
                self.ended.send_replace(Some(ended));
                return;
            }
            let due = self.core.due();
            tokio::select! {
                Some(happened) = self.work.next() => self.happened(happened),
                command = self.commands.recv(), if owned => match command {
                    Some(command) => self.obey(command),
                    None => {
                        owned = false;
                        self.core.stop(Instant::now());
                    }
                },
                () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now).into()), if due.is_some() => {
                    self.core.wake(Instant::now());
                }
                // There is always something to wait for until the end.
                else => return,
            }
        }
    }

    pub(super) fn add(&mut self, spec: ChildSpec, fresh: Fresh) -> Key {
        let key = self.next_key;
        self.next_key += 1;
        let member = Member::new(key, &spec.restart, self.backoff, fresh, nodex_core::random::any());
        self.entries.insert(key, Entry::new(spec));
        self.core.add(member, Instant::now());
        key
    }

    /// Carries out all actions of the core. Returns why the supervisor has ended, when it has.
    fn act(&mut self) -> Option<Ended> {
        while let Some(action) = self.core.poll() {
            match action {
                Action::Start(key) => self.start(key),
                Action::Stop(key) => self.stop(key),
                Action::Restart { key, pause } => self.tell(key, Change::Restarting { pause }),
                Action::GaveUp(key) => self.tell(key, Change::GaveUp),
                Action::Remove(key) => {
                    self.tell(key, Change::Removed);
                    self.entries.remove(&key);
                }
                Action::Ending(end) => {
                    let ended = self.words(end);
                    self.untold.push((Arc::from(""), Change::Ending(ended)));
                }
                Action::Ended(end) => {
                    let ended = self.words(end);
                    // No child may be shown as anything but down when this is known.
                    self.entries.clear();
                    self.untold.push((Arc::from(""), Change::Ended(ended.clone())));
                    self.tell_all();
                    return Some(ended);
                }
            }
        }
        for (key, status) in self.core.children() {
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.show(Some(status));
            }
        }
        self.tell_all();
        if self.core.is_running()
            && let Some(started) = self.started.take()
        {
            let _ = started.send(());
        }
        None
    }

    fn tell(&mut self, key: Key, change: Change) {
        if let Some(entry) = self.entries.get(&key) {
            self.untold.push((entry.spec.id.clone(), change));
        }
    }

    fn tell_all(&mut self) {
        for (child, change) in self.untold.drain(..) {
            self.changes.send(&child, change);
        }
    }

    fn start(&mut self, key: Key) {
        self.tell(key, Change::Starting);
        let Some(entry) = self.entries.get_mut(&key) else { return };
        let (sender, cancel) = Cancel::new();
        entry.cancel = Some(sender);
        entry.stopping = false;
        entry.incarnation += 1;
        let (spec, host) = (entry.spec.clone(), self.net.as_host());
        let began = Instant::now();
        let started = Task::start(self.net.runtime(), async move { spec.options.spawn_unless(host, &cancel).await });
        let node = entry.spec.id.clone();
        self.work.push(Box::pin(async move {
            let result = match started.await {
                Ok(result) => result,
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    // Its runtime is gone.
                    Err(_) => Err(SpawnError::Cancelled { node: node.to_string() }),
                },
            };
            Happened::Started { key, took: began.elapsed(), result }
        }));
    }

    fn stop(&mut self, key: Key) {
        self.tell(key, Change::Stopping);
        let Some(entry) = self.entries.get_mut(&key) else { return };
        entry.stopping = true;
        match (&entry.cnode, &entry.cancel) {
            (Some(cnode), _) => self.work.push(end(key, cnode.clone())),
            // The end of the start is the end of the stop.
            (None, Some(cancel)) => {
                cancel.send_replace(true);
            }
            (None, None) => self.work.push(Box::pin(std::future::ready(Happened::Stopped { key }))),
        }
    }

    fn happened(&mut self, happened: Happened) {
        let now = Instant::now();
        match happened {
            Happened::Started { key, took, result } => self.has_started(key, took, result, now),
            Happened::Down { key, incarnation, down } => {
                let Some(entry) = self.entries.get_mut(&key) else { return };
                // A stop tells for itself.
                if entry.incarnation != incarnation || entry.stopping {
                    return;
                }
                let Some(cnode) = &entry.cnode else { return };
                let (node, normally) = (cnode.node().clone(), down.is_normal());
                entry.fails(Failure::Down(down.clone()));
                self.tell(key, Change::Down { node, down });
                self.core.down(key, normally, now);
            }
            Happened::Stopped { key } => {
                let Some(entry) = self.entries.get_mut(&key) else { return };
                entry.cnode = None;
                self.tell(key, Change::Stopped);
                self.core.stopped(key, now);
            }
        }
    }

    fn has_started(&mut self, key: Key, took: Duration, result: Result<Cnode, SpawnError>, now: Instant) {
        let Some(entry) = self.entries.get_mut(&key) else { return };
        entry.cancel = None;
        match result {
            Ok(cnode) if entry.stopping => {
                // It came up just before its start was called off.
                entry.cnode = Some(cnode.clone());
                self.work.push(end(key, cnode));
            }
            Err(_) if entry.stopping => {
                self.tell(key, Change::Stopped);
                self.core.stopped(key, now);
            }
            Ok(cnode) => {
                entry.cnode = Some(cnode.clone());
                entry.failure = None;
                entry.ups += 1;
                let (spec, incarnation) = (entry.spec.clone(), entry.incarnation);
                let up = Change::Up { node: cnode.node().clone(), pid: cnode.pid(), after: took };
                let runtime = self.net.runtime().clone();
                self.work.push(Box::pin(async move {
                    let down = match &spec.health {
                        Some(health) => health.watch(&cnode, &runtime).await,
                        None => cnode.down().await,
                    };
                    Happened::Down { key, incarnation, down }
                }));
                self.tell(key, up);
                self.core.started(key, true, now);
            }
            Err(error) => {
                let error = Arc::new(error);
                entry.fails(Failure::Start(error.clone()));
                self.tell(key, Change::StartFailed { error });
                self.core.started(key, false, now);
            }
        }
    }

    /// Returns why the supervisor ends, with details.
    fn words(&self, end: End) -> Ended {
        let known = |key| {
            let entry: Option<&Entry> = self.entries.get(&key);
            entry.and_then(|entry| Some((entry.spec.id.clone(), entry.failure.clone()?)))
        };
        match end {
            End::Stopped => Ended::Stopped,
            End::StartFailed(key) => match known(key) {
                Some((child, Failure::Start(error))) => Ended::StartFailed { child, error },
                _ => Ended::Stopped,
            },
            End::GaveUp(key) => match known(key) {
                Some((child, reason)) => {
                    let Intensity { max_restarts, within } = self.intensity;
                    Ended::GaveUp { child, reason, max_restarts, within }
                }
                None => Ended::Stopped,
            },
            End::AutoShutdown(key) => match known(key) {
                Some((child, reason)) => Ended::AutoShutdown { child, reason },
                None => Ended::Stopped,
            },
        }
    }
}
