//! Binaries and bit strings in `<< >>`.

use eetf::BitBinary;
use num_bigint::BigInt;

use super::{ParseProblem, Syntax, cursor::Cursor, error::Parsed, number, quoted};
use crate::term::{Term, canonical};

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
    Ok(canonical(BitBinary { bytes: out.bytes, tail_bits_size }.into()))
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
    let value = match number::number(cursor)? {
        Term::FixInteger(integer) => integer.value.into(),
        Term::BigInteger(integer) => integer.value,
        _ => return Err(cursor.error_at(start, ParseProblem::Expected { expected: "an integer", found: None })),
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
    // What does not fit is cut off on the left.
    let value: BigInt = value & ((BigInt::from(1) << size) - 1);
    let bytes = value.to_bytes_be().1;
    let whole = size.div_ceil(8) as usize;
    let first = match size % 8 {
        0 => 8,
        bits => bits as u8,
    };
    for place in 0..whole {
        // The value may be shorter than its place.
        let byte = (place + bytes.len()).checked_sub(whole).map_or(0, |at| bytes[at]);
        let bits = if place == 0 { first } else { 8 };
        out.push(byte << (8 - bits), bits);
    }
    Ok(())
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
