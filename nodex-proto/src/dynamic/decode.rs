//! Decoding and encoding of dynamic terms.

use bytes::Bytes;

use super::{
    cell::Cell,
    index::{Indexer, Scratch},
    normal::normal,
    own::index_own,
    term::Term,
};
use crate::etf::{DecodeError, Decoder, EncodeError, Encoder, EtfError, Limits, ascii::short_name, tag};

/// The memory of a term besides its bytes and cells.
const OVERHEAD: usize = 64;

/// The multiple of the length of a message that its dynamic terms may always take.
const FACTOR: usize = 2;

impl<'a> Decoder<'a> {
    /// Reads a dynamic term. The term is held in canonical form, whatever form it has here.
    ///
    /// # Errors
    /// Returns an error when the bytes are not a term, a map has a key twice, or the term is nested deeper than
    /// [`Limits::max_depth`] or takes more memory than allowed; also for native records and terms in a local format,
    /// which a dynamic term cannot hold.
    #[inline]
    pub fn term(&mut self) -> Result<Term, DecodeError> {
        if let Some(len) = short(self.remaining()) {
            let term = Term::of_short(self.remaining(), len);
            self.pos += len;
            return Ok(term);
        }
        if let Some(len) = long_leaf(self.remaining()) {
            let bytes = self.take(len)?;
            self.spend(len + OVERHEAD, FACTOR)?;
            return Ok(Term::of_leaf(bytes, self.owner));
        }
        Scratch::with(|scratch| self.with_scratch(scratch))
    }

    fn with_scratch(&mut self, scratch: &mut Scratch) -> Result<Term, DecodeError> {
        let memory = self.limits.max_term_memory.max(self.bytes.len().saturating_mul(FACTOR));
        let room = memory.saturating_sub(self.spent) / size_of::<Cell>() + 1;
        let limits = Limits { max_depth: self.limits.max_depth.saturating_sub(self.depth), ..self.limits };
        let start = self.pos;
        let found = Indexer::new(self.bytes, start, limits, room, false, scratch).term()?;
        let bytes = &self.bytes[start..start + found.len];
        self.spend(found.len + scratch.cells.len() * size_of::<Cell>() + OVERHEAD, FACTOR)?;
        self.pos += found.len;
        if !found.canonical {
            return other_form(bytes, start, limits, scratch);
        }
        Ok(Term::of_parts(bytes, self.owner, &mut scratch.cells, found))
    }
}

/// Returns the length of a term that is so short that it is held in place, if it is one of the commonest or a tuple of
/// such.
#[inline]
fn short(bytes: &[u8]) -> Option<usize> {
    let (mut at, left) = match *bytes {
        [tag::SMALL_TUPLE_EXT, arity, ..] => (2, usize::from(arity)),
        _ => (0, 1),
    };
    for _ in 0..left {
        let rest = bytes.get(at..)?;
        at += match *rest {
            [tag::SMALL_ATOM_UTF8_EXT, len, ref name @ ..] => {
                let short = short_name(name, len).is_some() || name.get(..usize::from(len))?.is_ascii();
                short.then_some(2 + usize::from(len))?
            }
            [tag::BINARY_EXT, 0, 0, 0, len, ref rest @ ..] if rest.len() >= usize::from(len) => 5 + usize::from(len),
            [tag::SMALL_INTEGER_EXT, _, ..] => 2,
            [tag::INTEGER_EXT, a, b, c, _, ..] if [a, b, c] != [0; 3] => 5,
            [tag::NIL_EXT, ..] => 1,
            _ => return None,
        };
        if at > Term::SHORT {
            return None;
        }
    }
    Some(at)
}

/// Returns the length of a binary or a list of bytes that is not short.
#[inline]
fn long_leaf(bytes: &[u8]) -> Option<usize> {
    let len = match *bytes {
        [tag::BINARY_EXT, a, b, c, d, ..] => 5 + u32::from_be_bytes([a, b, c, d]) as usize,
        [tag::STRING_EXT, a, b, ..] => 3 + usize::from(u16::from_be_bytes([a, b])),
        _ => return None,
    };
    (len > Term::SHORT && u32::try_from(len).is_ok()).then_some(len)
}

/// Reads a term that is not in canonical form, which takes two passes.
#[cold]
fn other_form(bytes: &[u8], offset: usize, limits: Limits, scratch: &mut Scratch) -> Result<Term, DecodeError> {
    let normal = normal(bytes, &scratch.cells, false)?;
    let limits = Limits { max_depth: u32::MAX, ..limits };
    let found = Indexer::new(&normal, 0, limits, usize::MAX, false, scratch).term().map_err(|error| match error {
        // Of the places here nobody knows.
        EtfError::DuplicateKey { .. } => EtfError::DuplicateKey { offset },
        other => other,
    })?;
    debug_assert!(found.canonical);
    Ok(Term::of_bytes(Bytes::from(normal), &mut scratch.cells, found))
}

impl Term {
    /// Returns the term that is all of these bytes, which were written here in any form.
    ///
    /// # Errors
    /// Returns an error when a map in it has a key twice, or it takes more than 4 GiB.
    pub(crate) fn of_own(bytes: Vec<u8>) -> Result<Term, DecodeError> {
        Scratch::with(|scratch| {
            let mut found = index_own(&bytes, scratch)?;
            if found.len < bytes.len() {
                let (offset, count) = (found.len, bytes.len() - found.len);
                return Err(EtfError::TrailingBytes { offset, count }.into());
            }
            let mut bytes = bytes;
            if !found.canonical {
                bytes = normal(&bytes, &scratch.cells, true)?;
                found = index_own(&bytes, scratch)?;
            }
            Ok(Term::of_bytes(Bytes::from(bytes), &mut scratch.cells, found))
        })
    }

    /// Returns the term of these bytes, which are a part of a term.
    pub(crate) fn of_canonical(bytes: &[u8], owner: Option<&Bytes>) -> Term {
        Scratch::with(|scratch| match index_own(bytes, scratch) {
            Ok(found) => Term::of_parts(bytes, owner, &mut scratch.cells, found),
            // It was read before.
            Err(_) => Term::nil(),
        })
    }
}

impl Encoder {
    /// Appends a dynamic term.
    ///
    /// # Errors
    /// Returns an error for terms that some BEAM refuses by closing the connection: floats that are not finite,
    /// integers of more than 524,280 bytes, tuples of more than 16,777,215 elements.
    #[inline]
    pub fn put_term(&mut self, term: &Term) -> Result<(), EncodeError> {
        if !term.is_sendable() {
            return Err(term.refusal());
        }
        match term.shared() {
            Some(bytes) => self.put_shared(bytes),
            None => self.put_slice(term.as_bytes()),
        }
        Ok(())
    }
}
