//! Bytes to the dynamic term: the terms that contain others.

use std::{collections::HashMap, mem};

use eetf::{ByteList, FixInteger, ImproperList, InternalFun, Map, Tuple};

use super::{
    open::{Fun, OVERHEAD, Open, Place as _, Reader, Shape},
    read_run::run,
};
use crate::{
    etf::{DecodeError, Decoder, EtfError, Integer, Kind, MAX_KEY_DEPTH, MAX_TERM_DEPTH, tag},
    term::{Alike, MAX_ALIKE, Maps, Order, Term, maps_in, proper_list},
};

impl Decoder<'_> {
    /// A term of any kind, in canonical form (see [`canonical`](crate::term::canonical)).
    ///
    /// It may be nested [`Limits::max_depth`](crate::etf::Limits::max_depth) levels deep, but no more than
    /// [`MAX_TERM_DEPTH`], and take [`Limits::max_term_memory`](crate::etf::Limits::max_term_memory) bytes, or twice the
    /// length of the message if that is more.
    ///
    /// # Errors
    /// Also for what [`Term`] cannot hold ([`EtfError::Opaque`]: native records, local terms, `fun m:f/256`), for
    /// a map with equal keys, and where maps are nested in more than [`MAX_KEY_DEPTH`] keys of maps. `Term` takes `0.0` and `-0.0` for equal, as OTP did before release 27.
    pub fn term(&mut self) -> Result<Term, DecodeError> {
        let max_depth = self.limits.max_depth.min(MAX_TERM_DEPTH).saturating_sub(self.depth) as usize;
        Reader { decoder: self, outer: Vec::new(), max_depth, key_depth: 0, spare: Vec::new() }.term()
    }
}

impl Reader<'_, '_> {
    fn term(mut self) -> Result<Term, DecodeError> {
        let mut top = Open { elements: Vec::new(), left: 0, shape: Shape::Tuple };
        if let Some(whole) = self.outermost(&mut top)? {
            return Ok(whole);
        }
        self.all_of(&mut top)?;
        loop {
            while top.left == 0 {
                match self.outer.pop() {
                    None => return self.closed(&mut top),
                    Some(mut parent) => {
                        self.key_depth -= usize::from(parent.reads_key());
                        parent.elements.push(self.closed(&mut top)?);
                        top = parent;
                        self.one_less(&mut top)?;
                    }
                }
            }
            if contains_others(self.decoder.peek_tag()) {
                let in_key = top.reads_key();
                if let Some(mut inner) = self.inner(&mut top.elements, in_key)? {
                    // What is simple has been read; of a list the tail may be due.
                    if inner.left == 0 {
                        self.all_of(&mut inner)?;
                    }
                    if inner.left > 0 {
                        self.key_depth += usize::from(in_key);
                        self.outer.push(mem::replace(&mut top, inner));
                        continue;
                    }
                    top.elements.push(self.closed(&mut inner)?);
                }
            } else {
                self.simple(&mut top.elements)?;
            }
            self.one_less(&mut top)?;
        }
    }

    #[cold]
    fn too_deep(&self) -> DecodeError {
        EtfError::TooDeep { offset: self.decoder.pos, limit: self.decoder.limits.max_depth }.into()
    }

    /// Counts an element that has been read, and reads the simple ones that follow.
    #[inline(always)]
    fn one_less(&mut self, open: &mut Open) -> Result<(), DecodeError> {
        open.left -= 1;
        self.all_of(open)
    }

    /// Reads what `open` contains as far as it is simple; of a list that is whole then, the tail.
    #[inline(always)]
    fn all_of(&mut self, open: &mut Open) -> Result<(), DecodeError> {
        loop {
            if open.left > 0 {
                run(self.decoder, &mut open.elements, &mut open.left);
            }
            if open.left > 0 || !matches!(open.shape, Shape::List) {
                return Ok(());
            }
            self.tail(open)?;
            if open.left == 0 {
                return Ok(());
            }
        }
    }

    /// Makes room for `count` terms, if so many and `more` bytes can follow and may be kept.
    #[inline(always)]
    fn room(&mut self, elements: &mut Vec<Term>, count: usize, more: usize) -> Result<(), DecodeError> {
        self.expect(count + more)?;
        self.charge(count.saturating_mul(size_of::<Term>()) + OVERHEAD)?;
        elements.reserve_exact(count);
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

    /// Reads the outermost term, or opens it as `top` if it contains others.
    #[inline(always)]
    fn outermost(&mut self, top: &mut Open) -> Result<Option<Term>, DecodeError> {
        let (tag, offset) = self.next();
        match tag {
            tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => {
                top.left = self.decoder.tuple()?;
                if top.left == 0 {
                    return Ok(Some(Tuple::nil().into()));
                }
                self.room(&mut top.elements, top.left, 0)?;
            }
            tag::LIST_EXT => {
                top.left = self.list()?;
                top.shape = Shape::List;
                if let Some(bytes) = self.small_integers(top.left)? {
                    return Ok(Some(Term::ByteList(ByteList { bytes })));
                }
                self.room(&mut top.elements, top.left, 1)?;
            }
            tag::MAP_EXT => {
                top.left = self.pairs()?;
                top.shape = Shape::Map { offset };
                if top.left == 0 {
                    return Ok(Some(Map { map: HashMap::new() }.into()));
                }
                top.elements.reserve_exact(top.left);
            }
            tag::NEW_FUN_EXT => *top = self.fun(offset)?,
            _ => {
                let mut place = None;
                self.simple(&mut place)?;
                return Ok(place);
            }
        }
        if self.max_depth == 0 { Err(self.too_deep()) } else { Ok(None) }
    }

    /// Appends a term inside of another, whose elements these are. One that contains others that are not simple is not
    /// appended, but given as it is so far.
    #[inline(always)]
    fn inner(&mut self, outer: &mut Vec<Term>, in_key: bool) -> Result<Option<Open>, DecodeError> {
        let (tag, offset) = self.next();
        match tag {
            tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => {
                let mut left = self.decoder.tuple()?;
                if left == 0 {
                    outer.put(|| Tuple::nil().into());
                    return Ok(None);
                }
                self.enter()?;
                outer.put(|| Term::Tuple(Tuple { elements: Vec::new() }));
                if let Some(Term::Tuple(tuple)) = outer.last_mut() {
                    self.room(&mut tuple.elements, left, 0)?;
                    run(self.decoder, &mut tuple.elements, &mut left);
                    if left > 0 {
                        let elements = mem::take(&mut tuple.elements);
                        outer.pop();
                        return Ok(Some(Open { elements, left, shape: Shape::Tuple }));
                    }
                }
            }
            tag::LIST_EXT => {
                let mut left = self.list()?;
                if let Some(bytes) = self.small_integers(left)? {
                    outer.put(|| Term::ByteList(ByteList { bytes }));
                    return Ok(None);
                }
                self.enter()?;
                outer.put(|| Term::List(eetf::List { elements: Vec::new() }));
                if let Some(Term::List(list)) = outer.last_mut() {
                    self.room(&mut list.elements, left, 1)?;
                    run(self.decoder, &mut list.elements, &mut left);
                    if left == 0 && self.decoder.peek_tag() == tag::NIL_EXT && !starts_with_byte(&list.elements) {
                        self.decoder.pos += 1;
                    } else {
                        let elements = mem::take(&mut list.elements);
                        outer.pop();
                        return Ok(Some(Open { elements, left, shape: Shape::List }));
                    }
                }
            }
            tag::MAP_EXT => {
                let mut left = self.pairs()?;
                if left == 0 {
                    outer.put(|| Map { map: HashMap::new() }.into());
                    return Ok(None);
                }
                self.enter()?;
                if self.key_depth + usize::from(in_key) > MAX_KEY_DEPTH {
                    return Err(EtfError::KeyTooDeep { offset, limit: MAX_KEY_DEPTH }.into());
                }
                self.spare.reserve(left);
                let pairs = left / 2;
                run(self.decoder, &mut self.spare, &mut left);
                if left > 0 {
                    let elements = mem::take(&mut self.spare);
                    return Ok(Some(Open { elements, left, shape: Shape::Map { offset } }));
                }
                outer.put(|| Term::Map(Map { map: HashMap::with_capacity(pairs) }));
                if let Some(Term::Map(map)) = outer.last_mut() {
                    fill(&mut map.map, &mut self.spare, offset)?;
                }
            }
            tag::NEW_FUN_EXT => {
                let mut open = self.fun(offset)?;
                if open.left > 0 {
                    self.enter()?;
                    run(self.decoder, &mut open.elements, &mut open.left);
                    return Ok(Some(open));
                }
                outer.push(self.closed(&mut open)?);
            }
            _ => self.simple(outer)?,
        }
        Ok(None)
    }

    /// Whether one more term may be open.
    #[inline(always)]
    fn enter(&self) -> Result<(), DecodeError> {
        if self.outer.len() + 1 >= self.max_depth { Err(self.too_deep()) } else { Ok(()) }
    }

    /// The head of a map: how many terms its pairs are.
    fn pairs(&mut self) -> Result<usize, DecodeError> {
        let pairs = self.decoder.map()?;
        self.decoder.maps += 1;
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
        self.charge(size_of::<InternalFun>() + size_of::<Fun>() + 2 * OVERHEAD)?;
        let mut elements = Vec::new();
        self.room(&mut elements, left, 0)?;
        let fun = InternalFun::New { module, arity, pid, free_vars: Vec::new(), index, uniq, old_index, old_uniq };
        let fun = Fun { fun: Some(Box::new(fun)), end: offset + 1 + size, offset };
        Ok(Open { elements, left, shape: Shape::Fun(Box::new(fun)) })
    }

    /// A term of which everything has been read.
    fn closed(&mut self, open: &mut Open) -> Result<Term, DecodeError> {
        let mut elements = mem::take(&mut open.elements);
        Ok(match &mut open.shape {
            Shape::Tuple => Term::Tuple(Tuple { elements }),
            Shape::List => proper_list(elements),
            Shape::Tail => match elements.pop() {
                Some(last) => Term::ImproperList(ImproperList { elements, last: Box::new(last) }),
                None => return Err(EtfError::Truncated { offset: self.decoder.pos }.into()),
            },
            Shape::Map { offset } => {
                let mut map = HashMap::with_capacity(elements.len() / 2);
                fill(&mut map, &mut elements, *offset)?;
                if elements.capacity() > self.spare.capacity() {
                    self.spare = elements;
                }
                Term::Map(Map { map })
            }
            Shape::Fun(fun) => {
                if self.decoder.pos != fun.end {
                    return Err(EtfError::Fun { offset: fun.offset }.into());
                }
                let mut whole = fun.fun.take();
                if let Some(InternalFun::New { free_vars, .. }) = whole.as_deref_mut() {
                    *free_vars = elements;
                }
                Term::InternalFun(whole.ok_or(EtfError::Fun { offset: fun.offset })?)
            }
        })
    }
}

/// Moves pairs into a map that has room for them. Not a part of its callers, which have the registers for other terms.
#[inline(never)]
fn fill(map: &mut HashMap<Term, Term>, pairs: &mut Vec<Term>, offset: usize) -> Result<(), EtfError> {
    let mut pairs = pairs.drain(..);
    while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
        // The usual keys contain no maps, and that is seen without a call.
        let usual = matches!(key, Term::Atom(_) | Term::Binary(_) | Term::FixInteger(_));
        if !usual && maps_in(&key) != Maps::None {
            return fill_with_maps(map, [key, value].into_iter().chain(pairs), offset);
        }
        if map.insert(key, value).is_some() {
            return Err(EtfError::DuplicateKey { offset });
        }
    }
    Ok(())
}

/// The same, where keys contain maps, whose hashes are worth less.
#[cold]
#[inline(never)]
fn fill_with_maps(
    map: &mut HashMap<Term, Term>,
    mut pairs: impl Iterator<Item = Term>,
    offset: usize,
) -> Result<(), EtfError> {
    let mut alike = Alike::default();
    while let (Some(key), Some(value)) = (pairs.next(), pairs.next()) {
        if maps_in(&key) != Maps::None && !alike.admits(&key, map.hasher()) {
            return Err(EtfError::AlikeKeys { offset, limit: MAX_ALIKE });
        }
        if map.insert(key, value).is_some() {
            return Err(EtfError::DuplicateKey { offset });
        }
    }
    if !Order::default().distinct(map.keys().filter(|key| maps_in(key) == Maps::Several)) {
        return Err(EtfError::DuplicateKey { offset });
    }
    Ok(())
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
