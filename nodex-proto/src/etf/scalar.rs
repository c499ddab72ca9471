//! Reading floats, atoms, binaries and bit strings.

use std::borrow::Cow;

use bytes::Bytes;

use super::{Decoder, EtfError, Kind, ascii::short_name, float_text, tag};
use crate::{
    etf::DecodeError,
    term::{Atom, MAX_ATOM_CHARACTERS, is_shared},
};

fn check_length(characters: usize, offset: usize) -> Result<(), EtfError> {
    if characters > MAX_ATOM_CHARACTERS { Err(EtfError::AtomLength { offset, characters }) } else { Ok(()) }
}

/// What an encoded float is, if it is one and finite.
#[inline(always)]
fn finite(&[tag, a, b, c, d, e, f, g, h]: &[u8; 9]) -> Option<f64> {
    let value = f64::from_be_bytes([a, b, c, d, e, f, g, h]);
    (tag == tag::NEW_FLOAT_EXT && value.is_finite()).then_some(value)
}

impl<'a> Decoder<'a> {
    /// Reads a float. An integer is an error.
    pub fn float(&mut self) -> Result<f64, DecodeError> {
        let offset = self.pos;
        let value = match self.peek_tag() {
            tag::NEW_FLOAT_EXT => {
                self.pos += 1;
                f64::from_be_bytes(self.array()?)
            }
            tag::FLOAT_EXT => {
                self.pos += 1;
                float_text(self.take(31)?).ok_or(EtfError::FloatText { offset })?
            }
            _ => return Err(self.mismatch("float")),
        };
        if value.is_finite() { Ok(value) } else { Err(EtfError::NonFinite { offset }.into()) }
    }

    /// Appends up to `count` floats, as long as the next term is one in the common form.
    pub(crate) fn floats(&mut self, count: usize, all: &mut Vec<f64>) {
        let (chunks, _) = self.remaining().as_chunks::<9>();
        let chunks = &chunks[..count.min(chunks.len())];
        let start = all.len();
        let mut right = true;
        // One pass without branches; that one is wrong is rare.
        all.extend(chunks.iter().map(|&[tag, a, b, c, d, e, f, g, h]| {
            let value = f64::from_be_bytes([a, b, c, d, e, f, g, h]);
            right &= (tag == tag::NEW_FLOAT_EXT) & value.is_finite();
            value
        }));
        let read = if right { chunks.len() } else { chunks.iter().take_while(|chunk| finite(chunk).is_some()).count() };
        all.truncate(start + read);
        self.pos += 9 * read;
    }

    /// Reads an atom and returns its name, borrowed unless it is Latin-1 with characters over 127.
    pub fn atom_name(&mut self) -> Result<Cow<'a, str>, DecodeError> {
        let tag = self.peek_tag();
        if Kind::of_tag(tag) != Some(Kind::Atom) {
            return Err(self.mismatch("atom"));
        }
        let (offset, name) = self.atom_bytes(tag)?;
        if matches!(tag, tag::ATOM_EXT | tag::SMALL_ATOM_EXT) && !name.is_ascii() {
            check_length(name.len(), offset)?;
            return Ok(Cow::Owned(name.iter().map(|&byte| char::from(byte)).collect()));
        }
        let text = std::str::from_utf8(name).map_err(|_| EtfError::AtomUtf8 { offset })?;
        if name.len() > MAX_ATOM_CHARACTERS {
            check_length(text.chars().count(), offset)?;
        }
        Ok(Cow::Borrowed(text))
    }

    /// Start and bytes of an atom; the tag must have been checked.
    #[inline]
    fn atom_bytes(&mut self, tag: u8) -> Result<(usize, &'a [u8]), EtfError> {
        let offset = self.pos;
        self.pos += 1;
        let len = match tag {
            tag::SMALL_ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT => usize::from(self.u8()?),
            _ => usize::from(self.u16()?),
        };
        Ok((offset, self.take(len)?))
    }

    /// Reads the atom of this name, if it is the next term. Returns `false`, and reads nothing, otherwise.
    #[inline]
    pub fn take_atom(&mut self, name: &str) -> bool {
        let rest = &self.bytes[self.pos..];
        if let [tag::SMALL_ATOM_UTF8_EXT, len, rest @ ..] = rest {
            let same = usize::from(*len) == name.len() && rest.starts_with(name.as_bytes());
            self.pos += if same { 2 + name.len() } else { 0 };
            return same;
        }
        let (start, kind) = (self.pos, self.peek());
        let same = kind == Ok(Kind::Atom) && self.atom_name().is_ok_and(|found| found == name);
        if !same {
            self.pos = start;
        }
        same
    }

    /// Returns `false` if the next term is surely not the atom of this name.
    #[inline]
    pub(crate) fn may_be_atom(&self, name: &str) -> bool {
        match self.remaining() {
            [tag::SMALL_ATOM_UTF8_EXT, len, rest @ ..] => {
                usize::from(*len) == name.len() && rest.starts_with(name.as_bytes())
            }
            // Other forms are rare.
            _ => true,
        }
    }

    /// Reads an atom.
    #[inline(always)]
    pub fn atom(&mut self) -> Result<Atom, DecodeError> {
        if let [tag::SMALL_ATOM_UTF8_EXT, len, rest @ ..] = self.remaining() {
            let atom = match short_name(rest, *len) {
                Some(name) => Some(Atom::from_ascii(name, *len)),
                None => rest.get(..usize::from(*len)).and_then(Atom::of_one_word),
            };
            if let Some(atom) = atom {
                self.pos += 2 + usize::from(*len);
                return Ok(atom);
            }
        }
        self.any_atom()
    }

    #[inline(never)]
    fn any_atom(&mut self) -> Result<Atom, DecodeError> {
        // Near the end of a message fewer bytes follow than could be copied whole.
        if let [tag::SMALL_ATOM_UTF8_EXT, len, rest @ ..] = self.remaining()
            && let Some(atom) = rest.get(..usize::from(*len)).and_then(Atom::of_ascii)
        {
            self.pos += 2 + usize::from(*len);
            return Ok(atom);
        }
        let offset = self.pos;
        let name = self.atom_name()?;
        Atom::new(&name).map_err(|error| EtfError::AtomLength { offset, characters: error.characters }.into())
    }

    /// Reads a binary and returns its bytes, borrowed.
    #[inline]
    pub fn binary(&mut self) -> Result<&'a [u8], DecodeError> {
        if let [tag::BINARY_EXT, a, b, c, d, ref rest @ ..] = *self.remaining()
            && let Some(binary) = rest.get(..u32::from_be_bytes([a, b, c, d]) as usize)
        {
            self.pos += 5 + binary.len();
            return Ok(binary);
        }
        self.no_binary()
    }

    #[cold]
    fn no_binary(&mut self) -> Result<&'a [u8], DecodeError> {
        match self.peek_tag() {
            tag::BINARY_EXT => {
                self.pos += 1;
                let len = self.u32()?;
                Ok(self.take(len as usize)?)
            }
            _ => Err(self.mismatch("binary")),
        }
    }

    /// Reads a binary. If it is a large part of the received buffer, it shares it (see
    /// [`SHARE_MIN`](super::SHARE_MIN)); otherwise it is copied.
    pub fn shared_binary(&mut self) -> Result<Bytes, DecodeError> {
        let binary = self.binary()?;
        Ok(match self.owner {
            Some(owner) if is_shared(binary.len(), owner) => owner.slice_ref(binary),
            _ => Bytes::copy_from_slice(binary),
        })
    }

    /// Reads a bit string, and returns its bytes and the number of used bits in the last one, 1 to 8. A binary is a bit
    /// string with 8.
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
}
