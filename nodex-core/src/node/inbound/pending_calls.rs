//! Pending calls.

use std::{
    collections::{HashMap, VecDeque},
    future::Future,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    task::{self, Poll, Waker},
};

use futures::stream::{FuturesUnordered, StreamExt};

use crate::{
    etf::Encoder,
    net::Input,
    node::{
        address::Address,
        counters::CallKind,
        process::service_process::Process,
        service::{
            call::Later,
            kept_calls::ENDED,
            rejection::Rejection,
            reply_to::{OwnedReplyTo, ReplyTo},
        },
    },
    term::Atom,
};

/// A process with a handler that panicked, and the answer to its caller.
pub(in crate::node) type Panicked = (Arc<Address>, Rejection);

/// The calls of one connection whose handlers are pending.
///
/// Plain replies have no tag, so those to one process keep the order of its messages: while a plain call of a process
/// is pending, the replies to its later plain messages wait behind it.
#[derive(Debug, Default)]
pub(in crate::node) struct PendingCalls {
    running: FuturesUnordered<Running>,
    /// The slots, by the encoded pid of the caller. Only callers with a pending plain call have slots.
    order: HashMap<Box<[u8]>, VecDeque<ReplySlot>>,
    next: u64,
    /// The memory of replies that wait for their turn, and of their slots.
    queued: usize,
    /// Bytes of received messages that running calls may keep in memory.
    kept: Arc<AtomicUsize>,
    /// The batch of the last call that had to wait.
    batch: Weak<Batch>,
}

/// Messages that were read together. A kept part of one keeps the memory of all.
#[derive(Debug)]
struct Batch {
    number: u64,
    len: usize,
    kept: Arc<AtomicUsize>,
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.kept.fetch_sub(self.len, Ordering::Relaxed);
    }
}

/// A plain call among those of its caller that have not been answered, the first of which is still running.
#[derive(Debug)]
struct ReplySlot {
    id: u64,
    /// Whether its own reply exists.
    done: bool,
    /// The reply of the call once it is ready, followed by those to later messages that were answered at once.
    bytes: Encoder,
}

impl ReplySlot {
    /// Returns the memory that counts as queued. A call that is still running counts elsewhere.
    fn memory(&self) -> usize {
        // Twice its size, because a queue doubles its memory.
        self.bytes.memory() + if self.done { 2 * size_of::<ReplySlot>() } else { 0 }
    }
}

#[derive(Debug)]
struct Running {
    /// `None` once the call is given up.
    later: Option<Later>,
    waker: Option<Waker>,
    reply_to: OwnedReplyTo,
    /// The process whose function it is.
    process: Arc<Address>,
    function: Atom,
    /// The place among the plain replies to this caller.
    place: Option<u64>,
    /// The batch of which its arguments may be slices.
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
        let call_tag = this.reply_to.call_tag();
        let reply_to = this.reply_to.as_reply_to(&call_tag);
        let over = match (&mut this.later, call_tag.sink) {
            (None, _) => {
                // A call of a `gen_server` has its monitor.
                if reply_to.kind == CallKind::Plain {
                    reply_to.write_error(&mut reply, &Rejection::no_reply(&this.function, ENDED));
                }
                Poll::Ready(None)
            }
            // The process was killed.
            (_, Some(sink)) if sink.is_over() => Poll::Ready(None),
            (Some(later), _) => later.poll(context, &reply_to, &this.function, &mut reply),
        };
        let Poll::Ready(panicked) = over else {
            match &mut this.waker {
                Some(waker) => waker.clone_from(context.waker()),
                waker => *waker = Some(context.waker().clone()),
            }
            if let Some(sink) = call_tag.sink {
                sink.register(context.waker());
                // The signal may have arrived before.
                if sink.is_over() {
                    context.waker().wake_by_ref();
                }
            }
            return Poll::Pending;
        };
        // The data of the handler is dropped before its last output is written. If dropping it panics, only this call
        // ends.
        let later = this.later.take();
        let _ = catch_unwind(AssertUnwindSafe(|| drop(later)));
        this.batch = None;
        reply_to.settle(&mut reply);
        let place = this.place.map(|place| (reply_to.caller().into(), place));
        let panicked = panicked.map(|rejection| (this.process.clone(), rejection));
        Poll::Ready(Finished { reply, panicked, place })
    }
}

impl PendingCalls {
    /// Returns the number of pending calls.
    pub(in crate::node) fn len(&self) -> usize {
        self.running.len()
    }

    /// Returns the memory of replies that wait for their turn behind others.
    pub(in crate::node) fn queued(&self) -> usize {
        self.queued
    }

    /// Returns the bytes of messages that running calls keep in memory.
    pub(in crate::node) fn kept(&self) -> usize {
        self.kept.load(Ordering::Relaxed)
    }

    /// Returns `true` when no reply must wait for another one.
    #[inline]
    pub(in crate::node) fn nothing_queued(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns `true` when the reply to this message must wait for another one.
    #[inline]
    pub(in crate::node) fn must_wait(&self, reply_to: &ReplyTo<'_>) -> bool {
        !self.order.is_empty() && reply_to.kind == CallKind::Plain && self.order.contains_key(reply_to.caller())
    }

    /// Adds a reply that is ready behind those that are not.
    pub(in crate::node) fn queue(&mut self, reply_to: &ReplyTo<'_>, reply: &Encoder) {
        if reply.is_empty() {
            return;
        }
        if let Some(last) = self.order.get_mut(reply_to.caller()).and_then(VecDeque::back_mut) {
            let before = last.memory();
            last.bytes.append(reply);
            self.queued = self.queued - before + last.memory();
        }
    }

    /// Adds a call, which is kept until its handler has ended.
    pub(in crate::node) fn push(
        &mut self,
        reply_to: &ReplyTo<'_>,
        process: &Process,
        function: Atom,
        later: Later,
        input: Input<'_>,
    ) {
        let place = (reply_to.kind == CallKind::Plain && reply_to.to.is_some()).then(|| {
            self.next += 1;
            let place = ReplySlot { id: self.next, done: false, bytes: Encoder::new() };
            self.order.entry(reply_to.caller().into()).or_default().push_back(place);
            self.next
        });
        let (reply_to, process, batch) = (reply_to.keep(), process.address.clone(), Some(self.batch(input)));
        self.running.push(Running { later: Some(later), waker: None, reply_to, process, function, place, batch });
    }

    /// Returns the batch of this input, whose memory is counted once for as long as one of its calls runs.
    fn batch(&mut self, input: Input<'_>) -> Arc<Batch> {
        let (number, len) = (input.read.number, input.owner().len());
        if let Some(batch) = self.batch.upgrade().filter(|batch| batch.number == number) {
            return batch;
        }
        self.kept.fetch_add(len, Ordering::Relaxed);
        let batch = Arc::new(Batch { number, len, kept: self.kept.clone() });
        self.batch = Arc::downgrade(&batch);
        batch
    }

    /// Drops the calls of services that have ended.
    pub(in crate::node) fn drop_ended(&mut self) {
        for running in &mut self.running {
            if !running.reply_to.is_alive() {
                if let Some(later) = running.later.take() {
                    later.give_up();
                }
                if let Some(waker) = running.waker.take() {
                    waker.wake();
                }
            }
        }
    }

    /// Polls the calls that can continue. Replies whose turn it is go to `out`, and `written` is called after each of
    /// them. Returns the calls that have panicked.
    ///
    /// Calls that can continue are always polled, whether the peer reads or not: others may wait for a lock that they
    /// hold.
    pub(in crate::node) fn poll(
        &mut self,
        context: &mut task::Context<'_>,
        out: &mut Encoder,
        mut written: impl FnMut(&mut Encoder),
    ) -> Vec<Panicked> {
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
            written(out);
        }
        panicked
    }

    fn place(&mut self, caller: &[u8], id: u64, mut reply: Encoder, out: &mut Encoder) {
        let Some(places) = self.order.get_mut(caller) else { return };
        let Ok(at) = places.binary_search_by_key(&id, |place| place.id) else { return };
        if at > 0 {
            self.queued -= places[at].memory();
            reply.append(&places[at].bytes);
            if reply.is_empty() {
                places.remove(at);
            } else if places[at - 1].done {
                let before = &mut places[at - 1];
                self.queued -= before.memory();
                before.bytes.append(&reply);
                self.queued += before.memory();
                places.remove(at);
            } else {
                places[at] = ReplySlot { id, done: true, bytes: reply };
                self.queued += places[at].memory();
            }
            return;
        }
        out.append(&reply);
        let mut own = true;
        while let Some(place) = places.front()
            && (own || place.done)
        {
            own = false;
            self.queued -= place.memory();
            out.append(&place.bytes);
            places.pop_front();
        }
        if places.is_empty() {
            self.order.remove(caller);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(text: &[u8]) -> Encoder {
        let mut encoder = Encoder::new();
        encoder.put_slice(text);
        encoder
    }

    /// Returns running calls of one caller with these ids.
    fn running(ids: std::ops::RangeInclusive<u64>) -> PendingCalls {
        let mut calls = PendingCalls::default();
        let places = ids.map(|id| ReplySlot { id, done: false, bytes: Encoder::new() }).collect();
        calls.order.insert(Box::from(*b"me"), places);
        calls
    }

    #[test]
    fn replies_come_in_the_order_of_their_calls_whatever_that_of_their_ends_is() {
        for ends in [[1, 2, 3, 4], [4, 3, 2, 1], [2, 4, 3, 1], [3, 1, 4, 2], [2, 1, 4, 3]] {
            let (mut calls, mut out) = (running(1..=4), Encoder::new());
            if let Some(last) = calls.order.get_mut(&b"me"[..]).and_then(VecDeque::back_mut) {
                last.bytes.put_slice(b"5");
                calls.queued += last.memory();
            }
            for id in ends {
                calls.place(b"me", id, bytes(&[b'0' + id as u8]), &mut out);
            }
            assert_eq!((out.to_vec(), calls.queued), (b"12345".to_vec(), 0), "{ends:?}");
            assert!(calls.order.is_empty());
        }
    }

    #[test]
    fn what_answers_nothing_takes_no_place_and_what_does_counts_with_its_memory() {
        let (mut calls, mut out) = (running(1..=3000), Encoder::new());
        for id in (2..=1000).rev() {
            calls.place(b"me", id, Encoder::new(), &mut out);
        }
        assert_eq!((calls.queued, calls.order[&b"me"[..]].len()), (0, 2001));
        for id in (1001..=3000).rev() {
            calls.place(b"me", id, bytes(b"x"), &mut out);
        }
        // Each of these calls has memory of its own.
        let least = 2000 * (256 + size_of::<ReplySlot>());
        assert!(calls.queued >= least && calls.queued <= 2 * least, "{}", calls.queued);
        calls.place(b"me", 1, bytes(b"x"), &mut out);
        assert_eq!((out.len(), calls.queued), (2001, 0));
    }
}
