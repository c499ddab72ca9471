//! Integers of any size.

use std::fmt::{self, Write};

use num_bigint::{BigInt, Sign};

use super::Syntax;
use crate::etf::{Integer, big_integer};

/// The most bytes of an integer that is written in base 10. Longer ones are written in base 16, because it takes more time
/// than they are long to find their digits.
pub const MAX_DECIMAL_BYTES: usize = 2048;

/// An encoded integer.
pub(super) fn write_encoded(out: &mut impl Write, integer: Integer<'_>) -> fmt::Result {
    match integer {
        Integer::Small(value) => write!(out, "{value}"),
        Integer::Big { negative, digits } if digits.len() > MAX_DECIMAL_BYTES => {
            start(out, negative, Syntax::Erlang)?;
            let mut digits = digits.iter().rev();
            if let Some(first) = digits.next() {
                write!(out, "{first:X}")?;
            }
            digits.try_for_each(|digit| write!(out, "{digit:02X}"))
        }
        Integer::Big { negative, digits } => write!(out, "{}", big_integer(negative, digits)),
    }
}

/// An integer as it is written in this language.
pub(super) fn write_integer(out: &mut impl Write, integer: &BigInt, syntax: Syntax) -> fmt::Result {
    if integer.bits() <= 8 * MAX_DECIMAL_BYTES as u64 {
        return write!(out, "{integer}");
    }
    start(out, integer.sign() == Sign::Minus, syntax)?;
    let mut words = integer.magnitude().iter_u64_digits().rev();
    if let Some(first) = words.next() {
        write!(out, "{first:X}")?;
    }
    words.try_for_each(|word| write!(out, "{word:016X}"))
}

fn start(out: &mut impl Write, negative: bool, syntax: Syntax) -> fmt::Result {
    if negative {
        out.write_char('-')?;
    }
    out.write_str(match syntax {
        Syntax::Erlang => "16#",
        Syntax::Elixir => "0x",
    })
}
