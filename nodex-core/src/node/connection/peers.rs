//! The connected nodes, and the attempts to connect.

mod by_name;
mod waiting;

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::{
    sync::{broadcast, watch},
    time::timeout_at,
};

use self::{
    by_name::{ByName, Name},
    waiting::Waiting,
};
use super::peer::Peer;
use crate::{
    net::{ConnectError, LinkEnd},
    protocol::handshake::{Answer, simultaneous_answer},
    term::Atom,
};

/// How long the connection of another node waits for an attempt of ours to connect to it. Whatever answers our attempt
/// has proven nothing yet.
const OURS_FIRST: Duration = Duration::from_secs(2);

/// How many events a slow subscriber may lag behind before it loses the oldest.
const EVENTS_KEPT: usize = 256;

/// A connection was made or lost.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeEvent {
    /// A node was connected.
    Up {
        /// The node.
        node: Atom,
    },
    /// A connection ended.
    Down {
        /// The node.
        node: Atom,
        /// Why.
        reason: LinkEnd,
    },
    /// The subscriber was too slow, and has missed this many events.
    Missed(u64),
}

/// The outcome of an attempt to connect, for all who wait for it.
pub(in crate::node) type Attempt = watch::Receiver<Option<Outcome>>;

type Outcome = Result<Arc<Peer>, Arc<ConnectError>>;

#[derive(Debug)]
enum Entry {
    Connecting(Connecting),
    /// The other node has connected and proven the cookie, and its connection is about to be up. The number identifies
    /// it; an attempt of ours continues if that connection fails.
    Entering(u64, Option<Connecting>),
    Up(Arc<Peer>),
}

/// An attempt of ours.
#[derive(Debug)]
struct Connecting {
    attempt: Attempt,
    give_way: watch::Sender<()>,
    since: Instant,
    /// The other node may know our name, and thus of our attempt, and may have given up its own for it.
    spoken: bool,
}

/// What a caller that needs a connection has to do.
pub(in crate::node) enum Wanted {
    /// Nothing: it is up.
    Up(Arc<Peer>),
    /// Wait: the one that is up is about to end.
    Ending(Arc<Peer>),
    /// Wait: one that the other node has made is about to be up.
    Entering,
    /// Wait: another caller is making it.
    Wait(Attempt),
    /// Make it, and report the outcome. The second value changes when a connection of the other node takes precedence.
    Start(watch::Sender<Option<Outcome>>, watch::Receiver<()>),
}

/// What happens to a connection that the other node has made.
enum Enters {
    Stays,
    Goes,
    /// It depends on an attempt of ours.
    Waits(Attempt),
}

#[derive(Debug)]
pub(in crate::node) struct Peers {
    table: Mutex<ByName<Entry>>,
    next: AtomicU64,
    waiting: Waiting,
    events: broadcast::Sender<NodeEvent>,
}

impl Default for Peers {
    fn default() -> Self {
        Peers {
            table: Mutex::default(),
            next: AtomicU64::new(1),
            waiting: Waiting::default(),
            events: broadcast::channel(EVENTS_KEPT).0,
        }
    }
}

impl Peers {
    fn lock(&self) -> MutexGuard<'_, ByName<Entry>> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(in crate::node) fn next_id(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub(in crate::node) fn events(&self) -> broadcast::Receiver<NodeEvent> {
        self.events.subscribe()
    }

    /// Returns the connection with this node, if there is one.
    pub(in crate::node) fn get(&self, name: &str) -> Option<Arc<Peer>> {
        self.connected(name.as_bytes())
    }

    /// Like [`Self::get`], for a name in UTF-8.
    #[inline]
    pub(in crate::node) fn connected(&self, name: &[u8]) -> Option<Arc<Peer>> {
        match self.lock().get(name) {
            Some(Entry::Up(peer)) if !peer.line.outbox.closed() => Some(peer.clone()),
            _ => None,
        }
    }

    /// Like [`Self::get`], including one that is about to end.
    fn entry(&self, name: &str) -> Option<Arc<Peer>> {
        match self.lock().get(name.as_bytes()) {
            Some(Entry::Up(peer)) => Some(peer.clone()),
            _ => None,
        }
    }

    /// Returns all connected nodes.
    pub(in crate::node) fn all(&self) -> Vec<Arc<Peer>> {
        let up = |entry: &Entry| match entry {
            Entry::Up(peer) => Some(peer.clone()),
            Entry::Connecting(_) | Entry::Entering(..) => None,
        };
        self.lock().values().filter_map(up).collect()
    }

    /// Returns what a caller that needs a connection with this node has to do.
    pub(in crate::node) fn want(&self, name: &Atom) -> Wanted {
        let mut table = self.lock();
        match table.get(name.as_bytes()) {
            Some(Entry::Up(peer)) if peer.line.outbox.closed() => Wanted::Ending(peer.clone()),
            Some(Entry::Up(peer)) => Wanted::Up(peer.clone()),
            Some(Entry::Connecting(ours) | Entry::Entering(_, Some(ours))) => Wanted::Wait(ours.attempt.clone()),
            Some(Entry::Entering(_, None)) => Wanted::Entering,
            None => {
                let (outcome, attempt) = watch::channel(None);
                let (give_way, gives_way) = watch::channel(());
                let connecting = Connecting { attempt, give_way, since: Instant::now(), spoken: false };
                table.insert(Name(name.clone()), Entry::Connecting(connecting));
                Wanted::Start(outcome, gives_way)
            }
        }
    }

    /// Records that the other node is about to learn of our attempt. Returns `false` if the attempt has just given way.
    pub(in crate::node) fn speaks(&self, name: &str) -> bool {
        match self.lock().get_mut(name.as_bytes()) {
            Some(Entry::Connecting(connecting)) => {
                connecting.spoken = true;
                true
            }
            _ => false,
        }
    }

    /// Records that the attempt of which the other node knew is over.
    pub(in crate::node) fn is_silent(&self, name: &str) {
        if let Some(Entry::Connecting(ours) | Entry::Entering(_, Some(ours))) = self.lock().get_mut(name.as_bytes()) {
            ours.spoken = false;
        }
    }

    /// Removes an attempt that failed.
    pub(in crate::node) fn gave_up(&self, name: &str, attempt: &Attempt) {
        let mut table = self.lock();
        match table.get_mut(name.as_bytes()) {
            Some(Entry::Connecting(ours)) if ours.attempt.same_channel(attempt) => {
                table.remove(name.as_bytes());
            }
            Some(Entry::Entering(_, ours)) => {
                ours.take_if(|ours| ours.attempt.same_channel(attempt));
            }
            _ => {}
        }
        drop(table);
        self.changed(name);
    }

    /// Returns the status for a node that connects to this one (`net_kernel`, `accept_pending`). It has proven nothing
    /// yet, so no state changes: see [`Self::settle`].
    pub(in crate::node) fn answer(&self, ours: &str, theirs: &str) -> Answer {
        if ours == theirs {
            // The pids of two nodes of one name cannot be told apart.
            return Answer::NotAllowed;
        }
        match self.lock().get(theirs.as_bytes()) {
            None => Answer::Ok,
            Some(Entry::Up(_) | Entry::Entering(..)) => Answer::Alive,
            // One that the other node does not know of is none for it to wait for.
            Some(Entry::Connecting(connecting)) if connecting.spoken && connecting.since.elapsed() < OURS_FIRST => {
                simultaneous_answer(ours, theirs)
            }
            Some(Entry::Connecting(_)) => Answer::OkSimultaneous,
        }
    }

    /// Returns whether the connection `id` of this node, which has proven the cookie, stays. If it does, no other one
    /// is made until it is up or [`Self::left`]. An attempt of ours gives way if the other node's name is greater, as
    /// on the other side; otherwise the outcome of ours is awaited. Only the node of the greater name waits, so the two
    /// never wait for each other.
    pub(in crate::node) async fn settle(&self, ours: &str, theirs: &Atom, id: u64, creation: u32) -> bool {
        let deadline = tokio::time::Instant::now() + OURS_FIRST;
        loop {
            let late = tokio::time::Instant::now() >= deadline;
            let mut attempt = match self.enters(ours, theirs, id, creation, late) {
                Enters::Stays => return true,
                Enters::Goes => return false,
                Enters::Waits(attempt) => attempt,
            };
            // Whatever comes of it is in the table.
            let _ = timeout_at(deadline, attempt.wait_for(Option::is_some)).await;
        }
    }

    /// Enters a connection as one that is about to be up, unless one of ours takes precedence.
    fn enters(&self, ours: &str, theirs: &Atom, id: u64, creation: u32, late: bool) -> Enters {
        let ours_is_first = simultaneous_answer(ours, theirs) == Answer::Nok;
        let mut table = self.lock();
        match table.get(theirs.as_bytes()) {
            Some(Entry::Connecting(connecting)) if ours_is_first && connecting.spoken && !late => {
                return Enters::Waits(connecting.attempt.clone());
            }
            // It has come up since the other one was told that there is none. A node that has been started again meanwhile
            // is another one.
            Some(Entry::Up(peer)) if ours_is_first && peer.line.creation == creation && !peer.line.outbox.closed() => {
                return Enters::Goes;
            }
            _ => {}
        }
        let (attempt, old) = match table.remove(theirs.as_bytes()) {
            Some(Entry::Connecting(connecting)) => {
                connecting.give_way.send_replace(());
                (Some(connecting), None)
            }
            Some(Entry::Entering(_, attempt)) => (attempt, None),
            Some(Entry::Up(old)) => (None, Some(old)),
            None => (None, None),
        };
        table.insert(Name(theirs.clone()), Entry::Entering(id, attempt));
        drop(table);
        if let Some(old) = old {
            self.end_replaced(&old);
            self.changed(theirs);
        }
        Enters::Stays
    }

    /// Called when this connection has failed or is up.
    pub(in crate::node) fn left(&self, name: &str, id: u64) {
        let mut table = self.lock();
        let Some(Entry::Entering(current, attempt)) = table.get_mut(name.as_bytes()) else { return };
        if *current != id {
            return;
        }
        match attempt.take() {
            Some(attempt) => {
                if let Some(entry) = table.get_mut(name.as_bytes()) {
                    *entry = Entry::Connecting(attempt);
                }
            }
            None => {
                table.remove(name.as_bytes());
            }
        }
        drop(table);
        self.changed(name);
    }

    /// Waits while a connection with this node is about to be up, and returns it.
    pub(in crate::node) async fn wait_entered(&self, name: &str) -> Option<Arc<Peer>> {
        let changes = self.waiting.changes(name);
        loop {
            let changed = changes.notified();
            match self.lock().get(name.as_bytes()) {
                Some(Entry::Entering(..)) => {}
                Some(Entry::Up(peer)) if !peer.line.outbox.closed() => return Some(peer.clone()),
                _ => return None,
            }
            changed.await;
        }
    }

    /// Called when a connection is up. The connection that it replaces ends first.
    pub(in crate::node) fn up(&self, peer: Arc<Peer>) {
        let node = peer.line.name.clone();
        self.replace(&node);
        let mut table = self.lock();
        let old = table.insert(Name(node.clone()), Entry::Up(peer));
        drop(table);
        if let Some(Entry::Up(old)) = old {
            // The connection was added between the two lookups.
            self.end_replaced(&old);
        }
        self.changed(&node);
        // Nobody may be listening.
        let _ = self.events.send(NodeEvent::Up { node });
    }

    /// Ends the connection with this node, if there is one, because a new one replaces it. Does not wait for its
    /// handlers.
    pub(in crate::node) fn replace(&self, name: &str) {
        let mut table = self.lock();
        let old = match table.get(name.as_bytes()) {
            Some(Entry::Up(_)) => table.remove(name.as_bytes()),
            _ => None,
        };
        drop(table);
        if let Some(Entry::Up(old)) = old {
            self.end_replaced(&old);
            self.changed(name);
        }
    }

    fn end_replaced(&self, old: &Peer) {
        self.tell_end(old, LinkEnd::Replaced);
        old.disconnect();
    }

    /// Called when a connection has ended.
    pub(in crate::node) fn down(&self, peer: &Peer, reason: LinkEnd) {
        let mut table = self.lock();
        if matches!(table.get(peer.line.name.as_bytes()), Some(Entry::Up(current)) if current.line.id == peer.line.id) {
            table.remove(peer.line.name.as_bytes());
        }
        drop(table);
        self.changed(&peer.line.name);
        self.tell_end(peer, reason);
    }

    /// Reports the end of a connection once, so that it never follows the start of the next one.
    fn tell_end(&self, peer: &Peer, reason: LinkEnd) {
        let first = peer.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert_with(|| reason.clone());
            first
        });
        if first {
            let _ = self.events.send(NodeEvent::Down { node: peer.line.name.clone(), reason });
        }
    }

    /// Waits until there is no connection with this node, not even one that is about to end.
    pub(in crate::node) async fn wait_none(&self, name: &str) {
        while let Some(peer) = self.entry(name) {
            self.wait_down(&peer).await;
        }
    }

    /// Waits until this connection has ended.
    pub(in crate::node) async fn wait_down(&self, peer: &Peer) {
        let changes = self.waiting.changes(&peer.line.name);
        loop {
            let changed = changes.notified();
            if self.entry(&peer.line.name).is_none_or(|current| current.line.id != peer.line.id) {
                return;
            }
            changed.await;
        }
    }

    /// Waits for a connection with this node, which any task may establish.
    pub(in crate::node) async fn wait_up(&self, name: &str) -> Arc<Peer> {
        let changes = self.waiting.changes(name);
        loop {
            let changed = changes.notified();
            if let Some(peer) = self.get(name) {
                return peer;
            }
            changed.await;
        }
    }

    fn changed(&self, name: &str) {
        self.waiting.changed(name);
    }
}

#[cfg(test)]
mod tests;
