//! Conversion of terms to the form that the encoder writes.

use super::cell::{Cell, IN_PAIRS, first, position};
use crate::{
    error::Chain,
    etf::{DecodeError, Decoder, EncodeError, Encoder, Integer, Mark, mask_bits, tag},
};

/// What is left of a term that is open.
struct Open {
    next: usize,
    end: usize,
    shape: Shape,
}

enum Shape {
    Others,
    /// A list: where it starts, where its count is, and how many elements it has; the last cell is that of the tail.
    List {
        head: Mark,
        size: Mark,
        count: usize,
    },
    /// A fun, whose size is here.
    Fun(Mark),
}

/// Returns the term whose cells these are, in the form in which equal terms of no maps have equal bytes.
pub(crate) fn normal(bytes: &[u8], cells: &[Cell], own: bool) -> Result<Vec<u8>, DecodeError> {
    let mut writer = Writer { bytes, cells, own, out: Encoder::new(), open: Vec::new() };
    writer.term(0)?;
    while let Some(open) = writer.open.last_mut() {
        let next = open.next;
        if next < open.end {
            open.next += 1;
            if let (Shape::List { .. }, true) = (&open.shape, next + 1 == open.end) {
                writer.tail(next)?;
            } else {
                writer.term(next)?;
            }
            continue;
        }
        if let Shape::Fun(size) = open.shape {
            let count = writer.out.written_since(size) as u32;
            writer.out.patch_u32(size, count);
        }
        writer.open.pop();
    }
    Ok(writer.out.to_vec())
}

struct Writer<'a> {
    bytes: &'a [u8],
    cells: &'a [Cell],
    own: bool,
    out: Encoder,
    open: Vec<Open>,
}

impl<'a> Writer<'a> {
    fn rest(&self, index: usize) -> &'a [u8] {
        &self.bytes[position(self.cells[index])..]
    }

    fn term(&mut self, index: usize) -> Result<(), DecodeError> {
        let rest = self.rest(index);
        let first = first(self.cells[index]);
        let mut decoder = Decoder::new(rest);
        match rest[0] {
            tag::SMALL_TUPLE_EXT | tag::LARGE_TUPLE_EXT => {
                let arity = match rest[0] {
                    tag::SMALL_TUPLE_EXT => usize::from(rest[1]),
                    _ => u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize,
                };
                put_arity(&mut self.out, arity);
                self.open.push(Open { next: first, end: first + arity, shape: Shape::Others });
            }
            tag::LIST_EXT if first == IN_PAIRS => {
                let count = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
                self.out.put_slice(&rest[..5 + 2 * count + 1]);
            }
            tag::LIST_EXT => {
                let count = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
                let head = self.out.mark();
                self.out.put_u8(tag::LIST_EXT);
                let size = self.out.mark();
                self.out.put_slice(&[0; 4]);
                self.open.push(Open { next: first, end: first + count + 1, shape: Shape::List { head, size, count } });
            }
            tag::MAP_EXT => {
                let count = decoder.map()?;
                self.out.put_slice(&rest[..5]);
                self.open.push(Open { next: first, end: first + 2 * count, shape: Shape::Others });
            }
            tag::NEW_FUN_EXT => self.fun(rest, first)?,
            _ => leaf(&mut self.out, &mut decoder, self.own)?,
        }
        Ok(())
    }

    /// The tail of the open list: another list continues it.
    fn tail(&mut self, index: usize) -> Result<(), DecodeError> {
        let rest = self.rest(index);
        let Some(Open { next, end, shape: Shape::List { head, size, count } }) = self.open.last_mut() else {
            return Ok(());
        };
        match rest[0] {
            tag::LIST_EXT if first(self.cells[index]) == IN_PAIRS => {
                let more = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
                self.out.put_slice(&rest[5..5 + 2 * more]);
                *count += more;
            }
            tag::LIST_EXT => {
                let more = u32::from_be_bytes([rest[1], rest[2], rest[3], rest[4]]) as usize;
                *next = first(self.cells[index]);
                *end = *next + more + 1;
                *count += more;
                return Ok(());
            }
            tag::STRING_EXT => {
                let bytes = &rest[3..3 + usize::from(u16::from_be_bytes([rest[1], rest[2]]))];
                bytes.iter().for_each(|&byte| self.out.put_slice(&[tag::SMALL_INTEGER_EXT, byte]));
                *count += bytes.len();
            }
            tag::NIL_EXT => {}
            _ => {
                // Of no elements it is its tail.
                if *count == 0 {
                    self.out.rollback(*head);
                    self.open.pop();
                    return self.term(index);
                }
                self.out.patch_u32(*size, *count as u32);
                return self.term(index);
            }
        }
        let (head, size, count) = (*head, *size, *count);
        if count == 0 {
            self.out.rollback(head);
            self.out.put_nil();
        } else if let Some(bytes) = byte_list(&self.out, head, count) {
            self.out.rollback(head);
            self.out.put_byte_list(&bytes).map_err(cannot_be)?;
        } else {
            self.out.patch_u32(size, count as u32);
            self.out.put_nil();
        }
        Ok(())
    }

    fn fun(&mut self, rest: &[u8], first: usize) -> Result<(), DecodeError> {
        self.out.put_u8(tag::NEW_FUN_EXT);
        let size = self.out.mark();
        self.out.put_slice(&rest[1..30]);
        let mut decoder = Decoder::new(&rest[30..]);
        for _ in 0..4 {
            leaf(&mut self.out, &mut decoder, self.own)?;
        }
        let free = u32::from_be_bytes([rest[26], rest[27], rest[28], rest[29]]) as usize;
        self.open.push(Open { next: first, end: first + free, shape: Shape::Fun(size) });
        Ok(())
    }
}

/// A tuple's head, of whatever length.
pub(crate) fn put_arity(out: &mut Encoder, arity: usize) {
    match u8::try_from(arity) {
        Ok(arity) => out.put_slice(&[tag::SMALL_TUPLE_EXT, arity]),
        Err(_) => {
            out.put_u8(tag::LARGE_TUPLE_EXT);
            out.put_slice(&(arity as u32).to_be_bytes());
        }
    }
}

/// Returns the elements, if they are what `STRING_EXT` holds.
fn byte_list(out: &Encoder, head: Mark, count: usize) -> Option<Vec<u8>> {
    if count > usize::from(u16::MAX) || out.written_since(head) != 5 + 2 * count {
        return None;
    }
    let (pairs, _) = out.in_one_piece()?.get(out.len() - 2 * count..)?.as_chunks::<2>();
    pairs.iter().map(|&[tag, byte]| (tag == tag::SMALL_INTEGER_EXT).then_some(byte)).collect()
}

fn cannot_be(error: EncodeError) -> DecodeError {
    DecodeError::mismatch("term", Chain(&error).to_string())
}

/// The next term, which contains no others.
fn leaf(out: &mut Encoder, decoder: &mut Decoder<'_>, own: bool) -> Result<(), DecodeError> {
    match decoder.peek_tag() {
        tag::SMALL_INTEGER_EXT | tag::INTEGER_EXT | tag::SMALL_BIG_EXT | tag::LARGE_BIG_EXT => {
            integer(out, decoder)?;
        }
        // What is not finite stays as it is: it may be in a term of our own.
        tag::NEW_FLOAT_EXT if own => {
            let bytes = decoder.array::<9>()?;
            out.put_slice(&bytes);
        }
        tag::NEW_FLOAT_EXT | tag::FLOAT_EXT => {
            let value = decoder.float()?;
            out.put_float(value).map_err(cannot_be)?;
        }
        tag::SMALL_ATOM_UTF8_EXT | tag::SMALL_ATOM_EXT | tag::ATOM_UTF8_EXT | tag::ATOM_EXT => {
            let name = decoder.atom_name()?;
            out.put_atom_name(&name).map_err(cannot_be)?;
        }
        tag::NEW_PID_EXT | tag::PID_EXT => {
            let pid = decoder.pid()?;
            out.put_pid(&pid);
        }
        tag::NEW_PORT_EXT | tag::PORT_EXT | tag::V4_PORT_EXT => {
            let port = decoder.port()?;
            out.put_port(&port);
        }
        tag::NEWER_REFERENCE_EXT | tag::NEW_REFERENCE_EXT | tag::REFERENCE_EXT => {
            let reference = decoder.reference()?;
            out.put_reference(&reference);
        }
        tag::BIT_BINARY_EXT => match decoder.bit_string()? {
            (bytes, 8) => out.put_binary(bytes).map_err(cannot_be)?,
            (bytes, bits) => {
                let mut bytes = bytes.to_vec();
                mask_bits(&mut bytes, bits);
                out.put_bit_string(&bytes, bits).map_err(cannot_be)?;
            }
        },
        tag::STRING_EXT if decoder.remaining().starts_with(&[tag::STRING_EXT, 0, 0]) => {
            decoder.skip()?;
            out.put_nil();
        }
        tag::EXPORT_EXT => {
            decoder.u8()?;
            out.put_u8(tag::EXPORT_EXT);
            for _ in 0..3 {
                leaf(out, decoder, own)?;
            }
        }
        // There is one form of all others.
        _ => {
            let same = decoder.skip()?;
            out.put_slice(same);
        }
    }
    Ok(())
}

/// The next term, which is an integer.
fn integer(out: &mut Encoder, decoder: &mut Decoder<'_>) -> Result<(), DecodeError> {
    if let [tag::LARGE_BIG_EXT, a, b, c, d, sign, digits @ ..] = decoder.remaining() {
        // Of our own they may be longer than what is read.
        let len = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
        let digits = digits.get(..len).unwrap_or_default();
        let digits = &digits[..digits.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1)];
        if digits.len() > 8 {
            put_digits(out, *sign == 1, digits);
            return Ok(());
        }
    }
    match decoder.any_integer("integer")? {
        Integer::Small(value) => out.put_i64(value),
        Integer::Big { negative, digits } => put_digits(out, negative, digits),
    }
    Ok(())
}

/// An integer of more than 64 bits, however long.
pub(crate) fn put_digits(out: &mut Encoder, negative: bool, digits: &[u8]) {
    match u8::try_from(digits.len()) {
        Ok(len) => out.put_slice(&[tag::SMALL_BIG_EXT, len]),
        Err(_) => {
            out.put_u8(tag::LARGE_BIG_EXT);
            out.put_slice(&(digits.len() as u32).to_be_bytes());
        }
    }
    out.put_u8(negative.into());
    out.put_slice(digits);
}
