//! A term that is being read.

use std::iter;

use eetf::InternalFun;

use crate::{
    etf::{Decoder, EtfError},
    term::Term,
};

/// Memory that an allocation takes beside what it holds.
pub(super) const OVERHEAD: usize = 16;

/// How many times its length a message may take in memory, whatever the limit.
pub(super) const FACTOR: usize = 2;

/// Memory that a reference takes beside the name of its node.
pub(super) const REFERENCE: usize = size_of::<eetf::Reference>() + 5 * OVERHEAD;

/// Where a term is made.
pub(super) trait Place {
    fn put(&mut self, make: impl FnOnce() -> Term);
}

impl Place for Vec<Term> {
    /// Unlike `push`, which has the term wait on the stack in case that the vector has to grow, `extend` makes it in the
    /// vector.
    #[inline(always)]
    fn put(&mut self, make: impl FnOnce() -> Term) {
        self.extend(iter::once(make).map(|make| make()));
    }
}

impl Place for Option<Term> {
    #[inline(always)]
    fn put(&mut self, make: impl FnOnce() -> Term) {
        *self = Some(make());
    }
}

/// A term that contains others and is not complete.
pub(super) struct Open {
    /// What it contains, as far as it was read. Of a map: key, value, key, value ..
    pub(super) elements: Vec<Term>,
    /// How many are due.
    pub(super) left: usize,
    pub(super) shape: Shape,
}

pub(super) enum Shape {
    Tuple,
    List,
    /// A list of which only the tail is due, which is no list.
    Tail,
    Map {
        offset: usize,
    },
    Fun(Box<Fun>),
}

pub(super) struct Fun {
    /// Still without its free variables; taken when it is whole.
    pub(super) fun: Option<Box<InternalFun>>,
    /// Where it says that it ends.
    pub(super) end: usize,
    pub(super) offset: usize,
}

/// Reads one term. Terms are made where they stay: to move one that has just been made stalls the processor, since it is
/// read back in other pieces than it was written in.
pub(super) struct Reader<'d, 'a> {
    pub(super) decoder: &'d mut Decoder<'a>,
    /// The open terms around the one that is being read.
    pub(super) outer: Vec<Open>,
    /// How many may be open.
    pub(super) max_depth: usize,
    /// How many of these are maps of which a key is being read.
    pub(super) key_depth: usize,
    /// Memory for the pairs of the next map.
    pub(super) spare: Vec<Term>,
}

impl Reader<'_, '_> {
    #[inline]
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), EtfError> {
        self.decoder.spend(bytes, FACTOR)
    }

    pub(super) fn expect(&self, bytes: usize) -> Result<(), EtfError> {
        if bytes > self.decoder.bytes.len() - self.decoder.pos {
            return Err(EtfError::Truncated { offset: self.decoder.bytes.len() });
        }
        Ok(())
    }
}

impl Open {
    #[inline]
    pub(super) fn reads_key(&self) -> bool {
        matches!(self.shape, Shape::Map { .. }) && self.left.is_multiple_of(2)
    }
}
