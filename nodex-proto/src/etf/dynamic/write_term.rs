//! The dynamic term to bytes.

use std::{collections::hash_map, slice};

use eetf::{InternalFun, Map};

use super::short_term::short_term;
use crate::etf::{EncodeError, Encoder, Kind, Mark, put::put_numbers, tag};
use crate::term::{Maps, Order, Term, is_canonical, maps_in};

/// How many levels are written by recursion, which is faster; the others are not, so that no depth overflows the stack.
const SHALLOW: usize = 16;

/// What is still to be written of the terms that are open.
enum Rest<'t> {
    Terms(slice::Iter<'t, Term>),
    Last(&'t Term),
    Nil,
    Pairs(hash_map::Iter<'t, Term, Term>),
    /// The end of a fun, where the size becomes known that is due at this place.
    Size(Mark),
}

impl Encoder {
    /// A term of any kind and depth.
    ///
    /// # Errors
    /// For everything that some BEAM would refuse, and then close the connection: floats that are not finite, atoms of
    /// more than 255 characters, bit strings without bits, references of no or of more than five words, equal keys
    /// (numerically equal integers, lists of equal elements), integers of more than 524,280 bytes, tuples of more than
    /// 16,777,215 elements. What was written before the error stays: the caller rolls it back.
    pub fn put_term(&mut self, term: &Term) -> Result<(), EncodeError> {
        self.put_other(term, SHALLOW)
    }

    /// Terms one after the other, of which `depth` levels are written by recursion.
    fn put_terms(&mut self, terms: &[Term], depth: usize) -> Result<(), EncodeError> {
        let mut terms = terms.iter();
        while let Some(other) = self.buf.put_while(&mut terms, |place, term| short_term(place, term)) {
            self.put_other(other, depth)?;
        }
        Ok(())
    }

    /// A term that is not short. A function of its own, so that [`put_terms`](Self::put_terms) has the registers for
    /// those that are.
    #[inline(never)]
    fn put_other(&mut self, term: &Term, depth: usize) -> Result<(), EncodeError> {
        match term {
            Term::Tuple(tuple) if depth > 0 => {
                self.put_tuple(tuple.elements.len())?;
                self.put_terms(&tuple.elements, depth - 1)
            }
            Term::List(list) if depth > 0 && !list.elements.is_empty() => {
                self.put_list(list.elements.len())?;
                self.put_terms(&list.elements, depth - 1)?;
                self.put_nil();
                Ok(())
            }
            Term::Map(map) if depth > 0 => self.put_pairs(map, depth - 1),
            Term::Tuple(_) | Term::List(_) | Term::Map(_) | Term::ImproperList(_) | Term::InternalFun(_) => {
                self.put_deep(term)
            }
            single => self.put_single(single),
        }
    }

    /// A map.
    #[inline(never)]
    fn put_pairs(&mut self, map: &Map, depth: usize) -> Result<(), EncodeError> {
        self.put_map(map.map.len())?;
        let mut pairs = Pairs { pairs: map.map.iter(), value: None, doubtful: false };
        while let Some(other) = self.buf.put_while(&mut pairs, |place, term| short_term(place, term)) {
            self.put_other(other, depth)?;
        }
        if pairs.doubtful && !distinct_keys(map) { Err(EncodeError::DuplicateKey) } else { Ok(()) }
    }

    /// A term of any depth, without recursion.
    #[inline(never)]
    fn put_deep(&mut self, term: &Term) -> Result<(), EncodeError> {
        let mut open: Vec<Rest<'_>> = Vec::new();
        self.put_head(term, &mut open)?;
        while let Some(rest) = open.last_mut() {
            let next = match rest {
                Rest::Terms(terms) => terms.next(),
                Rest::Pairs(pairs) => match pairs.next() {
                    Some((key, value)) => {
                        open.push(Rest::Last(value));
                        Some(key)
                    }
                    None => None,
                },
                Rest::Last(last) => {
                    let last = *last;
                    open.pop();
                    self.put_head(last, &mut open)?;
                    continue;
                }
                Rest::Nil => {
                    self.put_nil();
                    None
                }
                Rest::Size(place) => {
                    let (place, count) = (*place, self.written_since(*place));
                    let size = u32::try_from(count).map_err(|_| EncodeError::too_many(Kind::Fun, count))?;
                    self.patch_u32(place, size);
                    None
                }
            };
            match next {
                Some(next) => self.put_head(next, &mut open)?,
                None => {
                    open.pop();
                }
            }
        }
        Ok(())
    }

    /// Writes what is simple, and the head of what is not: the rest of that goes to `open`.
    fn put_head<'t>(&mut self, term: &'t Term, open: &mut Vec<Rest<'t>>) -> Result<(), EncodeError> {
        match term {
            Term::Tuple(tuple) => {
                self.put_tuple(tuple.elements.len())?;
                open.push(Rest::Terms(tuple.elements.iter()));
            }
            Term::List(list) if !list.elements.is_empty() => {
                self.put_list(list.elements.len())?;
                open.push(Rest::Nil);
                open.push(Rest::Terms(list.elements.iter()));
            }
            Term::ImproperList(list) => {
                if !list.elements.is_empty() {
                    self.put_list(list.elements.len())?;
                }
                open.push(Rest::Last(&list.last));
                open.push(Rest::Terms(list.elements.iter()));
            }
            Term::Map(map) => {
                check_keys(map)?;
                self.put_map(map.map.len())?;
                open.push(Rest::Pairs(map.map.iter()));
            }
            Term::InternalFun(fun) => self.put_fun(fun, open)?,
            single => self.put_single(single)?,
        }
        Ok(())
    }

    /// A term that contains no others.
    fn put_single(&mut self, term: &Term) -> Result<(), EncodeError> {
        match term {
            Term::Atom(atom) => self.put_atom_name(&atom.name)?,
            Term::FixInteger(integer) => self.put_i64(integer.value.into()),
            Term::Float(float) => self.put_float(float.value)?,
            Term::Binary(binary) => self.put_binary(&binary.bytes)?,
            Term::List(_) => self.put_nil(),
            Term::ByteList(list) => self.put_byte_list(&list.bytes)?,
            Term::BigInteger(integer) => self.put_bigint(&integer.value)?,
            Term::Pid(pid) => self.put_eetf_pid(pid)?,
            Term::Port(port) => {
                self.put_port_head(port.id);
                self.put_atom_name(&port.node.name)?;
                self.put_port_numbers(port.id, port.creation);
            }
            Term::Reference(reference) => {
                let words = reference.id.len();
                if words == 0 || words > crate::term::Reference::MAX_WORDS {
                    return Err(EncodeError::ReferenceLength { words });
                }
                self.put_slice(&[tag::NEWER_REFERENCE_EXT, 0, words as u8]);
                self.put_atom_name(&reference.node.name)?;
                put_numbers(&mut self.buf, &[reference.creation]);
                put_numbers(&mut self.buf, &reference.id);
            }
            Term::BitBinary(bits) => self.put_bit_string(&bits.bytes, bits.tail_bits_size)?,
            Term::ExternalFun(fun) => {
                self.put_u8(tag::EXPORT_EXT);
                self.put_atom_name(&fun.module.name)?;
                self.put_atom_name(&fun.function.name)?;
                self.put_i64(fun.arity.into());
            }
            // All others are seen to elsewhere.
            _ => {}
        }
        Ok(())
    }

    fn put_eetf_pid(&mut self, pid: &eetf::Pid) -> Result<(), EncodeError> {
        self.put_u8(tag::NEW_PID_EXT);
        self.put_atom_name(&pid.node.name)?;
        put_numbers(&mut self.buf, &[pid.id, pid.serial, pid.creation]);
        Ok(())
    }

    fn put_fun<'t>(&mut self, fun: &'t InternalFun, open: &mut Vec<Rest<'t>>) -> Result<(), EncodeError> {
        let InternalFun::New { module, arity, pid, free_vars, index, uniq, old_index, old_uniq } = fun else {
            return Err(EncodeError::OldFun);
        };
        let count = u32::try_from(free_vars.len()).ok().filter(|&count| count <= 255);
        let count = count.ok_or(EncodeError::FreeVariables { count: free_vars.len() })?;
        self.put_u8(tag::NEW_FUN_EXT);
        // The size counts itself.
        open.push(Rest::Size(self.mark()));
        self.put_slice(&[0; 4]);
        self.put_u8(*arity);
        self.put_slice(uniq);
        self.put_slice(&index.to_be_bytes());
        self.put_slice(&count.to_be_bytes());
        self.put_atom_name(&module.name)?;
        self.put_i64((*old_index).into());
        self.put_i64((*old_uniq).into());
        self.put_eetf_pid(pid)?;
        open.push(Rest::Terms(free_vars.iter()));
        Ok(())
    }
}

/// The keys and values of a map.
struct Pairs<'t> {
    pairs: hash_map::Iter<'t, Term, Term>,
    /// That of the key before.
    value: Option<&'t Term>,
    /// Whether equal keys have to be looked for.
    doubtful: bool,
}

impl<'t> Iterator for Pairs<'t> {
    type Item = &'t Term;

    #[inline(always)]
    fn next(&mut self) -> Option<&'t Term> {
        if let Some(value) = self.value.take() {
            return Some(value);
        }
        let (key, value) = self.pairs.next()?;
        self.value = Some(value);
        // The usual keys are never doubtful, and that is seen without a call.
        self.doubtful |= !matches!(key, Term::Atom(_) | Term::Binary(_) | Term::FixInteger(_)) && is_doubtful(key);
        Some(key)
    }
}

/// Keys that differ in Rust may be equal on a BEAM, unless none of them is doubtful.
fn is_doubtful(key: &Term) -> bool {
    !is_canonical(key) || maps_in(key) == Maps::Several
}

fn check_keys(map: &Map) -> Result<(), EncodeError> {
    if map.map.keys().any(is_doubtful) && !distinct_keys(map) { Err(EncodeError::DuplicateKey) } else { Ok(()) }
}

fn distinct_keys(map: &Map) -> bool {
    Order::default().distinct(map.map.keys())
}
