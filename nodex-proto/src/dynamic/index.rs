//! Finds the positions of the parts of a term, in one pass and without recursion.
//!
//! The result is a table with one cell for each term inside the term. The cells of siblings are adjacent: the elements
//! of a tuple, the elements of a list and then its tail, the keys and values of a map in the order of the keys.

use std::{cell::Cell as Slot, mem};

use super::cell::{Cell, IN_PAIRS, cell, first, position};
use crate::etf::{
    Decoder, EtfError, Integer, Kind, Limits, MAX_ARITY, MAX_SENT_INTEGER_BYTES, ascii::short_name, skip, tag,
};

/// How much memory for tables is kept for the next term.
const KEPT: usize = 8 * 1024;

/// A pair, and as much of its key as a number can tell of its place.
pub(crate) struct Entry {
    pub(super) rank: u8,
    pub(super) number: u64,
    pub(super) key: Cell,
    pub(super) value: Cell,
}

/// The state of an open term while a term inside it is read.
#[derive(Clone, Copy)]
struct Frame {
    slot: u32,
    end: u32,
    start: u32,
    shape: Shape,
}

#[derive(Clone, Copy, PartialEq)]
enum Shape {
    Tuple,
    List,
    Map,
    /// A fun that has to be so long.
    Fun(u32),
}

/// Memory that is reused.
#[derive(Default)]
pub(crate) struct Scratch {
    pub(crate) cells: Vec<Cell>,
    frames: Vec<Frame>,
    pub(super) keys: Vec<Entry>,
}

thread_local! {
    static SCRATCH: Slot<Option<Box<Scratch>>> = const { Slot::new(None) };
}

impl Scratch {
    /// Calls `work` with memory that may have been used before.
    #[inline]
    pub(crate) fn with<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
        let mut scratch = SCRATCH.try_with(Slot::take).ok().flatten().unwrap_or_default();
        let result = work(&mut scratch);
        if scratch.cells.capacity() > KEPT || scratch.frames.capacity() > KEPT || scratch.keys.capacity() > KEPT {
            *scratch = Scratch::default();
        }
        // A thread that ends has no place for it any more.
        let _ = SCRATCH.try_with(|place| place.set(Some(scratch)));
        result
    }
}

/// A term that has been indexed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Indexed {
    /// How many bytes it takes.
    pub(crate) len: usize,
    /// Whether all its parts have the form that the encoder writes. If not, the order of the cells is undefined.
    pub(crate) canonical: bool,
    /// Whether equal terms have the same bytes: it contains no map of several pairs and no `-0.0`.
    pub(crate) plain: bool,
    /// Whether it can be sent.
    pub(crate) sendable: bool,
}

/// Reads one term.
pub(super) struct Indexer<'a, 's> {
    pub(super) bytes: &'a [u8],
    /// Where the term starts; positions in cells count from here.
    pub(super) start: usize,
    limits: Limits,
    /// How many more cells may be made.
    room: usize,
    /// Whether the term was made here, so that it may contain what cannot be sent.
    own: bool,
    pub(super) found: Indexed,
    pub(super) scratch: &'s mut Scratch,
}

impl<'a, 's> Indexer<'a, 's> {
    /// `room` is how many cells may be made, and `own` says that the term comes from no peer.
    pub(super) fn new(
        bytes: &'a [u8],
        start: usize,
        limits: Limits,
        room: usize,
        own: bool,
        scratch: &'s mut Scratch,
    ) -> Self {
        let found = Indexed { len: 0, canonical: true, plain: true, sendable: true };
        Indexer { bytes, start, limits, room, own, found, scratch }
    }

    /// Reads the term into the cells of the scratch; the first one is that of the whole.
    pub(super) fn term(mut self) -> Result<Indexed, EtfError> {
        // In registers all along. After an error others are made.
        let mut cells = mem::take(&mut self.scratch.cells);
        let mut frames = mem::take(&mut self.scratch.frames);
        cells.clear();
        frames.clear();
        let result = self.all(&mut cells, &mut frames);
        (self.scratch.cells, self.scratch.frames) = (cells, frames);
        self.found.len = result?;
        Ok(self.found)
    }

    /// Reads the term, and returns its length.
    #[inline(always)]
    fn all(&mut self, cells: &mut Vec<Cell>, frames: &mut Vec<Frame>) -> Result<usize, EtfError> {
        // From where the term starts, and no further than positions of 32 bits reach.
        let bytes = &self.bytes[self.start..];
        let bytes = bytes.get(..u32::MAX as usize).unwrap_or(bytes);
        cells.push([0; 8]);
        let (mut pos, mut slot, mut end, mut start, mut shape) = (0, 0, 1, 0, Shape::Tuple);
        // In a register, as what is looked at for each of the commonest terms.
        let mut canonical = true;
        loop {
            while slot < end {
                let mut opened = None;
                let mut places = cells[slot..end].iter_mut();
                for place in places.by_ref() {
                    *place = cell(pos, 0);
                    let rest = &bytes[pos..];
                    // The tag first, or each of the rarer terms would be compared with all others.
                    let Some((&tag, rest)) = rest.split_first() else { return Err(self.cut()) };
                    pos = match (tag, rest) {
                        (tag::SMALL_INTEGER_EXT, [_, ..]) => pos + 2,
                        (tag::INTEGER_EXT, &[a, b, c, _, ..]) => {
                            canonical &= [a, b, c] != [0; 3];
                            pos + 5
                        }
                        (tag::SMALL_ATOM_UTF8_EXT, &[len, ref name @ ..]) => match short_name(name, len) {
                            Some(_) => pos + 2 + usize::from(len),
                            None => self.rare(pos)?,
                        },
                        (tag::BINARY_EXT, &[a, b, c, d, ref rest @ ..]) => {
                            let len = u32::from_be_bytes([a, b, c, d]) as usize;
                            if len > rest.len() {
                                return Err(self.cut());
                            }
                            pos + 5 + len
                        }
                        (tag::NIL_EXT, _) => pos + 1,
                        (tag::NEW_FLOAT_EXT, &[a, b, c, d, e, f, g, h, ..]) => {
                            let value = f64::from_be_bytes([a, b, c, d, e, f, g, h]);
                            if !value.is_finite() {
                                self.not_finite(pos)?;
                            }
                            self.found.plain &= value != 0.0 || value.is_sign_positive();
                            pos + 9
                        }
                        // Times are as long as that.
                        (tag::SMALL_BIG_EXT, &[len @ 5..=255, 0..=1, ref digits @ ..])
                            if digits.len() >= usize::from(len) =>
                        {
                            canonical &= digits[usize::from(len) - 1] != 0;
                            pos + 3 + usize::from(len)
                        }
                        (tag::SMALL_TUPLE_EXT, &[count, ..]) => {
                            opened = Some((Shape::Tuple, 2, usize::from(count)));
                            break;
                        }
                        (tag::LIST_EXT, &[a, b, c, d, ..]) => {
                            let count = u32::from_be_bytes([a, b, c, d]) as usize;
                            canonical &= count > 0;
                            match long_bytes(bytes, pos, count) {
                                Some(end) => {
                                    *place = cell(pos, IN_PAIRS);
                                    end
                                }
                                None => {
                                    opened = Some((Shape::List, 5, count + 1));
                                    break;
                                }
                            }
                        }
                        (tag::MAP_EXT, &[a, b, c, d, ..]) => {
                            let count = u32::from_be_bytes([a, b, c, d]) as usize;
                            opened = Some((Shape::Map, 5, count.saturating_mul(2)));
                            break;
                        }
                        (tag::BIT_BINARY_EXT, &[a, b, c, d, bits @ 1..8, ref all @ ..])
                            if all.len() >= u32::from_be_bytes([a, b, c, d]) as usize && [a, b, c, d] != [0; 4] =>
                        {
                            let len = u32::from_be_bytes([a, b, c, d]) as usize;
                            canonical &= all[len - 1] & (0xFF >> bits) == 0;
                            pos + 6 + len
                        }
                        (tag::LARGE_TUPLE_EXT, &[a, b, c, d, ..]) => {
                            let arity = self.arity(pos, u32::from_be_bytes([a, b, c, d]) as usize)?;
                            opened = Some((Shape::Tuple, 5, arity));
                            break;
                        }
                        (tag::NEW_FUN_EXT, _) => {
                            let (free, head, len) = self.fun(pos)?;
                            opened = Some((Shape::Fun(len), head, free));
                            break;
                        }
                        _ => self.rare(pos)?,
                    };
                }
                slot = end - places.len();
                let Some((open, head, count)) = opened else { continue };
                let at = pos;
                pos += head;
                let first = cells.len();
                // Each cell stands for a term, and each term takes a byte of its own.
                if count > bytes.len() - pos || first + count > bytes.len() {
                    return Err(self.cut());
                }
                if first + count > self.room {
                    return Err(EtfError::TooLarge { offset: self.start + at, limit: self.limits.max_term_memory });
                }
                cells[slot - 1] = cell(at, first);
                if count == 0 {
                    self.closed(open, at, pos)?;
                    continue;
                }
                if frames.len() >= self.limits.max_depth as usize {
                    return Err(EtfError::TooDeep { offset: self.start + at, limit: self.limits.max_depth });
                }
                cells.resize(first + count, [0; 8]);
                frames.push(Frame { slot: slot as u32, end: end as u32, start: start as u32, shape });
                (slot, end, start, shape) = (first, first + count, at, open);
            }
            // The outermost one has the place of a tuple of one.
            let Some(frame) = frames.pop() else {
                self.found.canonical &= canonical;
                return Ok(pos);
            };
            match shape {
                Shape::Tuple => {}
                Shape::List => self.close_list(bytes, cells[end - 1], start),
                Shape::Map => {
                    let first = first(cells[frame.slot as usize - 1]);
                    self.close_map(cells, start, first..end)?;
                }
                fun => self.closed(fun, start, pos)?,
            }
            (slot, end, start, shape) = (frame.slot as usize, frame.end as usize, frame.start as usize, frame.shape);
        }
    }

    /// A fun has to end where it says.
    #[inline]
    fn closed(&self, shape: Shape, start: usize, pos: usize) -> Result<(), EtfError> {
        match shape {
            Shape::Fun(len) if start + len as usize != pos => Err(EtfError::Fun { offset: self.start + start }),
            _ => Ok(()),
        }
    }

    /// Returns the arity of a tuple in its long form.
    fn arity(&mut self, at: usize, arity: usize) -> Result<usize, EtfError> {
        self.found.canonical &= arity > 255;
        if arity > MAX_ARITY {
            if !self.own {
                return Err(EtfError::Arity { offset: self.start + at, arity });
            }
            self.found.sendable = false;
        }
        Ok(arity)
    }

    #[cold]
    fn cut(&self) -> EtfError {
        EtfError::Truncated { offset: self.bytes.len() }
    }

    #[cold]
    fn not_finite(&mut self, at: usize) -> Result<(), EtfError> {
        self.found.sendable = false;
        if self.own { Ok(()) } else { Err(EtfError::NonFinite { offset: self.start + at }) }
    }

    /// A list that starts here, whose tail has this cell.
    #[inline]
    fn close_list(&mut self, bytes: &[u8], tail: Cell, start: usize) {
        let tail = position(tail);
        match bytes[tail] {
            tag::NIL_EXT if bytes[start + 5] == tag::SMALL_INTEGER_EXT => {
                self.found.canonical = self.found.canonical && !is_string(&bytes[start + 1..tail]);
            }
            tag::LIST_EXT | tag::STRING_EXT => self.found.canonical = false,
            _ => {}
        }
    }

    /// Reads a term that contains no others and is not one of the most frequent. Returns where it ends.
    #[inline(never)]
    fn rare(&mut self, at: usize) -> Result<usize, EtfError> {
        let (bytes, at) = (self.bytes, self.start + at);
        let rest = &bytes[at..];
        match rest.first().copied() {
            Some(tag::RECORD_EXT) => return Err(EtfError::Opaque { offset: at, kind: Kind::Record }),
            Some(tag::LOCAL_EXT) => return Err(EtfError::Opaque { offset: at, kind: Kind::Local }),
            None => return Err(self.cut()),
            _ => {}
        }
        let end = match *rest {
            // Of our own they may be longer than what is read.
            [tag::LARGE_BIG_EXT, a, b, c, d, ..] if self.own => at + 6 + u32::from_be_bytes([a, b, c, d]) as usize,
            _ => skip::end_of_term(bytes, at)?,
        };
        let term = bytes.get(at..end).ok_or_else(|| self.cut())?;
        self.found.canonical &= match *term {
            [tag::SMALL_ATOM_UTF8_EXT, ..] => true,
            [tag::ATOM_UTF8_EXT, high, ..] => high > 0,
            [tag::STRING_EXT, high, low, ..] => (high, low) != (0, 0),
            [tag::SMALL_BIG_EXT, _, sign, ref digits @ ..] => big_is_canonical(sign, digits),
            [tag::LARGE_BIG_EXT, a, b, c, _, _, ref digits @ ..] => {
                if digits.len() > MAX_SENT_INTEGER_BYTES {
                    self.found.sendable = false;
                }
                [a, b, c] != [0; 3] && digits.last() != Some(&0)
            }
            [tag::BIT_BINARY_EXT, _, _, _, _, bits, ref all @ ..] => {
                (1..8).contains(&bits) && all.last().is_some_and(|last| last & (0xFF >> bits) == 0)
            }
            [tag::NEW_PID_EXT, ref rest @ ..] => atom_is_canonical(rest),
            [tag::NEWER_REFERENCE_EXT, _, _, ref rest @ ..] => atom_is_canonical(rest),
            [tag::NEW_PORT_EXT, ref rest @ ..] => atom_is_canonical(rest) && term[term.len() - 8] < 0x10,
            [tag::V4_PORT_EXT, ref rest @ ..] => {
                let id = term[term.len() - 12..].first_chunk().map_or(0, |id| u64::from_be_bytes(*id));
                atom_is_canonical(rest) && id >= 1 << 28
            }
            [tag::EXPORT_EXT, ref rest @ ..] => self.export(at, rest)?,
            _ => false,
        };
        Ok(end - self.start)
    }

    /// What follows the tag of an external fun, which is valid.
    fn export(&self, at: usize, rest: &[u8]) -> Result<bool, EtfError> {
        let module = skip::end_of_term(rest, 0)?;
        let function = skip::end_of_term(rest, module)?;
        match rest[function..] {
            [tag::SMALL_INTEGER_EXT, _] => Ok(atom_is_canonical(rest) && atom_is_canonical(&rest[module..])),
            [tag::INTEGER_EXT, 0, 0, 0, _] => Ok(false),
            _ => {
                let arity = Decoder::new(&rest[function..]).any_integer("arity");
                match arity {
                    Ok(Integer::Small(0..=255)) => Ok(false),
                    _ => Err(EtfError::Opaque { offset: at, kind: Kind::Fun }),
                }
            }
        }
    }

    /// Returns a fun: its free variables, the bytes in front of them, and how long it says that it is.
    #[inline(never)]
    fn fun(&mut self, at: usize) -> Result<(usize, usize, u32), EtfError> {
        let at = self.start + at;
        let (free, head_end, end) = skip::fun_head(self.bytes, at)?;
        let head = &self.bytes[at + 30..head_end];
        // The module, two integers and the pid.
        let module = skip::end_of_term(head, 0)?;
        let index = skip::end_of_term(head, module)?;
        let uniq = skip::end_of_term(head, index)?;
        let integer_is_canonical = |term: &[u8]| match *term {
            [tag::SMALL_INTEGER_EXT, ..] => true,
            [tag::INTEGER_EXT, a, b, c, _] => [a, b, c] != [0; 3],
            [tag::SMALL_BIG_EXT, _, sign, ref digits @ ..] => big_is_canonical(sign, digits),
            _ => false,
        };
        self.found.canonical &= atom_is_canonical(head)
            && integer_is_canonical(&head[module..index])
            && integer_is_canonical(&head[index..uniq])
            && head[uniq] == tag::NEW_PID_EXT
            && atom_is_canonical(&head[uniq + 1..]);
        let len = u32::try_from(end - at).map_err(|_| EtfError::Fun { offset: at })?;
        Ok((free, head_end - at, len))
    }
}

/// Returns the end of a list that is longer than `STRING_EXT` can be and has the elements that one has. It needs no
/// cells.
#[inline]
fn long_bytes(bytes: &[u8], at: usize, count: usize) -> Option<usize> {
    if count <= usize::from(u16::MAX) {
        return None;
    }
    let (pairs, _) = bytes.get(at + 5..)?.as_chunks::<2>();
    let end = at + 5 + 2 * count;
    let all = pairs.get(..count)?.iter().all(|&[tag, _]| tag == tag::SMALL_INTEGER_EXT);
    (all && bytes.get(end) == Some(&tag::NIL_EXT)).then_some(end + 1)
}

/// Returns whether the count and the elements of a list are such that `STRING_EXT` could hold them.
fn is_string(list: &[u8]) -> bool {
    let [a, b, c, d, elements @ ..] = list else { return false };
    let count = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
    let (pairs, _) = elements.as_chunks::<2>();
    // Only as long as that if all are so short.
    elements.len() == 2 * count
        && count <= usize::from(u16::MAX)
        && pairs.iter().all(|&[tag, _]| tag == tag::SMALL_INTEGER_EXT)
}

fn atom_is_canonical(atom: &[u8]) -> bool {
    match *atom {
        [tag::SMALL_ATOM_UTF8_EXT, ..] => true,
        [tag::ATOM_UTF8_EXT, high, ..] => high > 0,
        _ => false,
    }
}

/// Returns `true` if the integer does not fit 32 bits, and has no zeros at its end.
fn big_is_canonical(sign: u8, digits: &[u8]) -> bool {
    match *digits {
        [] | [.., 0] => false,
        [a, b, c, d] => {
            let magnitude = u32::from_le_bytes([a, b, c, d]);
            magnitude > if sign == 1 { 1 << 31 } else { i32::MAX as u32 }
        }
        _ => digits.len() > 4,
    }
}
