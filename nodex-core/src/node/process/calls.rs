//! Calls of this node that wait for their replies, and mailboxes, in the table of processes.
//!
//! The outcome of a call is stored in its place in the table, and its task is woken. A call needs neither an allocation
//! nor a timer.

use std::{
    mem,
    task::{Context, Poll, Waker},
    time::Duration,
};

use super::{
    alarm::Next,
    mailbox_sender::MailboxSender,
    references::{self, USES},
    table::{Entry, ProcessTable, Slot, Slots},
    waiting::{Completed, Outcome, ReplyFilter, ReplyId, Waiter, Waiting},
};
use crate::{
    node::{
        encoded::Encoded,
        moment::Moment,
        number::{Number, SMALL_SERIAL},
        shared::Identity,
    },
    protocol::control::RefTerm,
};

/// The shortest pause between two checks of the time limits of all calls.
const PAUSE: Duration = Duration::from_millis(1);

/// The pause is longer in proportion: by [`PAUSE`] for each this many places, so that checking many of them does not
/// take a larger part of the time.
const PLACES: u32 = 16_384;

/// A call that is over: the task to wake, and whether its pid is monitored or linked.
struct Over {
    waker: Waker,
    watched: bool,
}

impl Slot {
    fn waiting(&mut self) -> Option<&mut Waiting> {
        match &mut self.entry {
            Entry::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }
}

impl Slots {
    /// Stores the outcome for the call that waits in this place, and so ends its pid.
    fn end(&mut self, index: usize, outcome: Outcome) -> Option<Over> {
        let entry = &mut self.all.get_mut(index)?.entry;
        let Entry::Waiting(Waiting { who: Waiter::Call { .. }, .. }) = entry else { return None };
        match mem::replace(entry, Entry::Over(outcome)) {
            Entry::Waiting(Waiting { who: Waiter::Call { waker, .. }, watched, .. }) => {
                self.due[index] = Moment::NEVER;
                Some(Over { waker, watched })
            }
            _ => None,
        }
    }
}

impl ProcessTable {
    /// Returns a new reply pid. `peer` is the connection of the reply, and `serials` has the bits of the serials that
    /// the peer accepts. `waker` is woken when [`Self::poll`] has the outcome, at `until` at the latest. The second
    /// value says whether that time is sooner than those of all other calls.
    pub(in crate::node) fn open(
        &self,
        (peer, serials): (u64, u32),
        wants: ReplyFilter,
        waker: Waker,
        until: Moment,
    ) -> (ReplyId, bool) {
        let mut slots = self.write();
        let (index, id) =
            self.enter(&mut slots, Waiting { who: Waiter::Call { waker, wants }, peer, watched: false }, serials);
        slots.due[index] = until;
        let sooner = until < slots.next_due;
        if sooner {
            slots.next_due = until;
        }
        (id, sooner)
    }

    /// Returns a new pid of a mailbox.
    pub(in crate::node) fn open_mailbox(&self, letters: MailboxSender) -> ReplyId {
        let waiting = Waiting { who: Waiter::Mailbox(letters), peer: 0, watched: false };
        self.enter(&mut self.write(), waiting, SMALL_SERIAL).1
    }

    fn enter(&self, slots: &mut Slots, waiting: Waiting, serials: u32) -> (usize, ReplyId) {
        let index = slots.take(serials);
        let slot = &mut slots.all[index as usize];
        slot.entry = Entry::Waiting(waiting);
        let id = ReplyId { number: Number { id: self.base + index, serial: slot.serial }, uses: slot.uses };
        (index as usize, id)
    }

    /// Returns the outcome of a call and frees its place, or registers its task to be woken when the outcome exists.
    pub(in crate::node) fn poll(&self, id: ReplyId, context: &Context<'_>) -> Poll<Outcome> {
        let mut slots = self.write();
        let index = self.index(id.number.id).unwrap_or(usize::MAX);
        let slot = slots.all.get_mut(index).filter(|slot| slot.uses == id.uses);
        // This never happens: a caller keeps its place until it has the outcome or is dropped.
        let Some(slot) = slot else { return Poll::Ready(Outcome::NoConnection) };
        if let Entry::Waiting(Waiting { who: Waiter::Call { waker, .. }, .. }) = &mut slot.entry {
            let old = (!waker.will_wake(context.waker())).then(|| mem::replace(waker, context.waker().clone()));
            drop(slots);
            // It may be the last reference to a task.
            drop(old);
            return Poll::Pending;
        }
        match mem::replace(&mut slot.entry, Entry::Empty) {
            Entry::Over(outcome) => {
                slots.release(index);
                Poll::Ready(outcome)
            }
            other => {
                slot.entry = other;
                Poll::Ready(Outcome::NoConnection)
            }
        }
    }

    /// Returns the reference that belongs to a reply pid, encoded.
    pub(in crate::node) fn reference(identity: &Identity, id: ReplyId) -> Encoded {
        identity.reference_bytes(references::words_of(id.number.id, id.uses))
    }

    /// Returns the reply pid that belongs to this reference, while it exists.
    pub(in crate::node) fn of_reference(&self, identity: &Identity, reference: RefTerm<'_>) -> Option<Number> {
        let (id, uses) = identity.read_words(reference, references::read_words)?;
        self.number(id, uses)
    }

    /// Returns the pid that this id still has.
    fn number(&self, id: u32, uses: u64) -> Option<Number> {
        let index = self.index(id)?;
        let slots = self.read();
        let is = |slot: &&Slot| slot.uses & USES == uses && matches!(slot.entry, Entry::Waiting(_));
        let slot = slots.all.get(index).filter(is)?;
        Some(Number { id, serial: slot.serial })
    }

    /// Stores an outcome that came over this connection for the call that waits on this pid. A late outcome is dropped,
    /// and so is one of a node that was not called. A server may let another process answer, which then knows the tag.
    #[must_use]
    pub(in crate::node) fn complete(&self, id: Number, outcome: Outcome, peer: u64) -> Completed {
        let mut slots = self.write();
        let index = self.index(id.id);
        let (Some(index), Some(slot)) = (index, slots.slot(index, id.serial)) else { return Completed::Dropped };
        let uses = slot.uses;
        match slot.waiting() {
            Some(Waiting { who: Waiter::Mailbox(letters), .. }) => match outcome {
                Outcome::Message(message) => Completed::Mail(letters.clone(), message),
                _ => Completed::Dropped,
            },
            Some(waiting) if waiting.awaits(&outcome, peer, (id.id, uses)) => {
                let over = slots.end(index, outcome);
                drop(slots);
                over.map_or(Completed::Dropped, |over| {
                    over.waker.wake();
                    Completed::Done { watched: over.watched }
                })
            }
            _ => Completed::Dropped,
        }
    }

    /// Closes a pid. Returns `true` when its monitors and links must fire.
    #[must_use]
    pub(in crate::node) fn close(&self, id: ReplyId) -> bool {
        let mut slots = self.write();
        let Some(index) = self.index(id.number.id) else { return false };
        let Some(slot) = slots.all.get_mut(index).filter(|slot| slot.uses == id.uses) else { return false };
        let (Entry::Waiting(_) | Entry::Over(_)) = slot.entry else { return false };
        let entry = mem::replace(&mut slot.entry, Entry::Empty);
        slots.due[index] = Moment::NEVER;
        slots.release(index);
        drop(slots);
        // Dropped without the lock: a waker may be the last reference to a task.
        matches!(entry, Entry::Waiting(Waiting { watched: true, .. }))
    }

    /// Returns `true` while a call waits on this pid.
    pub(in crate::node) fn is_open(&self, id: Number) -> bool {
        self.with(id, |_| ()).is_some()
    }

    /// Returns `true` while this is the pid of a mailbox.
    pub(in crate::node) fn is_mailbox(&self, id: Number) -> bool {
        self.with(id, |waiting| matches!(waiting.who, Waiter::Mailbox(_))) == Some(true)
    }

    /// Records that the pid is monitored or linked. Returns `false` when no call waits on it.
    pub(in crate::node) fn watch(&self, id: Number) -> bool {
        self.with(id, |waiting| waiting.watched = true).is_some()
    }

    fn with<T>(&self, id: Number, see: impl FnOnce(&mut Waiting) -> T) -> Option<T> {
        let mut slots = self.write();
        slots.slot(self.index(id.id), id.serial)?.waiting().map(see)
    }

    /// Ends all calls over this connection, which has ended. Returns the pids that are monitored or linked.
    #[must_use]
    pub(in crate::node) fn disconnected(&self, peer: u64) -> Vec<Number> {
        let mut over = Vec::new();
        let mut slots = self.write();
        for index in 0..slots.all.len() {
            if slots.all[index].waiting().is_some_and(|waiting| waiting.peer == peer) {
                over.extend(self.ended(&mut slots, index, Outcome::NoConnection));
            }
        }
        drop(slots);
        wake(over)
    }

    /// Ends all calls whose time limit has passed. Returns the pids that are monitored or linked, and the time of the
    /// next limit.
    #[must_use]
    pub(in crate::node) fn expire(&self, now: Moment) -> (Vec<Number>, Next) {
        let (mut over, mut next) = (Vec::new(), Moment::NEVER);
        let mut slots = self.write();
        for index in 0..slots.due.len() {
            match slots.due[index] {
                due if due > now => next = next.min(due),
                _ => over.extend(self.ended(&mut slots, index, Outcome::TimedOut)),
            }
        }
        slots.next_due = next;
        let pause = PAUSE * (1 + slots.due.len() as u32 / PLACES);
        drop(slots);
        (wake(over), Next { at: next, pause })
    }

    fn ended(&self, slots: &mut Slots, index: usize, outcome: Outcome) -> Option<(Number, Over)> {
        let id = Number { id: self.base + index as u32, serial: slots.all[index].serial };
        slots.end(index, outcome).map(|over| (id, over))
    }
}

/// Wakes the tasks of calls that are over. Returns the pids that were monitored or linked.
fn wake(over: Vec<(Number, Over)>) -> Vec<Number> {
    let wake = |(number, Over { waker, watched }): (Number, Over)| {
        waker.wake();
        watched.then_some(number)
    };
    over.into_iter().filter_map(wake).collect()
}

#[cfg(test)]
mod tests;
