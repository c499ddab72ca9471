//! Output: encoded terms, with big binaries spliced in and not copied.

use std::io::IoSlice;

use bytes::Bytes;

use super::{EncodeError, Kind, MAX_ARITY, tag};
use crate::term::{Atom, Held, Pid, Port, RawTerm, Reference};

/// Binaries from this size on are spliced in: below it a copy costs less than one more entry of a vectored write.
const SPLICE_MIN: usize = 16 * 1024;

/// Append-only output of encoded terms.
///
/// Bytes up to the last splice are `buf[..at] ++ shared ++ buf[at..] ..`. Nothing here adds a version byte 131.
#[derive(Debug, Default, Clone)]
pub struct Encoder {
    buf: Vec<u8>,
    splices: Vec<Splice>,
    spliced: usize,
}

#[derive(Debug, Clone)]
struct Splice {
    /// Position in `buf` in front of which `bytes` stand.
    at: usize,
    bytes: Bytes,
}

/// A state of an [`Encoder`] to go back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    buf: usize,
    splices: usize,
    spliced: usize,
}

impl Encoder {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Bytes in all, spliced ones included.
    pub fn len(&self) -> usize {
        self.buf.len() + self.spliced
    }

    /// True when nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The state now.
    pub fn mark(&self) -> Mark {
        Mark { buf: self.buf.len(), splices: self.splices.len(), spliced: self.spliced }
    }

    /// Takes back everything written since `mark`.
    pub fn rollback(&mut self, mark: Mark) {
        self.buf.truncate(mark.buf);
        self.splices.truncate(mark.splices);
        self.spliced = mark.spliced;
    }

    /// How many bytes were written since `mark`.
    pub fn written_since(&self, mark: Mark) -> usize {
        self.len() - (mark.buf + mark.spliced)
    }

    /// A copy of what was written since `mark`.
    pub(crate) fn copy_since(&self, mark: Mark) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.written_since(mark));
        let mut from = mark.buf;
        for splice in &self.splices[mark.splices..] {
            all.extend_from_slice(&self.buf[from..splice.at]);
            all.extend_from_slice(&splice.bytes);
            from = splice.at;
        }
        all.extend_from_slice(&self.buf[from..]);
        all
    }

    /// Overwrites four bytes that were written at `mark`, big-endian.
    pub fn patch_u32(&mut self, mark: Mark, value: u32) {
        if let Some(place) = self.buf.get_mut(mark.buf..mark.buf + 4) {
            place.copy_from_slice(&value.to_be_bytes());
        }
    }

    /// Empties it, keeping its memory for the next use.
    pub fn clear(&mut self) {
        self.buf.clear();
        self.splices.clear();
        self.spliced = 0;
    }

    /// Gives back memory beyond `capacity` bytes.
    pub fn shrink_to(&mut self, capacity: usize) {
        self.buf.shrink_to(capacity);
    }

    /// All pieces in order, empty ones left out.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        let mut from = 0;
        self.splices
            .iter()
            .flat_map(move |splice| {
                let own = &self.buf[from..splice.at];
                from = splice.at;
                [own, &splice.bytes[..]]
            })
            .chain(std::iter::once(&self.buf[self.splices.last().map_or(0, |splice| splice.at)..]))
            .filter(|chunk| !chunk.is_empty())
    }

    /// Fills `slices` for a vectored write, starting `skip` bytes in; gives how many were filled.
    pub fn io_slices<'a>(&'a self, mut skip: usize, slices: &mut [IoSlice<'a>]) -> usize {
        let mut filled = 0;
        for chunk in self.chunks() {
            if skip >= chunk.len() {
                skip -= chunk.len();
                continue;
            }
            let Some(slot) = slices.get_mut(filled) else { break };
            *slot = IoSlice::new(&chunk[skip..]);
            skip = 0;
            filled += 1;
        }
        filled
    }

    /// Everything in one piece.
    pub fn to_vec(&self) -> Vec<u8> {
        let mut all = Vec::with_capacity(self.len());
        self.chunks().for_each(|chunk| all.extend_from_slice(chunk));
        all
    }

    /// Appends all of `other`, sharing its splices.
    pub fn append(&mut self, other: &Encoder) {
        let base = self.buf.len();
        self.buf.extend_from_slice(&other.buf);
        self.splices.extend(other.splices.iter().map(|s| Splice { at: base + s.at, bytes: s.bytes.clone() }));
        self.spliced += other.spliced;
    }

    /// Appends bytes as they are. For protocol headers and terms known to be valid.
    #[inline]
    pub fn put_slice(&mut self, bytes: &[u8]) {
        self.buf.extend_from_slice(bytes);
    }

    /// Appends bytes as they are.
    pub(super) fn extend(&mut self, bytes: impl Iterator<Item = u8>) {
        self.buf.extend(bytes);
    }

    /// Appends one byte as it is.
    #[inline]
    pub fn put_u8(&mut self, byte: u8) {
        self.buf.push(byte);
    }

    /// Appends shared bytes as they are, without a copy when there are many.
    pub fn put_shared(&mut self, bytes: &Bytes) {
        if bytes.len() < SPLICE_MIN {
            self.buf.extend_from_slice(bytes);
        } else {
            self.splices.push(Splice { at: self.buf.len(), bytes: bytes.clone() });
            self.spliced += bytes.len();
        }
    }

    fn count(kind: Kind, count: usize) -> Result<u32, EncodeError> {
        u32::try_from(count).map_err(|_| EncodeError::TooMany { kind, count })
    }

    /// An atom.
    #[inline]
    pub fn put_atom(&mut self, atom: &Atom) {
        self.put_atom_bytes(atom.as_bytes());
    }

    /// An atom whose name has been found to be short enough.
    pub(super) fn put_atom_bytes(&mut self, name: &[u8]) {
        // At most 255 characters of at most 4 bytes.
        if name.len() <= 255 {
            self.buf.extend_from_slice(&[tag::SMALL_ATOM_UTF8_EXT, name.len() as u8]);
        } else {
            self.buf.push(tag::ATOM_UTF8_EXT);
            self.buf.extend_from_slice(&(name.len() as u16).to_be_bytes());
        }
        self.buf.extend_from_slice(name);
    }

    /// The head of a tuple of `arity` terms, which follow.
    pub fn put_tuple(&mut self, arity: usize) -> Result<(), EncodeError> {
        if let Ok(arity) = u8::try_from(arity) {
            self.buf.extend_from_slice(&[tag::SMALL_TUPLE_EXT, arity]);
        } else {
            if arity > MAX_ARITY {
                return Err(EncodeError::Arity { arity });
            }
            self.buf.push(tag::LARGE_TUPLE_EXT);
            self.buf.extend_from_slice(&(arity as u32).to_be_bytes());
        }
        Ok(())
    }

    /// The head of a list of `count` terms (at least one), which follow, and then the tail: [`put_nil`](Self::put_nil).
    pub fn put_list(&mut self, count: usize) -> Result<(), EncodeError> {
        let count = Self::count(Kind::List, count)?;
        self.buf.push(tag::LIST_EXT);
        self.buf.extend_from_slice(&count.to_be_bytes());
        Ok(())
    }

    /// The empty list.
    pub fn put_nil(&mut self) {
        self.buf.push(tag::NIL_EXT);
    }

    /// The head of a map of `count` pairs, which follow. Keys must differ: the caller checks.
    pub fn put_map(&mut self, count: usize) -> Result<(), EncodeError> {
        let count = Self::count(Kind::Map, count)?;
        self.buf.push(tag::MAP_EXT);
        self.buf.extend_from_slice(&count.to_be_bytes());
        Ok(())
    }

    /// An integer.
    pub fn put_i64(&mut self, value: i64) {
        if let Ok(small) = u8::try_from(value) {
            self.buf.extend_from_slice(&[tag::SMALL_INTEGER_EXT, small]);
        } else if let Ok(int) = i32::try_from(value) {
            self.buf.push(tag::INTEGER_EXT);
            self.buf.extend_from_slice(&int.to_be_bytes());
        } else {
            self.put_big(value < 0, &value.unsigned_abs().to_le_bytes());
        }
    }

    /// An integer.
    pub fn put_i128(&mut self, value: i128) {
        match i64::try_from(value) {
            Ok(value) => self.put_i64(value),
            Err(_) => self.put_big(value < 0, &value.unsigned_abs().to_le_bytes()),
        }
    }

    /// An integer.
    pub fn put_u128(&mut self, value: u128) {
        match i64::try_from(value) {
            Ok(value) => self.put_i64(value),
            Err(_) => self.put_big(false, &value.to_le_bytes()),
        }
    }

    /// A big integer of at most 16 bytes; leading zeros are dropped.
    fn put_big(&mut self, negative: bool, digits: &[u8]) {
        let significant = digits.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1);
        self.buf.extend_from_slice(&[tag::SMALL_BIG_EXT, significant as u8, u8::from(negative)]);
        self.buf.extend_from_slice(&digits[..significant]);
    }

    /// A float.
    ///
    /// # Errors
    /// When it is not finite.
    pub fn put_float(&mut self, value: f64) -> Result<(), EncodeError> {
        if !value.is_finite() {
            return Err(EncodeError::NonFinite);
        }
        self.buf.push(tag::NEW_FLOAT_EXT);
        self.buf.extend_from_slice(&value.to_be_bytes());
        Ok(())
    }

    /// A binary, copied.
    pub fn put_binary(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let len = Self::count(Kind::Binary, bytes.len())?;
        self.buf.push(tag::BINARY_EXT);
        self.buf.extend_from_slice(&len.to_be_bytes());
        self.buf.extend_from_slice(bytes);
        Ok(())
    }

    /// A binary, shared when it is big.
    pub fn put_shared_binary(&mut self, bytes: &Bytes) -> Result<(), EncodeError> {
        let len = Self::count(Kind::Binary, bytes.len())?;
        self.buf.push(tag::BINARY_EXT);
        self.buf.extend_from_slice(&len.to_be_bytes());
        self.put_shared(bytes);
        Ok(())
    }

    /// A pid.
    pub fn put_pid(&mut self, pid: &Pid) {
        self.buf.push(tag::NEW_PID_EXT);
        self.put_atom(&pid.node);
        for part in [pid.id, pid.serial, pid.creation] {
            self.buf.extend_from_slice(&part.to_be_bytes());
        }
    }

    /// A port; in the 64-bit form only where it needs one, because OTP 23 does not know that form.
    pub fn put_port(&mut self, port: &Port) {
        self.put_port_parts(&port.node, port.id, port.creation);
    }

    pub(super) fn put_port_parts(&mut self, node: &str, id: u64, creation: u32) {
        // The old form has 28 bits, and OTP 23 knows no other.
        let old = id < 1 << 28;
        self.buf.push(if old { tag::NEW_PORT_EXT } else { tag::V4_PORT_EXT });
        self.put_atom_bytes(node.as_bytes());
        self.buf.extend_from_slice(&id.to_be_bytes()[if old { 4 } else { 0 }..]);
        self.buf.extend_from_slice(&creation.to_be_bytes());
    }

    /// A reference.
    pub fn put_reference(&mut self, reference: &Reference) {
        self.buf.extend_from_slice(&[tag::NEWER_REFERENCE_EXT, 0, reference.words().len() as u8]);
        self.put_atom(&reference.node);
        self.buf.extend_from_slice(&reference.creation.to_be_bytes());
        for word in reference.words() {
            self.buf.extend_from_slice(&word.to_be_bytes());
        }
    }

    /// A raw term as it is; a long one is shared.
    #[inline(always)]
    pub fn put_raw(&mut self, term: &RawTerm) {
        match term.held() {
            Held::Shared(bytes) => self.put_shared(bytes),
            Held::Inline(words, len) => {
                let end = self.buf.len() + len;
                self.buf.reserve(size_of_val(words));
                // All words, whatever the length: stores of a fixed size need no call.
                words.0.iter().for_each(|word| self.buf.extend_from_slice(word));
                self.buf.truncate(end);
            }
        }
    }
}
