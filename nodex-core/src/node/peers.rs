//! The nodes that this one is connected with.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Instant,
};

use super::{counters::Counters, mailbox::Mail, processes::SMALL_SERIAL, sys::Taken, watches::Watches};
use tokio::sync::{Notify, OnceCell, broadcast, watch};

use crate::{
    dist::{
        Flags,
        handshake::{Answer, simultaneous_answer},
    },
    net::{ConnectError, LinkEnd, Outbox},
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
    pub(super) mail: Mail,
    /// How its `sys` takes the state of a process, once it has been asked.
    pub(super) form_of_state: OnceCell<Taken>,
    pub(super) since: Instant,
    /// Why the connection ended.
    pub(super) end: watch::Sender<Option<LinkEnd>>,
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

    /// The bits of serials in pids that it takes: before `V4_NC`, 13.
    pub(super) fn serials(&self) -> u32 {
        if self.flags.contains(Flags::V4_NC) { u32::MAX } else { SMALL_SERIAL }
    }

    /// Waits for the end of this connection, and says why it ended.
    pub async fn ended(&self) -> LinkEnd {
        let mut end = self.end.subscribe();
        match end.wait_for(Option::is_some).await.map(|reason| reason.clone()) {
            Ok(Some(reason)) => reason,
            // Never: the sender lives in this value.
            _ => LinkEnd::Shutdown,
        }
    }

    /// False from the moment at which this connection is known to be lost; [`ended`](Self::ended) then tells why.
    pub fn is_connected(&self) -> bool {
        !self.outbox.closed()
    }

    /// Closes the connection at once, whatever its handlers are doing. What waits to be written is dropped.
    pub fn disconnect(&self) {
        self.outbox.abort();
        self.outbox.close();
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
        /// Why.
        reason: LinkEnd,
    },
}

/// The outcome of an attempt to connect, for all who wait for it.
pub(super) type Attempt = watch::Receiver<Option<Result<Arc<Peer>, Arc<ConnectError>>>>;

#[derive(Debug)]
enum Entry {
    Connecting { attempt: Attempt, give_way: watch::Sender<()> },
    Up(Arc<Peer>),
}

/// What to do for somebody who wants a connection.
pub(super) enum Wanted {
    /// It is there.
    Up(Arc<Peer>),
    /// One is there that is about to go.
    Ending(Arc<Peer>),
    /// Somebody is making it.
    Wait(Attempt),
    /// The caller has to make it, and to tell the outcome. The second value changes when a connection that the other
    /// node is making goes first.
    Start(watch::Sender<Option<Result<Arc<Peer>, Arc<ConnectError>>>>, watch::Receiver<()>),
}

#[derive(Debug)]
pub(super) struct Peers {
    table: Mutex<HashMap<Atom, Entry>>,
    /// Nodes in their handshakes with this one, by the names that they have not proven yet: as many as there may be
    /// handshakes at once.
    incoming: Mutex<HashMap<Box<str>, u32>>,
    next: AtomicU64,
    /// Who waits for something to become of a node, by its name.
    waiting: Mutex<HashMap<Box<str>, Arc<Notify>>>,
    events: broadcast::Sender<NodeEvent>,
}

impl Default for Peers {
    fn default() -> Self {
        Peers {
            table: Mutex::default(),
            incoming: Mutex::default(),
            next: AtomicU64::new(1),
            waiting: Mutex::default(),
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
        self.entry(name).filter(|peer| !peer.outbox.closed())
    }

    /// The same, one that is about to go included.
    fn entry(&self, name: &str) -> Option<Arc<Peer>> {
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
            Some(Entry::Up(peer)) if peer.outbox.closed() => Wanted::Ending(peer.clone()),
            Some(Entry::Up(peer)) => Wanted::Up(peer.clone()),
            Some(Entry::Connecting { attempt, .. }) => Wanted::Wait(attempt.clone()),
            None => {
                let (outcome, attempt) = watch::channel(None);
                let (give_way, gives_way) = watch::channel(());
                table.insert(name.clone(), Entry::Connecting { attempt, give_way });
                Wanted::Start(outcome, gives_way)
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
        self.changed(name);
    }

    /// The status for a node that connects to this one, by what is known of it (`net_kernel`, `accept_pending`). If the
    /// handshake then goes on, [`Self::incoming_is_over`] has to be called at its end.
    pub(super) fn answer(&self, ours: &str, theirs: &str) -> Answer {
        if ours == theirs {
            // The pids of two nodes of one name cannot be told apart.
            return Answer::NotAllowed;
        }
        let answer = match self.lock().get(theirs) {
            None => Answer::Ok,
            Some(Entry::Up(_)) => Answer::Alive,
            Some(Entry::Connecting { give_way, .. }) => {
                let answer = simultaneous_answer(ours, theirs);
                if answer == Answer::OkSimultaneous {
                    give_way.send_replace(());
                }
                answer
            }
        };
        if goes_on(&answer) {
            *self.incoming().entry(theirs.into()).or_default() += 1;
        }
        answer
    }

    /// The handshake of a node that was given this answer has ended, one way or the other.
    pub(super) fn incoming_is_over(&self, name: &str, answer: &Answer) {
        if !goes_on(answer) {
            return;
        }
        let mut incoming = self.incoming();
        if let Some(count) = incoming.get_mut(name) {
            *count -= 1;
            if *count == 0 {
                incoming.remove(name);
            }
        }
        drop(incoming);
        self.changed(name);
    }

    fn incoming(&self) -> MutexGuard<'_, HashMap<Box<str>, u32>> {
        self.incoming.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits while a node that calls itself so is in its handshake with this one; gives the connection if it comes of it.
    pub(super) async fn wait_incoming(&self, name: &str) -> Option<Arc<Peer>> {
        let changes = self.changes(name);
        loop {
            let changed = changes.notify.notified();
            let up = self.get(name);
            if up.is_some() || !self.incoming().contains_key(name) {
                return up;
            }
            changed.await;
        }
    }

    /// A connection is there. The one in whose place it comes ends first.
    pub(super) fn up(&self, peer: Arc<Peer>) {
        let node = peer.name.clone();
        self.replace(&node);
        let mut table = self.lock();
        let old = table.insert(node.clone(), Entry::Up(peer));
        drop(table);
        if let Some(Entry::Up(old)) = old {
            // It came between the two looks at the table.
            self.end_replaced(&old);
        }
        self.changed(&node);
        // Nobody may be listening.
        let _ = self.events.send(NodeEvent::Up { node });
    }

    /// Ends the connection with this node, if there is one, because a new one takes its place. Waits for nothing that its
    /// handlers are doing.
    pub(super) fn replace(&self, name: &str) {
        let mut table = self.lock();
        let old = match table.get(name) {
            Some(Entry::Up(_)) => table.remove(name),
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

    /// A connection has ended.
    pub(super) fn down(&self, peer: &Peer, reason: LinkEnd) {
        let mut table = self.lock();
        if matches!(table.get(&*peer.name), Some(Entry::Up(current)) if current.id == peer.id) {
            table.remove(&*peer.name);
        }
        drop(table);
        self.changed(&peer.name);
        self.tell_end(peer, reason);
    }

    /// Once for each connection, so that its end is never heard of after the coming of the next one.
    fn tell_end(&self, peer: &Peer, reason: LinkEnd) {
        let first = peer.end.send_if_modified(|end| {
            let first = end.is_none();
            end.get_or_insert_with(|| reason.clone());
            first
        });
        if first {
            let _ = self.events.send(NodeEvent::Down { node: peer.name.clone(), reason });
        }
    }

    /// Waits until there is no connection with this node, not even one that is about to go.
    pub(super) async fn wait_none(&self, name: &str) {
        while let Some(peer) = self.entry(name) {
            self.wait_down(&peer).await;
        }
    }

    /// Waits until this connection is gone.
    pub(super) async fn wait_down(&self, peer: &Peer) {
        let changes = self.changes(&peer.name);
        loop {
            let changed = changes.notify.notified();
            if self.entry(&peer.name).is_none_or(|current| current.id != peer.id) {
                return;
            }
            changed.await;
        }
    }

    /// Waits for a connection with this node that somebody else makes.
    pub(super) async fn wait_up(&self, name: &str) -> Arc<Peer> {
        let changes = self.changes(name);
        loop {
            let changed = changes.notify.notified();
            if let Some(peer) = self.get(name) {
                return peer;
            }
            changed.await;
        }
    }

    /// Something has become of this node: wakes those who wait for it, and nobody else.
    fn changed(&self, name: &str) {
        if let Some(notify) = self.waiting().get(name) {
            notify.notify_waiters();
        }
    }

    /// For waiting; to be taken before the first look.
    fn changes(&self, name: &str) -> Changes<'_> {
        let mut waiting = self.waiting();
        let notify = match waiting.get(name) {
            Some(notify) => notify.clone(),
            None => waiting.entry(name.into()).or_default().clone(),
        };
        Changes { peers: self, name: name.into(), notify }
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<Box<str>, Arc<Notify>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody waits for something to become of a node. The last one to go takes the entry along.
struct Changes<'a> {
    peers: &'a Peers,
    name: Box<str>,
    notify: Arc<Notify>,
}

impl Drop for Changes<'_> {
    fn drop(&mut self) {
        let mut waiting = self.peers.waiting();
        // That of the table, and this one.
        if Arc::strong_count(&self.notify) == 2 {
            waiting.remove(&self.name);
        }
    }
}

/// Whether a handshake goes on to a connection that an attempt of ours would get in the way of.
fn goes_on(answer: &Answer) -> bool {
    matches!(answer, Answer::Ok | Answer::OkSimultaneous)
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::{FutureExt, future::join_all};

    use super::*;

    #[test]
    fn a_change_wakes_those_who_wait_for_that_node_and_leaves_nothing_behind() {
        let peers = Peers::default();
        let answer = peers.answer("ours@h", "a@h");
        assert_eq!(peers.answer("ours@h", "b@h"), answer);
        let mut a = pin!(join_all((0..3).map(|_| peers.wait_incoming("a@h"))));
        let mut b = pin!(peers.wait_incoming("b@h"));
        assert!(a.as_mut().now_or_never().is_none() && b.as_mut().now_or_never().is_none());
        assert_eq!(peers.waiting().len(), 2);
        peers.incoming_is_over("a@h", &answer);
        assert_eq!(a.now_or_never().expect("all of them").len(), 3);
        assert!(b.as_mut().now_or_never().is_none());
        assert_eq!(peers.waiting().len(), 1);
        peers.incoming_is_over("b@h", &answer);
        assert!(b.now_or_never().is_some());
        assert!(peers.waiting().is_empty());
        // Nor does somebody who gives up.
        peers.answer("ours@h", "c@h");
        assert!(peers.wait_incoming("c@h").now_or_never().is_none());
        assert!(peers.waiting().is_empty());
    }
}
