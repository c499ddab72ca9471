//! A look at a term or at a part of one.

use bytes::Bytes;

use super::{Children, Fun, ImproperList, List, Map, MapKey, Term, TermKind, Tuple, first, position};
use crate::{
    convert::{DecodeError, FromTerm},
    etf::{Cell, Decoder, Integer, Kind, Limits, own_len, tag},
    term::{Pid, Port, Reference},
};

/// A [`Term`] or a part of one, borrowed. It is copied freely, and has all that `Term` has to look at it.
///
/// ```
/// use nodex_proto::term;
/// let user = term!(#{name => <<"Ann">>, roles => [admin, author]});
/// let roles = user.get(nodex_proto::atom!("roles")).unwrap();
/// assert_eq!(roles.elements().filter_map(|role| role.as_atom()).collect::<Vec<_>>(), ["admin", "author"]);
/// assert_eq!(roles.to_term(), term!([admin, author]));
/// ```
#[derive(Clone, Copy)]
pub struct TermRef<'a> {
    pub(super) bytes: &'a [u8],
    /// Those of the whole term; none if it is short.
    pub(super) cells: &'a [Cell],
    pub(super) owner: Option<&'a Bytes>,
    pub(super) position: u32,
    pub(super) first: u32,
}

impl<'a> TermRef<'a> {
    #[inline(always)]
    pub(super) fn of_whole(bytes: &'a [u8], cells: &'a [Cell], owner: Option<&'a Bytes>) -> Self {
        TermRef { bytes, cells, owner, position: 0, first: cells.first().map_or(0, |cell| first(*cell) as u32) }
    }

    /// The part that a cell stands for.
    #[inline(always)]
    pub(crate) fn at(bytes: &'a [u8], cells: &'a [Cell], cell: Cell) -> Self {
        TermRef { bytes, cells, owner: None, position: position(cell) as u32, first: first(cell) as u32 }
    }

    /// The same part in the same term.
    #[inline(always)]
    pub(super) fn part(self, position: u32, first: u32) -> Self {
        TermRef { position, first, ..self }
    }

    /// From its first byte on.
    #[inline(always)]
    pub(super) fn rest(self) -> &'a [u8] {
        self.bytes.get(self.position as usize..).unwrap_or_default()
    }

    #[inline(always)]
    pub(super) fn tag(self) -> u8 {
        self.bytes.get(self.position as usize).copied().unwrap_or_default()
    }

    pub(super) fn decoder(self) -> Decoder<'a> {
        let decoder = match self.owner {
            Some(owner) => Decoder::with_owner(self.rest(), owner),
            None => Decoder::new(self.rest()),
        };
        decoder.limits(Limits { max_term_memory: usize::MAX, ..Limits::default() })
    }

    /// The term in external format, without the version byte.
    pub fn as_bytes(self) -> &'a [u8] {
        if self.position == 0 {
            return self.bytes;
        }
        self.own_bytes()
    }

    #[inline]
    pub(super) fn own_bytes(self) -> &'a [u8] {
        match Decoder::new(self.rest()).skip() {
            Ok(term) => term,
            // A term that was made here may hold what must not be sent.
            Err(_) => self.rest().get(..own_len(self.rest())).unwrap_or_default(),
        }
    }

    /// A term of its own. Parts are copied: a part of a part would else keep all that it was ever a part of.
    pub fn to_term(self) -> Term {
        Term::of_canonical(self.as_bytes(), self.owner.filter(|_| self.position == 0))
    }

    /// What it is, for `match`.
    pub fn kind(self) -> TermKind<'a> {
        TermKind::of(self)
    }

    /// Its type.
    pub fn type_of(self) -> Kind {
        Kind::of_tag(self.tag()).unwrap_or(Kind::Local)
    }

    /// The value of a Rust type.
    ///
    /// # Errors
    /// When the term is another one than expected.
    pub fn decode<T: FromTerm>(self) -> Result<T, DecodeError> {
        T::decode(&mut self.decoder())
    }

    /// The name of an atom.
    #[inline]
    pub fn as_atom(self) -> Option<&'a str> {
        std::str::from_utf8(self.atom_bytes()?).ok()
    }

    /// True for the atom of this name.
    #[inline]
    pub fn is_atom(self, name: &str) -> bool {
        self.atom_bytes() == Some(name.as_bytes())
    }

    #[inline]
    pub(super) fn atom_bytes(self) -> Option<&'a [u8]> {
        match *self.rest() {
            [tag::SMALL_ATOM_UTF8_EXT, len, ref rest @ ..] => rest.get(..usize::from(len)),
            [tag::ATOM_UTF8_EXT, a, b, ref rest @ ..] => rest.get(..usize::from(u16::from_be_bytes([a, b]))),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        match self.atom_bytes()? {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// An integer of any size.
    #[inline]
    pub fn as_integer(self) -> Option<Integer<'a>> {
        match *self.rest() {
            [tag::SMALL_INTEGER_EXT, value, ..] => Some(Integer::Small(value.into())),
            [tag::INTEGER_EXT, a, b, c, d, ..] => Some(Integer::Small(i32::from_be_bytes([a, b, c, d]).into())),
            [tag::SMALL_BIG_EXT, ..] => Decoder::new(self.rest()).any_integer("integer").ok(),
            [tag::LARGE_BIG_EXT, a, b, c, d, sign, ref digits @ ..] => {
                let digits = digits.get(..u32::from_be_bytes([a, b, c, d]) as usize)?;
                Some(Integer::Big { negative: sign == 1, digits })
            }
            _ => None,
        }
    }

    /// An integer that fits 64 bits.
    #[inline]
    pub fn as_i64(self) -> Option<i64> {
        match self.as_integer()? {
            Integer::Small(value) => Some(value),
            Integer::Big { .. } => None,
        }
    }

    /// An integer that fits 64 bits and is not below zero.
    pub fn as_u64(self) -> Option<u64> {
        self.as_integer()?.to_u128()?.try_into().ok()
    }

    /// A float. Integers are none.
    #[inline]
    pub fn as_f64(self) -> Option<f64> {
        match *self.rest() {
            [tag::NEW_FLOAT_EXT, a, b, c, d, e, f, g, h, ..] => Some(f64::from_be_bytes([a, b, c, d, e, f, g, h])),
            _ => None,
        }
    }

    /// A binary. Bit strings of other lengths are none.
    #[inline]
    pub fn as_binary(self) -> Option<&'a [u8]> {
        match *self.rest() {
            [tag::BINARY_EXT, a, b, c, d, ref rest @ ..] => rest.get(..u32::from_be_bytes([a, b, c, d]) as usize),
            _ => None,
        }
    }

    /// A binary, which shares the buffer of the term if it is a large part of it.
    pub fn to_shared_binary(self) -> Option<Bytes> {
        self.decoder().shared_binary().ok()
    }

    /// A binary of valid UTF-8, as strings are in Elixir.
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.as_binary()?).ok()
    }

    /// A binary or a bit string: its bytes, and how many bits of the last one count.
    pub fn as_bit_string(self) -> Option<(&'a [u8], u8)> {
        Decoder::new(self.rest()).bit_string().ok()
    }

    /// A pid.
    pub fn as_pid(self) -> Option<Pid> {
        Decoder::new(self.rest()).pid().ok()
    }

    /// A port.
    pub fn as_port(self) -> Option<Port> {
        Decoder::new(self.rest()).port().ok()
    }

    /// A reference.
    pub fn as_reference(self) -> Option<Reference> {
        Decoder::new(self.rest()).reference().ok()
    }

    /// A tuple.
    pub fn as_tuple(self) -> Option<Tuple<'a>> {
        Tuple::of(self)
    }

    /// A proper list.
    pub fn as_list(self) -> Option<List<'a>> {
        List::of(self)
    }

    /// A list whose end is something else than `[]`.
    pub fn as_improper_list(self) -> Option<ImproperList<'a>> {
        ImproperList::of(self)
    }

    /// A map.
    pub fn as_map(self) -> Option<Map<'a>> {
        Map::of(self)
    }

    /// A fun that is no function of a module.
    pub fn as_fun(self) -> Option<Fun<'a>> {
        Fun::of(self)
    }

    /// True for `[]`.
    pub fn is_nil(self) -> bool {
        self.tag() == tag::NIL_EXT
    }

    /// The value of a key of a map; `None` also for what is no map. A `&str` is a binary, an
    /// [`Atom`](crate::term::Atom) an atom.
    pub fn get(self, key: impl MapKey) -> Option<TermRef<'a>> {
        self.as_map()?.get(key)
    }

    /// The element of a tuple or a proper list at this place, from 0 on.
    pub fn element(self, index: usize) -> Option<TermRef<'a>> {
        match self.as_tuple() {
            Some(tuple) => tuple.get(index),
            None => self.as_list()?.get(index),
        }
    }

    /// The elements of a tuple or a list, of an improper one without its tail; none of anything else.
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

impl<'a> From<&TermRef<'a>> for TermRef<'a> {
    #[inline]
    fn from(term: &TermRef<'a>) -> Self {
        *term
    }
}

/// What [`TermRef`] has, for the whole of a term.
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
    /// `true` or `false`.
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
