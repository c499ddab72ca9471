//! The order of terms, as a BEAM sorts the keys of a map.

use std::{cmp::Ordering, collections::HashMap, rc::Rc, slice};

use eetf::{BitBinary, InternalFun, Map, Reference};
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
    Order::default().compare(a, b)
}

/// The pairs of a map by their keys.
type Sorted<'t> = Rc<[(&'t Term, &'t Term)]>;

/// Compares terms as [`compare`] does. It sorts each map in them once, however often that is compared: maps nested in keys
/// of maps would else be sorted anew at every step of the sorting around them.
#[derive(Debug, Default)]
pub(crate) struct Order<'t> {
    /// By the place of the map, which stays where it is for as long as it is borrowed.
    sorted: HashMap<*const Map, Sorted<'t>>,
    /// How many terms have been looked at.
    #[cfg(test)]
    pub(crate) steps: usize,
}

impl<'t> Order<'t> {
    /// As [`compare`].
    pub(crate) fn compare(&mut self, a: &'t Term, b: &'t Term) -> Ordering {
        #[cfg(test)]
        {
            self.steps += 1;
        }
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
            (Term::InternalFun(a), Term::InternalFun(b)) => self.compare_funs(a, b),
            (Term::Port(a), Term::Port(b)) => (&a.node.name, a.creation, a.id).cmp(&(&b.node.name, b.creation, b.id)),
            (Term::Pid(a), Term::Pid(b)) => compare_pids(a, b),
            (Term::Tuple(a), Term::Tuple(b)) => {
                let order = a.elements.len().cmp(&b.elements.len());
                order.then_with(|| self.compare_all(a.elements.iter(), b.elements.iter()))
            }
            (Term::Map(a), Term::Map(b)) => self.compare_maps(a, b),
            (a, b) if rank(a) == LIST => self.compare_lists(a, b),
            (a, b) if rank(a) == BITS => compare_bits(a, b),
            // Both are `[]`, or one fun is external and the other is not.
            (a, b) => matches!(a, Term::ExternalFun(_)).cmp(&matches!(b, Term::ExternalFun(_))),
        })
    }

    /// Sorts references to what has a term as its key.
    pub(crate) fn sort<T>(&mut self, all: &mut [T], key: impl Fn(&T) -> &'t Term) {
        all.sort_by(|a, b| self.compare(key(a), key(b)));
    }

    /// True if no two of the keys are equal terms.
    pub(crate) fn distinct(&mut self, keys: impl Iterator<Item = &'t Term>) -> bool {
        let mut keys: Vec<_> = keys.collect();
        self.sort(&mut keys, |key| key);
        keys.windows(2).all(|pair| self.compare(pair[0], pair[1]).is_ne())
    }

    /// The pairs of a map by their keys.
    pub(crate) fn pairs(&mut self, map: &'t Map) -> Sorted<'t> {
        if let Some(pairs) = self.sorted.get(&std::ptr::from_ref(map)) {
            return pairs.clone();
        }
        let mut pairs: Vec<_> = map.map.iter().collect();
        self.sort(&mut pairs, |pair| pair.0);
        let pairs = Sorted::from(pairs);
        // A single pair is in order.
        if pairs.len() > 1 {
            self.sorted.insert(map, pairs.clone());
        }
        pairs
    }

    fn compare_all(
        &mut self,
        mut a: impl Iterator<Item = &'t Term>,
        mut b: impl Iterator<Item = &'t Term>,
    ) -> Ordering {
        loop {
            match (a.next(), b.next()) {
                (Some(a), Some(b)) => match self.compare(a, b) {
                    Ordering::Equal => {}
                    other => return other,
                },
                (None, None) => return Ordering::Equal,
                (None, Some(_)) => return Ordering::Less,
                (Some(_), None) => return Ordering::Greater,
            }
        }
    }

    fn compare_funs(&mut self, a: &'t InternalFun, b: &'t InternalFun) -> Ordering {
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
            .then_with(|| self.compare_all(free_a.iter(), free_b.iter()))
    }

    fn compare_maps(&mut self, a: &'t Map, b: &'t Map) -> Ordering {
        a.map.len().cmp(&b.map.len()).then_with(|| {
            let (a, b) = (self.pairs(a), self.pairs(b));
            self.compare_all(a.iter().map(|pair| pair.0), b.iter().map(|pair| pair.0))
                .then_with(|| self.compare_all(a.iter().map(|pair| pair.1), b.iter().map(|pair| pair.1)))
        })
    }

    fn compare_lists(&mut self, a: &'t Term, b: &'t Term) -> Ordering {
        let (mut a, mut b) = (Elements::of(a), Elements::of(b));
        loop {
            let order = match (a.next(), b.next()) {
                (Some(Element::Byte(a)), Some(Element::Byte(b))) => a.cmp(&b),
                (Some(Element::Term(a)), Some(Element::Term(b))) => self.compare(a, b),
                (Some(Element::Byte(a)), Some(Element::Term(b))) => compare_byte(a, b),
                (Some(Element::Term(a)), Some(Element::Byte(b))) => compare_byte(b, a).reverse(),
                // What is left of the other one is a list.
                (None, Some(_)) => return a.tail.map_or(NIL, rank).cmp(&LIST),
                (Some(_), None) => return LIST.cmp(&b.tail.map_or(NIL, rank)),
                (None, None) => {
                    return match (a.tail, b.tail) {
                        (Some(a), Some(b)) => self.compare(a, b),
                        (a, b) => a.map_or(NIL, rank).cmp(&b.map_or(NIL, rank)),
                    };
                }
            };
            if order.is_ne() {
                return order;
            }
        }
    }
}

const NIL: u8 = 9;
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
        Term::List(list) if list.elements.is_empty() => NIL,
        Term::ByteList(list) if list.bytes.is_empty() => NIL,
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

/// An element of a byte list and one of another list.
fn compare_byte(byte: u8, term: &Term) -> Ordering {
    match resolve(term) {
        Term::FixInteger(integer) => i32::from(byte).cmp(&integer.value),
        Term::BigInteger(integer) => BigInt::from(byte).cmp(&integer.value),
        other => 0.cmp(&rank(other)),
    }
}

fn compare_references(a: &Reference, b: &Reference) -> Ordering {
    (&a.node.name, a.creation, a.id.len())
        .cmp(&(&b.node.name, b.creation, b.id.len()))
        .then_with(|| a.id.iter().rev().cmp(b.id.iter().rev()))
}

fn compare_pids(a: &eetf::Pid, b: &eetf::Pid) -> Ordering {
    (a.serial, a.id, &a.node.name, a.creation).cmp(&(b.serial, b.id, &b.node.name, b.creation))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: impl IntoIterator<Item = (Term, Term)>) -> Term {
        Map { map: pairs.into_iter().collect() }.into()
    }

    /// A map with `width` keys at each of so many levels of keys; the last level tells them apart.
    fn nested_keys(depth: usize, width: i32, last: i32) -> Term {
        let key = |n| if depth == 0 { crate::term!((n + last)) } else { nested_keys(depth - 1, width, n + last) };
        map((0..width).map(|n| (key(n), crate::term!(v))))
    }

    #[test]
    fn a_map_is_sorted_once_however_deep_in_keys_it_stands() {
        let sorted = |term: &Term| {
            let mut order = Order::default();
            let Term::Map(map) = term else { unreachable!() };
            assert!(order.distinct(map.map.keys()));
            order.steps
        };
        // Eight times as many terms at every level.
        let steps = [1, 2, 3, 4].map(|depth| sorted(&nested_keys(depth, 8, 0)));
        for (depth, pair) in steps.windows(2).enumerate() {
            assert!(pair[1] < 16 * pair[0], "{steps:?} at {depth}");
        }
    }

    #[test]
    fn long_keys_that_differ_at_the_end_are_read_a_logarithm_of_times() {
        let width = 512;
        let key = |n: usize| crate::term!({(vec![7; 200]), #{a => (n), b => 1}});
        let term = map((0..width).map(|n| (key(n), crate::term!(v))));
        let mut order = Order::default();
        let Term::Map(map) = &term else { unreachable!() };
        assert!(order.distinct(map.map.keys()));
        assert!(order.steps < width * 10 * 30, "{}", order.steps);
    }
}
