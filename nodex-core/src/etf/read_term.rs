//! Bytes to the dynamic term: the terms that contain others.

use std::{collections::HashMap, iter, mem};

use eetf::{ByteList, FixInteger, InternalFun, Map, Tuple};

use super::{Decoder, EtfError, Integer, Kind, MAX_TERM_DEPTH, read_run::run, tag};
use crate::{
    convert::DecodeError,
    term::{Term, distinct_keys, hash_is_unreliable},
};

/// How deep maps may be nested in keys of maps. Every level reads its keys again to compare them.
const MAX_KEY_DEPTH: usize = 4;

/// Memory that an allocation takes beside what it holds.
pub(super) const OVERHEAD: usize = 16;

/// How many times its length a message may take in memory, whatever the limit.
pub(super) const FACTOR: usize = 2;

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
        let max_depth = self.limits.max_depth.min(MAX_TERM_DEPTH).saturating_sub(self.depth);
        let mut reader =
            Reader { decoder: self, depth: 0, max_depth, key_depth: 0, maps: 0, spare: Default::default() };
        let mut place = None;
        reader.any(&mut place, false)?;
        // It has been put there.
        place.ok_or_else(|| EtfError::Truncated { offset: reader.decoder.pos }.into())
    }
}

/// Where a term is made.
pub(super) trait Place {
    fn put(&mut self, make: impl FnOnce() -> Term);

    /// What was put last.
    fn last(&mut self) -> Option<&mut Term>;
}

impl Place for Vec<Term> {
    /// Unlike `push`, which has the term wait on the stack in case that the vector has to grow, `extend` makes it in the
    /// vector.
    #[inline(always)]
    fn put(&mut self, make: impl FnOnce() -> Term) {
        self.extend(iter::once(make).map(|make| make()));
    }

    #[inline(always)]
    fn last(&mut self) -> Option<&mut Term> {
        self.last_mut()
    }
}

impl Place for Option<Term> {
    #[inline(always)]
    fn put(&mut self, make: impl FnOnce() -> Term) {
        *self = Some(make());
    }

    #[inline(always)]
    fn last(&mut self) -> Option<&mut Term> {
        self.as_mut()
    }
}

/// How many levels of nested maps have memory for pairs that is used again.
const SPARE: usize = 3;

/// Reads one term, by recursion that is no deeper than [`MAX_TERM_DEPTH`]. Terms are made where they stay: to move one that
/// has just been made stalls the processor, since it is read back in other pieces than it was written in.
pub(super) struct Reader<'d, 'a> {
    pub(super) decoder: &'d mut Decoder<'a>,
    /// How many terms are open around the one that is being read.
    depth: u32,
    /// How many may be open.
    max_depth: u32,
    /// How many of these are in keys of maps.
    key_depth: usize,
    /// How many of these are maps.
    maps: usize,
    /// Memory for the pairs of the next map at each of the outer levels of maps.
    spare: [Vec<Term>; SPARE],
}

impl Reader<'_, '_> {
    /// Appends so many terms, or pairs of keys and values.
    #[inline(never)]
    pub(super) fn elements(&mut self, all: &mut Vec<Term>, count: usize, pairs: bool) -> Result<(), DecodeError> {
        let mut left = count;
        while left > 0 {
            if !contains_others(self.decoder.peek_tag()) {
                run(self.decoder, all, &mut left);
                if left == 0 {
                    break;
                }
            }
            self.any(all, pairs && left.is_multiple_of(2))?;
            left -= 1;
        }
        Ok(())
    }

    /// Puts the next term into its place.
    #[inline(always)]
    fn any(&mut self, place: &mut impl Place, in_key: bool) -> Result<(), DecodeError> {
        let (tag, offset) = self.next();
        match tag {
            tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => {
                let count = self.decoder.tuple()?;
                if count == 0 {
                    place.put(|| Tuple::nil().into());
                    return Ok(());
                }
                self.enter(in_key)?;
                let mut elements = self.room(count, 0)?;
                self.elements(&mut elements, count, false)?;
                place.put(|| Term::Tuple(Tuple { elements }));
            }
            tag::LIST_EXT => {
                let count = self.list()?;
                if let Some(bytes) = self.small_integers(count)? {
                    place.put(|| Term::ByteList(ByteList { bytes }));
                    return Ok(());
                }
                self.enter(in_key)?;
                let mut elements = self.room(count, 1)?;
                self.elements(&mut elements, count, false)?;
                if self.decoder.peek_tag() == tag::NIL_EXT && !starts_with_byte(&elements) {
                    self.decoder.pos += 1;
                    place.put(|| Term::List(eetf::List { elements }));
                } else {
                    self.tail(elements, place)?;
                }
            }
            tag::MAP_EXT => {
                let count = self.pairs()?;
                if count == 0 {
                    place.put(|| Map { map: HashMap::new() }.into());
                    return Ok(());
                }
                self.enter(in_key)?;
                if self.key_depth > MAX_KEY_DEPTH {
                    return Err(EtfError::KeyTooDeep { offset, limit: MAX_KEY_DEPTH }.into());
                }
                self.map(place, count, offset)?;
            }
            tag::NEW_FUN_EXT => return self.fun(place, in_key),
            _ => return self.single(place),
        }
        self.leave(in_key);
        Ok(())
    }

    /// Out of the way, for most have been read by [`run`].
    #[inline(never)]
    fn single(&mut self, place: &mut impl Place) -> Result<(), DecodeError> {
        self.simple(place)
    }

    #[cold]
    fn too_deep(&self) -> DecodeError {
        EtfError::TooDeep { offset: self.decoder.pos, limit: self.decoder.limits.max_depth }.into()
    }

    /// Opens one more term, if it may be.
    #[inline(always)]
    fn enter(&mut self, in_key: bool) -> Result<(), DecodeError> {
        if self.depth >= self.max_depth {
            return Err(self.too_deep());
        }
        self.depth += 1;
        self.key_depth += usize::from(in_key);
        Ok(())
    }

    #[inline(always)]
    fn leave(&mut self, in_key: bool) {
        self.depth -= 1;
        self.key_depth -= usize::from(in_key);
    }

    #[inline]
    pub(super) fn charge(&mut self, bytes: usize) -> Result<(), EtfError> {
        self.decoder.spend(bytes, FACTOR)
    }

    /// Room for `count` terms, if so many and `more` bytes can follow and may be kept.
    #[inline(always)]
    fn room(&mut self, count: usize, more: usize) -> Result<Vec<Term>, DecodeError> {
        self.expect(count + more)?;
        self.charge(count.saturating_mul(size_of::<Term>()) + OVERHEAD)?;
        Ok(Vec::with_capacity(count))
    }

    pub(super) fn expect(&self, bytes: usize) -> Result<(), EtfError> {
        if bytes > self.decoder.bytes.len() - self.decoder.pos {
            return Err(EtfError::Truncated { offset: self.decoder.bytes.len() });
        }
        Ok(())
    }

    /// Passes over the heads of lists of no elements, which a BEAM takes for their tails, to the next other term, and
    /// gives its tag and offset.
    #[inline(always)]
    fn next(&mut self) -> (u8, usize) {
        while let [tag::LIST_EXT, 0, 0, 0, 0, ..] = self.decoder.remaining() {
            self.decoder.pos += 5;
        }
        (self.decoder.peek_tag(), self.decoder.pos)
    }

    /// The head of a map: how many terms its pairs are.
    fn pairs(&mut self) -> Result<usize, DecodeError> {
        let pairs = self.decoder.map()?;
        let count = pairs.saturating_mul(2);
        self.expect(count)?;
        // A hash table has a power of two of places, seven of eight used at most, and one byte more for each. Before
        // that the pairs are in a list.
        let places = if pairs < 4 { 4 } else { (pairs + pairs / 7 + 1).next_power_of_two() };
        if pairs > 0 {
            self.charge((places + pairs).saturating_mul(2 * size_of::<Term>() + 1) + 2 * OVERHEAD)?;
        }
        Ok(count)
    }

    /// A map of which the head has been read.
    #[inline]
    fn map(&mut self, place: &mut impl Place, count: usize, offset: usize) -> Result<(), DecodeError> {
        let mut pairs = self.spare.get_mut(self.maps).map(mem::take).unwrap_or_default();
        pairs.reserve(count);
        self.maps += 1;
        self.elements(&mut pairs, count, true)?;
        self.maps -= 1;
        place.put(|| Term::Map(Map { map: HashMap::with_capacity(count / 2) }));
        if let Some(Term::Map(map)) = place.last() {
            fill(&mut map.map, &mut pairs, offset)?;
        }
        if let Some(spare) = self.spare.get_mut(self.maps) {
            *spare = pairs;
        }
        Ok(())
    }

    #[inline(never)]
    fn fun(&mut self, place: &mut impl Place, in_key: bool) -> Result<(), DecodeError> {
        let Fun { mut fun, count, offset, size } = self.fun_head()?;
        let mut elements = self.room(count, 0)?;
        if count > 0 {
            self.enter(in_key)?;
            self.elements(&mut elements, count, false)?;
            self.leave(in_key);
        }
        if self.decoder.pos != offset + 1 + size {
            return Err(EtfError::Fun { offset }.into());
        }
        if let InternalFun::New { free_vars, .. } = &mut *fun {
            *free_vars = elements;
        }
        place.put(|| Term::InternalFun(fun));
        Ok(())
    }

    /// Everything of a fun in front of its free variables. Not where these are read: they may be funs again, all of which
    /// have their place on the stack.
    #[inline(never)]
    fn fun_head(&mut self) -> Result<Fun, DecodeError> {
        let offset = self.decoder.pos;
        self.decoder.pos += 1;
        let size = self.decoder.u32()? as usize;
        let arity = self.decoder.u8()?;
        let uniq = self.decoder.array()?;
        let (index, count) = (self.decoder.u32()?, self.decoder.u32()? as usize);
        if count > 255 {
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
        let fun = InternalFun::New { module, arity, pid, free_vars: Vec::new(), index, uniq, old_index, old_uniq };
        Ok(Fun { fun: Box::new(fun), count, offset, size })
    }
}

/// A fun without its free variables.
struct Fun {
    fun: Box<InternalFun>,
    /// How many free variables follow.
    count: usize,
    /// Where it begins.
    offset: usize,
    /// How many bytes behind its tag it says that it has.
    size: usize,
}

/// Moves pairs into a map that has room for them.
fn fill(map: &mut HashMap<Term, Term>, pairs: &mut Vec<Term>, offset: usize) -> Result<(), EtfError> {
    let mut doubtful = false;
    let mut pairs = pairs.drain(..);
    while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
        doubtful |= !matches!(key, Term::Atom(_) | Term::Binary(_)) && hash_is_unreliable(&key);
        if map.insert(key, value).is_some() {
            return Err(EtfError::DuplicateKey { offset });
        }
    }
    if doubtful && !distinct_keys(map) { Err(EtfError::DuplicateKey { offset }) } else { Ok(()) }
}

/// Whether it could be a byte list, as [`proper_list`] finds out.
fn starts_with_byte(elements: &[Term]) -> bool {
    matches!(elements.first(), Some(Term::FixInteger(FixInteger { value: 0..=255 })))
}

/// Whether a term of this tag can contain others.
#[inline(always)]
fn contains_others(tag: u8) -> bool {
    use tag::{LARGE_TUPLE_EXT, LIST_EXT, MAP_EXT, NEW_FUN_EXT, SMALL_TUPLE_EXT};
    matches!(tag, SMALL_TUPLE_EXT | LIST_EXT | MAP_EXT | LARGE_TUPLE_EXT | NEW_FUN_EXT)
}
