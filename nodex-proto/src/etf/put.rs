//! Writing terms.

use bytes::Bytes;

use super::{
    EncodeError, Encoder, Kind, MAX_ARITY, tag,
    write_buf::{SHORT, WriteBuf, head_and_node, numbers, short},
};
use crate::term::{Atom, Held, MAX_ATOM_CHARACTERS, Pid, Port, RawTerm, Reference};

/// Writes a float in place, and returns how many bytes it takes.
#[inline(always)]
pub(super) fn float(place: &mut [u8; 9], value: f64) -> usize {
    place[0] = tag::NEW_FLOAT_EXT;
    place[1..].copy_from_slice(&value.to_be_bytes());
    9
}

/// Where there is no room yet.
#[cold]
#[inline(never)]
fn put_float(out: &mut WriteBuf, value: f64) {
    let mut place = [0; 9];
    float(&mut place, value);
    out.put_bytes(&place);
}

/// Writes an integer in place, and returns how many bytes it takes.
#[inline(always)]
pub(super) fn integer(place: &mut [u8; 11], value: i64) -> usize {
    if let Ok(small) = u8::try_from(value) {
        place[..2].copy_from_slice(&[tag::SMALL_INTEGER_EXT, small]);
        return 2;
    }
    if let Ok(value) = i32::try_from(value) {
        place[0] = tag::INTEGER_EXT;
        place[1..5].copy_from_slice(&value.to_be_bytes());
        return 5;
    }
    let magnitude = value.unsigned_abs();
    let significant = 8 - magnitude.leading_zeros() as usize / 8;
    place[..3].copy_from_slice(&[tag::SMALL_BIG_EXT, significant as u8, u8::from(value < 0)]);
    place[3..].copy_from_slice(&magnitude.to_le_bytes());
    3 + significant
}

/// Where there is no room yet.
#[cold]
#[inline(never)]
fn put_integer(out: &mut WriteBuf, value: i64) {
    let mut place = [0; 11];
    let len = integer(&mut place, value);
    out.put_bytes(&place[..len]);
}

/// Numbers of four bytes each.
pub(super) fn put_numbers(out: &mut WriteBuf, numbers: &[u32]) {
    numbers.iter().for_each(|number| out.put(number.to_be_bytes()));
}

/// An atom whose name has been found to be short enough for one.
#[inline(never)]
fn put_long_atom(out: &mut WriteBuf, name: &[u8]) {
    // At most 255 characters of at most 4 bytes.
    match u8::try_from(name.len()) {
        Ok(len) => out.put_long(tag::SMALL_ATOM_UTF8_EXT, [len], name),
        Err(_) => out.put_long(tag::ATOM_UTF8_EXT, (name.len() as u16).to_be_bytes(), name),
    }
}

/// How many integers or floats are written after one check of room.
const AT_ONCE: usize = 8;

/// True if all of these take a tag and four bytes each.
#[inline(always)]
fn all_of_four_bytes(values: &[i64; AT_ONCE]) -> bool {
    let wide = values.iter().fold(0, |wide, &value| wide | (value.wrapping_add(1 << 31) as u64 >> 32));
    wide == 0 && values.iter().all(|&value| value as u64 > 255)
}

impl Encoder {
    fn count(kind: Kind, count: usize) -> Result<u32, EncodeError> {
        u32::try_from(count).map_err(|_| EncodeError::too_many(kind, count))
    }

    /// Appends an atom.
    #[inline(always)]
    pub fn put_atom(&mut self, atom: &Atom) {
        let Some((name, len)) = atom.inline() else { return self.put_long_name(atom.as_bytes()) };
        let Some(place) = self.buf.spare::<{ 2 + Atom::INLINE }>() else {
            return put_long_atom(&mut self.buf, &name[..usize::from(len)]);
        };
        place[..2].copy_from_slice(&[tag::SMALL_ATOM_UTF8_EXT, len]);
        // What follows the name is copied as well, because then there is nothing to decide.
        place[2..].copy_from_slice(name);
        self.buf.advance(2 + usize::from(len));
    }

    /// An atom whose name is not kept in the [`Atom`].
    #[inline]
    fn put_long_name(&mut self, name: &[u8]) {
        match self.buf.spare().and_then(|place| short(place, tag::SMALL_ATOM_UTF8_EXT, [name.len() as u8], name)) {
            Some(count) => self.buf.advance(count),
            None => put_long_atom(&mut self.buf, name),
        }
    }

    /// Appends an atom with this name.
    ///
    /// # Errors
    /// Returns an error when the name has more than 255 characters.
    pub fn put_atom_name(&mut self, name: &str) -> Result<(), EncodeError> {
        if name.len() <= SHORT {
            self.buf.put_piece(tag::SMALL_ATOM_UTF8_EXT, [name.len() as u8], name.as_bytes());
            return Ok(());
        }
        if name.len() > MAX_ATOM_CHARACTERS {
            let characters = name.chars().count();
            if characters > MAX_ATOM_CHARACTERS {
                return Err(EncodeError::AtomLength { characters });
            }
        }
        put_long_atom(&mut self.buf, name.as_bytes());
        Ok(())
    }

    /// Appends the head of a tuple of `arity` terms, which must follow.
    #[inline]
    pub fn put_tuple(&mut self, arity: usize) -> Result<(), EncodeError> {
        if let Ok(arity) = u8::try_from(arity) {
            self.buf.put([tag::SMALL_TUPLE_EXT, arity]);
        } else {
            if arity > MAX_ARITY {
                return Err(EncodeError::Arity { arity });
            }
            self.buf.put_head(tag::LARGE_TUPLE_EXT, arity as u32);
        }
        Ok(())
    }

    /// Appends the head of a list of `count` terms, at least one, which must follow, and then the tail:
    /// [`put_nil`](Self::put_nil) for a proper list.
    #[inline]
    pub fn put_list(&mut self, count: usize) -> Result<(), EncodeError> {
        self.buf.put_head(tag::LIST_EXT, Self::count(Kind::List, count)?);
        Ok(())
    }

    /// Appends the empty list.
    #[inline]
    pub fn put_nil(&mut self) {
        self.buf.put([tag::NIL_EXT]);
    }

    /// Appends the head of a map of `count` pairs, which must follow. The keys must differ, which is not checked.
    #[inline]
    pub fn put_map(&mut self, count: usize) -> Result<(), EncodeError> {
        self.buf.put_head(tag::MAP_EXT, Self::count(Kind::Map, count)?);
        Ok(())
    }

    /// Appends an integer.
    #[inline]
    pub fn put_i64(&mut self, value: i64) {
        let Some(place) = self.buf.spare() else { return put_integer(&mut self.buf, value) };
        let count = integer(place, value);
        self.buf.advance(count);
    }

    /// Appends integers one after the other.
    #[inline]
    pub(crate) fn put_integers<T: Copy>(&mut self, values: &[T], as_i64: impl Fn(T) -> i64) {
        let (blocks, rest) = values.as_chunks::<AT_ONCE>();
        for block in blocks {
            let block = block.map(&as_i64);
            if all_of_four_bytes(&block) {
                let Some(place) = self.buf.spare::<{ 5 * AT_ONCE }>() else {
                    block.iter().for_each(|&value| put_integer(&mut self.buf, value));
                    continue;
                };
                for (place, value) in place.as_chunks_mut::<5>().0.iter_mut().zip(block) {
                    place[0] = tag::INTEGER_EXT;
                    place[1..].copy_from_slice(&(value as i32).to_be_bytes());
                }
                self.buf.advance(5 * AT_ONCE);
            } else {
                block.iter().for_each(|&value| self.put_i64(value));
            }
        }
        rest.iter().for_each(|&value| self.put_i64(as_i64(value)));
    }

    /// Appends an integer.
    pub fn put_i128(&mut self, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.put_i64(value),
            Err(_) => self.put_big(value < 0, value.unsigned_abs()),
        }
    }

    /// Appends an integer.
    #[inline]
    pub(crate) fn put_u64(&mut self, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.put_i64(value),
            Err(_) => self.put_big(false, value.into()),
        }
    }

    /// Appends an integer.
    pub fn put_u128(&mut self, value: u128) {
        match i64::try_from(value) {
            Ok(value) => self.put_i64(value),
            Err(_) => self.put_big(false, value),
        }
    }

    /// Appends a big integer without leading zeros.
    #[cold]
    fn put_big(&mut self, negative: bool, magnitude: u128) {
        let significant = 16 - magnitude.leading_zeros() as usize / 8;
        let head = [significant as u8, u8::from(negative)];
        self.buf.put_long(tag::SMALL_BIG_EXT, head, &magnitude.to_le_bytes()[..significant]);
    }

    /// Appends a float.
    ///
    /// # Errors
    /// Returns an error when it is not finite.
    #[inline]
    pub fn put_float(&mut self, value: f64) -> Result<(), EncodeError> {
        if !value.is_finite() {
            return Err(EncodeError::NonFinite);
        }
        match self.buf.spare() {
            Some(place) => {
                let count = float(place, value);
                self.buf.advance(count);
            }
            None => put_float(&mut self.buf, value),
        }
        Ok(())
    }

    /// Appends floats one after the other.
    ///
    /// # Errors
    /// Returns an error when one is not finite.
    pub(crate) fn put_floats(&mut self, values: &[f64]) -> Result<(), EncodeError> {
        // All of them, or the compiler could not look at several at once.
        if !values.iter().fold(true, |finite, value| finite & value.is_finite()) {
            return Err(EncodeError::NonFinite);
        }
        let (blocks, rest) = values.as_chunks::<AT_ONCE>();
        for block in blocks {
            let Some(place) = self.buf.spare::<{ 9 * AT_ONCE }>() else {
                block.iter().for_each(|&value| put_float(&mut self.buf, value));
                continue;
            };
            place.as_chunks_mut().0.iter_mut().zip(block).for_each(|(place, &value)| {
                float(place, value);
            });
            self.buf.advance(9 * AT_ONCE);
        }
        rest.iter().try_for_each(|&value| self.put_float(value))
    }

    /// Appends a binary.
    #[inline(always)]
    pub fn put_binary(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        if bytes.len() > SHORT {
            return self.put_long_binary(bytes);
        }
        self.buf.put_piece(tag::BINARY_EXT, (bytes.len() as u32).to_be_bytes(), bytes);
        Ok(())
    }

    #[inline(never)]
    fn put_long_binary(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let len = Self::count(Kind::Binary, bytes.len())?;
        self.buf.put_long(tag::BINARY_EXT, len.to_be_bytes(), bytes);
        Ok(())
    }

    /// Appends a binary, which is shared and not copied when it is large.
    pub fn put_shared_binary(&mut self, bytes: &Bytes) -> Result<(), EncodeError> {
        self.buf.put_head(tag::BINARY_EXT, Self::count(Kind::Binary, bytes.len())?);
        self.put_shared(bytes);
        Ok(())
    }

    /// Appends a list of integers from 0 to 255 in its shortest form: `STRING_EXT` up to 65,535 elements.
    pub fn put_byte_list(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        if bytes.is_empty() {
            self.put_nil();
        } else if let Ok(len) = u16::try_from(bytes.len()) {
            self.buf.put_long(tag::STRING_EXT, len.to_be_bytes(), bytes);
        } else {
            self.put_list(bytes.len())?;
            self.put_integers(bytes, i64::from);
            self.put_nil();
        }
        Ok(())
    }

    /// Appends a pid.
    pub fn put_pid(&mut self, pid: &Pid) {
        let (node, all) = (pid.node.as_bytes(), [pid.id, pid.serial, pid.creation]);
        let write = |place: &mut _| {
            let at = head_and_node(place, [tag::NEW_PID_EXT], node)?;
            numbers(place, at, &all)
        };
        match self.buf.spare().and_then(write) {
            Some(count) => self.buf.advance(count),
            None => {
                self.buf.put([tag::NEW_PID_EXT]);
                put_long_atom(&mut self.buf, node);
                put_numbers(&mut self.buf, &all);
            }
        }
    }

    /// Appends a port, in the 64-bit form only if necessary, because OTP 23 does not know that form.
    pub fn put_port(&mut self, port: &Port) {
        self.put_port_head(port.id);
        self.put_atom(&port.node);
        self.put_port_numbers(port.id, port.creation);
    }

    pub(super) fn put_port_head(&mut self, id: u64) {
        // The old form has 28 bits, and OTP 23 knows no other.
        self.put_u8(if id < 1 << 28 { tag::NEW_PORT_EXT } else { tag::V4_PORT_EXT });
    }

    pub(super) fn put_port_numbers(&mut self, id: u64, creation: u32) {
        self.buf.put_slice(&id.to_be_bytes()[if id < 1 << 28 { 4 } else { 0 }..]);
        put_numbers(&mut self.buf, &[creation]);
    }

    /// Appends a reference.
    pub fn put_reference(&mut self, reference: &Reference) {
        let (node, creation, words) = (reference.node.as_bytes(), reference.creation, reference.words());
        let head = [tag::NEWER_REFERENCE_EXT, 0, words.len() as u8];
        let write = |place: &mut _| {
            let at = head_and_node(place, head, node)?;
            let at = numbers(place, at, &[creation])?;
            numbers(place, at, words)
        };
        match self.buf.spare().and_then(write) {
            Some(count) => self.buf.advance(count),
            None => {
                self.buf.put(head);
                put_long_atom(&mut self.buf, node);
                put_numbers(&mut self.buf, &[creation]);
                put_numbers(&mut self.buf, words);
            }
        }
    }

    /// Appends a raw term. A long one is shared and not copied.
    #[inline(always)]
    pub fn put_raw(&mut self, term: &RawTerm) {
        match term.held() {
            Held::Shared(bytes) => self.put_shared(bytes),
            Held::Inline(words, len) => self.buf.put_words(&words.0, len),
        }
    }
}
