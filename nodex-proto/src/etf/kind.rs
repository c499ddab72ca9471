//! [`Kind`]: the type of a term, as its first byte tells it.

use std::fmt;

use super::tag;

/// The type of a term, in Erlang's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Kind {
    Integer,
    Float,
    Atom,
    Pid,
    Port,
    Reference,
    Fun,
    Tuple,
    List,
    Binary,
    BitString,
    Map,
    /// A native record (OTP 29), which is only passed on.
    Record,
    /// A term in a format that only its sender knows (`LOCAL_EXT`), which is only passed on.
    Local,
}

impl Kind {
    /// Returns the kind of a term that starts with this tag; `None` if no term does.
    #[inline]
    pub fn of_tag(tag: u8) -> Option<Kind> {
        KINDS[usize::from(tag)]
    }

    const fn find(tag: u8) -> Option<Kind> {
        Some(match tag {
            tag::SMALL_INTEGER_EXT | tag::INTEGER_EXT | tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => Kind::Integer,
            tag::NEW_FLOAT_EXT | tag::FLOAT_EXT => Kind::Float,
            tag::ATOM_EXT | tag::SMALL_ATOM_EXT | tag::ATOM_UTF8_EXT | tag::SMALL_ATOM_UTF8_EXT => Kind::Atom,
            tag::NEW_PID_EXT | tag::PID_EXT => Kind::Pid,
            tag::NEW_PORT_EXT | tag::PORT_EXT | tag::V4_PORT_EXT => Kind::Port,
            tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::REFERENCE_EXT => Kind::Reference,
            tag::NEW_FUN_EXT | tag::EXPORT_EXT => Kind::Fun,
            tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => Kind::Tuple,
            tag::NIL_EXT | tag::STRING_EXT | tag::LIST_EXT => Kind::List,
            tag::BINARY_EXT => Kind::Binary,
            tag::BIT_BINARY_EXT => Kind::BitString,
            tag::MAP_EXT => Kind::Map,
            tag::RECORD_EXT => Kind::Record,
            tag::LOCAL_EXT => Kind::Local,
            _ => return None,
        })
    }

    /// Returns its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Integer => "integer",
            Kind::Float => "float",
            Kind::Atom => "atom",
            Kind::Pid => "pid",
            Kind::Port => "port",
            Kind::Reference => "reference",
            Kind::Fun => "fun",
            Kind::Tuple => "tuple",
            Kind::List => "list",
            Kind::Binary => "binary",
            Kind::BitString => "bit string",
            Kind::Map => "map",
            Kind::Record => "record",
            Kind::Local => "local term",
        }
    }
}

/// The kind of each tag: one look is less than a search.
static KINDS: [Option<Kind>; 256] = {
    let mut kinds = [None; 256];
    let mut tag = 0;
    while tag < 256 {
        kinds[tag] = Kind::find(tag as u8);
        tag += 1;
    }
    kinds
};

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
