//! Binaries and bit strings in `<< >>`.

use super::{ParseProblem, Syntax, cursor::Cursor, error::Parsed, number, quoted};
use crate::{etf::Integer, term::Term};

/// The most bits of one integer.
const MAX_SIZE: u64 = 1 << 20;

pub(super) fn bits(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let start = cursor.at();
    cursor.take("<<");
    let mut out = Bits::default();
    while !cursor.take_spaced(">>") {
        cursor.skip_space();
        match cursor.peek() {
            Some('"') => string(cursor, &mut out)?,
            Some('0'..='9' | '+' | '-' | '$' | '?') => integer(cursor, &mut out)?,
            None => return Err(cursor.error_at(start, UNCLOSED)),
            Some(_) => return Err(cursor.expected("a number, a text or >>")),
        }
        let rest = cursor.skip_space();
        if rest.starts_with(',') {
            cursor.bump();
            if cursor.skip_space().starts_with(">>") {
                return Err(cursor.expected("a number or a text after the comma"));
            }
        } else if rest.is_empty() {
            return Err(cursor.error_at(start, UNCLOSED));
        } else if !rest.starts_with(">>") {
            return Err(cursor.expected("a comma or >>"));
        }
    }
    // The last byte counts wholly where no bits are left over.
    let tail_bits_size = if out.used == 0 { 8 } else { out.used };
    Ok(Term::bit_string(out.bytes, tail_bits_size).unwrap_or_else(|| Term::binary([])))
}

const UNCLOSED: ParseProblem = ParseProblem::Unclosed { what: "binary", closing: '>' };

fn string(cursor: &mut Cursor<'_>, out: &mut Bits) -> Parsed<()> {
    let start = cursor.at();
    let text = quoted::text(cursor)?;
    let utf8 = cursor.take("/utf8") || cursor.take("::utf8");
    if cursor.rest().starts_with(['/', ':']) {
        return Err(cursor.error(ParseProblem::Segment));
    }
    if utf8 || cursor.syntax == Syntax::Elixir {
        text.bytes().for_each(|byte| out.push(byte, 8));
        return Ok(());
    }
    for character in text.chars() {
        let byte = u8::try_from(character).map_err(|_| cursor.error_at(start, ParseProblem::NoByte { character }))?;
        out.push(byte, 8);
    }
    Ok(())
}

fn integer(cursor: &mut Cursor<'_>, out: &mut Bits) -> Parsed<()> {
    let start = cursor.at();
    let number = number::number(cursor)?;
    let Some(value) = number.as_integer() else {
        return Err(cursor.error_at(start, ParseProblem::Expected { expected: "an integer", found: None }));
    };
    let size = if cursor.take("::size(") {
        let size = number::small(cursor, MAX_SIZE)?;
        cursor.expect(")", ") after the size")?;
        size
    } else if cursor.take("::") || cursor.take(":") {
        number::small(cursor, MAX_SIZE)?
    } else {
        8
    };
    if cursor.rest().starts_with(['/', ':', '-']) {
        return Err(cursor.error(ParseProblem::Segment));
    }
    cursor.spend(size.div_ceil(8) as usize)?;
    for (place, byte) in low_bits(value, size).into_iter().rev().enumerate() {
        let bits = match size % 8 {
            bits @ 1.. if place == 0 => bits as u8,
            _ => 8,
        };
        out.push(byte << (8 - bits), bits);
    }
    Ok(())
}

/// So many bits of an integer, the least significant byte first; what does not fit is cut off.
fn low_bits(value: Integer<'_>, size: u64) -> Vec<u8> {
    let small;
    let (negative, digits) = match value {
        Integer::Small(value) => {
            small = value.unsigned_abs().to_le_bytes();
            (value < 0, &small[..])
        }
        Integer::Big { negative, digits } => (negative, digits),
    };
    let mut bytes: Vec<u8> =
        digits.iter().copied().chain(std::iter::repeat(0)).take(size.div_ceil(8) as usize).collect();
    if negative {
        let mut carry = true;
        for byte in &mut bytes {
            (*byte, carry) = (!*byte).overflowing_add(carry.into());
        }
    }
    if let (Some(last), bits @ 1..) = (bytes.last_mut(), size % 8) {
        *last &= 0xFF >> (8 - bits);
    }
    bytes
}

/// Bits, the first ones highest.
#[derive(Default)]
struct Bits {
    bytes: Vec<u8>,
    /// How many bits of the last byte are used, 0 for all.
    used: u8,
}

impl Bits {
    /// Adds the highest 1 to 8 bits of a byte.
    fn push(&mut self, byte: u8, bits: u8) {
        match self.bytes.last_mut() {
            Some(last) if self.used > 0 => {
                *last |= byte >> self.used;
                if self.used + bits > 8 {
                    self.bytes.push(byte << (8 - self.used));
                }
            }
            _ => self.bytes.push(byte),
        }
        self.used = (self.used + bits) % 8;
    }
}
