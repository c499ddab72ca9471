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
    /// What it is, for `match`.
    kind() -> TermKind<'_>;
    /// Its type.
    type_of() -> Kind;
    /// The name of an atom.
    as_atom() -> Option<&str>;
    /// True for the atom of this name.
    is_atom(name: &str) -> bool;
    /// Returns the boolean, if the term is `true` or `false`.
    as_bool() -> Option<bool>;
    /// An integer of any size.
    as_integer() -> Option<Integer<'_>>;
    /// An integer that fits 64 bits.
    as_i64() -> Option<i64>;
    /// An integer that fits 64 bits and is not below zero.
    as_u64() -> Option<u64>;
    /// A float. Integers are none.
    as_f64() -> Option<f64>;
    /// A binary. Bit strings of other lengths are none.
    as_binary() -> Option<&[u8]>;
    /// A binary, which shares the buffer of the term if it is a large part of it.
    to_shared_binary() -> Option<Bytes>;
    /// A binary of valid UTF-8, as strings are in Elixir.
    as_str() -> Option<&str>;
    /// A binary or a bit string: its bytes, and how many bits of the last one count.
    as_bit_string() -> Option<(&[u8], u8)>;
    /// A pid.
    as_pid() -> Option<Pid>;
    /// A port.
    as_port() -> Option<Port>;
    /// A reference.
    as_reference() -> Option<Reference>;
    /// A tuple.
    as_tuple() -> Option<Tuple<'_>>;
    /// A proper list.
    as_list() -> Option<List<'_>>;
    /// A list whose end is something else than `[]`.
    as_improper_list() -> Option<ImproperList<'_>>;
    /// A map.
    as_map() -> Option<Map<'_>>;
    /// A fun that is no function of a module.
    as_fun() -> Option<Fun<'_>>;
    /// True for `[]`.
    is_nil() -> bool;
    /// The value of a key of a map; `None` also for what is no map. A `&str` is a binary, an
    /// [`Atom`](crate::term::Atom) an atom.
    get(key: impl MapKey) -> Option<TermRef<'_>>;
    /// The element of a tuple or a proper list at this place, from 0 on.
    element(index: usize) -> Option<TermRef<'_>>;
    /// The elements of a tuple or a list, of an improper one without its tail; none of anything else.
    elements() -> Children<'_>;
}
