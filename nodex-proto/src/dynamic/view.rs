//! [`TermRef`].

use bytes::Bytes;

use super::{
    cell::{Cell, first, position},
    own::own_len,
};
use crate::{
    etf::{Decoder, Integer, Kind, Limits, tag},
    term::{Pid, Port, Reference},
};

/// A borrowed [`Term`](super::Term) or a part of one. It is `Copy`, and has the methods of `Term` that read it.
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

    /// Returns the part that a cell stands for.
    #[inline(always)]
    pub(crate) fn at(bytes: &'a [u8], cells: &'a [Cell], cell: Cell) -> Self {
        TermRef { bytes, cells, owner: None, position: position(cell) as u32, first: first(cell) as u32 }
    }

    /// Returns the same part in the same term.
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

    pub(crate) fn decoder(self) -> Decoder<'a> {
        let decoder = match self.owner {
            Some(owner) => Decoder::with_owner(self.rest(), owner),
            None => Decoder::new(self.rest()),
        };
        decoder.limits(Limits { max_term_memory: usize::MAX, ..Limits::default() })
    }

    /// Returns the term in external format, without the version byte.
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

    /// Returns the type of the term.
    pub fn type_of(self) -> Kind {
        Kind::of_tag(self.tag()).unwrap_or(Kind::Local)
    }

    /// Returns the name, if the term is an atom.
    #[inline]
    pub fn as_atom(self) -> Option<&'a str> {
        std::str::from_utf8(self.atom_bytes()?).ok()
    }

    /// Returns `true` if the term is the atom of this name.
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

    /// Returns the boolean, if the term is `true` or `false`.
    pub fn as_bool(self) -> Option<bool> {
        match self.atom_bytes()? {
            b"true" => Some(true),
            b"false" => Some(false),
            _ => None,
        }
    }

    /// Returns the integer, if the term is one of any size.
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

    /// Returns the integer, if the term is one that fits `i64`.
    #[inline]
    pub fn as_i64(self) -> Option<i64> {
        match self.as_integer()? {
            Integer::Small(value) => Some(value),
            Integer::Big { .. } => None,
        }
    }

    /// Returns the integer, if the term is one that fits `u64`.
    pub fn as_u64(self) -> Option<u64> {
        self.as_integer()?.to_u128()?.try_into().ok()
    }

    /// Returns the float, if the term is one. Integers are not floats.
    #[inline]
    pub fn as_f64(self) -> Option<f64> {
        match *self.rest() {
            [tag::NEW_FLOAT_EXT, a, b, c, d, e, f, g, h, ..] => Some(f64::from_be_bytes([a, b, c, d, e, f, g, h])),
            _ => None,
        }
    }

    /// Returns the bytes, if the term is a binary.
    #[inline]
    pub fn as_binary(self) -> Option<&'a [u8]> {
        match *self.rest() {
            [tag::BINARY_EXT, a, b, c, d, ref rest @ ..] => rest.get(..u32::from_be_bytes([a, b, c, d]) as usize),
            _ => None,
        }
    }

    /// Returns the bytes, if the term is a binary. A large part of a term shares its buffer.
    pub fn to_shared_binary(self) -> Option<Bytes> {
        self.decoder().shared_binary().ok()
    }

    /// Returns the text, if the term is a binary of valid UTF-8, as strings in Elixir.
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.as_binary()?).ok()
    }

    /// Returns the bytes and the number of used bits in the last byte, if the term is a binary or a bit string.
    pub fn as_bit_string(self) -> Option<(&'a [u8], u8)> {
        Decoder::new(self.rest()).bit_string().ok()
    }

    /// Returns the pid, if the term is one.
    pub fn as_pid(self) -> Option<Pid> {
        Decoder::new(self.rest()).pid().ok()
    }

    /// Returns the port, if the term is one.
    pub fn as_port(self) -> Option<Port> {
        Decoder::new(self.rest()).port().ok()
    }

    /// Returns the reference, if the term is one.
    pub fn as_reference(self) -> Option<Reference> {
        Decoder::new(self.rest()).reference().ok()
    }

    /// Returns `true` if the term is `[]`.
    pub fn is_nil(self) -> bool {
        self.tag() == tag::NIL_EXT
    }
}

impl<'a> From<&TermRef<'a>> for TermRef<'a> {
    #[inline]
    fn from(term: &TermRef<'a>) -> Self {
        *term
    }
}
