//! The part of a node that every layer knows.

use std::any::Any;

use super::{encoded::Encoded, number::Number};
use crate::{
    etf::tag,
    protocol::control::RefTerm,
    random,
    term::{Atom, Pid, RawTerm, Reference},
};

/// A node as its services see it: the operations that other layers carry out.
pub(in crate::node) trait Shared: Any + Send + Sync {
    /// Makes every connection tell the processes that monitor or are linked to this process that it has ended.
    fn notify_watchers(&self, process: Number, reason: &RawTerm);

    /// Releases the number of the process of a call by rpc, which has ended.
    fn rpc_process_ended(&self, process: Number);

    /// Records that a call is over; a node that is stopping waits for all calls.
    fn call_ended(&self);
}

/// The name and the creation of a node, which all its pids and references contain.
#[derive(Debug)]
pub(in crate::node) struct Identity {
    pub(in crate::node) name: Atom,
    pub(in crate::node) creation: u32,
    /// The beginnings of its encoded pids and of its encoded references of three words.
    pids: Encoded,
    references: Encoded,
}

impl Identity {
    /// Creates the identity of a node that starts.
    pub(in crate::node) fn incarnation(name: Atom) -> Self {
        // 0 to 3 were used by nodes that knew only two bits of creation.
        Self::new(name, random::any() as u32 | 4)
    }

    pub(in crate::node) fn new(name: Atom, creation: u32) -> Self {
        let encoded = Encoded::atom(&name);
        let pids = Encoded::of(&[&[tag::NEW_PID_EXT], &encoded]);
        let references = Encoded::of(&[&[tag::NEWER_REFERENCE_EXT, 0, 3], &encoded]);
        Identity { name, creation, pids, references }
    }

    /// Returns a pid of this node.
    pub(in crate::node) fn pid(&self, number: Number) -> Pid {
        Pid { node: self.name.clone(), id: number.id, serial: number.serial, creation: self.creation }
    }

    /// Returns a pid of this node, encoded.
    #[inline]
    pub(in crate::node) fn pid_bytes(&self, number: Number) -> Encoded {
        self.pids.with([number.id, number.serial, self.creation])
    }

    /// Returns a reference of this node with these words, encoded.
    #[inline]
    pub(in crate::node) fn reference_bytes(&self, [first, second, third]: [u32; 3]) -> Encoded {
        self.references.with([self.creation, first, second, third])
    }

    /// Returns the numbers of a pid of this node.
    pub(in crate::node) fn number(&self, pid: &Pid) -> Option<Number> {
        let own = pid.node == self.name && pid.creation == self.creation;
        own.then_some(Number { id: pid.id, serial: pid.serial })
    }

    /// Returns a reference of this node with these words.
    pub(in crate::node) fn reference(&self, words: [u32; 3]) -> Reference {
        Reference::of_three(self.name.clone(), self.creation, words)
    }

    /// Returns the words of a reference of this node.
    pub(in crate::node) fn words<'a>(&self, reference: &'a Reference) -> Option<&'a [u32]> {
        (reference.creation == self.creation && reference.node == self.name).then(|| reference.words())
    }

    /// Returns the result of `read` for the words of an encoded reference of this node.
    pub(in crate::node) fn read_words<T>(
        &self,
        reference: RefTerm<'_>,
        read: impl FnOnce(&[u32]) -> Option<T>,
    ) -> Option<T> {
        match reference.words_of(self.name.as_bytes(), self.creation) {
            Some(words) => read(&words),
            None => read(self.words(&reference.to_reference().ok()?)?),
        }
    }
}
