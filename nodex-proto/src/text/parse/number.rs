//! Numbers and characters.

use super::{ParseProblem, Syntax, cursor::Cursor, error::Parsed, error::shown, quoted};
use crate::{term::Term, text::digits::magnitude};

/// The most digits of an integer that is read in base 10, or in another one that is no power of two: it takes more time
/// than they are long to find what they stand for.
pub const MAX_DECIMAL_DIGITS: usize = 65_536;

pub(super) fn number(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let negative = match cursor.peek() {
        Some('-') => {
            cursor.bump();
            true
        }
        Some('+') => {
            cursor.bump();
            false
        }
        Some('$' | '?') => {
            cursor.bump();
            return character(cursor);
        }
        _ => false,
    };
    let start = cursor.at();
    let digits = digits(cursor, 10);
    if digits.is_empty() {
        return Err(cursor.expected("a digit"));
    }
    let rest = cursor.rest();
    if rest.starts_with('.') && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
        return float(cursor, start, negative, digits);
    }
    let base = match (digits.as_str(), rest.chars().next()) {
        ("0", Some('x')) => 16,
        ("0", Some('o')) => 8,
        ("0", Some('b')) => 2,
        (base, Some('#')) => match base.parse() {
            Ok(base @ 2..=36) => base,
            _ => return Err(cursor.error_at(start, ParseProblem::Base { base: shown(base) })),
        },
        _ => 10,
    };
    let digits = match base {
        10 if !rest.starts_with('#') => digits,
        base => {
            cursor.bump();
            self::digits(cursor, base)
        }
    };
    let bad = ParseProblem::Number { base };
    if cursor.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return Err(cursor.error(bad));
    }
    if digits.len() > MAX_DECIMAL_DIGITS && !base.is_power_of_two() {
        return Err(
            cursor.error_at(start, ParseProblem::LongNumber { digits: digits.len(), limit: MAX_DECIMAL_DIGITS })
        );
    }
    let magnitude = magnitude(&digits, base).ok_or_else(|| cursor.error(bad))?;
    Ok(Term::integer_of_digits(negative, &magnitude))
}

/// Digits; one `_` may stand between two of them.
fn digits(cursor: &mut Cursor<'_>, base: u32) -> String {
    let mut digits = String::new();
    loop {
        let more = cursor.take_while(|c| c.is_digit(base));
        digits.push_str(more);
        let goes_on = cursor.rest().strip_prefix('_').is_some_and(|rest| rest.starts_with(|c: char| c.is_digit(base)));
        if more.is_empty() || !goes_on {
            return digits;
        }
        cursor.bump();
    }
}

fn float(cursor: &mut Cursor<'_>, start: usize, negative: bool, whole: String) -> Parsed<Term> {
    cursor.bump();
    let mut text = format!("{}{whole}.{}", if negative { "-" } else { "" }, digits(cursor, 10));
    let exponent = cursor.rest().strip_prefix(['e', 'E']).map(|rest| rest.strip_prefix(['+', '-']).unwrap_or(rest));
    if exponent.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())) {
        text.extend(cursor.bump());
        text.push_str(cursor.take_while(|c| matches!(c, '+' | '-')));
        text.push_str(&digits(cursor, 10));
    }
    if cursor.peek().is_some_and(|c| c.is_alphanumeric() || c == '_') {
        return Err(cursor.error(ParseProblem::Number { base: 10 }));
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(value.into()),
        _ => Err(cursor.error_at(start, ParseProblem::Float)),
    }
}

/// After `$` or `?`.
fn character(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let c = match cursor.bump() {
        Some('\\') => quoted::escape(cursor, Syntax::Erlang)?,
        Some(c) => c,
        None => return Err(cursor.expected("a character")),
    };
    Ok(c.into())
}

/// Reads a whole number of at most `limit`.
pub(super) fn small(cursor: &mut Cursor<'_>, limit: u64) -> Parsed<u64> {
    let start = cursor.at();
    let digits = cursor.take_while(|c| c.is_ascii_digit());
    if digits.is_empty() {
        return Err(cursor.expected("a number"));
    }
    match digits.parse() {
        Ok(number) if number <= limit => Ok(number),
        _ => Err(cursor.error_at(start, ParseProblem::TooLarge { limit })),
    }
}
