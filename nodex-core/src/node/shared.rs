//! The part of a node that every layer knows.

use std::any::Any;

use super::number::Number;
use crate::{
    etf::{Encoder, tag},
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
    /// The encoded name.
    name_bytes: Box<[u8]>,
}

impl Identity {
    /// Creates the identity of a node that starts.
    pub(in crate::node) fn incarnation(name: Atom) -> Self {
        // 0 to 3 were used by nodes that knew only two bits of creation.
        Self::new(name, random::any() as u32 | 4)
    }

    pub(in crate::node) fn new(name: Atom, creation: u32) -> Self {
        let mut name_bytes = Encoder::new();
        name_bytes.put_atom(&name);
        Identity { name, creation, name_bytes: name_bytes.to_vec().into() }
    }

    /// Returns a pid of this node.
    pub(in crate::node) fn pid(&self, number: Number) -> Pid {
        Pid { node: self.name.clone(), id: number.id, serial: number.serial, creation: self.creation }
    }

    /// Returns a pid of this node, encoded.
    pub(in crate::node) fn pid_bytes(&self, number: Number) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.name_bytes.len() + 13);
        bytes.push(tag::NEW_PID_EXT);
        bytes.extend_from_slice(&self.name_bytes);
        for number in [number.id, number.serial, self.creation] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
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
