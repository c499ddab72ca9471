//! [`Term`].

use std::sync::Arc;

use bytes::Bytes;

use super::{
    cell::{Cell, IN_PAIRS, first},
    index::Indexed,
    view::TermRef,
};
use crate::term::{is_shared, words};

/// The most bytes of an encoded term that are held in place.
const INLINE: usize = 22;

/// Any Erlang term, in 24 bytes. It is cheap to clone and to send.
///
/// It holds the term in the [external format](crate::etf), in one canonical form, with a table of its parts. Terms of
/// up to 22 bytes (atoms of up to 20 bytes, binaries of up to 17, `{error, badarg}`) need no allocation. Longer terms
/// need one, which clones share. A term of 4 KiB or more shares the buffer that it was received in, if it is at least a
/// quarter of it.
///
/// Create terms with `term!` and [`From`], match them with [`kind`](Term::kind), read parts with `as_..` and
/// [`get`](Term::get), and print them as Erlang with `{}`.
///
/// ```
/// use nodex_proto::{term, term::{Term, TermKind}};
///
/// fn area(shape: &Term) -> Option<f64> {
///     let TermKind::Tuple(parts) = shape.kind() else { return None };
///     match parts.iter().collect::<Vec<_>>()[..] {
///         [tag, radius] if tag.is_atom("circle") => Some(3.14 * radius.as_f64()?.powi(2)),
///         [tag, width, height] if tag.is_atom("box") => Some(width.as_f64()? * height.as_f64()?),
///         _ => None,
///     }
/// }
/// assert_eq!(area(&term!({box, 2.0, 1.5})), Some(3.0));
/// assert_eq!(area(&term!([box, 2.0])), None);
/// ```
///
/// Equality is that of Erlang's `=:=` (as before OTP 27, where `0.0` equals `-0.0`), and the order is that of map keys.
/// [`TermRef::compare`] has the order of `<`. No method recurses, so a term can have any depth.
#[derive(Clone)]
pub struct Term(pub(super) Repr);

const _: () = assert!(size_of::<Term>() <= 24);

#[derive(Clone)]
pub(super) enum Repr {
    /// A short one, whose parts are found without a table. It has no map of several pairs.
    Inline {
        len: u8,
        bytes: [u8; INLINE],
    },
    /// One that contains no others.
    Leaf(Arc<[u8]>),
    /// The table of `cells` words, and the term in words, the last of which has so many bytes too many.
    Packed {
        words: Arc<[[u8; 8]]>,
        cells: u32,
        excess: u8,
        flags: Flags,
    },
    Shared(Arc<Store>),
}

/// A term in a buffer.
pub(crate) struct Store {
    pub(super) bytes: Bytes,
    pub(super) cells: Box<[Cell]>,
    pub(super) flags: Flags,
}

#[derive(Clone, Copy)]
pub(super) struct Flags {
    /// Equal terms have the same bytes.
    pub(super) plain: bool,
    /// Every BEAM takes it.
    pub(super) sendable: bool,
}

impl Term {
    /// Returns a term from its canonical form, which may be a slice of `owner`, and its cells.
    #[inline]
    pub(crate) fn of_parts(bytes: &[u8], owner: Option<&Bytes>, cells: &mut Vec<Cell>, found: Indexed) -> Term {
        let flags = Flags { plain: found.plain, sendable: found.sendable };
        if bytes.len() <= INLINE && flags.plain && flags.sendable {
            let mut place = [0; INLINE];
            place[..bytes.len()].copy_from_slice(bytes);
            return Term(Repr::Inline { len: bytes.len() as u8, bytes: place });
        }
        match owner {
            Some(owner) if is_shared(bytes.len(), owner) => Self::stored(owner.slice_ref(bytes), cells, flags),
            _ => Self::packed(bytes, cells, flags),
        }
    }

    /// Returns the same of bytes of its own.
    pub(crate) fn of_bytes(bytes: Bytes, cells: &mut Vec<Cell>, found: Indexed) -> Term {
        if bytes.len() < crate::etf::SHARE_MIN {
            return Self::of_parts(&bytes, None, cells, found);
        }
        Self::stored(bytes, cells, Flags { plain: found.plain, sendable: found.sendable })
    }

    /// The most bytes of a term that takes no allocation.
    pub(crate) const SHORT: usize = INLINE;

    /// Returns a short term, which is the first so many of these bytes.
    #[inline(always)]
    pub(crate) fn of_short(bytes: &[u8], len: usize) -> Term {
        let place = match bytes.first_chunk() {
            // The bytes after it are never read.
            Some(all) => *all,
            // In registers: what is copied in one length and read back in another stalls the processor.
            None => {
                let all: [[u8; 8]; 3] = words(&bytes[..len]);
                let mut place = [0; INLINE];
                place.copy_from_slice(&all.as_flattened()[..INLINE]);
                place
            }
        };
        Term(Repr::Inline { len: len as u8, bytes: place })
    }

    /// Returns a long term that contains no others, of bytes that may be a slice of `owner`.
    #[inline]
    pub(crate) fn of_leaf(bytes: &[u8], owner: Option<&Bytes>) -> Term {
        match owner {
            Some(owner) if is_shared(bytes.len(), owner) => {
                let flags = Flags { plain: true, sendable: true };
                Self::stored(owner.slice_ref(bytes), &[], flags)
            }
            _ => Term(Repr::Leaf(Arc::from(bytes))),
        }
    }

    fn stored(bytes: Bytes, cells: &[Cell], flags: Flags) -> Term {
        Term(Repr::Shared(Arc::new(Store { bytes, cells: cells.into(), flags })))
    }

    fn packed(bytes: &[u8], cells: &mut Vec<Cell>, flags: Flags) -> Term {
        if cells.len() <= 1 && flags.plain && flags.sendable && first(cells[0]) != IN_PAIRS {
            return Term(Repr::Leaf(Arc::from(bytes)));
        }
        let Ok(count) = u32::try_from(cells.len()) else {
            return Self::stored(Bytes::copy_from_slice(bytes), cells, flags);
        };
        let (words, rest) = bytes.as_chunks::<8>();
        cells.reserve_exact(words.len() + 1);
        cells.extend_from_slice(words);
        let mut excess = 0;
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            cells.push(last);
            excess = 8 - rest.len() as u8;
        }
        Term(Repr::Packed { words: Arc::from(&cells[..]), cells: count, excess, flags })
    }

    /// Returns a view of the whole term.
    #[inline]
    pub fn as_ref(&self) -> TermRef<'_> {
        match &self.0 {
            Repr::Inline { len, bytes } => {
                TermRef::of_whole(bytes.get(..usize::from(*len)).unwrap_or_default(), &[], None)
            }
            Repr::Leaf(bytes) => TermRef::of_whole(bytes, &[], None),
            Repr::Packed { words, cells, excess, .. } => {
                let (cells, words) = words.split_at(*cells as usize);
                let bytes = words.as_flattened();
                TermRef::of_whole(&bytes[..bytes.len() - usize::from(*excess)], cells, None)
            }
            Repr::Shared(store) => TermRef::of_whole(&store.bytes, &store.cells, Some(&store.bytes)),
        }
    }

    /// Returns the term in external format, without the version byte.
    #[inline]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Inline { len, bytes } => bytes.get(..usize::from(*len)).unwrap_or_default(),
            Repr::Leaf(bytes) => bytes,
            Repr::Packed { words, cells, excess, .. } => {
                let bytes = words[*cells as usize..].as_flattened();
                &bytes[..bytes.len() - usize::from(*excess)]
            }
            Repr::Shared(store) => &store.bytes,
        }
    }

    /// Returns the buffer that holds it, if it is one that others can share.
    #[inline]
    pub(crate) fn shared(&self) -> Option<&Bytes> {
        match &self.0 {
            Repr::Shared(store) => Some(&store.bytes),
            _ => None,
        }
    }

    #[inline]
    pub(super) fn flags(&self) -> Flags {
        match &self.0 {
            Repr::Inline { .. } | Repr::Leaf(_) => Flags { plain: true, sendable: true },
            Repr::Packed { flags, .. } => *flags,
            Repr::Shared(store) => store.flags,
        }
    }

    /// Returns `false` if some BEAM would refuse it.
    #[inline]
    pub(crate) fn is_sendable(&self) -> bool {
        self.flags().sendable
    }
}

impl Default for Term {
    /// The empty list.
    fn default() -> Self {
        Term::nil()
    }
}
