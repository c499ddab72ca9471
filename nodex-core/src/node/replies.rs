//! Calls of this node that wait for their replies. Each has a pid of its own, so that even a peer that knows no tags
//! answers the right one.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::processes::{Number, RESTING, SMALL_SERIAL};
use crate::term::RawTerm;

/// What a waiting call gets.
#[derive(Debug)]
pub(super) enum Outcome {
    /// A message to its pid.
    Message(RawTerm),
    /// The process that it monitors is gone, with this reason.
    Down(RawTerm),
    /// The process that it wanted spawned was refused, with this reason.
    Refused(RawTerm),
    /// The connection is gone.
    NoConnection,
}

/// What a reply pid is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wants {
    /// The first message to it, or the end of what it monitors.
    Message,
    /// The end of what it monitors; messages are dropped.
    Down,
}

/// The numbers of a reply pid.
pub(super) type ReplyId = Number;

#[derive(Debug)]
pub(super) struct Replies {
    /// The ids are `base`, `base + 2` and so on; those between are of [`Processes`](super::processes::Processes).
    base: u32,
    slots: Mutex<Slots>,
}

#[derive(Debug, Default)]
struct Slots {
    all: Vec<Slot>,
    /// First in, first out, so that a number is not used again soon.
    free: VecDeque<u32>,
}

#[derive(Debug)]
struct Slot {
    serial: u32,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    outcome: oneshot::Sender<Outcome>,
    peer: u64,
    wants: Wants,
    /// Somebody has linked or monitored the pid, as servers do with their clients.
    watched: bool,
}

impl Replies {
    /// With ids from `base` on.
    pub(super) fn new(base: u32) -> Self {
        Replies { base, slots: Mutex::default() }
    }

    fn index(&self, id: u32) -> Option<u32> {
        let offset = id.checked_sub(self.base)?;
        (offset % 2 == 0).then_some(offset / 2)
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new reply pid, and where the outcome comes. `peer` is the connection that the reply will come over.
    pub(super) fn open(&self, peer: u64, wants: Wants) -> (ReplyId, oneshot::Receiver<Outcome>) {
        let (outcome, receiver) = oneshot::channel();
        let mut slots = self.lock();
        let index = match slots.free.len() > RESTING {
            true => slots.free.pop_front(),
            false => None,
        };
        let index = match index {
            Some(index) => index,
            None => {
                slots.all.push(Slot { serial: 0, waiting: None });
                slots.all.len() as u32 - 1
            }
        };
        let slot = &mut slots.all[index as usize];
        slot.waiting = Some(Waiting { outcome, peer, wants, watched: false });
        (ReplyId { id: self.base + 2 * index, serial: slot.serial }, receiver)
    }

    /// Hands an outcome to the call that waits on this pid; a late one is dropped. True when whoever watches the pid has
    /// to be told that it is gone.
    #[must_use]
    pub(super) fn complete(&self, id: ReplyId, outcome: Outcome) -> bool {
        let Some(index) = self.index(id.id) else { return false };
        let mut slots = self.lock();
        let Some(slot) = slots.all.get_mut(index as usize).filter(|slot| slot.serial == id.serial) else {
            return false;
        };
        let stray = matches!(outcome, Outcome::Message(_));
        let Some(waiting) = slot.waiting.take_if(|waiting| !(stray && waiting.wants == Wants::Down)) else {
            return false;
        };
        slots.release(index);
        drop(slots);
        // The caller may have given up just now.
        let _ = waiting.outcome.send(outcome);
        waiting.watched
    }

    /// Gives up waiting. True when whoever watches the pid has to be told that it is gone.
    #[must_use]
    pub(super) fn close(&self, id: ReplyId) -> bool {
        let Some(index) = self.index(id.id) else { return false };
        let mut slots = self.lock();
        let Some(slot) = slots.all.get_mut(index as usize).filter(|slot| slot.serial == id.serial) else {
            return false;
        };
        let Some(waiting) = slot.waiting.take() else { return false };
        slots.release(index);
        waiting.watched
    }

    /// True while a call waits on this pid.
    pub(super) fn is_open(&self, id: ReplyId) -> bool {
        self.with(id, |_| ()).is_some()
    }

    /// Notes that somebody watches the pid. False when no call waits on it.
    pub(super) fn watch(&self, id: ReplyId) -> bool {
        self.with(id, |waiting| waiting.watched = true).is_some()
    }

    fn with<T>(&self, id: ReplyId, see: impl FnOnce(&mut Waiting) -> T) -> Option<T> {
        let index = self.index(id.id)?;
        let mut slots = self.lock();
        let slot = slots.all.get_mut(index as usize).filter(|slot| slot.serial == id.serial)?;
        slot.waiting.as_mut().map(see)
    }

    /// Tells all calls over this connection that it is gone. Gives the pids that somebody watches.
    #[must_use]
    pub(super) fn disconnected(&self, peer: u64) -> Vec<ReplyId> {
        let mut slots = self.lock();
        let mut watched = Vec::new();
        for index in 0..slots.all.len() {
            let slot = &mut slots.all[index];
            let id = Number { id: self.base + 2 * index as u32, serial: slot.serial };
            if let Some(waiting) = slot.waiting.take_if(|waiting| waiting.peer == peer) {
                slots.release(index as u32);
                if waiting.watched {
                    watched.push(id);
                }
                let _ = waiting.outcome.send(Outcome::NoConnection);
            }
        }
        watched
    }
}

impl Slots {
    fn release(&mut self, index: u32) {
        let slot = &mut self.all[index as usize];
        slot.serial = (slot.serial + 1) & SMALL_SERIAL;
        self.free.push_back(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn term() -> RawTerm {
        RawTerm::from_slice(b"\x6a", None)
    }

    #[test]
    fn every_call_gets_its_own_outcome_and_late_ones_are_dropped() {
        let replies = Replies::new(10);
        let (one, mut first) = replies.open(1, Wants::Message);
        let (two, mut second) = replies.open(1, Wants::Message);
        assert_eq!((one.id % 2, two.id % 2), (0, 0));
        assert!(!replies.complete(two, Outcome::Message(term())));
        assert!(matches!(second.try_recv(), Ok(Outcome::Message(_))));
        assert!(first.try_recv().is_err() && replies.is_open(one) && !replies.is_open(two));
        assert!(!replies.complete(two, Outcome::Message(term())), "late");
        assert!(!replies.close(one));
        assert!(!replies.complete(one, Outcome::Message(term())), "late");
        assert!(!replies.complete(Number { id: one.id + 1, ..one }, Outcome::Message(term())), "not of a reply");
    }

    #[test]
    fn what_waits_for_an_end_takes_no_messages() {
        let replies = Replies::new(10);
        let (id, mut outcome) = replies.open(1, Wants::Down);
        assert!(!replies.complete(id, Outcome::Message(term())));
        assert!(outcome.try_recv().is_err() && replies.is_open(id));
        assert!(!replies.complete(id, Outcome::Down(term())));
        assert!(matches!(outcome.try_recv(), Ok(Outcome::Down(_))));
    }

    #[test]
    fn watchers_of_a_caller_are_told_when_it_is_done() {
        let replies = Replies::new(10);
        let (one, _first) = replies.open(1, Wants::Message);
        let (two, _second) = replies.open(1, Wants::Message);
        let (three, mut third) = replies.open(1, Wants::Message);
        let (four, _fourth) = replies.open(2, Wants::Message);
        for id in [one, two, three] {
            assert!(replies.watch(id));
        }
        assert!(replies.complete(one, Outcome::Message(term())));
        assert!(replies.close(two));
        assert!(!replies.watch(one) && !replies.close(one));
        assert_eq!(replies.disconnected(1), [three]);
        assert!(matches!(third.try_recv(), Ok(Outcome::NoConnection)));
        assert!(replies.is_open(four));
    }
}
