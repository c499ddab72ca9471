//! What every floor of a node knows of it.

use std::any::Any;

use super::number::Number;
use crate::{
    etf::{Encoder, tag},
    protocol::control::RefTerm,
    random,
    term::{Atom, Pid, RawTerm, Reference},
};

/// A node as the services in it see it: what they have done that concerns other floors.
pub(in crate::node) trait Shared: Any + Send + Sync {
    /// Has every connection tell those who watch this process that it has ended.
    fn notify_watchers(&self, process: Number, reason: &RawTerm);

    /// The process of a call by rpc has ended, and gives its number back.
    fn rpc_process_ended(&self, process: Number);

    /// A call is over. The connections wait for each other when the node is to end.
    fn call_ended(&self);
}

/// The name of a node and its incarnation, which stand in all that is its own.
#[derive(Debug)]
pub(in crate::node) struct Identity {
    pub(in crate::node) name: Atom,
    pub(in crate::node) creation: u32,
    /// The name, encoded.
    name_bytes: Box<[u8]>,
}

impl Identity {
    /// Of a node that starts.
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

    /// A reference of this node with these words.
    pub(in crate::node) fn reference(&self, words: [u32; 3]) -> Reference {
        Reference::of_three(self.name.clone(), self.creation, words)
    }

    /// Returns the words of a reference of this node.
    pub(in crate::node) fn words<'a>(&self, reference: &'a Reference) -> Option<&'a [u32]> {
        (reference.creation == self.creation && reference.node == self.name).then(|| reference.words())
    }

    /// What `read` makes of the words of an encoded reference of this node.
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
