//! Integers of any size.

use std::fmt::{self, Write};

use super::{Syntax, digits::decimal};
use crate::etf::Integer;

/// The most bytes of an integer that is written in base 10. Longer ones are written in base 16, because it takes more time
/// than they are long to find their digits.
pub const MAX_DECIMAL_BYTES: usize = 2048;

/// An integer as it is written in this language.
pub(super) fn write_encoded(out: &mut impl Write, integer: Integer<'_>, syntax: Syntax) -> fmt::Result {
    match integer {
        Integer::Small(value) => write!(out, "{value}"),
        Integer::Big { negative, digits } if digits.len() > MAX_DECIMAL_BYTES => {
            start(out, negative, syntax)?;
            let mut digits = digits.iter().rev();
            if let Some(first) = digits.next() {
                write!(out, "{first:X}")?;
            }
            digits.try_for_each(|digit| write!(out, "{digit:02X}"))
        }
        Integer::Big { negative, digits } => {
            out.write_str(if negative { "-" } else { "" })?;
            out.write_str(&decimal(digits))
        }
    }
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
