//! Terms that contain no others.

use std::{
    fmt::{self, Write},
    str::Utf8Error,
};

use super::{Syntax, is_visible, out::Out};

/// Words of the language, which an atom can be only in quotes (reference manual, "Reserved Words").
const RESERVED: [&str; 30] = [
    "after", "and", "andalso", "band", "begin", "bnot", "bor", "bsl", "bsr", "bxor", "case", "catch", "cond", "div",
    "else", "end", "fun", "if", "let", "maybe", "not", "of", "or", "orelse", "receive", "rem", "try", "when", "xor",
    "",
];

/// The name of an atom, in quotes where Erlang needs them.
pub(crate) fn write_atom(out: &mut impl Write, name: &str) -> fmt::Result {
    let lower = |c| matches!(c, 'a'..='z' | 'ß'..='ÿ') && c != '÷';
    let inner = |c| lower(c) || matches!(c, 'A'..='Z' | '0'..='9' | '_' | '@') || (matches!(c, 'À'..='Þ') && c != '×');
    if name.starts_with(lower) && name.chars().all(inner) && !RESERVED.contains(&name) {
        return out.write_str(name);
    }
    write_quoted(out, name.chars(), '\'', Syntax::Erlang)
}

/// Characters in quotes, with escapes for all that would not show as what it is.
pub(super) fn write_quoted(
    out: &mut impl Write,
    text: impl Iterator<Item = char>,
    quote: char,
    syntax: Syntax,
) -> fmt::Result {
    out.write_char(quote)?;
    for c in text {
        match c {
            '\\' => out.write_str("\\\\")?,
            c if c == quote => write!(out, "\\{c}")?,
            c if is_visible(c) => out.write_char(c)?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            '\u{B}' => out.write_str("\\v")?,
            '\u{8}' => out.write_str("\\b")?,
            '\u{C}' => out.write_str("\\f")?,
            '\u{1B}' => out.write_str("\\e")?,
            '\u{7F}' => out.write_str("\\d")?,
            '\0'..='\u{1F}' if syntax == Syntax::Elixir => write!(out, "\\x{:02X}", u32::from(c))?,
            _ if syntax == Syntax::Elixir => write!(out, "\\u{{{:X}}}", u32::from(c))?,
            '\0'..='\u{9F}' => write!(out, "\\{:03o}", u32::from(c))?,
            _ => write!(out, "\\x{{{:X}}}", u32::from(c))?,
        }
    }
    out.write_char(quote)
}

/// What `io_lib:printable_unicode_list/1` takes for text.
pub(super) fn is_printable(c: char) -> bool {
    matches!(c, ' '..='~' | '\n' | '\r' | '\t' | '\u{B}' | '\u{8}' | '\u{C}' | '\u{1B}' | '\u{A0}'..)
        && !matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// Returns the text that bytes are, of which these are a part that may end within a character.
pub(super) fn utf8<'b>(part: &'b [u8], all: &[u8]) -> Result<&'b str, Utf8Error> {
    match std::str::from_utf8(part) {
        Err(error) if error.error_len().is_none() && part.len() < all.len() => {
            std::str::from_utf8(&part[..error.valid_up_to()])
        }
        result => result,
    }
}

/// A binary or bit string: its bytes, and how many bits of the last one count.
pub(super) fn write_bits(out: &mut impl Out, all: &[u8], bits: u8) -> fmt::Result {
    out.write_str("<<")?;
    let bytes = out.part(all);
    let text = if bits == 8 && !bytes.is_empty() { Some(utf8(bytes, all)) } else { None };
    match (text, bytes.split_last()) {
        (Some(Ok(text)), _) if text.chars().all(is_printable) => {
            write_quoted(out, text.chars(), '"', Syntax::Erlang)?;
            if !text.is_ascii() {
                out.write_str("/utf8")?;
            }
        }
        (Some(Err(_)), _) if bytes.iter().all(|&byte| is_printable(byte.into())) => {
            write_quoted(out, bytes.iter().map(|&byte| byte.into()), '"', Syntax::Erlang)?;
        }
        (_, None) => {}
        (_, Some((last, whole))) => {
            for byte in whole {
                write!(out, "{byte},")?;
            }
            match bits {
                1..=7 => write!(out, "{}:{bits}", last >> (8 - bits))?,
                _ => write!(out, "{last}")?,
            }
        }
    }
    out.write_str(">>")
}

/// The shortest decimal text that gives the same float, as `float_to_list(Float, [short])` does: without an exponent
/// unless that is shorter, or the float is so large that its last digits mean nothing.
pub(super) fn write_float(out: &mut impl Write, value: f64) -> fmt::Result {
    let mut scientific = format!("{value:e}");
    if let (false, Some(e)) = (scientific.contains('.'), scientific.find('e')) {
        scientific.insert_str(e, ".0");
    }
    let mut fixed = value.to_string();
    if !fixed.contains('.') {
        fixed.push_str(".0");
    }
    // From 2^53 on not every integer is a float.
    let fixed_fits = value.abs() < 9_007_199_254_740_992.0 && fixed.len() <= scientific.len();
    out.write_str(if fixed_fits || !value.is_finite() { &fixed } else { &scientific })
}
