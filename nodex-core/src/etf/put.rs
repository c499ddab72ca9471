//! Writing terms of a known type.

use bytes::Bytes;

use super::{EncodeError, Encoder, Kind, MAX_ARITY, tag};
use crate::term::{Atom, Held, Pid, Port, RawTerm, Reference};

/// The tag of a term and a number of four bytes.
#[inline(always)]
fn head(tag: u8, number: u32) -> [u8; 5] {
    let [a, b, c, d] = number.to_be_bytes();
    [tag, a, b, c, d]
}

/// A float in its nine bytes.
#[inline(always)]
fn float(value: f64) -> [u8; 9] {
    let [a, b, c, d, e, f, g, h] = value.to_be_bytes();
    [tag::NEW_FLOAT_EXT, a, b, c, d, e, f, g, h]
}

/// Writes an integer in place, and gives how many bytes it takes.
#[inline(always)]
fn integer(place: &mut [u8; 11], value: i64) -> usize {
    if let Ok(small) = u8::try_from(value) {
        place[..2].copy_from_slice(&[tag::SMALL_INTEGER_EXT, small]);
        return 2;
    }
    if let Ok(value) = i32::try_from(value) {
        place[..5].copy_from_slice(&head(tag::INTEGER_EXT, value as u32));
        return 5;
    }
    let magnitude = value.unsigned_abs();
    let significant = 8 - magnitude.leading_zeros() as usize / 8;
    place[..3].copy_from_slice(&[tag::SMALL_BIG_EXT, significant as u8, u8::from(value < 0)]);
    place[3..].copy_from_slice(&magnitude.to_le_bytes());
    3 + significant
}

impl Encoder {
    fn count(kind: Kind, count: usize) -> Result<u32, EncodeError> {
        u32::try_from(count).map_err(|_| EncodeError::TooMany { kind, count })
    }

    /// An atom.
    #[inline]
    pub fn put_atom(&mut self, atom: &Atom) {
        let Some((name, len)) = atom.inline() else { return self.put_atom_bytes(atom.as_bytes()) };
        let mut block = [0; 2 + Atom::INLINE];
        block[..2].copy_from_slice(&[tag::SMALL_ATOM_UTF8_EXT, len]);
        block[2..].copy_from_slice(name);
        self.buf.put_block(&block, 2 + len);
    }

    /// An atom whose name has been found to be short enough.
    #[inline]
    pub(super) fn put_atom_bytes(&mut self, name: &[u8]) {
        // At most 255 characters of at most 4 bytes.
        if name.len() <= 255 {
            self.buf.put_both([tag::SMALL_ATOM_UTF8_EXT, name.len() as u8], name);
        } else {
            let [a, b] = (name.len() as u16).to_be_bytes();
            self.buf.put_both([tag::ATOM_UTF8_EXT, a, b], name);
        }
    }

    /// The head of a tuple of `arity` terms, which follow.
    #[inline]
    pub fn put_tuple(&mut self, arity: usize) -> Result<(), EncodeError> {
        if let Ok(arity) = u8::try_from(arity) {
            self.buf.put([tag::SMALL_TUPLE_EXT, arity]);
        } else {
            if arity > MAX_ARITY {
                return Err(EncodeError::Arity { arity });
            }
            self.buf.put(head(tag::LARGE_TUPLE_EXT, arity as u32));
        }
        Ok(())
    }

    /// The head of a list of `count` terms (at least one), which follow, and then the tail: [`put_nil`](Self::put_nil).
    #[inline]
    pub fn put_list(&mut self, count: usize) -> Result<(), EncodeError> {
        self.buf.put(head(tag::LIST_EXT, Self::count(Kind::List, count)?));
        Ok(())
    }

    /// The empty list.
    #[inline]
    pub fn put_nil(&mut self) {
        self.buf.put([tag::NIL_EXT]);
    }

    /// The head of a map of `count` pairs, which follow. Keys must differ: the caller checks.
    #[inline]
    pub fn put_map(&mut self, count: usize) -> Result<(), EncodeError> {
        self.buf.put(head(tag::MAP_EXT, Self::count(Kind::Map, count)?));
        Ok(())
    }

    /// An integer.
    #[inline]
    pub fn put_i64(&mut self, value: i64) {
        self.buf.put_each(std::iter::once(value), integer);
    }

    /// Integers one after the other.
    #[inline]
    pub(crate) fn put_integers(&mut self, values: impl ExactSizeIterator<Item = i64>) {
        self.buf.put_each(values, integer);
    }

    /// An integer.
    pub fn put_i128(&mut self, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.put_i64(value),
            Err(_) => self.put_big(value < 0, value.unsigned_abs()),
        }
    }

    /// An integer.
    #[inline]
    pub fn put_u128(&mut self, value: u128) {
        match i64::try_from(value) {
            Ok(value) => self.put_i64(value),
            Err(_) => self.put_big(false, value),
        }
    }

    /// A big integer; leading zeros are dropped.
    fn put_big(&mut self, negative: bool, magnitude: u128) {
        let significant = 16 - magnitude.leading_zeros() as usize / 8;
        let head = [tag::SMALL_BIG_EXT, significant as u8, u8::from(negative)];
        self.buf.put_both(head, &magnitude.to_le_bytes()[..significant]);
    }

    /// A float.
    ///
    /// # Errors
    /// When it is not finite.
    #[inline]
    pub fn put_float(&mut self, value: f64) -> Result<(), EncodeError> {
        if !value.is_finite() {
            return Err(EncodeError::NonFinite);
        }
        self.buf.put(float(value));
        Ok(())
    }

    /// Floats one after the other.
    ///
    /// # Errors
    /// When one is not finite.
    pub(crate) fn put_floats(&mut self, values: &[f64]) -> Result<(), EncodeError> {
        if values.iter().any(|value| !value.is_finite()) {
            return Err(EncodeError::NonFinite);
        }
        self.buf.put_each(values.iter(), |place: &mut [u8; 9], &value| {
            *place = float(value);
            9
        });
        Ok(())
    }

    /// A binary, copied.
    #[inline]
    pub fn put_binary(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        self.buf.put_both(head(tag::BINARY_EXT, Self::count(Kind::Binary, bytes.len())?), bytes);
        Ok(())
    }

    /// A binary, shared when it is big.
    pub fn put_shared_binary(&mut self, bytes: &Bytes) -> Result<(), EncodeError> {
        self.buf.put(head(tag::BINARY_EXT, Self::count(Kind::Binary, bytes.len())?));
        self.put_shared(bytes);
        Ok(())
    }

    /// A list of integers from 0 to 255, as short as it can be: `STRING_EXT` up to 65,535 elements.
    pub fn put_byte_list(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        if bytes.is_empty() {
            self.put_nil();
        } else if let Ok(len) = u16::try_from(bytes.len()) {
            let [a, b] = len.to_be_bytes();
            self.buf.put_both([tag::STRING_EXT, a, b], bytes);
        } else {
            self.put_list(bytes.len())?;
            self.put_integers(bytes.iter().map(|&byte| byte.into()));
            self.put_nil();
        }
        Ok(())
    }

    /// A pid.
    pub fn put_pid(&mut self, pid: &Pid) {
        self.buf.put([tag::NEW_PID_EXT]);
        self.put_atom(&pid.node);
        self.put_numbers([pid.id, pid.serial, pid.creation]);
    }

    /// Numbers of four bytes each.
    #[inline]
    pub(super) fn put_numbers<const N: usize>(&mut self, numbers: [u32; N]) {
        numbers.iter().for_each(|number| self.buf.put(number.to_be_bytes()));
    }

    /// A port; in the 64-bit form only where it needs one, because OTP 23 does not know that form.
    pub fn put_port(&mut self, port: &Port) {
        self.put_port_head(port.id);
        self.put_atom(&port.node);
        self.put_port_numbers(port.id, port.creation);
    }

    pub(super) fn put_port_head(&mut self, id: u64) {
        // The old form has 28 bits, and OTP 23 knows no other.
        self.buf.put([if id < 1 << 28 { tag::NEW_PORT_EXT } else { tag::V4_PORT_EXT }]);
    }

    pub(super) fn put_port_numbers(&mut self, id: u64, creation: u32) {
        self.buf.put_slice(&id.to_be_bytes()[if id < 1 << 28 { 4 } else { 0 }..]);
        self.put_numbers([creation]);
    }

    /// A reference.
    pub fn put_reference(&mut self, reference: &Reference) {
        let words = reference.words();
        self.buf.put([tag::NEWER_REFERENCE_EXT, 0, words.len() as u8]);
        self.put_atom(&reference.node);
        self.put_numbers([reference.creation]);
        words.iter().for_each(|&word| self.put_numbers([word]));
    }

    /// A raw term as it is; a long one is shared.
    #[inline(always)]
    pub fn put_raw(&mut self, term: &RawTerm) {
        match term.held() {
            Held::Shared(bytes) => self.put_shared(bytes),
            Held::Inline(words, len) => self.buf.put_words(&words.0, len),
        }
    }
}
