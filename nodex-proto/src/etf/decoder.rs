//! A cursor over encoded terms.

use std::borrow::Cow;

use bytes::Bytes;

use super::{EtfError, Kind, Limits, MAX_ARITY, skip, tag};
use crate::{etf::DecodeError, term::RawTerm};

/// Reads terms one after the other from a byte slice.
///
/// The position moves past what was read; after an error it is unspecified unless [`rewind`](Self::rewind) restores it.
#[derive(Debug, Clone)]
pub struct Decoder<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) pos: usize,
    pub(crate) owner: Option<&'a Bytes>,
    pub(crate) limits: Limits,
    pub(crate) depth: u32,
    /// Bytes read again by untagged enums.
    pub(crate) read_again: usize,
    /// Bytes of memory that what was decoded so far takes.
    pub(crate) spent: usize,
}

/// The head of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List<'a> {
    /// `STRING_EXT`: all elements, as bytes. No tail follows. Empty for `NIL_EXT`.
    Bytes(&'a [u8]),
    /// `LIST_EXT`: so many elements follow, then the tail; finish with [`Decoder::list_tail`].
    Elements(usize),
}

impl<'a> Decoder<'a> {
    /// Creates a decoder at the start of `bytes`, which hold terms without the version byte 131.
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

    /// At a position of `bytes` that is not beyond their end.
    #[inline(always)]
    #[doc(hidden)]
    pub fn at(bytes: &'a [u8], pos: usize, owner: Option<&'a Bytes>) -> Self {
        Decoder { bytes, pos, owner, limits: Limits::default(), depth: 0, read_again: 0, spent: 0 }
    }

    /// With other limits than the default ones.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Returns the limits in force.
    pub fn current_limits(&self) -> Limits {
        self.limits
    }

    /// Returns all bytes, those that were read included.
    #[doc(hidden)]
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// What the bytes are a slice of.
    #[doc(hidden)]
    pub fn owner(&self) -> Option<&'a Bytes> {
        self.owner
    }

    /// Returns bytes read so far.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Back to a position that [`position`](Self::position) gave.
    pub fn rewind(&mut self, position: usize) {
        self.pos = position.min(self.bytes.len());
    }

    /// As [`rewind`](Self::rewind), for reading the same bytes as another type. Types that do so may be nested in each
    /// other, and then the work would double with every level; so it is counted, and refused beyond 64 KiB and 64 times
    /// the bytes there are.
    pub(crate) fn read_again_from(&mut self, position: usize) -> Result<(), EtfError> {
        let limit = self.bytes.len().saturating_mul(64).saturating_add(64 << 10);
        self.read_again += self.pos.saturating_sub(position) + 1;
        self.rewind(position);
        if self.read_again > limit { Err(EtfError::ReadAgain { offset: position, limit }) } else { Ok(()) }
    }

    /// Returns everything that has not been read yet.
    pub fn remaining(&self) -> &'a [u8] {
        &self.bytes[self.pos..]
    }

    /// Returns `true` when everything has been read.
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

    /// An error unless everything has been read.
    pub fn finish(&self) -> Result<(), DecodeError> {
        match self.bytes.len() - self.pos {
            0 => Ok(()),
            count => Err(EtfError::TrailingBytes { offset: self.pos, count }.into()),
        }
    }

    /// Returns the kind of the next term, which is not read.
    pub fn peek(&self) -> Result<Kind, EtfError> {
        match self.bytes.get(self.pos) {
            None => Err(EtfError::Truncated { offset: self.pos }),
            Some(&tag::COMPRESSED) => Err(EtfError::Compressed { offset: self.pos }),
            Some(&tag) => Kind::of_tag(tag).ok_or(EtfError::UnknownTag { offset: self.pos, tag }),
        }
    }

    /// Returns the error for a next term of another kind than the one expected; malformed bytes are reported as such.
    #[cold]
    pub fn mismatch(&self, expected: impl Into<Cow<'static, str>>) -> DecodeError {
        match self.peek() {
            Ok(found) => DecodeError::mismatch(expected, found.name()),
            Err(error) => error.into(),
        }
    }

    /// Counts one level of nesting around `read`. Every [`FromTerm`](crate::convert::FromTerm) that can contain
    /// itself (boxes, vectors, maps) reads its contents through this.
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

    /// Reads the arity of a tuple; so many terms follow.
    pub fn tuple(&mut self) -> Result<usize, DecodeError> {
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
    pub fn list(&mut self) -> Result<List<'a>, DecodeError> {
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

    /// The end of a proper list after its last element.
    pub fn list_tail(&mut self) -> Result<(), DecodeError> {
        match self.peek_tag() {
            tag::NIL_EXT => {
                self.pos += 1;
                Ok(())
            }
            _ => match self.peek() {
                Ok(_) => Err(DecodeError::mismatch("list", "improper list")),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// Reads the number of pairs of a map; key, value, key, value ... follow.
    pub fn map(&mut self) -> Result<usize, DecodeError> {
        match self.peek_tag() {
            tag::MAP_EXT => {
                self.pos += 1;
                Ok(self.u32()? as usize)
            }
            _ => Err(self.mismatch("map")),
        }
    }

    /// Returns how many elements to make room for when `count` are announced: no more than the bytes that are there can
    /// hold.
    pub fn capacity(&self, count: usize, bytes_each: usize) -> usize {
        count.min((self.bytes.len() - self.pos) / bytes_each.max(1))
    }

    /// Returns an empty vector with room for `count` elements, each of which is still to be read.
    ///
    /// # Errors
    /// Returns an error when fewer bytes than elements follow, or when it would take more memory than allowed: what is
    /// decoded of one message may take [`Limits::max_term_memory`], or eight times the length of the message if that is
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

    /// Skips one term of any depth, checking that it is whole and valid, and returns its bytes.
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

    /// One term of any depth as it is. Long ones share the received buffer where there is one.
    #[inline(always)]
    pub fn raw(&mut self) -> Result<RawTerm, DecodeError> {
        let term = self.skip()?;
        Ok(RawTerm::from_slice(term, self.owner))
    }
}
