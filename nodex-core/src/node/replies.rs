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
    #[expect(dead_code)]
    Refused(RawTerm),
    /// The connection is gone.
    NoConnection,
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
    pub(super) fn open(&self, peer: u64) -> (ReplyId, oneshot::Receiver<Outcome>) {
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
        slot.waiting = Some(Waiting { outcome, peer });
        (ReplyId { id: self.base + 2 * index, serial: slot.serial }, receiver)
    }

    /// Hands an outcome to the call that waits on this pid. False when none does: the reply is late.
    pub(super) fn complete(&self, id: u32, serial: u32, outcome: Outcome) -> bool {
        let Some(index) = self.index(id) else { return false };
        let mut slots = self.lock();
        match slots.all.get_mut(index as usize) {
            Some(slot) if slot.serial == serial && slot.waiting.is_some() => {
                let waiting = slot.waiting.take();
                slots.release(index);
                drop(slots);
                // The caller may have given up just now.
                waiting.is_some_and(|waiting| waiting.outcome.send(outcome).is_ok())
            }
            _ => false,
        }
    }

    /// Gives up waiting.
    pub(super) fn close(&self, id: ReplyId) {
        let Some(index) = self.index(id.id) else { return };
        let mut slots = self.lock();
        if let Some(slot) = slots.all.get_mut(index as usize)
            && slot.serial == id.serial
            && slot.waiting.take().is_some()
        {
            slots.release(index);
        }
    }

    /// Tells all calls over this connection that it is gone.
    pub(super) fn disconnected(&self, peer: u64) {
        let mut slots = self.lock();
        for index in 0..slots.all.len() {
            let slot = &mut slots.all[index];
            if slot.waiting.as_ref().is_some_and(|waiting| waiting.peer == peer) {
                let waiting = slot.waiting.take();
                slots.release(index as u32);
                if let Some(waiting) = waiting {
                    let _ = waiting.outcome.send(Outcome::NoConnection);
                }
            }
        }
    }
}

impl Slots {
    fn release(&mut self, index: u32) {
        let slot = &mut self.all[index as usize];
        slot.serial = (slot.serial + 1) & SMALL_SERIAL;
        self.free.push_back(index);
    }
}
