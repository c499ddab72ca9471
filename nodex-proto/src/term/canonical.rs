//! The one form that each dynamic term has.

use eetf::{BigInteger, BitBinary, ByteList, FixInteger, ImproperList, InternalFun, List, Map, Tuple};

use super::Term;

/// The same term in canonical form, in which equal terms are equal values of [`Term`].
///
/// Integers are `FixInteger` where they fit 32 bits and `BigInteger` elsewhere; a proper list of integers from 0 to 255
/// is a `ByteList`, the empty one a `List`; a list whose tail is a list is one list; bit strings of whole bytes are
/// `Binary`, and the unused bits of others are 0. Of map keys that become equal one is kept. What no BEAM accepts
/// (floats that are not finite, bit strings without bits) stays as it is.
pub fn canonical(term: Term) -> Term {
    match term {
        Term::BigInteger(BigInteger { value }) => match i32::try_from(&value) {
            Ok(value) => FixInteger { value }.into(),
            Err(_) => BigInteger { value }.into(),
        },
        Term::ByteList(list) if list.bytes.is_empty() => List::nil().into(),
        Term::List(list) => proper_list(all(list.elements)),
        Term::ImproperList(list) => improper(all(list.elements), canonical(*list.last)),
        Term::Tuple(tuple) => Tuple { elements: all(tuple.elements) }.into(),
        Term::Map(map) => {
            Map { map: map.map.into_iter().map(|(key, value)| (canonical(key), canonical(value))).collect() }.into()
        }
        Term::BitBinary(BitBinary { mut bytes, tail_bits_size }) => match tail_bits_size {
            8 => eetf::Binary { bytes }.into(),
            bits => {
                mask_bits(&mut bytes, bits);
                BitBinary { bytes, tail_bits_size }.into()
            }
        },
        Term::InternalFun(mut fun) => {
            let (InternalFun::Old { free_vars, .. } | InternalFun::New { free_vars, .. }) = &mut *fun;
            *free_vars = all(std::mem::take(free_vars));
            Term::InternalFun(fun)
        }
        other => other,
    }
}

fn all(terms: Vec<Term>) -> Vec<Term> {
    terms.into_iter().map(canonical).collect()
}

/// A list from canonical elements and tail.
pub(crate) fn improper(mut elements: Vec<Term>, last: Term) -> Term {
    match last {
        last if elements.is_empty() => last,
        Term::List(list) => {
            elements.extend(list.elements);
            proper_list(elements)
        }
        Term::ByteList(list) => {
            elements.extend(list.bytes.into_iter().map(|byte| Term::from(FixInteger::from(byte))));
            proper_list(elements)
        }
        Term::ImproperList(list) => {
            elements.extend(list.elements);
            ImproperList { elements, last: list.last }.into()
        }
        last => ImproperList { elements, last: Box::new(last) }.into(),
    }
}

/// A proper list of canonical elements: a byte list, if that is what all of them are.
pub(crate) fn proper_list(elements: Vec<Term>) -> Term {
    match elements.first() {
        Some(first) if byte(first).is_some() => {}
        _ => return List { elements }.into(),
    }
    match elements.iter().map(byte).collect() {
        Some(bytes) => ByteList { bytes }.into(),
        None => List { elements }.into(),
    }
}

fn byte(term: &Term) -> Option<u8> {
    match term {
        Term::FixInteger(integer) => u8::try_from(integer.value).ok(),
        _ => None,
    }
}

/// Clears what is not among the first `bits` (1 to 8) bits of the last byte.
pub(crate) fn mask_bits(bytes: &mut [u8], bits: u8) {
    if let (Some(last), 1..=7) = (bytes.last_mut(), bits) {
        *last &= !(0xFF >> bits);
    }
}

/// True if the term is in canonical form.
pub(crate) fn is_canonical(term: &Term) -> bool {
    match term {
        Term::BigInteger(integer) => i32::try_from(&integer.value).is_err(),
        Term::ByteList(list) => !list.bytes.is_empty(),
        Term::List(list) => {
            list.elements.iter().all(is_canonical)
                && (list.elements.is_empty() || list.elements.iter().any(|element| byte(element).is_none()))
        }
        Term::ImproperList(list) => {
            !list.elements.is_empty()
                && !matches!(*list.last, Term::List(_) | Term::ByteList(_) | Term::ImproperList(_))
                && list.elements.iter().all(is_canonical)
                && is_canonical(&list.last)
        }
        Term::Tuple(tuple) => tuple.elements.iter().all(is_canonical),
        Term::Map(map) => map.map.iter().all(|(key, value)| is_canonical(key) && is_canonical(value)),
        Term::BitBinary(BitBinary { bytes, tail_bits_size: bits }) => match (bytes.last(), *bits) {
            (Some(last), bits @ 1..=7) => last & (0xFF >> bits) == 0,
            (_, bits) => bits != 8,
        },
        Term::InternalFun(fun) => match &**fun {
            InternalFun::Old { free_vars, .. } | InternalFun::New { free_vars, .. } => {
                free_vars.iter().all(is_canonical)
            }
        },
        _ => true,
    }
}
