//! Calls of this node that wait for their replies, and mailboxes, in the table of processes.

use tokio::sync::oneshot;

use super::{
    mailbox_sender::MailboxSender,
    references::{self, USES},
    table::{Entry, ProcessTable, Slot},
    waiting::{Completed, Outcome, ReplyFilter, ReplyId, Waiter, Waiting},
};
use crate::{
    node::{
        number::{Number, SMALL_SERIAL},
        shared::Identity,
    },
    protocol::control::RefTerm,
    term::Reference,
};

impl Slot {
    fn waiting(&mut self) -> Option<&mut Waiting> {
        match &mut self.entry {
            Entry::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }

    fn take_waiting(&mut self, is: impl FnOnce(&Waiting) -> bool) -> Option<Waiting> {
        self.waiting().filter(|waiting| is(waiting))?;
        match std::mem::replace(&mut self.entry, Entry::Empty) {
            Entry::Waiting(waiting) => Some(waiting),
            _ => None,
        }
    }
}

impl ProcessTable {
    /// Returns a new reply pid, and where the outcome comes. `peer` is the connection that the reply will come over,
    /// and `serials` has the bits of serials that it takes.
    pub(in crate::node) fn open(
        &self,
        peer: u64,
        serials: u32,
        wants: ReplyFilter,
    ) -> (ReplyId, oneshot::Receiver<Outcome>) {
        let (outcome, receiver) = oneshot::channel();
        (self.enter(Waiting { who: Waiter::Call { outcome, wants }, peer, watched: false }, serials), receiver)
    }

    /// Returns a new pid of a mailbox.
    pub(in crate::node) fn open_mailbox(&self, letters: MailboxSender) -> ReplyId {
        self.enter(Waiting { who: Waiter::Mailbox(letters), peer: 0, watched: false }, SMALL_SERIAL)
    }

    fn enter(&self, waiting: Waiting, serials: u32) -> ReplyId {
        let mut slots = self.write();
        let index = slots.take(serials);
        let slot = &mut slots.all[index as usize];
        slot.entry = Entry::Waiting(waiting);
        ReplyId { number: Number { id: self.base + index, serial: slot.serial }, uses: slot.uses }
    }

    /// Returns the reference that goes with a reply pid.
    pub(in crate::node) fn reference(identity: &Identity, id: ReplyId) -> Reference {
        identity.reference(references::words_of(id.number.id, id.uses))
    }

    /// Returns the reply pid that goes with this reference, while it is there.
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

    /// Hands an outcome that came over this connection to whoever waits on this pid; a late one is dropped, and so is one of
    /// a node that was not asked. Servers may have others answer in their place, who then know the tag.
    #[must_use]
    pub(in crate::node) fn complete(&self, id: Number, outcome: Outcome, peer: u64) -> Completed {
        let mut slots = self.write();
        let index = self.index(id.id);
        let (Some(index), Some(slot)) = (index, slots.slot(index, id.serial)) else { return Completed::Dropped };
        let uses = slot.uses;
        let Some(waiting) = slot.take_waiting(|waiting| waiting.awaits(&outcome, peer, (id.id, uses))) else {
            return match (slot.waiting().map(|waiting| &waiting.who), outcome) {
                (Some(Waiter::Mailbox(letters)), Outcome::Message(message)) => {
                    Completed::Mail(letters.clone(), message)
                }
                _ => Completed::Dropped,
            };
        };
        slots.release(index);
        drop(slots);
        let watched = waiting.watched;
        waiting.end(outcome);
        Completed::Done { watched }
    }

    /// Closes a pid. Returns `true` when its monitors and links must be told.
    #[must_use]
    pub(in crate::node) fn close(&self, id: ReplyId) -> bool {
        let mut slots = self.write();
        let Some(index) = self.index(id.number.id) else { return false };
        let slot = slots.all.get_mut(index).filter(|slot| slot.uses == id.uses);
        let Some(waiting) = slot.and_then(|slot| slot.take_waiting(|_| true)) else { return false };
        slots.release(index);
        waiting.watched
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

    /// Tells all calls over this connection that it has ended. Returns the pids that are monitored or linked.
    #[must_use]
    pub(in crate::node) fn disconnected(&self, peer: u64) -> Vec<Number> {
        let mut slots = self.write();
        let mut watched = Vec::new();
        for index in 0..slots.all.len() {
            let slot = &mut slots.all[index];
            let id = Number { id: self.base + index as u32, serial: slot.serial };
            if let Some(waiting) = slot.take_waiting(|waiting| waiting.peer == peer) {
                slots.release(index);
                if waiting.watched {
                    watched.push(id);
                }
                waiting.end(Outcome::NoConnection);
            }
        }
        watched
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        etf::Encoder,
        node::process::mailbox_sender::mailbox,
        term::{RawTerm, Reference},
    };

    fn term() -> RawTerm {
        RawTerm::from_slice(b"\x6a", None)
    }

    fn open(replies: &ProcessTable, peer: u64, wants: ReplyFilter) -> (ReplyId, oneshot::Receiver<Outcome>) {
        replies.open(peer, SMALL_SERIAL, wants)
    }

    fn message(replies: &ProcessTable, id: ReplyId, message: RawTerm) -> bool {
        matches!(replies.complete(id.number, Outcome::Message(message), 1), Completed::Done { watched: false })
    }

    /// `{Reference, []}`
    fn tagged(id: ReplyId) -> RawTerm {
        let words = references::words_of(id.number.id, id.uses);
        let mut out = Encoder::new();
        out.put_tuple(2).unwrap();
        out.put_reference(&Reference::new(crate::atom!("a@h"), 4, &words).unwrap());
        out.put_nil();
        RawTerm::from_slice(&out.to_vec(), None)
    }

    #[test]
    fn every_call_gets_its_own_outcome_and_late_ones_are_dropped() {
        let replies = ProcessTable::new(10);
        let (one, mut first) = open(&replies, 1, ReplyFilter::Message);
        let (two, mut second) = open(&replies, 1, ReplyFilter::Message);
        assert!(message(&replies, two, term()));
        assert!(matches!(second.try_recv(), Ok(Outcome::Message(_))));
        assert!(first.try_recv().is_err() && replies.is_open(one.number) && !replies.is_open(two.number));
        assert!(!message(&replies, two, term()), "late");
        assert!(!replies.close(one));
        assert!(!message(&replies, one, term()), "late");
        let other = Number { id: one.number.id + 1, ..one.number };
        assert!(matches!(replies.complete(other, Outcome::Message(term()), 1), Completed::Dropped), "not of a reply");
    }

    #[test]
    fn what_waits_for_an_end_takes_no_messages() {
        let replies = ProcessTable::new(10);
        let (id, mut outcome) = open(&replies, 1, ReplyFilter::Down);
        assert!(!message(&replies, id, term()));
        assert!(outcome.try_recv().is_err() && replies.is_open(id.number));
        assert!(matches!(replies.complete(id.number, Outcome::Down(term()), 1), Completed::Done { .. }));
        assert!(matches!(outcome.try_recv(), Ok(Outcome::Down(_))));
    }

    #[test]
    fn only_the_connection_that_was_asked_over_answers_without_a_tag() {
        let replies = ProcessTable::new(10);
        let outcomes = [Outcome::Message as fn(RawTerm) -> Outcome, Outcome::Down, Outcome::Refused];
        for (wants, takes) in [
            (ReplyFilter::Message, [true; 3]),
            (ReplyFilter::Tagged, [false, true, true]),
            (ReplyFilter::Down, [false, true, true]),
        ] {
            for (outcome, takes) in outcomes.into_iter().zip(takes) {
                let (id, mut receiver) = open(&replies, 1, wants);
                // Connection 0 is that of no call.
                for stranger in [2, 0] {
                    assert!(matches!(replies.complete(id.number, outcome(term()), stranger), Completed::Dropped));
                }
                assert!(receiver.try_recv().is_err() && replies.is_open(id.number), "{wants:?}");
                let done = matches!(replies.complete(id.number, outcome(term()), 1), Completed::Done { .. });
                assert_eq!(done, takes, "{wants:?}");
                assert!(!replies.close(id));
            }
        }
        // A tag may have been handed on.
        let (id, mut receiver) = open(&replies, 1, ReplyFilter::Tagged);
        let done = replies.complete(id.number, Outcome::Message(tagged(id)), 2);
        assert!(matches!(done, Completed::Done { .. }) && matches!(receiver.try_recv(), Ok(Outcome::Message(_))));
    }

    #[test]
    fn the_reply_to_an_earlier_call_with_the_same_pid_is_not_taken_for_another() {
        let replies = ProcessTable::new(10);
        let (early, _given_up) = open(&replies, 1, ReplyFilter::Tagged);
        assert!(!replies.close(early));
        let (mut now, mut outcome) = open(&replies, 1, ReplyFilter::Tagged);
        while now.number != early.number {
            assert!(!replies.close(now));
            (now, outcome) = open(&replies, 1, ReplyFilter::Tagged);
        }
        assert!(now.uses > early.uses);
        for late in [tagged(early), term()] {
            assert!(!message(&replies, now, late));
        }
        assert!(outcome.try_recv().is_err());
        // The same goes for the news of its monitor.
        assert_eq!(replies.number(early.number.id, early.uses), None);
        assert_eq!(replies.number(now.number.id, now.uses), Some(now.number));
        assert!(message(&replies, now, tagged(now)));
        assert!(matches!(outcome.try_recv(), Ok(Outcome::Message(_))));
    }

    #[test]
    fn a_mailbox_takes_messages_until_it_is_closed() {
        let replies = ProcessTable::new(10);
        let (letters, _mailbox) = mailbox();
        let id = replies.open_mailbox(letters);
        assert!(replies.is_mailbox(id.number));
        for _ in 0..3 {
            assert!(matches!(replies.complete(id.number, Outcome::Message(term()), 1), Completed::Mail(..)));
        }
        assert!(matches!(replies.complete(id.number, Outcome::Down(term()), 1), Completed::Dropped));
        assert!(replies.disconnected(1).is_empty() && replies.is_open(id.number));
        assert!(replies.watch(id.number) && replies.close(id));
        assert!(matches!(replies.complete(id.number, Outcome::Message(term()), 1), Completed::Dropped));
    }

    #[test]
    fn watchers_of_a_caller_are_told_when_it_is_done() {
        let replies = ProcessTable::new(10);
        let (one, _first) = open(&replies, 1, ReplyFilter::Message);
        let (two, _second) = open(&replies, 1, ReplyFilter::Message);
        let (three, mut third) = open(&replies, 1, ReplyFilter::Message);
        let (four, _fourth) = open(&replies, 2, ReplyFilter::Message);
        for id in [one, two, three] {
            assert!(replies.watch(id.number));
        }
        let done = replies.complete(one.number, Outcome::Message(term()), 1);
        assert!(matches!(done, Completed::Done { watched: true }));
        assert!(replies.close(two));
        assert!(!replies.watch(one.number) && !replies.close(one));
        assert_eq!(replies.disconnected(1), [three.number]);
        assert!(matches!(third.try_recv(), Ok(Outcome::NoConnection)));
        assert!(replies.is_open(four.number));
    }
}
