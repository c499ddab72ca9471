//! Processes that are no services: calls of this node that wait for their replies, and mailboxes. Each call has a pid of
//! its own, so that even a peer that knows no tags answers the right one.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use super::{
    mailbox_sender::MailboxSender,
    references::{self, USES},
    table::RESTING,
};
use crate::{
    etf::Decoder,
    node::{
        number::{Number, SMALL_SERIAL},
        shared::Identity,
    },
    protocol::control::RefTerm,
    term::{RawTerm, Reference},
};

/// What a waiting call gets.
#[derive(Debug)]
pub(in crate::node) enum Outcome {
    /// A message to its pid.
    Message(RawTerm),
    /// The process that it monitors is gone, with this reason.
    Down(RawTerm),
    /// The same with a reason that is over the limit and was not read: what stands in its place, and its length.
    DownTooLong { reason: RawTerm, length: u64, limit: usize },
    /// The process that it wanted spawned was refused, with this reason.
    Refused(RawTerm),
    /// A message to its pid that is over the limit, of which this is the beginning.
    TooLong { head: RawTerm, length: u64, limit: usize },
    /// The connection is gone.
    NoConnection,
}

/// What a reply pid is there for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) enum ReplyFilter {
    /// The first message to it, or the end of what it monitors. Nothing but the connection that it comes over tells that
    /// it is an answer.
    Message,
    /// `{Tag, Reply}` with its reference as the tag, from whatever node, or the end of what it monitors; other messages are
    /// dropped.
    Tagged,
    /// The end of what it monitors; messages are dropped.
    Down,
}

/// The numbers of a reply pid, and how often its place was used before. No two of them are the same, though their pids
/// may be, after so many others that nobody can be waiting for the earlier one any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::node) struct ReplyId {
    pub(in crate::node) number: Number,
    pub(in crate::node) uses: u64,
}

/// What became of an outcome.
#[derive(Debug)]
pub(in crate::node) enum Completed {
    /// Nobody waited for it.
    Dropped,
    /// It was handed over, and the pid is gone. `watched` is true when whoever watches it has to be told.
    Done { watched: bool },
    /// It is a message for a mailbox.
    Mail(MailboxSender, RawTerm),
}

#[derive(Debug)]
pub(in crate::node) struct CallTable {
    /// The ids are `base`, `base + 2` and so on; those between are of [`Processes`](crate::node::process::table::Processes).
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
    /// Of the pid that it has now, or had last.
    serial: u32,
    uses: u64,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    who: Waiter,
    /// The connection that it ends with; 0 for none.
    peer: u64,
    /// Somebody has linked or monitored the pid, as servers do with their clients.
    watched: bool,
}

#[derive(Debug)]
enum Waiter {
    Call { outcome: oneshot::Sender<Outcome>, wants: ReplyFilter },
    Mailbox(MailboxSender),
}

impl CallTable {
    /// With ids from `base` on.
    pub(in crate::node) fn new(base: u32) -> Self {
        CallTable { base, slots: Mutex::default() }
    }

    fn index(&self, id: u32) -> Option<u32> {
        let offset = id.checked_sub(self.base)?;
        (offset % 2 == 0).then_some(offset / 2)
    }

    fn lock(&self) -> MutexGuard<'_, Slots> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new reply pid, and where the outcome comes. `peer` is the connection that the reply will come over, and `serials`
    /// has the bits of serials that it takes.
    pub(in crate::node) fn open(
        &self,
        peer: u64,
        serials: u32,
        wants: ReplyFilter,
    ) -> (ReplyId, oneshot::Receiver<Outcome>) {
        let (outcome, receiver) = oneshot::channel();
        (self.enter(Waiting { who: Waiter::Call { outcome, wants }, peer, watched: false }, serials), receiver)
    }

    /// A new pid of a mailbox.
    pub(in crate::node) fn open_mailbox(&self, letters: MailboxSender) -> ReplyId {
        self.enter(Waiting { who: Waiter::Mailbox(letters), peer: 0, watched: false }, SMALL_SERIAL)
    }

    fn enter(&self, waiting: Waiting, serials: u32) -> ReplyId {
        let mut slots = self.lock();
        let index = match slots.free.len() > RESTING {
            true => slots.free.pop_front(),
            false => None,
        };
        let index = match index {
            Some(index) => index,
            None => {
                slots.all.push(Slot { serial: 0, uses: 0, waiting: None });
                slots.all.len() as u32 - 1
            }
        };
        let slot = &mut slots.all[index as usize];
        slot.serial = slot.uses as u32 & serials;
        slot.waiting = Some(waiting);
        ReplyId { number: Number { id: self.base + 2 * index, serial: slot.serial }, uses: slot.uses }
    }

    /// The reference that goes with a reply pid.
    pub(in crate::node) fn reference(identity: &Identity, id: ReplyId) -> Reference {
        identity.reference(references::words_of(id.number.id, id.uses))
    }

    /// The reply pid that goes with this reference, while it is there.
    pub(in crate::node) fn of_reference(&self, identity: &Identity, reference: RefTerm<'_>) -> Option<Number> {
        let (id, uses) = identity.read_words(reference, references::read_words)?;
        self.number(id, uses)
    }

    /// The pid that this id still has.
    fn number(&self, id: u32, uses: u64) -> Option<Number> {
        let index = self.index(id)?;
        let slots = self.lock();
        let slot = slots.all.get(index as usize).filter(|slot| slot.uses & USES == uses && slot.waiting.is_some())?;
        Some(Number { id, serial: slot.serial })
    }

    /// Hands an outcome that came over this connection to whoever waits on this pid; a late one is dropped, and so is one of
    /// a node that was not asked. Servers may have others answer in their place, who then know the tag.
    #[must_use]
    pub(in crate::node) fn complete(&self, id: Number, outcome: Outcome, peer: u64) -> Completed {
        let Some(index) = self.index(id.id) else { return Completed::Dropped };
        let mut slots = self.lock();
        let Some(slot) = slots.all.get_mut(index as usize).filter(|slot| slot.serial == id.serial) else {
            return Completed::Dropped;
        };
        let uses = slot.uses;
        let awaited = |wants, asked| match (&outcome, wants) {
            (Outcome::Message(_) | Outcome::TooLong { .. }, ReplyFilter::Down) => false,
            (Outcome::Message(head) | Outcome::TooLong { head, .. }, ReplyFilter::Tagged) => has_tag(head, id.id, uses),
            _ => peer == asked,
        };
        let waiting = slot.waiting.take_if(|waiting| match &waiting.who {
            Waiter::Call { wants, .. } => awaited(*wants, waiting.peer),
            Waiter::Mailbox(_) => false,
        });
        let Some(waiting) = waiting else {
            return match (slot.waiting.as_ref().map(|waiting| &waiting.who), outcome) {
                (Some(Waiter::Mailbox(letters)), Outcome::Message(message)) => {
                    Completed::Mail(letters.clone(), message)
                }
                _ => Completed::Dropped,
            };
        };
        slots.release(index);
        drop(slots);
        if let Waiter::Call { outcome: receiver, .. } = waiting.who {
            // The caller may have given up just now.
            let _ = receiver.send(outcome);
        }
        Completed::Done { watched: waiting.watched }
    }

    /// Gives up waiting. True when whoever watches the pid has to be told that it is gone.
    #[must_use]
    pub(in crate::node) fn close(&self, id: ReplyId) -> bool {
        let Some(index) = self.index(id.number.id) else { return false };
        let mut slots = self.lock();
        let Some(slot) = slots.all.get_mut(index as usize).filter(|slot| slot.uses == id.uses) else {
            return false;
        };
        let Some(waiting) = slot.waiting.take() else { return false };
        slots.release(index);
        waiting.watched
    }

    /// True while somebody waits on this pid.
    pub(in crate::node) fn is_open(&self, id: Number) -> bool {
        self.with(id, |_| ()).is_some()
    }

    /// True while this is the pid of a mailbox.
    pub(in crate::node) fn is_mailbox(&self, id: Number) -> bool {
        self.with(id, |waiting| matches!(waiting.who, Waiter::Mailbox(_))) == Some(true)
    }

    /// Notes that somebody watches the pid. False when nobody waits on it.
    pub(in crate::node) fn watch(&self, id: Number) -> bool {
        self.with(id, |waiting| waiting.watched = true).is_some()
    }

    fn with<T>(&self, id: Number, see: impl FnOnce(&mut Waiting) -> T) -> Option<T> {
        let index = self.index(id.id)?;
        let mut slots = self.lock();
        let slot = slots.all.get_mut(index as usize).filter(|slot| slot.serial == id.serial)?;
        slot.waiting.as_mut().map(see)
    }

    /// Tells all calls over this connection that it is gone. Gives the pids that somebody watches.
    #[must_use]
    pub(in crate::node) fn disconnected(&self, peer: u64) -> Vec<Number> {
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
                if let Waiter::Call { outcome, .. } = waiting.who {
                    let _ = outcome.send(Outcome::NoConnection);
                }
            }
        }
        watched
    }
}

impl Slots {
    fn release(&mut self, index: u32) {
        let slot = &mut self.all[index as usize];
        slot.uses += 1;
        self.free.push_back(index);
    }
}

/// Whether this is `{Tag, _}` with the reference of this place as it is used now.
fn has_tag(message: &RawTerm, id: u32, uses: u64) -> bool {
    let mut decoder = Decoder::new(message.as_bytes());
    decoder.tuple() == Ok(2) && decoder.reference().is_ok_and(|tag| *tag.words() == references::words_of(id, uses))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{etf::Encoder, node::process::mailbox_sender::mailbox, term::Reference};

    fn term() -> RawTerm {
        RawTerm::from_slice(b"\x6a", None)
    }

    fn open(replies: &CallTable, peer: u64, wants: ReplyFilter) -> (ReplyId, oneshot::Receiver<Outcome>) {
        replies.open(peer, SMALL_SERIAL, wants)
    }

    fn message(replies: &CallTable, id: ReplyId, message: RawTerm) -> bool {
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
        let replies = CallTable::new(10);
        let (one, mut first) = open(&replies, 1, ReplyFilter::Message);
        let (two, mut second) = open(&replies, 1, ReplyFilter::Message);
        assert_eq!((one.number.id % 2, two.number.id % 2), (0, 0));
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
        let replies = CallTable::new(10);
        let (id, mut outcome) = open(&replies, 1, ReplyFilter::Down);
        assert!(!message(&replies, id, term()));
        assert!(outcome.try_recv().is_err() && replies.is_open(id.number));
        assert!(matches!(replies.complete(id.number, Outcome::Down(term()), 1), Completed::Done { .. }));
        assert!(matches!(outcome.try_recv(), Ok(Outcome::Down(_))));
    }

    #[test]
    fn only_the_connection_that_was_asked_over_answers_without_a_tag() {
        let replies = CallTable::new(10);
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
        let replies = CallTable::new(10);
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
        let replies = CallTable::new(10);
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
        let replies = CallTable::new(10);
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
