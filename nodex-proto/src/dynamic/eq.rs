//! Equality, order and hash.

use std::{
    cmp::Ordering,
    hash::{Hash, Hasher},
};

use super::{children::Children, order::order_of_keys, parts, term::Term, view::TermRef};
use crate::{etf::tag, term::Atom};

impl PartialEq for Term {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        match (self.flags().plain, other.flags().plain) {
            (true, true) => self.as_bytes() == other.as_bytes(),
            // Equal terms are both plain or both not, except for a float that is zero.
            _ => order_of_keys(self.as_ref(), other.as_ref()).is_eq(),
        }
    }
}

impl Eq for Term {}

impl PartialOrd for Term {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Term {
    fn cmp(&self, other: &Self) -> Ordering {
        order_of_keys(self.as_ref(), other.as_ref())
    }
}

impl PartialEq for TermRef<'_> {
    fn eq(&self, other: &Self) -> bool {
        order_of_keys(*self, *other).is_eq()
    }
}

impl Eq for TermRef<'_> {}

impl PartialOrd for TermRef<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for TermRef<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        order_of_keys(*self, *other)
    }
}

impl PartialEq<Term> for TermRef<'_> {
    fn eq(&self, other: &Term) -> bool {
        *self == other.as_ref()
    }
}

impl PartialEq<TermRef<'_>> for Term {
    fn eq(&self, other: &TermRef<'_>) -> bool {
        self.as_ref() == *other
    }
}

impl PartialEq<Atom> for Term {
    fn eq(&self, other: &Atom) -> bool {
        self.is_atom(other.as_str())
    }
}

impl PartialEq<Atom> for TermRef<'_> {
    fn eq(&self, other: &Atom) -> bool {
        self.is_atom(other.as_str())
    }
}

impl Hash for Term {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_ref().hash(state);
    }
}

impl Hash for TermRef<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let mut open: Vec<Children<'_>> = Vec::new();
        put(*self, state, &mut open);
        while let Some(children) = open.last_mut() {
            match children.next() {
                Some(child) => put(child, state, &mut open),
                None => {
                    open.pop();
                }
            }
        }
    }
}

/// A term without its parts, which follow.
fn put<'a, H: Hasher>(term: TermRef<'a>, state: &mut H, open: &mut Vec<Children<'a>>) {
    match term.tag() {
        tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => {
            if let Some(tuple) = term.as_tuple() {
                state.write_u8(tag::SMALL_TUPLE_EXT);
                state.write_usize(tuple.len());
                open.push(tuple.iter());
            }
        }
        tag::LIST_EXT => {
            if let Some((elements, tail)) = parts::elements_and_tail(term) {
                state.write_u8(tag::LIST_EXT);
                state.write_usize(elements.len());
                if !tail.is_nil() {
                    put_tail(tail, state, open);
                }
                open.push(elements);
            }
        }
        tag::MAP_EXT => {
            if let Some(map) = term.as_map() {
                state.write_u8(tag::MAP_EXT);
                state.write_usize(map.len());
                open.push(map.iter().0);
            }
        }
        tag::NEW_FUN_EXT => {
            if let Some(fun) = term.as_fun() {
                state.write_u8(tag::NEW_FUN_EXT);
                (fun.module, fun.arity, fun.uniq, fun.index, fun.old_index, fun.old_uniq, &fun.pid).hash(state);
                let free = fun.free_variables();
                state.write_usize(free.len());
                open.push(free);
            }
        }
        tag::NEW_FLOAT_EXT => {
            state.write_u8(tag::NEW_FLOAT_EXT);
            // Zero has two forms.
            let value = term.as_f64().unwrap_or_default();
            state.write_u64(if value == 0.0 { 0 } else { value.to_bits() });
        }
        _ => state.write(term.own_bytes()),
    }
}

/// The tail of an improper list, to be read after its elements.
fn put_tail<'a, H: Hasher>(tail: TermRef<'a>, state: &mut H, open: &mut Vec<Children<'a>>) {
    state.write_u8(1);
    open.push(Children::single(tail));
}
