//! The order of terms, as a BEAM sorts the keys of a map.

use std::{cmp::Ordering, collections::HashMap, slice};

use eetf::{BitBinary, FixInteger, InternalFun, Map, Reference};
use num_bigint::BigInt;

use super::Term;

/// Erlang's order of terms (reference manual, "Term Comparisons") as it is among map keys, where an integer never
/// equals a float: integers, floats, atoms, references, funs, ports, pids, tuples, maps, `[]`, lists, bit strings.
///
/// Terms are equal here exactly if a BEAM's `=:=` says so, whatever form they have in Rust: `FixInteger` and
/// `BigInteger` of one value, byte lists and lists. (`==` of [`Term`] compares forms, and cannot be relied on for maps
/// whose keys contain maps.) As before OTP 27, `0.0` equals `-0.0`. Which of two funs, or of two pids of different
/// nodes, comes first differs from what a BEAM says, and differs between BEAMs.
pub fn compare(a: &Term, b: &Term) -> Ordering {
    let (a, b) = (resolve(a), resolve(b));
    rank(a).cmp(&rank(b)).then_with(|| match (a, b) {
        (Term::FixInteger(a), Term::FixInteger(b)) => a.value.cmp(&b.value),
        (Term::FixInteger(a), Term::BigInteger(b)) => BigInt::from(a.value).cmp(&b.value),
        (Term::BigInteger(a), Term::FixInteger(b)) => a.value.cmp(&BigInt::from(b.value)),
        (Term::BigInteger(a), Term::BigInteger(b)) => a.value.cmp(&b.value),
        (Term::Float(a), Term::Float(b)) => {
            a.value.partial_cmp(&b.value).unwrap_or_else(|| a.value.total_cmp(&b.value))
        }
        (Term::Atom(a), Term::Atom(b)) => a.name.cmp(&b.name),
        (Term::Reference(a), Term::Reference(b)) => compare_references(a, b),
        (Term::ExternalFun(a), Term::ExternalFun(b)) => {
            (&a.module.name, &a.function.name, a.arity).cmp(&(&b.module.name, &b.function.name, b.arity))
        }
        (Term::InternalFun(a), Term::InternalFun(b)) => compare_funs(a, b),
        (Term::Port(a), Term::Port(b)) => (&a.node.name, a.creation, a.id).cmp(&(&b.node.name, b.creation, b.id)),
        (Term::Pid(a), Term::Pid(b)) => compare_pids(a, b),
        (Term::Tuple(a), Term::Tuple(b)) => {
            a.elements.len().cmp(&b.elements.len()).then_with(|| compare_all(a.elements.iter(), b.elements.iter()))
        }
        (Term::Map(a), Term::Map(b)) => compare_maps(a, b),
        (a, b) if rank(a) == LIST => compare_lists(a, b),
        (a, b) if rank(a) == BITS => compare_bits(a, b),
        // Both are `[]`, or one fun is external and the other is not.
        (a, b) => matches!(a, Term::ExternalFun(_)).cmp(&matches!(b, Term::ExternalFun(_))),
    })
}

const LIST: u8 = 10;
const BITS: u8 = 11;

fn rank(term: &Term) -> u8 {
    match term {
        Term::FixInteger(_) | Term::BigInteger(_) => 0,
        Term::Float(_) => 1,
        Term::Atom(_) => 2,
        Term::Reference(_) => 3,
        Term::ExternalFun(_) | Term::InternalFun(_) => 4,
        Term::Port(_) => 5,
        Term::Pid(_) => 6,
        Term::Tuple(_) => 7,
        Term::Map(_) => 8,
        Term::List(list) if list.elements.is_empty() => 9,
        Term::ByteList(list) if list.bytes.is_empty() => 9,
        Term::List(_) | Term::ByteList(_) | Term::ImproperList(_) => LIST,
        Term::Binary(_) | Term::BitBinary(_) => BITS,
    }
}

/// A list of no elements is its tail.
fn resolve(mut term: &Term) -> &Term {
    while let Term::ImproperList(list) = term
        && list.elements.is_empty()
    {
        term = &list.last;
    }
    term
}

fn compare_all<'t>(mut a: impl Iterator<Item = &'t Term>, mut b: impl Iterator<Item = &'t Term>) -> Ordering {
    loop {
        match (a.next(), b.next()) {
            (Some(a), Some(b)) => match compare(a, b) {
                Ordering::Equal => {}
                other => return other,
            },
            (None, None) => return Ordering::Equal,
            (None, Some(_)) => return Ordering::Less,
            (Some(_), None) => return Ordering::Greater,
        }
    }
}

fn compare_references(a: &Reference, b: &Reference) -> Ordering {
    (&a.node.name, a.creation, a.id.len())
        .cmp(&(&b.node.name, b.creation, b.id.len()))
        .then_with(|| a.id.iter().rev().cmp(b.id.iter().rev()))
}

fn compare_funs(a: &InternalFun, b: &InternalFun) -> Ordering {
    type Old<'t> = (&'t str, i32, i32);
    type New<'t> = (u32, &'t [u8], u8);
    fn parts(fun: &InternalFun) -> (Old<'_>, Option<New<'_>>, &eetf::Pid, &[Term]) {
        match fun {
            InternalFun::Old { module, pid, free_vars, index, uniq } => {
                ((&module.name, *index, *uniq), None, pid, free_vars)
            }
            InternalFun::New { module, arity, pid, free_vars, index, uniq, old_index, old_uniq } => {
                ((&module.name, *old_index, *old_uniq), Some((*index, uniq, *arity)), pid, free_vars)
            }
        }
    }
    let ((old_a, new_a, pid_a, free_a), (old_b, new_b, pid_b, free_b)) = (parts(a), parts(b));
    (old_a, new_a, free_a.len())
        .cmp(&(old_b, new_b, free_b.len()))
        .then_with(|| compare_pids(pid_a, pid_b))
        .then_with(|| compare_all(free_a.iter(), free_b.iter()))
}

fn compare_pids(a: &eetf::Pid, b: &eetf::Pid) -> Ordering {
    (a.serial, a.id, &a.node.name, a.creation).cmp(&(b.serial, b.id, &b.node.name, b.creation))
}

fn compare_maps(a: &Map, b: &Map) -> Ordering {
    fn sorted(map: &Map) -> Vec<(&Term, &Term)> {
        let mut pairs: Vec<_> = map.map.iter().collect();
        pairs.sort_by(|a, b| compare(a.0, b.0));
        pairs
    }
    a.map.len().cmp(&b.map.len()).then_with(|| {
        let (a, b) = (sorted(a), sorted(b));
        compare_all(a.iter().map(|pair| pair.0), b.iter().map(|pair| pair.0))
            .then_with(|| compare_all(a.iter().map(|pair| pair.1), b.iter().map(|pair| pair.1)))
    })
}

/// The elements of a list in any of its forms, and then its tail.
struct Elements<'t> {
    bytes: slice::Iter<'t, u8>,
    terms: slice::Iter<'t, Term>,
    /// What follows; `None` is `[]`.
    tail: Option<&'t Term>,
}

enum Element<'t> {
    Byte(u8),
    Term(&'t Term),
}

impl<'t> Elements<'t> {
    fn of(list: &'t Term) -> Self {
        Elements { bytes: [].iter(), terms: [].iter(), tail: Some(list) }
    }
}

impl<'t> Iterator for Elements<'t> {
    type Item = Element<'t>;

    fn next(&mut self) -> Option<Element<'t>> {
        loop {
            if let Some(&byte) = self.bytes.next() {
                return Some(Element::Byte(byte));
            }
            if let Some(term) = self.terms.next() {
                return Some(Element::Term(term));
            }
            match self.tail? {
                Term::List(list) => (self.terms, self.tail) = (list.elements.iter(), None),
                Term::ByteList(list) => (self.bytes, self.tail) = (list.bytes.iter(), None),
                Term::ImproperList(list) => (self.terms, self.tail) = (list.elements.iter(), Some(&*list.last)),
                _ => return None,
            }
        }
    }
}

fn compare_lists(a: &Term, b: &Term) -> Ordering {
    fn term(byte: u8) -> Term {
        Term::FixInteger(FixInteger { value: byte.into() })
    }
    let (mut a, mut b) = (Elements::of(a), Elements::of(b));
    loop {
        let order = match (a.next(), b.next()) {
            (Some(Element::Byte(a)), Some(Element::Byte(b))) => a.cmp(&b),
            (Some(Element::Term(a)), Some(Element::Term(b))) => compare(a, b),
            (Some(Element::Byte(a)), Some(Element::Term(b))) => compare(&term(a), b),
            (Some(Element::Term(a)), Some(Element::Byte(b))) => compare(a, &term(b)),
            // What is left of the other one is a list.
            (None, Some(_)) => return a.tail.map_or(9, rank).cmp(&LIST),
            (Some(_), None) => return LIST.cmp(&b.tail.map_or(9, rank)),
            (None, None) => {
                return match (a.tail, b.tail) {
                    (Some(a), Some(b)) => compare(a, b),
                    (a, b) => a.map_or(9, rank).cmp(&b.map_or(9, rank)),
                };
            }
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Bit by bit; of two where one begins with all of the other, the shorter comes first.
fn compare_bits(a: &Term, b: &Term) -> Ordering {
    fn parts(term: &Term) -> (&[u8], u8, u8) {
        match term {
            Term::Binary(binary) => (&binary.bytes, 0, 0),
            Term::BitBinary(BitBinary { bytes, tail_bits_size }) => match (bytes.split_last(), *tail_bits_size) {
                (Some((&last, whole)), bits @ 1..=7) => (whole, last & !(0xFF >> bits), bits),
                _ => (bytes, 0, 0),
            },
            _ => (&[], 0, 0),
        }
    }
    let ((bytes_a, last_a, bits_a), (bytes_b, last_b, bits_b)) = (parts(a), parts(b));
    let common = bytes_a.len().min(bytes_b.len());
    bytes_a[..common].cmp(&bytes_b[..common]).then_with(|| {
        // Of the next byte only as many bits count as both have.
        let next = |bytes: &[u8], last, bits| bytes.get(common).map_or((last, bits), |&byte| (byte, 8));
        let ((next_a, has_a), (next_b, has_b)) = (next(bytes_a, last_a, bits_a), next(bytes_b, last_b, bits_b));
        let mask = !(0xFFu8.checked_shr(has_a.min(has_b).into()).unwrap_or(0));
        (next_a & mask).cmp(&(next_b & mask)).then_with(|| (bytes_a.len(), bits_a).cmp(&(bytes_b.len(), bits_b)))
    })
}

/// True if no two keys are equal terms.
pub(crate) fn distinct_keys(map: &HashMap<Term, Term>) -> bool {
    let mut keys: Vec<_> = map.keys().collect();
    keys.sort_by(|a, b| compare(a, b));
    keys.windows(2).all(|pair| compare(pair[0], pair[1]).is_ne())
}

/// True if equal terms may have unequal hashes: `Term` hashes a map in the order of its table, which differs between
/// equal maps of several pairs.
pub(crate) fn hash_is_unreliable(term: &Term) -> bool {
    match term {
        Term::Map(Map { map }) => {
            map.len() > 1 || map.iter().any(|(key, value)| hash_is_unreliable(key) || hash_is_unreliable(value))
        }
        Term::Tuple(tuple) => tuple.elements.iter().any(hash_is_unreliable),
        Term::List(list) => list.elements.iter().any(hash_is_unreliable),
        Term::ImproperList(list) => list.elements.iter().any(hash_is_unreliable) || hash_is_unreliable(&list.last),
        Term::InternalFun(fun) => match &**fun {
            InternalFun::Old { free_vars, .. } | InternalFun::New { free_vars, .. } => {
                free_vars.iter().any(hash_is_unreliable)
            }
        },
        _ => false,
    }
}
