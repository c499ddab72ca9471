//! Bytes to the dynamic term.

use std::{collections::HashMap, mem};

use eetf::{BitBinary, ByteList, ExternalFun, FixInteger, ImproperList, InternalFun, Map, Tuple};
use num_bigint::{BigInt, Sign};

use super::{Decoder, EtfError, Integer, Kind, MAX_TERM_DEPTH, tag};
use crate::{
    convert::DecodeError,
    term::{Term, distinct_keys, hash_is_unreliable, mask_bits, proper_list},
};

/// How deep maps may be nested in keys of maps. Every level reads its keys again to compare them.
const MAX_KEY_DEPTH: usize = 4;

/// Memory that an allocation takes beside what it holds.
const OVERHEAD: usize = 16;

impl Decoder<'_> {
    /// A term of any kind, in canonical form (see [`canonical`](crate::term::canonical)).
    ///
    /// It may be nested [`Limits::max_depth`](super::Limits::max_depth) levels deep, but no more than
    /// [`MAX_TERM_DEPTH`], and take [`Limits::max_term_memory`](super::Limits::max_term_memory) bytes, or twice the length
    /// of the message if that is more.
    ///
    /// # Errors
    /// Also for what [`Term`] cannot hold ([`EtfError::Opaque`]: native records, local terms, `fun m:f/256`) and for
    /// a map with equal keys. `Term` takes `0.0` and `-0.0` for equal, as OTP did before release 27.
    pub fn term(&mut self) -> Result<Term, DecodeError> {
        Reader { decoder: self }.term()
    }
}

/// What a term starts with: all of it, or a part that others must be read for.
enum Head {
    Whole(Term),
    Open(Open),
}

/// A compound term that is not complete.
enum Open {
    Tuple {
        elements: Vec<Term>,
        left: usize,
    },
    List {
        elements: Vec<Term>,
        left: usize,
        tail: Option<Term>,
    },
    Map {
        map: HashMap<Term, Term>,
        key: Option<Term>,
        left: usize,
        doubtful: bool,
        offset: usize,
    },
    /// The fun without its free variables, these, how many are due, and where the fun says that it ends.
    Fun {
        fun: Term,
        free: Vec<Term>,
        left: usize,
        end: usize,
        offset: usize,
    },
}

/// What became of an open term after everything simple was read.
enum Next {
    Complete(Term),
    Inner(Open),
}

struct Reader<'d, 'a> {
    decoder: &'d mut Decoder<'a>,
}

impl Reader<'_, '_> {
    fn term(&mut self) -> Result<Term, DecodeError> {
        let mut top = match self.head()? {
            Head::Whole(term) => return Ok(term),
            Head::Open(open) => open,
        };
        let limits = self.decoder.limits;
        let max_depth = limits.max_depth.min(MAX_TERM_DEPTH).saturating_sub(self.decoder.depth) as usize;
        let mut outer: Vec<Open> = Vec::new();
        // How many of these are maps of which a key is being read.
        let mut key_depth = 0;
        loop {
            if outer.len() >= max_depth {
                return Err(EtfError::TooDeep { offset: self.decoder.pos, limit: limits.max_depth }.into());
            }
            match self.fill(&mut top)? {
                Next::Inner(inner) => {
                    key_depth += usize::from(top.reads_key());
                    outer.push(mem::replace(&mut top, inner));
                    if let (Open::Map { offset, .. }, true) = (&top, key_depth > MAX_KEY_DEPTH) {
                        return Err(EtfError::KeyTooDeep { offset: *offset, limit: MAX_KEY_DEPTH }.into());
                    }
                }
                Next::Complete(term) => match outer.pop() {
                    None => return Ok(term),
                    Some(mut parent) => {
                        key_depth -= usize::from(parent.reads_key());
                        parent.take(term)?;
                        top = parent;
                    }
                },
            }
        }
    }

    #[inline]
    fn charge(&mut self, bytes: usize) -> Result<(), EtfError> {
        self.decoder.spend(bytes, 2)
    }

    /// Room for `count` terms of at least `each` bytes, if so many can follow and may be kept.
    fn room(&mut self, count: usize, each: usize) -> Result<Vec<Term>, EtfError> {
        self.expect(count, each)?;
        self.charge(count.saturating_mul(size_of::<Term>()) + OVERHEAD)?;
        Ok(Vec::with_capacity(count))
    }

    fn expect(&self, count: usize, each: usize) -> Result<(), EtfError> {
        let decoder = &*self.decoder;
        if count > (decoder.bytes.len() - decoder.pos) / each {
            return Err(EtfError::Truncated { offset: decoder.bytes.len() });
        }
        Ok(())
    }

    fn head(&mut self) -> Result<Head, DecodeError> {
        let offset = self.decoder.pos;
        Ok(Head::Whole(match self.decoder.peek_tag() {
            tag::SMALL_INTEGER_EXT => {
                let [_, value] = self.decoder.array()?;
                fix(value.into())
            }
            tag::INTEGER_EXT => {
                let [_, a, b, c, d] = self.decoder.array()?;
                fix(i32::from_be_bytes([a, b, c, d]))
            }
            tag::SMALL_ATOM_UTF8_EXT | tag::ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT | tag::ATOM_EXT => self.atom()?.into(),
            tag::BINARY_EXT => {
                let binary = self.decoder.binary()?;
                self.charge(binary.len() + OVERHEAD)?;
                eetf::Binary { bytes: binary.to_vec() }.into()
            }
            tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => match self.decoder.tuple()? {
                0 => Tuple::nil().into(),
                left => return Ok(Head::Open(Open::Tuple { elements: self.room(left, 1)?, left })),
            },
            tag::NIL_EXT => {
                self.decoder.pos += 1;
                eetf::List::nil().into()
            }
            tag::STRING_EXT | tag::LIST_EXT => return self.list(),
            tag::MAP_EXT => match self.decoder.map()? {
                0 => Map { map: HashMap::new() }.into(),
                left => return Ok(Head::Open(self.map(left, offset)?)),
            },
            tag::NEW_FLOAT_EXT | tag::FLOAT_EXT => eetf::Float { value: self.decoder.float()? }.into(),
            tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => match self.decoder.any_integer("integer")? {
                Integer::Small(value) => match i32::try_from(value) {
                    Ok(value) => fix(value),
                    Err(_) => eetf::BigInteger { value: value.into() }.into(),
                },
                Integer::Big { negative, digits } => {
                    self.charge(digits.len() + OVERHEAD)?;
                    let sign = if negative { Sign::Minus } else { Sign::Plus };
                    eetf::BigInteger { value: BigInt::from_bytes_le(sign, digits) }.into()
                }
            },
            tag::NEW_PID_EXT | tag::PID_EXT => self.pid()?.into(),
            tag::NEW_PORT_EXT | tag::PORT_EXT | tag::V4_PORT_EXT => {
                self.charge(OVERHEAD)?;
                eetf::Port::from(self.decoder.port()?).into()
            }
            tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::REFERENCE_EXT => {
                self.charge(size_of::<eetf::Reference>() + 4 * OVERHEAD)?;
                eetf::Reference::from(self.decoder.reference()?).into()
            }
            tag::BIT_BINARY_EXT => {
                let (bytes, bits) = self.decoder.bit_string()?;
                self.charge(bytes.len() + OVERHEAD)?;
                bit_binary(bytes.to_vec(), bits)
            }
            tag::EXPORT_EXT => self.export(offset)?,
            tag::NEW_FUN_EXT => return Ok(Head::Open(self.fun(offset)?)),
            tag::RECORD_EXT => return Err(EtfError::Opaque { offset, kind: Kind::Record }.into()),
            tag::LOCAL_EXT => return Err(EtfError::Opaque { offset, kind: Kind::Local }.into()),
            _ => return Err(self.decoder.mismatch("term")),
        }))
    }

    fn atom(&mut self) -> Result<eetf::Atom, DecodeError> {
        let name = self.decoder.atom_name()?;
        self.charge(name.len() + OVERHEAD)?;
        Ok(eetf::Atom { name: name.into_owned() })
    }

    fn pid(&mut self) -> Result<eetf::Pid, DecodeError> {
        self.charge(OVERHEAD)?;
        Ok(self.decoder.pid()?.into())
    }

    fn list(&mut self) -> Result<Head, DecodeError> {
        loop {
            match self.decoder.list()? {
                super::List::Bytes(bytes) => {
                    self.charge(bytes.len() + OVERHEAD)?;
                    return Ok(Head::Whole(byte_list(bytes.to_vec())));
                }
                // A BEAM takes a list of no elements for its tail.
                super::List::Elements(0) => match self.decoder.peek_tag() {
                    tag::STRING_EXT | tag::LIST_EXT => {}
                    _ => return self.head(),
                },
                super::List::Elements(left) => {
                    if let Some(bytes) = self.small_integers(left) {
                        self.charge(left + OVERHEAD)?;
                        return Ok(Head::Whole(byte_list(bytes)));
                    }
                    // The tail takes a byte too.
                    self.expect(left + 1, 1)?;
                    return Ok(Head::Open(Open::List { elements: self.room(left, 1)?, left, tail: None }));
                }
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

    fn map(&mut self, left: usize, offset: usize) -> Result<Open, EtfError> {
        self.expect(left, 2)?;
        // A hash table has a power of two of places, seven of eight used at most, and one byte more for each.
        let places = if left < 4 { 4 } else { (left + left / 7 + 1).next_power_of_two() };
        self.charge(places.saturating_mul(2 * size_of::<Term>() + 1) + 2 * OVERHEAD)?;
        Ok(Open::Map { map: HashMap::with_capacity(left), key: None, left, doubtful: false, offset })
    }

    fn export(&mut self, offset: usize) -> Result<Term, DecodeError> {
        self.decoder.pos += 1;
        self.charge(size_of::<ExternalFun>() + OVERHEAD)?;
        let (module, function) = (self.atom()?, self.atom()?);
        match self.decoder.any_integer("arity")? {
            Integer::Small(arity) if arity < 0 => Err(EtfError::Fun { offset }.into()),
            Integer::Small(arity) if arity <= 255 => Ok(ExternalFun { module, function, arity: arity as u8 }.into()),
            _ => Err(EtfError::Opaque { offset, kind: Kind::Fun }.into()),
        }
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
        let free = self.room(left, 1)?;
        let fun = InternalFun::New { module, arity, pid, free_vars: Vec::new(), index, uniq, old_index, old_uniq };
        Ok(Open::Fun { fun: fun.into(), free, left, end: offset + 1 + size, offset })
    }

    /// Reads on until the term is complete or another has to be opened.
    fn fill(&mut self, open: &mut Open) -> Result<Next, DecodeError> {
        match open {
            Open::Tuple { elements, left } => match self.elements(elements, left)? {
                Some(inner) => Ok(Next::Inner(inner)),
                None => Ok(Next::Complete(Tuple { elements: mem::take(elements) }.into())),
            },
            Open::List { elements, left, tail: Some(tail) } if *left == 0 => {
                let last = mem::replace(tail, Term::List(eetf::List::nil()));
                Ok(Next::Complete(ImproperList { elements: mem::take(elements), last: Box::new(last) }.into()))
            }
            Open::List { elements, left, .. } => self.fill_list(elements, left),
            Open::Map { map, key, left, doubtful, offset } => {
                while *left > 0 {
                    let term = match self.head()? {
                        Head::Whole(term) => term,
                        Head::Open(inner) => return Ok(Next::Inner(inner)),
                    };
                    put(map, key, left, doubtful, *offset, term)?;
                }
                if *doubtful && !distinct_keys(map) {
                    return Err(EtfError::DuplicateKey { offset: *offset }.into());
                }
                Ok(Next::Complete(Map { map: mem::take(map) }.into()))
            }
            Open::Fun { fun, free, left, end, offset } => {
                if let Some(inner) = self.elements(free, left)? {
                    return Ok(Next::Inner(inner));
                }
                if self.decoder.pos != *end {
                    return Err(EtfError::Fun { offset: *offset }.into());
                }
                let mut fun = mem::replace(fun, eetf::List::nil().into());
                if let Term::InternalFun(fun) = &mut fun
                    && let InternalFun::New { free_vars, .. } = &mut **fun
                {
                    *free_vars = mem::take(free);
                }
                Ok(Next::Complete(fun))
            }
        }
    }

    #[inline]
    fn elements(&mut self, elements: &mut Vec<Term>, left: &mut usize) -> Result<Option<Open>, DecodeError> {
        while *left > 0 {
            match self.head()? {
                Head::Whole(term) => elements.push(term),
                Head::Open(inner) => return Ok(Some(inner)),
            }
            *left -= 1;
        }
        Ok(None)
    }

    fn fill_list(&mut self, elements: &mut Vec<Term>, left: &mut usize) -> Result<Next, DecodeError> {
        loop {
            if let Some(inner) = self.elements(elements, left)? {
                return Ok(Next::Inner(inner));
            }
            match self.decoder.peek_tag() {
                tag::NIL_EXT => {
                    self.decoder.pos += 1;
                    return Ok(Next::Complete(proper_list(mem::take(elements))));
                }
                // A list as the tail goes on with the same list; growing may take twice the room.
                tag::STRING_EXT | tag::LIST_EXT => match self.decoder.list()? {
                    super::List::Bytes(bytes) => {
                        self.charge(bytes.len().saturating_mul(2 * size_of::<Term>()))?;
                        elements.extend(bytes.iter().map(|&byte| fix(byte.into())));
                        return Ok(Next::Complete(proper_list(mem::take(elements))));
                    }
                    super::List::Elements(more) => {
                        self.expect(more + 1, 1)?;
                        self.charge(more.saturating_mul(2 * size_of::<Term>()))?;
                        *left = more;
                    }
                },
                _ => {
                    return match self.head()? {
                        Head::Whole(last) => {
                            let elements = mem::take(elements);
                            Ok(Next::Complete(ImproperList { elements, last: Box::new(last) }.into()))
                        }
                        Head::Open(inner) => Ok(Next::Inner(inner)),
                    };
                }
            }
        }
    }
}

impl Open {
    fn reads_key(&self) -> bool {
        matches!(self, Open::Map { key: None, .. })
    }

    /// A term that was opened inside of this one is complete.
    fn take(&mut self, term: Term) -> Result<(), EtfError> {
        match self {
            Open::List { tail, left: 0, .. } => *tail = Some(term),
            Open::Tuple { elements, left }
            | Open::List { elements, left, .. }
            | Open::Fun { free: elements, left, .. } => {
                elements.push(term);
                *left -= 1;
            }
            Open::Map { map, key, left, doubtful, offset } => put(map, key, left, doubtful, *offset, term)?,
        }
        Ok(())
    }
}

/// A key, or the value of the key before it.
fn put(
    map: &mut HashMap<Term, Term>,
    key: &mut Option<Term>,
    left: &mut usize,
    doubtful: &mut bool,
    offset: usize,
    term: Term,
) -> Result<(), EtfError> {
    match key.take() {
        None => *key = Some(term),
        Some(first) => {
            *doubtful |= hash_is_unreliable(&first);
            if map.insert(first, term).is_some() {
                return Err(EtfError::DuplicateKey { offset });
            }
            *left -= 1;
        }
    }
    Ok(())
}

fn fix(value: i32) -> Term {
    Term::FixInteger(FixInteger { value })
}

fn byte_list(bytes: Vec<u8>) -> Term {
    if bytes.is_empty() { eetf::List::nil().into() } else { ByteList { bytes }.into() }
}

fn bit_binary(mut bytes: Vec<u8>, bits: u8) -> Term {
    if bits == 8 {
        return eetf::Binary { bytes }.into();
    }
    mask_bits(&mut bytes, bits);
    BitBinary { bytes, tail_bits_size: bits }.into()
}
