//! [`Map`] and [`MapKey`].

use std::fmt;

use super::{
    children::{Children, Pairs},
    order::order_of_keys,
    parts::count,
    term::Term,
    view::TermRef,
};
use crate::{etf::tag, term::Atom};

/// A map. Its pairs are in the order of their keys.
#[derive(Clone)]
pub struct Map<'a>(TermRef<'a>, usize);

impl<'a> Map<'a> {
    pub(super) fn of(term: TermRef<'a>) -> Option<Self> {
        if term.tag() != tag::MAP_EXT {
            return None;
        }
        Some(Map(term, count(term.rest())?))
    }

    /// Returns the number of pairs.
    pub fn len(&self) -> usize {
        self.1
    }

    /// Returns `true` if there are no pairs.
    pub fn is_empty(&self) -> bool {
        self.1 == 0
    }

    /// Returns all pairs.
    pub fn iter(&self) -> Pairs<'a> {
        Pairs(Children::of(self.0, 5, 2 * self.1))
    }

    /// Returns all keys.
    pub fn keys(&self) -> Children<'a> {
        Children::of(self.0, 5, 2 * self.1).each_second(0)
    }

    /// Returns all values, in the order of the keys.
    pub fn values(&self) -> Children<'a> {
        Children::of(self.0, 5, 2 * self.1).each_second(1)
    }

    /// Returns the value of a key. A `&str` is a binary key, an [`Atom`] an atom.
    ///
    /// ```
    /// use nodex_proto::{atom, term};
    /// let map = term!(#{name => <<"atom">>, <<"name">> => <<"binary">>, 5 => five});
    /// assert_eq!(map.get(atom!("name")).unwrap().as_str(), Some("atom"));
    /// assert_eq!(map.get("name").unwrap().as_str(), Some("binary"));
    /// assert!(map.get(5).unwrap().is_atom("five"));
    /// ```
    pub fn get(&self, key: impl MapKey) -> Option<TermRef<'a>> {
        key.with(|key| self.find(key))
    }

    fn find(&self, key: TermRef<'_>) -> Option<TermRef<'a>> {
        if self.0.cells.is_empty() {
            return self.iter().find(|pair| order_of_keys(pair.0, key).is_eq()).map(|pair| pair.1);
        }
        let first = self.0.first as usize;
        let (pairs, _) = self.0.cells.get(first..first + 2 * self.1)?.as_chunks::<2>();
        let at = |cell| TermRef { owner: self.0.owner, ..TermRef::at(self.0.bytes, self.0.cells, cell) };
        let place = pairs.binary_search_by(|pair| order_of_keys(at(pair[0]), key)).ok()?;
        Some(at(pairs[place][1]))
    }
}

/// A key by which a value of a map can be looked up.
pub trait MapKey: sealed::Sealed {
    #[doc(hidden)]
    fn with<R>(self, look: impl FnOnce(TermRef<'_>) -> R) -> R;
}

mod sealed {
    /// Other crates cannot name it, and so cannot implement traits that require it.
    #[allow(unnameable_types)]
    pub trait Sealed {}
}

impl sealed::Sealed for TermRef<'_> {}
impl MapKey for TermRef<'_> {
    fn with<R>(self, look: impl FnOnce(TermRef<'_>) -> R) -> R {
        look(self)
    }
}

impl sealed::Sealed for &Term {}
impl MapKey for &Term {
    fn with<R>(self, look: impl FnOnce(TermRef<'_>) -> R) -> R {
        look(self.as_ref())
    }
}

macro_rules! keys {
    ($($type:ty)*) => {$(
        impl sealed::Sealed for $type {}
        impl MapKey for $type {
            fn with<R>(self, look: impl FnOnce(TermRef<'_>) -> R) -> R {
                look(Term::from(self).as_ref())
            }
        }
    )*};
}
keys!(Term Atom &Atom &str &String i8 i16 i32 i64 isize u8 u16 u32 u64 usize bool);

impl fmt::Debug for Map<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

impl<'a> IntoIterator for Map<'a> {
    type Item = (TermRef<'a>, TermRef<'a>);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}

impl<'a> IntoIterator for &Map<'a> {
    type Item = (TermRef<'a>, TermRef<'a>);
    type IntoIter = Pairs<'a>;

    fn into_iter(self) -> Pairs<'a> {
        self.iter()
    }
}
