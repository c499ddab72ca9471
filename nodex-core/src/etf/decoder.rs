//! A cursor over encoded terms.

use std::borrow::Cow;

use bytes::Bytes;

use super::{EtfError, Kind, Limits, skip, tag};
use crate::{
    convert::DecodeError,
    term::{Atom, Pid, Port, RawTerm, Reference},
};

/// Reads terms one after the other from a byte slice.
///
/// The position moves past what was read; after an error it is unspecified unless [`rewind`](Self::rewind) restores it.
#[derive(Debug, Clone)]
pub struct Decoder<'a> {
    bytes: &'a [u8],
    pos: usize,
    owner: Option<&'a Bytes>,
    limits: Limits,
    depth: u32,
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
    /// A decoder at the start of `bytes`, which hold terms without the version byte 131.
    pub fn new(bytes: &'a [u8]) -> Self {
        Decoder { bytes, pos: 0, owner: None, limits: Limits::default(), depth: 0 }
    }

    /// The same, for bytes that are a slice of `owner`: big binaries and raw terms then share it and are not copied.
    ///
    /// # Panics
    /// [`raw`](Self::raw) and [`shared_binary`](Self::shared_binary) panic when `bytes` are not a slice of `owner`.
    pub fn with_owner(bytes: &'a [u8], owner: &'a Bytes) -> Self {
        Decoder { owner: Some(owner), ..Self::new(bytes) }
    }

    /// With other limits than the default ones.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// The limits in force.
    pub fn current_limits(&self) -> Limits {
        self.limits
    }

    /// Bytes read so far.
    pub fn position(&self) -> usize {
        self.pos
    }

    /// Back to a position that [`position`](Self::position) gave.
    pub fn rewind(&mut self, position: usize) {
        self.pos = position.min(self.bytes.len());
    }

    /// Everything that has not been read yet.
    pub fn remaining(&self) -> &'a [u8] {
        &self.bytes[self.pos..]
    }

    /// True when everything has been read.
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

    /// The kind of the next term, which is not read.
    pub fn peek(&self) -> Result<Kind, EtfError> {
        match self.bytes.get(self.pos) {
            None => Err(EtfError::Truncated { offset: self.pos }),
            Some(&tag::COMPRESSED) => Err(EtfError::Compressed { offset: self.pos }),
            Some(&tag) => Kind::of_tag(tag).ok_or(EtfError::UnknownTag { offset: self.pos, tag }),
        }
    }

    /// The error for a next term of another kind than the one expected; malformed bytes are reported as such.
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
    fn take(&mut self, count: usize) -> Result<&'a [u8], EtfError> {
        match self.bytes.get(self.pos..).and_then(|rest| rest.get(..count)) {
            Some(taken) => {
                self.pos += count;
                Ok(taken)
            }
            None => Err(EtfError::Truncated { offset: self.bytes.len() }),
        }
    }

    #[inline]
    fn array<const N: usize>(&mut self) -> Result<[u8; N], EtfError> {
        match self.bytes.get(self.pos..).and_then(|rest| rest.first_chunk()) {
            Some(taken) => {
                self.pos += N;
                Ok(*taken)
            }
            None => Err(EtfError::Truncated { offset: self.bytes.len() }),
        }
    }

    #[inline]
    fn u8(&mut self) -> Result<u8, EtfError> {
        self.array::<1>().map(|[byte]| byte)
    }

    #[inline]
    fn u16(&mut self) -> Result<u16, EtfError> {
        self.array().map(u16::from_be_bytes)
    }

    #[inline]
    fn u32(&mut self) -> Result<u32, EtfError> {
        self.array().map(u32::from_be_bytes)
    }

    #[inline]
    fn peek_tag(&self) -> u8 {
        // 0 is no tag, so the end of the bytes falls into the error arms, where `mismatch` reports it.
        self.bytes.get(self.pos).copied().unwrap_or(0)
    }

    /// An integer that fits `i128`; others are an error that says so. `expected` names the type in messages.
    pub fn integer(&mut self, expected: &'static str) -> Result<i128, DecodeError> {
        match self.peek_tag() {
            tag::SMALL_INTEGER_EXT => {
                let [_, value] = self.array()?;
                Ok(value.into())
            }
            tag::INTEGER_EXT => {
                let [_, a, b, c, d] = self.array()?;
                Ok(i32::from_be_bytes([a, b, c, d]).into())
            }
            tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => {
                let (negative, digits) = self.big_digits()?;
                let too_big = || DecodeError::mismatch(expected, "integer out of range");
                let significant = digits.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1);
                if significant > 16 {
                    return Err(too_big());
                }
                let mut bytes = [0; 16];
                bytes[..significant].copy_from_slice(&digits[..significant]);
                let magnitude = u128::from_le_bytes(bytes);
                if negative {
                    // -2^127 has no positive twin.
                    0i128.checked_sub_unsigned(magnitude).ok_or_else(too_big)
                } else {
                    i128::try_from(magnitude).map_err(|_| too_big())
                }
            }
            _ => Err(self.mismatch(expected)),
        }
    }

    /// Sign and little-endian magnitude of a big integer.
    pub(crate) fn big_digits(&mut self) -> Result<(bool, &'a [u8]), EtfError> {
        let count = match self.u8()? {
            tag::SMALL_BIG_EXT => usize::from(self.u8()?),
            _ => self.u32()? as usize,
        };
        let offset = self.pos;
        let sign = self.u8()?;
        if sign > 1 {
            return Err(EtfError::Sign { offset, sign });
        }
        Ok((sign == 1, self.take(count)?))
    }

    /// A float. Integers are not taken for floats.
    pub fn float(&mut self) -> Result<f64, DecodeError> {
        let offset = self.pos;
        let value = match self.peek_tag() {
            tag::NEW_FLOAT_EXT => {
                self.pos += 1;
                f64::from_be_bytes(self.array()?)
            }
            tag::FLOAT_EXT => {
                self.pos += 1;
                let text = self.take(31)?;
                let text = text.split(|&byte| byte == 0).next().unwrap_or_default();
                let text = std::str::from_utf8(text).map_err(|_| EtfError::FloatText { offset })?;
                text.trim_start().parse().map_err(|_| EtfError::FloatText { offset })?
            }
            _ => return Err(self.mismatch("float")),
        };
        if value.is_finite() { Ok(value) } else { Err(EtfError::NonFinite { offset }.into()) }
    }

    /// An atom's name, borrowed unless it is Latin-1 with characters over 127.
    pub fn atom_name(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let tag = self.peek_tag();
        if Kind::of_tag(tag) != Some(Kind::Atom) {
            return Err(self.mismatch("atom"));
        }
        let (offset, name) = self.atom_bytes()?;
        if matches!(tag, tag::ATOM_EXT | tag::SMALL_ATOM_EXT) && !name.is_ascii() {
            return Ok(Cow::Owned(name.iter().map(|&byte| char::from(byte)).collect()));
        }
        let name = std::str::from_utf8(name).map_err(|_| EtfError::AtomUtf8 { offset })?;
        Ok(Cow::Borrowed(name))
    }

    /// Start and bytes of an atom; the tag must have been checked.
    fn atom_bytes(&mut self) -> Result<(usize, &'a [u8]), EtfError> {
        let offset = self.pos;
        let len = match self.u8()? {
            tag::SMALL_ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT => usize::from(self.u8()?),
            _ => usize::from(self.u16()?),
        };
        let name = self.take(len)?;
        if len > 255 {
            let characters = name.iter().filter(|&&byte| byte & 0xC0 != 0x80).count();
            if characters > 255 {
                return Err(EtfError::AtomLength { offset, characters });
            }
        }
        Ok((offset, name))
    }

    /// An atom.
    pub fn atom(&mut self) -> Result<Atom, DecodeError> {
        let offset = self.pos;
        let name = self.atom_name()?;
        Atom::new(&name).map_err(|error| EtfError::AtomLength { offset, characters: error.characters }.into())
    }

    /// The arity of a tuple; so many terms follow.
    pub fn tuple(&mut self) -> Result<usize, DecodeError> {
        match self.peek_tag() {
            tag::SMALL_TUPLE_EXT => {
                let [_, arity] = self.array()?;
                Ok(arity.into())
            }
            tag::LARGE_TUPLE_EXT => {
                let [_, a, b, c, d] = self.array()?;
                Ok(u32::from_be_bytes([a, b, c, d]) as usize)
            }
            _ => Err(self.mismatch("tuple")),
        }
    }

    /// The head of a list.
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

    /// The number of pairs of a map; key, value, key, value ... follow.
    pub fn map(&mut self) -> Result<usize, DecodeError> {
        match self.peek_tag() {
            tag::MAP_EXT => {
                self.pos += 1;
                Ok(self.u32()? as usize)
            }
            _ => Err(self.mismatch("map")),
        }
    }

    /// How many elements to make room for when `count` are announced: no more than the bytes that are there can hold.
    pub fn capacity(&self, count: usize, bytes_each: usize) -> usize {
        count.min((self.bytes.len() - self.pos) / bytes_each.max(1))
    }

    /// A binary, borrowed.
    pub fn binary(&mut self) -> Result<&'a [u8], DecodeError> {
        match self.peek_tag() {
            tag::BINARY_EXT => {
                self.pos += 1;
                let len = self.u32()?;
                Ok(self.take(len as usize)?)
            }
            _ => Err(self.mismatch("binary")),
        }
    }

    /// A binary that shares the received buffer where there is one, and is copied otherwise.
    pub fn shared_binary(&mut self) -> Result<Bytes, DecodeError> {
        let binary = self.binary()?;
        Ok(match self.owner {
            Some(owner) => owner.slice_ref(binary),
            None => Bytes::copy_from_slice(binary),
        })
    }

    /// A bit string: its bytes and how many bits of the last one count (1 to 8). A binary counts as one with 8.
    pub fn bit_string(&mut self) -> Result<(&'a [u8], u8), DecodeError> {
        match self.peek_tag() {
            tag::BINARY_EXT => Ok((self.binary()?, 8)),
            tag::BIT_BINARY_EXT => {
                self.pos += 1;
                let len = self.u32()? as usize;
                let offset = self.pos;
                let bits = self.u8()?;
                if bits == 0 || bits > 8 || len == 0 {
                    return Err(EtfError::BitCount { offset, bits }.into());
                }
                Ok((self.take(len)?, bits))
            }
            _ => Err(self.mismatch("bit string")),
        }
    }

    /// A pid.
    pub fn pid(&mut self) -> Result<Pid, DecodeError> {
        let tag = self.peek_tag();
        if !matches!(tag, tag::NEW_PID_EXT | tag::PID_EXT) {
            return Err(self.mismatch("pid"));
        }
        self.pos += 1;
        let node = self.atom()?;
        let (id, serial) = (self.u32()?, self.u32()?);
        let creation = if tag == tag::NEW_PID_EXT { self.u32()? } else { self.u8()?.into() };
        Ok(Pid { node, id, serial, creation })
    }

    /// A port.
    pub fn port(&mut self) -> Result<Port, DecodeError> {
        let tag = self.peek_tag();
        if !matches!(tag, tag::V4_PORT_EXT | tag::NEW_PORT_EXT | tag::PORT_EXT) {
            return Err(self.mismatch("port"));
        }
        self.pos += 1;
        let node = self.atom()?;
        let id = if tag == tag::V4_PORT_EXT { u64::from_be_bytes(self.array()?) } else { self.u32()?.into() };
        let creation = if tag == tag::PORT_EXT { self.u8()?.into() } else { self.u32()? };
        Ok(Port { node, id, creation })
    }

    /// A reference.
    pub fn reference(&mut self) -> Result<Reference, DecodeError> {
        let offset = self.pos;
        let tag = self.peek_tag();
        if !matches!(tag, tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::REFERENCE_EXT) {
            return Err(self.mismatch("reference"));
        }
        self.pos += 1;
        if tag == tag::REFERENCE_EXT {
            let node = self.atom()?;
            let word = self.u32()?;
            let creation = self.u8()?.into();
            return Reference::new(node, creation, &[word])
                .ok_or_else(|| EtfError::ReferenceLength { offset, words: 1 }.into());
        }
        let count = usize::from(self.u16()?);
        let node = self.atom()?;
        let creation = if tag == tag::NEWER_REFERENCE_EXT { self.u32()? } else { self.u8()?.into() };
        if count == 0 || count > Reference::MAX_WORDS {
            return Err(EtfError::ReferenceLength { offset, words: count }.into());
        }
        let mut words = [0; Reference::MAX_WORDS];
        for word in &mut words[..count] {
            *word = self.u32()?;
        }
        Reference::new(node, creation, &words[..count])
            .ok_or_else(|| EtfError::ReferenceLength { offset, words: count }.into())
    }

    /// Passes over one term of any depth, checking that it is whole and valid, and gives its bytes.
    pub fn skip(&mut self) -> Result<&'a [u8], EtfError> {
        let start = self.pos;
        self.pos = skip::end_of_term(self.bytes, start)?;
        Ok(&self.bytes[start..self.pos])
    }

    /// One term of any depth as it is. Long ones share the received buffer where there is one.
    pub fn raw(&mut self) -> Result<RawTerm, DecodeError> {
        let term = self.skip()?;
        Ok(RawTerm::from_slice(term, self.owner))
    }
}
