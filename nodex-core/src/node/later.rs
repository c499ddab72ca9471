//! Calls that were not answered at once.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{self, Poll, Waker},
};

use bytes::Bytes;
use futures::stream::{FuturesUnordered, StreamExt};

use super::{
    CallKind, Rejection,
    call::Later,
    caller::ENDED,
    registry::Process,
    route::{Address, OwnedRoute, Route},
};
use crate::{etf::Encoder, term::Atom};

/// A process one of whose handlers has panicked, and what its caller was told.
pub(super) type Panicked = (Arc<Address>, Rejection);

/// The calls of one connection that wait for their handlers.
///
/// Plain replies carry no tag, so those to one process keep the order of its messages: while a plain call of a process
/// waits, the replies to its later plain messages wait behind it.
#[derive(Debug, Default)]
pub(super) struct LaterCalls {
    running: FuturesUnordered<Running>,
    /// By the caller's encoded pid; only callers with a waiting plain call are there.
    order: HashMap<Box<[u8]>, VecDeque<Place>>,
    next: u64,
    /// Bytes of replies that wait for their turn.
    queued: usize,
    /// Bytes of received messages that running calls may keep in memory.
    kept: Arc<AtomicUsize>,
    /// What the last call that had to wait came in.
    batch: Weak<Batch>,
}

/// Messages that were read together. Whoever keeps a part of one keeps the memory of all.
#[derive(Debug)]
struct Batch {
    start: usize,
    len: usize,
    kept: Arc<AtomicUsize>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.kept.fetch_sub(self.len, Ordering::Relaxed);
    }
}

/// A plain reply that has its turn after those in front of it.
#[derive(Debug)]
struct Place {
    id: u64,
    reply: Option<Encoder>,
}

#[derive(Debug)]
struct Running {
    /// None once the call is given up.
    later: Option<Later>,
    waker: Option<Waker>,
    route: OwnedRoute,
    /// The process whose function it is.
    process: Arc<Address>,
    function: Atom,
    /// The place among the plain replies to this caller.
    place: Option<u64>,
    /// What its arguments may be slices of.
    batch: Option<Arc<Batch>>,
}

struct Finished {
    reply: Encoder,
    panicked: Option<Panicked>,
    place: Option<(Box<[u8]>, u64)>,
}

impl Future for Running {
    type Output = Finished;

    fn poll(mut self: Pin<&mut Self>, context: &mut task::Context<'_>) -> Poll<Finished> {
        let this = &mut *self;
        let mut reply = Encoder::new();
        let more = this.route.more();
        let route = this.route.as_route(&more);
        let over = match (&mut this.later, more.spawned) {
            (None, _) => {
                // A call of a `gen_server` has its monitor.
                if route.kind == CallKind::Plain {
                    route.write_error(&mut reply, &Rejection::no_reply(&this.function, ENDED));
                }
                Poll::Ready(None)
            }
            // Killed.
            (_, Some(spawned)) if spawned.is_over() => Poll::Ready(None),
            (Some(later), _) => later.poll(context, &route, &this.function, &mut reply),
        };
        let Poll::Ready(panicked) = over else {
            match &mut this.waker {
                Some(waker) => waker.clone_from(context.waker()),
                waker => *waker = Some(context.waker().clone()),
            }
            if let Some(spawned) = more.spawned {
                spawned.register(context.waker());
                // The signal may have come before.
                if spawned.is_over() {
                    context.waker().wake_by_ref();
                }
            }
            return Poll::Pending;
        };
        // What the handler holds is given up before what is left to say is said.
        this.later = None;
        this.batch = None;
        if let Some(spawned) = more.spawned {
            spawned.settle(&route, &mut reply);
        }
        let place = this.place.map(|place| (route.caller().into(), place));
        let panicked = panicked.map(|rejection| (this.process.clone(), rejection));
        Poll::Ready(Finished { reply, panicked, place })
    }
}

impl LaterCalls {
    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.running.len()
    }

    /// Bytes of replies that wait for their turn behind others.
    pub(super) fn queued(&self) -> usize {
        self.queued
    }

    /// Bytes of messages that are in memory for calls that run.
    pub(super) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// True when no reply has to wait for another one.
    #[inline]
    pub(super) fn is_orderly(&self) -> bool {
        self.order.is_empty()
    }

    /// True when the reply to this message must wait for another one.
    #[inline]
    pub(super) fn must_wait(&self, route: &Route<'_>) -> bool {
        !self.order.is_empty() && route.kind == CallKind::Plain && self.order.contains_key(route.caller())
    }

    /// Keeps a reply that is there already behind those that are not.
    pub(super) fn queue(&mut self, route: &Route<'_>, reply: Encoder) {
        let id = self.next_id();
        if let Some(places) = self.order.get_mut(route.caller()) {
            self.queued += reply.len();
            places.push_back(Place { id, reply: Some(reply) });
        }
    }

    /// Keeps a call, which came in `owner`, until its handler is done.
    pub(super) fn push(&mut self, route: &Route<'_>, process: &Process, function: Atom, later: Later, owner: &Bytes) {
        let place = (route.kind == CallKind::Plain && route.to.is_some()).then(|| {
            let id = self.next_id();
            self.order.entry(route.caller().into()).or_default().push_back(Place { id, reply: None });
            id
        });
        let (route, process, batch) = (route.keep(), process.address.clone(), Some(self.batch(owner)));
        self.running.push(Running { later: Some(later), waker: None, route, process, function, place, batch });
    }

    /// Counts the memory of what was read together once, for as long as one of its calls runs.
    fn batch(&mut self, owner: &Bytes) -> Arc<Batch> {
        let (start, len) = (owner.as_ptr().addr(), owner.len());
        if let Some(batch) = self.batch.upgrade().filter(|batch| (batch.start, batch.len) == (start, len)) {
            return batch;
        }
        self.kept.fetch_add(len, Ordering::Relaxed);
        let batch = Arc::new(Batch { start, len, kept: self.kept.clone() });
        self.batch = Arc::downgrade(&batch);
        batch
    }

    /// Gives up the calls of services that have ended.
    pub(super) fn drop_ended(&mut self) {
        for running in &mut self.running {
            if !running.route.is_alive() {
                if let Some(later) = running.later.take() {
                    later.give_up();
                }
                if let Some(waker) = running.waker.take() {
                    waker.wake();
                }
            }
        }
    }

    fn next_id(&mut self) -> u64 {
        self.next += 1;
        self.next
    }

    /// Polls what may go on; replies whose turn it is go to `out`. Gives back what has panicked.
    pub(super) fn poll(&mut self, context: &mut task::Context<'_>, out: &mut Encoder) -> Vec<Panicked> {
        let mut panicked = Vec::new();
        if self.running.is_empty() {
            return panicked;
        }
        while let Poll::Ready(Some(finished)) = self.running.poll_next_unpin(context) {
            panicked.extend(finished.panicked);
            match finished.place {
                None => out.append(&finished.reply),
                Some((caller, id)) => self.place(&caller, id, finished.reply, out),
            }
        }
        panicked
    }

    fn place(&mut self, caller: &[u8], id: u64, reply: Encoder, out: &mut Encoder) {
        let Some(places) = self.order.get_mut(caller) else { return };
        if let Some(place) = places.iter_mut().find(|place| place.id == id) {
            self.queued += reply.len();
            place.reply = Some(reply);
        }
        while let Some(reply) = places.front().and_then(|place| place.reply.as_ref()) {
            self.queued -= reply.len();
            out.append(reply);
            places.pop_front();
        }
        if places.is_empty() {
            self.order.remove(caller);
        }
    }
}
