//! [`TermKind`].

use super::{
    map::Map,
    parts::{ExternalFun, Fun, ImproperList, List, Tuple},
    view::TermRef,
};
use crate::{
    etf::{Integer, Kind},
    term::{Pid, Port, Reference},
};

/// The type and the value of a term, for `match`. Returned by [`Term::kind`](crate::term::Term::kind).
///
/// ```
/// use nodex_proto::{term, term::{Term, TermKind}};
///
/// fn depth(term: &Term) -> usize {
///     match term.kind() {
///         TermKind::Atom("leaf") => 0,
///         TermKind::Tuple(parts) => 1 + parts.iter().map(|part| depth(&part.to_term())).max().unwrap_or(0),
///         _ => 0,
///     }
/// }
/// assert_eq!(depth(&term!({{leaf}, leaf})), 2);
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum TermKind<'a> {
    /// An integer of any size.
    Integer(Integer<'a>),
    /// A float.
    Float(f64),
    /// An atom: its name.
    Atom(&'a str),
    /// A pid.
    Pid(Pid),
    /// A port.
    Port(Port),
    /// A reference.
    Reference(Reference),
    /// An external fun, a function of a module.
    ExternalFun(ExternalFun<'a>),
    /// Any other fun.
    Fun(Fun<'a>),
    /// A tuple.
    Tuple(Tuple<'a>),
    /// A proper list, including the empty list.
    List(List<'a>),
    /// A list whose tail is not `[]`.
    ImproperList(ImproperList<'a>),
    /// A map.
    Map(Map<'a>),
    /// A binary.
    Binary(&'a [u8]),
    /// A bit string whose length is not a multiple of eight.
    BitString {
        /// The bits, the most significant bit of each byte first. Unused bits are 0.
        bytes: &'a [u8],
        /// The number of used bits in the last byte, 1 to 7.
        bits: u8,
    },
}

impl<'a> TermKind<'a> {
    pub(super) fn of(term: TermRef<'a>) -> Self {
        let known = match term.type_of() {
            Kind::Integer => term.as_integer().map(TermKind::Integer),
            Kind::Float => term.as_f64().map(TermKind::Float),
            Kind::Atom => term.as_atom().map(TermKind::Atom),
            Kind::Pid => term.as_pid().map(TermKind::Pid),
            Kind::Port => term.as_port().map(TermKind::Port),
            Kind::Reference => term.as_reference().map(TermKind::Reference),
            Kind::Fun => match ExternalFun::of(term) {
                Some(fun) => Some(TermKind::ExternalFun(fun)),
                None => Fun::of(term).map(TermKind::Fun),
            },
            Kind::Tuple => Tuple::of(term).map(TermKind::Tuple),
            Kind::List => match List::of(term) {
                Some(list) => Some(TermKind::List(list)),
                None => ImproperList::of(term).map(TermKind::ImproperList),
            },
            Kind::Map => Map::of(term).map(TermKind::Map),
            Kind::Binary => term.as_binary().map(TermKind::Binary),
            Kind::BitString => term.as_bit_string().map(|(bytes, bits)| TermKind::BitString { bytes, bits }),
            _ => None,
        };
        // A term is always one of these.
        known.unwrap_or(TermKind::Binary(&[]))
    }
}
