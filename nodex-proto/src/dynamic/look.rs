//! Methods that read a term.

use bytes::Bytes;

use super::{
    children::Children,
    kind::TermKind,
    map::{Map, MapKey},
    parts::{Fun, ImproperList, List, Tuple},
    term::Term,
    view::TermRef,
};
use crate::{
    etf::{Integer, Kind},
    term::{Pid, Port, Reference},
};

impl<'a> TermRef<'a> {
    /// Copies this part into a term of its own. If it shared memory, it would keep everything that it was ever a part
    /// of.
    pub fn to_term(self) -> Term {
        Term::of_canonical(self.as_bytes(), self.owner.filter(|_| self.position == 0))
    }

    /// Returns the type and the value of the term, for `match`.
    pub fn kind(self) -> TermKind<'a> {
        TermKind::of(self)
    }

    /// Returns the tuple, if the term is one.
    pub fn as_tuple(self) -> Option<Tuple<'a>> {
        Tuple::of(self)
    }

    /// Returns the list, if the term is a proper list.
    pub fn as_list(self) -> Option<List<'a>> {
        List::of(self)
    }

    /// Returns the list, if the term is an improper list.
    pub fn as_improper_list(self) -> Option<ImproperList<'a>> {
        ImproperList::of(self)
    }

    /// Returns the map, if the term is one.
    pub fn as_map(self) -> Option<Map<'a>> {
        Map::of(self)
    }

    /// Returns the fun, if the term is one that is not external.
    pub fn as_fun(self) -> Option<Fun<'a>> {
        Fun::of(self)
    }

    /// Returns the value of a key, if the term is a map that has it. A `&str` is a binary key, an
    /// [`Atom`](crate::term::Atom) an atom.
    pub fn get(self, key: impl MapKey) -> Option<TermRef<'a>> {
        self.as_map()?.get(key)
    }

    /// Returns the element of a tuple or a proper list at this index, from 0.
    pub fn element(self, index: usize) -> Option<TermRef<'a>> {
        match self.as_tuple() {
            Some(tuple) => tuple.get(index),
            None => self.as_list()?.get(index),
        }
    }

    /// Returns the elements of a tuple or a list, without the tail of an improper list. Other terms have none.
    pub fn elements(self) -> Children<'a> {
        if let Some(tuple) = self.as_tuple() {
            return tuple.iter();
        }
        match (self.as_list(), self.as_improper_list()) {
            (Some(list), _) => list.iter(),
            (_, Some(list)) => list.iter(),
            _ => Children::none(self),
        }
    }
}

impl<'a> From<&'a Term> for TermRef<'a> {
    #[inline]
    fn from(term: &'a Term) -> Self {
        term.as_ref()
    }
}

/// Delegates the methods of [`TermRef`] for a whole term.
macro_rules! delegate {
    ($($(#[$doc:meta])* $name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        impl Term {$(
            $(#[$doc])*
            #[inline]
            pub fn $name(&self, $($arg: $type),*) -> $result {
                self.as_ref().$name($($arg),*)
            }
        )*}
    };
}
delegate! {
    /// Returns the term as an enum, for `match`.
    kind() -> TermKind<'_>;
    /// Returns the type of the term.
    type_of() -> Kind;
    /// Returns the name of an atom.
    as_atom() -> Option<&str>;
    /// Returns `true` for the atom with this name.
    is_atom(name: &str) -> bool;
    /// Returns the boolean, if the term is `true` or `false`.
    as_bool() -> Option<bool>;
    /// Returns an integer of any size.
    as_integer() -> Option<Integer<'_>>;
    /// Returns an integer that fits 64 bits.
    as_i64() -> Option<i64>;
    /// Returns an integer that fits 64 bits and is not negative.
    as_u64() -> Option<u64>;
    /// Returns a float; `None` for an integer.
    as_f64() -> Option<f64>;
    /// Returns the bytes of a binary; `None` for a bit string that is not a binary.
    as_binary() -> Option<&[u8]>;
    /// Returns a binary, which shares the buffer of the term if it is a large part of it.
    to_shared_binary() -> Option<Bytes>;
    /// Returns the text of a binary of valid UTF-8, as strings are in Elixir.
    as_str() -> Option<&str>;
    /// Returns the bytes of a binary or a bit string, and the number of used bits in the last one.
    as_bit_string() -> Option<(&[u8], u8)>;
    /// Returns a pid.
    as_pid() -> Option<Pid>;
    /// Returns a port.
    as_port() -> Option<Port>;
    /// Returns a reference.
    as_reference() -> Option<Reference>;
    /// Returns a tuple.
    as_tuple() -> Option<Tuple<'_>>;
    /// Returns a proper list.
    as_list() -> Option<List<'_>>;
    /// Returns a list whose tail is not `[]`.
    as_improper_list() -> Option<ImproperList<'_>>;
    /// Returns a map.
    as_map() -> Option<Map<'_>>;
    /// Returns a fun that is not an exported function of a module.
    as_fun() -> Option<Fun<'_>>;
    /// Returns `true` for `[]`.
    is_nil() -> bool;
    /// Returns the value of a key of a map; `None` if the term is not a map. As a key, a `&str` is a binary, an
    /// [`Atom`](crate::term::Atom) an atom.
    get(key: impl MapKey) -> Option<TermRef<'_>>;
    /// Returns the element of a tuple or a proper list at this index, from 0.
    element(index: usize) -> Option<TermRef<'_>>;
    /// Returns the elements of a tuple or a list, without the tail of an improper list; no elements for other terms.
    elements() -> Children<'_>;
}
