//! The nodes that this one is connected with.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use super::{counters::Counters, watches::Watches};
use tokio::sync::{Notify, broadcast, watch};
use tokio_util::sync::CancellationToken;

use crate::{
    dist::{
        Flags,
        handshake::{Answer, simultaneous_answer},
    },
    net::{ConnectError, Outbox},
    term::Atom,
};

/// Node events that a slow listener may lag behind before it loses the oldest.
const EVENTS_KEPT: usize = 256;

/// A connected node.
#[derive(Debug)]
pub struct Peer {
    pub(super) id: u64,
    pub(super) name: Atom,
    pub(super) creation: u32,
    pub(super) flags: Flags,
    pub(super) outbox: Arc<Outbox>,
    pub(super) watches: Watches,
    pub(super) counters: Counters,
    pub(super) since: Instant,
    /// Why the connection ended.
    pub(super) end: watch::Sender<Option<Arc<str>>>,
}

impl Peer {
    /// Its full name.
    pub fn name(&self) -> &Atom {
        &self.name
    }

    /// Its incarnation.
    pub fn creation(&self) -> u32 {
        self.creation
    }

    /// What both nodes can do.
    pub fn flags(&self) -> Flags {
        self.flags
    }

    /// Waits for the end of this connection, and gives the reason in words.
    pub async fn ended(&self) -> Arc<str> {
        let mut end = self.end.subscribe();
        match end.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
            Ok(Some(reason)) => reason,
            // The sender lives in this value.
            _ => Arc::from(""),
        }
    }

    /// Closes the connection. What waits to be written is dropped.
    pub fn disconnect(&self) {
        self.outbox.abort();
    }
}

/// A node came or went.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeEvent {
    /// A connection was made.
    Up {
        /// The node.
        node: Atom,
    },
    /// A connection ended.
    Down {
        /// The node.
        node: Atom,
        /// Why, in words.
        reason: Arc<str>,
    },
}

/// The outcome of an attempt to connect, for all who wait for it.
pub(super) type Attempt = watch::Receiver<Option<Result<Arc<Peer>, Arc<ConnectError>>>>;

#[derive(Debug)]
enum Entry {
    Connecting { attempt: Attempt, abort: CancellationToken },
    Up(Arc<Peer>),
}

/// What to do for somebody who wants a connection.
pub(super) enum Wanted {
    /// It is there.
    Up(Arc<Peer>),
    /// Somebody is making it.
    Wait(Attempt),
    /// The caller has to make it, and to tell the outcome.
    Start(watch::Sender<Option<Result<Arc<Peer>, Arc<ConnectError>>>>, CancellationToken),
}

#[derive(Debug)]
pub(super) struct Peers {
    table: Mutex<HashMap<Atom, Entry>>,
    next: AtomicU64,
    changed: Notify,
    events: broadcast::Sender<NodeEvent>,
}

impl Default for Peers {
    fn default() -> Self {
        Peers {
            table: Mutex::default(),
            next: AtomicU64::new(1),
            changed: Notify::new(),
            events: broadcast::channel(EVENTS_KEPT).0,
        }
    }
}

impl Peers {
    fn lock(&self) -> MutexGuard<'_, HashMap<Atom, Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(super) fn events(&self) -> broadcast::Receiver<NodeEvent> {
        self.events.subscribe()
    }

    /// The connection with this node, if there is one.
    pub(super) fn get(&self, name: &str) -> Option<Arc<Peer>> {
        match self.lock().get(name) {
            Some(Entry::Up(peer)) => Some(peer.clone()),
            _ => None,
        }
    }

    /// All connected nodes.
    pub(super) fn all(&self) -> Vec<Arc<Peer>> {
        let up = |entry: &Entry| match entry {
            Entry::Up(peer) => Some(peer.clone()),
            Entry::Connecting { .. } => None,
        };
        self.lock().values().filter_map(up).collect()
    }

    /// How a connection with this node is to be had.
    pub(super) fn want(&self, name: &Atom) -> Wanted {
        let mut table = self.lock();
        match table.get(name) {
            Some(Entry::Up(peer)) => Wanted::Up(peer.clone()),
            Some(Entry::Connecting { attempt, .. }) => Wanted::Wait(attempt.clone()),
            None => {
                let (outcome, attempt) = watch::channel(None);
                let abort = CancellationToken::new();
                table.insert(name.clone(), Entry::Connecting { attempt, abort: abort.clone() });
                Wanted::Start(outcome, abort)
            }
        }
    }

    /// Takes an attempt back that came to nothing.
    pub(super) fn gave_up(&self, name: &str) {
        let mut table = self.lock();
        if let Some(Entry::Connecting { .. }) = table.get(name) {
            table.remove(name);
        }
        drop(table);
        self.changed.notify_waiters();
    }

    /// The status for a node that connects to this one, by what is known of it (`net_kernel`, `accept_pending`).
    pub(super) fn answer(&self, ours: &str, theirs: &str) -> Answer {
        match self.lock().get(theirs) {
            None => Answer::Ok,
            Some(Entry::Up(_)) => Answer::Alive,
            Some(Entry::Connecting { abort, .. }) => {
                let answer = simultaneous_answer(ours, theirs);
                if answer == Answer::OkSimultaneous {
                    abort.cancel();
                }
                answer
            }
        }
    }

    /// A connection is there. Gives back the one in whose place it came.
    pub(super) fn up(&self, peer: Arc<Peer>) {
        let node = peer.name.clone();
        let old = self.lock().insert(node.clone(), Entry::Up(peer));
        if let Some(Entry::Up(old)) = old {
            old.disconnect();
        }
        self.changed.notify_waiters();
        // Nobody may be listening.
        let _ = self.events.send(NodeEvent::Up { node });
    }

    /// A connection has ended.
    pub(super) fn down(&self, peer: &Peer, reason: &str) {
        let mut table = self.lock();
        if matches!(table.get(&*peer.name), Some(Entry::Up(current)) if current.id == peer.id) {
            table.remove(&*peer.name);
        }
        drop(table);
        self.changed.notify_waiters();
        let reason: Arc<str> = reason.into();
        peer.end.send_replace(Some(reason.clone()));
        let _ = self.events.send(NodeEvent::Down { node: peer.name.clone(), reason });
    }

    /// Closes the connection with this node and waits until it is gone.
    pub(super) async fn close(&self, name: &str) {
        loop {
            let changed = self.changed.notified();
            match self.get(name) {
                Some(peer) => peer.disconnect(),
                None => return,
            }
            changed.await;
        }
    }

    /// Waits until this connection is gone.
    pub(super) async fn wait_down(&self, peer: &Peer) {
        loop {
            let changed = self.changed.notified();
            if self.get(&peer.name).is_none_or(|current| current.id != peer.id) {
                return;
            }
            changed.await;
        }
    }

    /// Waits for a connection with this node that somebody else makes.
    pub(super) async fn wait_up(&self, name: &str) -> Arc<Peer> {
        loop {
            let changed = self.changed.notified();
            if let Some(peer) = self.get(name) {
                return peer;
            }
            changed.await;
        }
    }
}
