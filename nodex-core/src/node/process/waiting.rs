//! Calls of this node that wait for their replies, and mailboxes. Each call has a pid of its own, so that a peer that
//! knows no tags also answers the right call.

use std::task::Waker;

use super::{mailbox_sender::MailboxSender, references};
use crate::{
    etf::{Decoder, tag},
    node::number::Number,
    term::RawTerm,
};

/// The outcome of a waiting call.
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
    /// It has waited for as long as it was to.
    TimedOut,
}

/// The messages that a reply pid accepts.
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

/// What was done with an outcome.
#[derive(Debug)]
pub(in crate::node) enum Completed {
    /// No call waited for it.
    Dropped,
    /// The outcome was delivered, and the pid is free. `watched` says whether its monitors and links must fire.
    Done { watched: bool },
    /// It is a message for a mailbox.
    Mail(MailboxSender, RawTerm),
}

#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) who: Waiter,
    /// The connection that it ends with; 0 for none.
    pub(super) peer: u64,
    /// Somebody has linked or monitored the pid, as servers do with their clients.
    pub(super) watched: bool,
}

#[derive(Debug)]
pub(super) enum Waiter {
    /// Its task, and what it waits for.
    Call {
        waker: Waker,
        wants: ReplyFilter,
    },
    Mailbox(MailboxSender),
}

impl Waiting {
    /// Returns whether this waits for an outcome that came over this connection, as the one with this id for the time
    /// being.
    pub(super) fn awaits(&self, outcome: &Outcome, peer: u64, (id, uses): (u32, u64)) -> bool {
        let Waiter::Call { wants, .. } = &self.who else { return false };
        match (outcome, wants) {
            (Outcome::Message(_) | Outcome::TooLong { .. }, ReplyFilter::Down) => false,
            (Outcome::Message(head) | Outcome::TooLong { head, .. }, ReplyFilter::Tagged) => has_tag(head, id, uses),
            _ => peer == self.peer,
        }
    }
}

/// Returns whether this is `{Tag, _}` with the reference of this place as it is used now.
fn has_tag(message: &RawTerm, id: u32, uses: u64) -> bool {
    let words = references::words_of(id, uses);
    match usual_tag(message.as_bytes()) {
        Some(tag) => tag == words,
        None => {
            let mut decoder = Decoder::new(message.as_bytes());
            decoder.tuple() == Ok(2) && decoder.reference().is_ok_and(|tag| *tag.words() == words)
        }
    }
}

/// Returns the words of the reference in a pair, in the form in which every node returns references of this node.
fn usual_tag(message: &[u8]) -> Option<[u32; 3]> {
    const HEAD: [u8; 6] = [tag::SMALL_TUPLE_EXT, 2, tag::NEWER_REFERENCE_EXT, 0, 3, tag::SMALL_ATOM_UTF8_EXT];
    let (length, rest) = message.strip_prefix(&HEAD)?.split_first()?;
    let (_creation, words) = rest.get(usize::from(*length)..)?.split_first_chunk::<4>()?;
    let (words, _) = words.first_chunk::<12>()?.as_chunks();
    Some([words[0], words[1], words[2]].map(u32::from_be_bytes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{etf::Encoder, term::Reference};

    #[test]
    fn a_tag_is_known_in_every_form() {
        let (id, uses) = (0x4_0007, 1 << 33 | 5);
        let words = references::words_of(id, uses);
        let mut usual = Encoder::new();
        usual.put_tuple(2).unwrap();
        usual.put_reference(&Reference::new(crate::atom!("a@h"), 4, &words).unwrap());
        usual.put_nil();
        let usual = usual.to_vec();
        assert_eq!(usual_tag(&usual), Some(words));
        // The name in a longer form, and the whole tuple.
        let name = [&usual[..5], &[tag::ATOM_UTF8_EXT, 0], &usual[6..]].concat();
        let tuple = [&[tag::LARGE_TUPLE_EXT, 0, 0, 0][..], &usual[1..]].concat();
        for other in [&name, &tuple] {
            assert_eq!(usual_tag(other), None);
        }
        for message in [&usual, &name, &tuple] {
            let message = RawTerm::from_slice(message, None);
            assert!(has_tag(&message, id, uses));
            assert!(!has_tag(&message, id, uses + 1) && !has_tag(&message, id + 1, uses));
        }
        for shorter in 0..usual.len() - 1 {
            assert_eq!(usual_tag(&usual[..shorter]), None);
        }
    }
}
