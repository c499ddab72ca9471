//! Bytes to the dynamic term: the terms that contain others.

use std::{collections::HashMap, mem};

use eetf::{FixInteger, ImproperList, InternalFun, Map, Tuple};

use super::{Decoder, EtfError, Integer, Kind, List, MAX_TERM_DEPTH, tag};
use crate::{
    convert::DecodeError,
    term::{Term, distinct_keys, hash_is_unreliable, proper_list},
};

/// How deep maps may be nested in keys of maps. Every level reads its keys again to compare them.
const MAX_KEY_DEPTH: usize = 4;

/// Memory that an allocation takes beside what it holds.
pub(super) const OVERHEAD: usize = 16;

impl Decoder<'_> {
    /// A term of any kind, in canonical form (see [`canonical`](crate::term::canonical)).
    ///
    /// It may be nested [`Limits::max_depth`](super::Limits::max_depth) levels deep, but no more than
    /// [`MAX_TERM_DEPTH`], and take [`Limits::max_term_memory`](super::Limits::max_term_memory) bytes, or twice the
    /// length of the message if that is more.
    ///
    /// # Errors
    /// Also for what [`Term`] cannot hold ([`EtfError::Opaque`]: native records, local terms, `fun m:f/256`) and for
    /// a map with equal keys. `Term` takes `0.0` and `-0.0` for equal, as OTP did before release 27.
    pub fn term(&mut self) -> Result<Term, DecodeError> {
        let mut place = None;
        let mut reader = Reader { decoder: self, outer: Vec::new(), key_depth: 0, spare: Vec::new() };
        reader.term(&mut place)?;
        place.ok_or_else(|| EtfError::Truncated { offset: reader.decoder.pos }.into())
    }
}

/// Where a term is made.
pub(super) trait Place {
    fn push(&mut self, term: Term);
}

impl Place for Vec<Term> {
    #[inline(always)]
    fn push(&mut self, term: Term) {
        self.push(term);
    }
}

impl Place for Option<Term> {
    #[inline(always)]
    fn push(&mut self, term: Term) {
        *self = Some(term);
    }
}

/// A term that contains others and is not complete.
struct Open {
    /// What it contains, as far as it was read. Of a map: key, value, key, value ..
    elements: Vec<Term>,
    /// How many are due.
    left: usize,
    shape: Shape,
}

enum Shape {
    Tuple,
    List,
    /// A list of which only the tail is due, which is no list.
    Tail,
    Map {
        offset: usize,
    },
    Fun {
        /// Still without its free variables.
        fun: Box<InternalFun>,
        /// Where it says that it ends.
        end: usize,
        offset: usize,
    },
}

/// Reads one term. Terms are made where they stay: moving one is what takes the most time.
pub(super) struct Reader<'d, 'a> {
    pub(super) decoder: &'d mut Decoder<'a>,
    /// The open terms around the one that is being read.
    outer: Vec<Open>,
    /// How many of these are maps of which a key is being read.
    key_depth: usize,
    /// Memory for the pairs of the next map.
    spare: Vec<Term>,
}

impl Reader<'_, '_> {
    fn term(&mut self, place: &mut Option<Term>) -> Result<(), DecodeError> {
        let Some(mut top) = self.read(place)? else { return Ok(()) };
        let limits = self.decoder.limits;
        let max_depth = limits.max_depth.min(MAX_TERM_DEPTH).saturating_sub(self.decoder.depth) as usize;
        loop {
            if self.outer.len() >= max_depth {
                return Err(EtfError::TooDeep { offset: self.decoder.pos, limit: limits.max_depth }.into());
            }
            let inner = loop {
                if top.left == 0 {
                    match self.outer.pop() {
                        None => return self.close(top, place),
                        Some(mut parent) => {
                            self.key_depth -= usize::from(parent.reads_key());
                            parent.left -= 1;
                            self.close(top, &mut parent.elements)?;
                            top = parent;
                        }
                    }
                } else if let Some(inner) = self.read(&mut top.elements)? {
                    break inner;
                } else {
                    top.left -= 1;
                }
                if top.left == 0 {
                    self.tail(&mut top)?;
                }
            };
            self.key_depth += usize::from(top.reads_key());
            if let (Shape::Map { offset }, true) = (&inner.shape, self.key_depth > MAX_KEY_DEPTH) {
                return Err(EtfError::KeyTooDeep { offset: *offset, limit: MAX_KEY_DEPTH }.into());
            }
            self.outer.push(mem::replace(&mut top, inner));
        }
    }

    #[inline]
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), EtfError> {
        self.decoder.spend(bytes, 2)
    }

    /// Memory for `count` terms, if so many and `more` bytes can follow and may be kept.
    fn room(&mut self, count: usize, more: usize) -> Result<Vec<Term>, EtfError> {
        self.expect(count + more)?;
        self.charge(count.saturating_mul(size_of::<Term>()) + OVERHEAD)?;
        Ok(Vec::with_capacity(count))
    }

    fn expect(&self, bytes: usize) -> Result<(), EtfError> {
        if bytes > self.decoder.bytes.len() - self.decoder.pos {
            return Err(EtfError::Truncated { offset: self.decoder.bytes.len() });
        }
        Ok(())
    }

    /// Appends the next term to `place`, or opens it if it contains others.
    #[inline(always)]
    fn read(&mut self, place: &mut impl Place) -> Result<Option<Open>, DecodeError> {
        match self.decoder.peek_tag() {
            tag::SMALL_TUPLE_EXT | tag::LIST_EXT | tag::MAP_EXT | tag::LARGE_TUPLE_EXT | tag::NEW_FUN_EXT => {
                self.open(place)
            }
            _ => self.simple(place).map(|()| None),
        }
    }

    #[inline(never)]
    fn open(&mut self, place: &mut impl Place) -> Result<Option<Open>, DecodeError> {
        let offset = self.decoder.pos;
        match self.decoder.peek_tag() {
            tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => match self.decoder.tuple()? {
                0 => place.push(Tuple::nil().into()),
                left => return Ok(Some(Open { elements: self.room(left, 0)?, left, shape: Shape::Tuple })),
            },
            tag::MAP_EXT => match self.decoder.map()? {
                0 => place.push(Map { map: HashMap::new() }.into()),
                left => return self.map(left, offset).map(Some),
            },
            tag::NEW_FUN_EXT => {
                let mut open = self.fun(offset)?;
                if open.left > 0 {
                    return Ok(Some(open));
                }
                self.tail(&mut open)?;
                self.close(open, place)?;
            }
            _ => return self.list(place),
        }
        Ok(None)
    }

    fn list(&mut self, place: &mut impl Place) -> Result<Option<Open>, DecodeError> {
        loop {
            let List::Elements(left) = self.decoder.list()? else { return Err(self.decoder.mismatch("term")) };
            if left > 0 {
                if let Some(bytes) = self.small_integers(left) {
                    self.charge(left + OVERHEAD)?;
                    place.push(Term::ByteList(eetf::ByteList { bytes }));
                    return Ok(None);
                }
                // The tail takes a byte too.
                return Ok(Some(Open { elements: self.room(left, 1)?, left, shape: Shape::List }));
            }
            // A BEAM takes a list of no elements for its tail.
            if self.decoder.peek_tag() != tag::LIST_EXT {
                return self.read(place);
            }
        }
    }

    /// The elements, if all that follow are `SMALL_INTEGER_EXT` and then the list ends.
    fn small_integers(&mut self, count: usize) -> Option<Vec<u8>> {
        let rest = &self.decoder.bytes[self.decoder.pos..];
        let (elements, tail) = rest.split_at_checked(count.checked_mul(2)?)?;
        let (pairs, _) = elements.as_chunks::<2>();
        if tail.first() != Some(&tag::NIL_EXT) || pairs.iter().any(|pair| pair[0] != tag::SMALL_INTEGER_EXT) {
            return None;
        }
        self.decoder.pos += 2 * count + 1;
        Some(pairs.iter().map(|pair| pair[1]).collect())
    }

    fn map(&mut self, pairs: usize, offset: usize) -> Result<Open, DecodeError> {
        let count = pairs.saturating_mul(2);
        self.expect(count)?;
        // A hash table has a power of two of places, seven of eight used at most, and one byte more for each. Before
        // that the pairs are in a list.
        let places = if pairs < 4 { 4 } else { (pairs + pairs / 7 + 1).next_power_of_two() };
        self.charge((places + pairs).saturating_mul(2 * size_of::<Term>() + 1) + 2 * OVERHEAD)?;
        let mut elements = mem::take(&mut self.spare);
        elements.reserve(count);
        Ok(Open { elements, left: count, shape: Shape::Map { offset } })
    }

    /// Everything of a fun in front of its free variables.
    fn fun(&mut self, offset: usize) -> Result<Open, DecodeError> {
        self.decoder.pos += 1;
        let size = self.decoder.u32()? as usize;
        let arity = self.decoder.u8()?;
        let uniq = self.decoder.array()?;
        let (index, left) = (self.decoder.u32()?, self.decoder.u32()? as usize);
        if left > 255 {
            return Err(EtfError::Fun { offset }.into());
        }
        let module = self.atom()?;
        let mut small = || match self.decoder.any_integer("integer")? {
            Integer::Small(value) => {
                i32::try_from(value).map_err(|_| EtfError::Opaque { offset, kind: Kind::Fun }.into())
            }
            Integer::Big { .. } => Err(DecodeError::from(EtfError::Fun { offset })),
        };
        let (old_index, old_uniq) = (small()?, small()?);
        let pid = self.pid()?;
        self.charge(size_of::<InternalFun>() + OVERHEAD)?;
        let elements = self.room(left, 0)?;
        let fun = InternalFun::New { module, arity, pid, free_vars: Vec::new(), index, uniq, old_index, old_uniq };
        Ok(Open { elements, left, shape: Shape::Fun { fun: Box::new(fun), end: offset + 1 + size, offset } })
    }

    /// All that was due has been read: of a list the tail is due now.
    fn tail(&mut self, open: &mut Open) -> Result<(), DecodeError> {
        if !matches!(open.shape, Shape::List) {
            return Ok(());
        }
        match self.decoder.peek_tag() {
            tag::NIL_EXT => self.decoder.pos += 1,
            // A list as the tail goes on with the same list; growing may take twice the room.
            tag::STRING_EXT | tag::LIST_EXT => match self.decoder.list()? {
                List::Bytes(bytes) => {
                    self.charge(bytes.len().saturating_mul(2 * size_of::<Term>()))?;
                    open.elements.extend(bytes.iter().map(|&byte| Term::FixInteger(FixInteger { value: byte.into() })));
                }
                List::Elements(more) => {
                    self.expect(more + 1)?;
                    self.charge(more.saturating_mul(2 * size_of::<Term>()))?;
                    open.left = more;
                    if more == 0 {
                        return self.tail_of_none(open);
                    }
                }
            },
            _ => {
                open.left = 1;
                open.shape = Shape::Tail;
                self.charge(2 * size_of::<Term>())?;
            }
        }
        Ok(())
    }

    /// As [`tail`](Self::tail), behind one or more lists of no elements.
    #[cold]
    fn tail_of_none(&mut self, open: &mut Open) -> Result<(), DecodeError> {
        while self.decoder.peek_tag() == tag::LIST_EXT {
            match self.decoder.list()? {
                List::Elements(0) => {}
                List::Bytes(_) => return Ok(()),
                List::Elements(more) => {
                    self.expect(more + 1)?;
                    self.charge(more.saturating_mul(2 * size_of::<Term>()))?;
                    open.left = more;
                    return Ok(());
                }
            }
        }
        self.tail(open)
    }

    /// Appends a term of which everything has been read.
    fn close(&mut self, open: Open, place: &mut impl Place) -> Result<(), DecodeError> {
        let Open { mut elements, shape, .. } = open;
        match shape {
            Shape::Tuple => place.push(Term::Tuple(Tuple { elements })),
            Shape::List => place.push(proper_list(elements)),
            Shape::Tail => match elements.pop() {
                Some(last) => place.push(Term::ImproperList(ImproperList { elements, last: Box::new(last) })),
                None => return Err(EtfError::Truncated { offset: self.decoder.pos }.into()),
            },
            Shape::Map { offset } => {
                let mut map = HashMap::with_capacity(elements.len() / 2);
                let mut doubtful = false;
                let mut pairs = elements.drain(..);
                while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
                    doubtful |= hash_is_unreliable(&key);
                    if map.insert(key, value).is_some() {
                        return Err(EtfError::DuplicateKey { offset }.into());
                    }
                }
                drop(pairs);
                self.spare = elements;
                if doubtful && !distinct_keys(&map) {
                    return Err(EtfError::DuplicateKey { offset }.into());
                }
                place.push(Term::Map(Map { map }));
            }
            Shape::Fun { mut fun, end, offset } => {
                if self.decoder.pos != end {
                    return Err(EtfError::Fun { offset }.into());
                }
                if let InternalFun::New { free_vars, .. } = &mut *fun {
                    *free_vars = elements;
                }
                place.push(Term::InternalFun(fun));
            }
        }
        Ok(())
    }
}

impl Open {
    fn reads_key(&self) -> bool {
        matches!(self.shape, Shape::Map { .. }) && self.left.is_multiple_of(2)
    }
}
