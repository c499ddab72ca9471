//! [`Decoder`].

use std::borrow::Cow;

use bytes::Bytes;

use super::{EtfError, Kind, Limits, MAX_ARITY, skip, tag};
use crate::{etf::DecodeError, term::RawTerm};

/// Reads terms one after the other from a byte slice.
///
/// Each method reads the next term, or its head, and moves the position after it. After an error the position is
/// unspecified until [`rewind`](Self::rewind) restores it.
///
/// ```
/// use nodex_proto::{convert::FromTerm, etf::Decoder};
///
/// // `term_to_binary({temperature, <<"Oslo">>, -4})`
/// let bytes = [131, 104, 3, 119, 11, b't', b'e', b'm', b'p', b'e', b'r', b'a', b't', b'u', b'r', b'e']
///     .into_iter()
///     .chain([109, 0, 0, 0, 4, b'O', b's', b'l', b'o', 98, 255, 255, 255, 252])
///     .collect::<Vec<u8>>();
///
/// let mut decoder = Decoder::new(&bytes);
/// decoder.version()?;
/// assert_eq!(decoder.tuple()?, 3);
/// assert_eq!(decoder.atom_name()?, "temperature");
/// let (city, degrees) = (String::decode(&mut decoder)?, i32::decode(&mut decoder)?);
/// assert_eq!((city.as_str(), degrees), ("Oslo", -4));
/// decoder.finish()?;
/// # Ok::<(), nodex_proto::convert::DecodeError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Decoder<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) pos: usize,
    pub(crate) owner: Option<&'a Bytes>,
    pub(crate) limits: Limits,
    pub(crate) depth: u32,
    /// How many bytes untagged enums have read again.
    pub(crate) read_again: usize,
    /// How many bytes of memory the values decoded so far take.
    pub(crate) spent: usize,
}

/// The head of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List<'a> {
    /// All elements, as bytes (`STRING_EXT`), or none (`NIL_EXT`). No tail follows.
    Bytes(&'a [u8]),
    /// This number of elements follows, and then the tail (`LIST_EXT`); finish with [`Decoder::list_tail`].
    Elements(usize),
}

impl<'a> Decoder<'a> {
    /// Creates a decoder at the start of `bytes`, which are terms without the version byte 131, or with it before
    /// [`version`](Self::version).
    pub fn new(bytes: &'a [u8]) -> Self {
        Self::at(bytes, 0, None)
    }

    /// Returns the same, for bytes that are a slice of `owner`: big binaries and raw terms then share it and are not
    /// copied.
    ///
    /// # Panics
    /// [`raw`](Self::raw) and [`shared_binary`](Self::shared_binary) panic when `bytes` are not a slice of `owner`.
    pub fn with_owner(bytes: &'a [u8], owner: &'a Bytes) -> Self {
        Self::at(bytes, 0, Some(owner))
    }

    /// Creates a decoder at a position of `bytes` that is not after their end.
    #[inline(always)]
    #[doc(hidden)]
    pub fn at(bytes: &'a [u8], pos: usize, owner: Option<&'a Bytes>) -> Self {
        Decoder { bytes, pos, owner, limits: Limits::default(), depth: 0, read_again: 0, spent: 0 }
    }

    /// Sets the limits.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the limits in force.
    pub fn current_limits(&self) -> Limits {
        self.limits
    }

    /// Returns all bytes, including those that were read.
    #[doc(hidden)]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the buffer of which the bytes are a slice.
    #[doc(hidden)]
    pub fn owner(&self) -> Option<&'a Bytes> {
        self.owner
    }

    /// Returns how many bytes were read.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Returns to a position that [`position`](Self::position) has returned.
    pub fn rewind(&mut self, position: usize) {
        self.pos = position.min(self.bytes.len());
    }

    /// Like [`rewind`](Self::rewind), to read the same bytes as another type. If such types are nested, the work
    /// doubles with every level. So it is counted, and refused beyond 64 KiB and 64 times the length of the bytes.
    pub(crate) fn read_again_from(&mut self, position: usize) -> Result<(), EtfError> {
        let limit = self.bytes.len().saturating_mul(64).saturating_add(64 << 10);
        self.read_again += self.pos.saturating_sub(position) + 1;
        self.rewind(position);
        if self.read_again > limit { Err(EtfError::ReadAgain { offset: position, limit }) } else { Ok(()) }
    }

    /// Returns the bytes that were not read yet.
    pub fn remaining(&self) -> &'a [u8] {
        &self.bytes[self.pos..]
    }

    /// Returns `true` when all bytes were read.
    pub fn is_empty(&self) -> bool {
        self.pos == self.bytes.len()
    }

    /// Reads the version byte 131.
    pub fn version(&mut self) -> Result<(), DecodeError> {
        let offset = self.pos;
        match self.u8()? {
            super::VERSION => Ok(()),
            found => Err(EtfError::Version { offset, found }.into()),
        }
    }

    /// Returns an error unless all bytes were read.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.bytes.len() - self.pos {
            0 => Ok(()),
            count => Err(EtfError::TrailingBytes { offset: self.pos, count }.into()),
        }
    }

    /// Returns the kind of the next term without reading it.
    #[inline]
    pub fn peek(&self) -> Result<Kind, EtfError> {
        match self.remaining().first().and_then(|&tag| Kind::of_tag(tag)) {
            Some(kind) => Ok(kind),
            None => self.no_kind(),
        }
    }

    #[cold]
    fn no_kind(&self) -> Result<Kind, EtfError> {
        match self.bytes.get(self.pos) {
            None => Err(EtfError::Truncated { offset: self.pos }),
            Some(&tag::COMPRESSED) => Err(EtfError::Compressed { offset: self.pos }),
            Some(&tag) => Kind::of_tag(tag).ok_or(EtfError::UnknownTag { offset: self.pos, tag }),
        }
    }

    /// Returns the error for a next term that is not of the expected kind. Malformed bytes are reported as such.
    #[cold]
    pub fn mismatch(&self, expected: impl Into<Cow<'static, str>>) -> DecodeError {
        match self.peek() {
            Ok(found) => DecodeError::mismatch(expected, found.name()),
            Err(error) => error.into(),
        }
    }

    /// Counts one level of nesting around `read`. Every [`FromTerm`](crate::convert::FromTerm) type that can contain
    /// itself (boxes, vectors, maps) reads its contents through this method.
    pub fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, DecodeError>) -> Result<T, DecodeError> {
        if self.depth >= self.limits.max_depth {
            return Err(EtfError::TooDeep { offset: self.pos, limit: self.limits.max_depth }.into());
        }
        self.depth += 1;
        let result = read(self);
        self.depth -= 1;
        result
    }

    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], EtfError> {
        match self.bytes.get(self.pos..).and_then(|rest| rest.get(..count)) {
            Some(taken) => {
                self.pos += count;
                Ok(taken)
            }
            None => Err(EtfError::Truncated { offset: self.bytes.len() }),
        }
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], EtfError> {
        match self.bytes.get(self.pos..).and_then(|rest| rest.first_chunk()) {
            Some(taken) => {
                self.pos += N;
                Ok(*taken)
            }
            None => Err(EtfError::Truncated { offset: self.bytes.len() }),
        }
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, EtfError> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    pub(crate) fn u16(&mut self) -> Result<u16, EtfError> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    pub(crate) fn u32(&mut self) -> Result<u32, EtfError> {
        self.array().map(u32::from_be_bytes)
    }

    #[inline]
    pub(crate) fn peek_tag(&self) -> u8 {
        // 0 is no tag, so the end of the bytes falls into the error arms, where `mismatch` reports it.
        self.bytes.get(self.pos).copied().unwrap_or(0)
    }

    /// Reads the head of a tuple, and returns its arity. This number of terms follows.
    #[inline(always)]
    pub fn tuple(&mut self) -> Result<usize, DecodeError> {
        if let [tag::SMALL_TUPLE_EXT, arity, ..] = *self.remaining() {
            self.pos += 2;
            return Ok(arity.into());
        }
        self.any_tuple()
    }

    #[inline(never)]
    fn any_tuple(&mut self) -> Result<usize, DecodeError> {
        match self.peek_tag() {
            tag::SMALL_TUPLE_EXT => {
                let [_, arity] = self.array()?;
                Ok(arity.into())
            }
            tag::LARGE_TUPLE_EXT => {
                let offset = self.pos;
                let [_, a, b, c, d] = self.array()?;
                let arity = u32::from_be_bytes([a, b, c, d]) as usize;
                if arity > MAX_ARITY {
                    return Err(EtfError::Arity { offset, arity }.into());
                }
                Ok(arity)
            }
            _ => Err(self.mismatch("tuple")),
        }
    }

    /// Reads the head of a list.
    #[inline]
    pub fn list(&mut self) -> Result<List<'a>, DecodeError> {
        if let [tag::LIST_EXT, a, b, c, d, ..] = *self.remaining() {
            self.pos += 5;
            return Ok(List::Elements(u32::from_be_bytes([a, b, c, d]) as usize));
        }
        self.any_list()
    }

    #[inline(never)]
    fn any_list(&mut self) -> Result<List<'a>, DecodeError> {
        match self.peek_tag() {
            tag::NIL_EXT => {
                self.pos += 1;
                Ok(List::Bytes(&[]))
            }
            tag::STRING_EXT => {
                self.pos += 1;
                let len = self.u16()?;
                Ok(List::Bytes(self.take(len.into())?))
            }
            tag::LIST_EXT => {
                self.pos += 1;
                Ok(List::Elements(self.u32()? as usize))
            }
            _ => Err(self.mismatch("list")),
        }
    }

    /// Reads the end of a proper list after its last element.
    #[inline]
    pub fn list_tail(&mut self) -> Result<(), DecodeError> {
        match self.peek_tag() {
            tag::NIL_EXT => {
                self.pos += 1;
                Ok(())
            }
            _ => Err(self.no_list_tail()),
        }
    }

    #[cold]
    fn no_list_tail(&self) -> DecodeError {
        match self.peek() {
            Ok(_) => DecodeError::mismatch("list", "improper list"),
            Err(error) => error.into(),
        }
    }

    /// Reads the head of a map, and returns the number of its pairs. A key, its value, a key and so on follow.
    pub fn map(&mut self) -> Result<usize, DecodeError> {
        match self.peek_tag() {
            tag::MAP_EXT => {
                self.pos += 1;
                Ok(self.u32()? as usize)
            }
            _ => Err(self.mismatch("map")),
        }
    }

    /// Returns for how many elements to reserve memory when `count` are announced: at most as many as the remaining
    /// bytes can contain.
    pub fn capacity(&self, count: usize, bytes_each: usize) -> usize {
        count.min((self.bytes.len() - self.pos) / bytes_each.max(1))
    }

    /// Returns an empty vector with room for `count` elements that are to be read.
    ///
    /// # Errors
    /// Returns an error when fewer bytes than elements follow, or when it would take more memory than allowed. The
    /// values of one message may take [`Limits::max_term_memory`], or eight times the length of the message if that is
    /// more.
    pub fn room<T>(&mut self, count: usize) -> Result<Vec<T>, DecodeError> {
        if count > self.bytes.len() - self.pos {
            return Err(EtfError::Truncated { offset: self.bytes.len() }.into());
        }
        self.spend(count.saturating_mul(size_of::<T>()), 8)?;
        Ok(Vec::with_capacity(count))
    }

    /// Counts memory, of which `factor` times the length of the message is allowed whatever the limit.
    #[inline]
    pub(crate) fn spend(&mut self, bytes: usize, factor: usize) -> Result<(), EtfError> {
        self.spent = self.spent.saturating_add(bytes);
        let limit = self.limits.max_term_memory;
        if self.spent > limit && self.spent > self.bytes.len().saturating_mul(factor) {
            return Err(EtfError::TooLarge { offset: self.pos, limit });
        }
        Ok(())
    }

    /// Returns a decoder for other bytes under the same limits.
    pub(crate) fn of_part<'b>(&self, bytes: &'b [u8]) -> Decoder<'b> {
        Decoder {
            bytes,
            pos: 0,
            owner: None,
            limits: self.limits,
            depth: self.depth,
            read_again: self.read_again,
            spent: self.spent,
        }
    }

    /// Skips one term of any depth, checks that it is complete and valid, and returns its bytes.
    #[inline(always)]
    pub fn skip(&mut self) -> Result<&'a [u8], EtfError> {
        let rest = self.remaining();
        // Looked at here and not through `end_of_term`, whose result would go through memory.
        let term = match skip::simple(rest) {
            Some(term) => term,
            None => {
                let end = skip::end_of_term(self.bytes, self.pos)?;
                &self.bytes[self.pos..end]
            }
        };
        self.pos += term.len();
        Ok(term)
    }

    /// Returns the bytes of a valid term that ends at `end` from here on.
    pub(crate) fn bytes_until(&self, end: usize) -> &'a [u8] {
        self.bytes.get(self.pos..end).unwrap_or_default()
    }

    /// Reads one term of any depth without decoding it. A long term shares the received buffer.
    #[inline(always)]
    pub fn raw(&mut self) -> Result<RawTerm, DecodeError> {
        let term = self.skip()?;
        Ok(RawTerm::from_slice(term, self.owner))
    }
}
