//! Text in quotes.

use super::{ParseProblem, Syntax, cursor::Cursor, error::Parsed};
use crate::term::Term;

/// What stands in double quotes: a binary or a list of characters.
pub(super) fn string(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let text = text(cursor)?;
    Ok(match cursor.syntax {
        Syntax::Elixir => Term::from(text),
        Syntax::Erlang => Term::charlist(&text),
    })
}

/// `~c"characters"`, `~s"binary"`; `~"binary"` and `~b"binary"` of Erlang.
pub(super) fn sigil(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let start = cursor.at();
    cursor.bump();
    let name = match cursor.peek() {
        Some(name) if name.is_ascii_alphabetic() => {
            cursor.bump();
            name
        }
        _ => 's',
    };
    if !matches!(name, 'c' | 'C' | 's' | 'S' | 'b' | 'B') {
        return Err(cursor.error_at(start, ParseProblem::Sigil { name }));
    }
    let closing = match cursor.peek() {
        Some('(') => ')',
        Some('[') => ']',
        Some('{') => '}',
        Some('<') => '>',
        Some(c @ ('"' | '\'' | '|' | '/')) => c,
        _ => return Err(cursor.expected("a quotation mark or a bracket")),
    };
    let text = until(cursor, closing, name.is_ascii_uppercase())?;
    Ok(match name {
        'c' | 'C' => Term::charlist(&text),
        _ => Term::from(text),
    })
}

/// Reads the text between the next quotation mark and the closing one.
pub(super) fn text(cursor: &mut Cursor<'_>) -> Parsed<String> {
    let closing = cursor.peek().unwrap_or('"');
    until(cursor, closing, false)
}

fn until(cursor: &mut Cursor<'_>, closing: char, verbatim: bool) -> Parsed<String> {
    let start = cursor.at();
    cursor.bump();
    let mut text = String::new();
    loop {
        match cursor.bump() {
            Some(c) if c == closing => return Ok(text),
            Some('\\') if verbatim && cursor.peek() == Some(closing) => {}
            Some('\\') if !verbatim => text.push(escape(cursor, cursor.syntax)?),
            Some(c) => text.push(c),
            None => return Err(cursor.error_at(start, ParseProblem::Unclosed { what: "text", closing })),
        }
    }
}

/// After a backslash.
pub(super) fn escape(cursor: &mut Cursor<'_>, syntax: Syntax) -> Parsed<char> {
    let start = cursor.at() - 1;
    let Some(c) = cursor.bump() else { return Err(cursor.expected("a character after the backslash")) };
    Ok(match c {
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        's' => ' ',
        'v' => '\u{B}',
        'b' => '\u{8}',
        'f' => '\u{C}',
        'e' => '\u{1B}',
        'd' => '\u{7F}',
        'a' if syntax == Syntax::Elixir => '\u{7}',
        '0'..='7' => {
            cursor.back_to(start + 1);
            let octal: String = cursor.rest().chars().take(3).take_while(|c| c.is_digit(8)).collect();
            cursor.back_to(start + 1 + octal.len());
            code(cursor, start, &octal, 8)?
        }
        'x' | 'u' => {
            let braces = cursor.take("{");
            let most = match (braces, c) {
                (true, _) => 6,
                (false, 'x') => 2,
                _ => 4,
            };
            let hex: String = cursor.rest().chars().take(most).take_while(char::is_ascii_hexdigit).collect();
            cursor.back_to(cursor.at() + hex.len());
            if braces {
                cursor.expect("}", "} after the number of a character")?;
            }
            let character = code(cursor, start, &hex, 16)?;
            // Elixir puts the byte itself into the binary.
            if syntax == Syntax::Elixir && c == 'x' && !braces && !character.is_ascii() {
                return Err(cursor.error_at(start, ParseProblem::Byte { byte: character.into() }));
            }
            character
        }
        c if c.is_alphanumeric() => return Err(cursor.error_at(start, ParseProblem::Escape { escape: c })),
        c => c,
    })
}

fn code(cursor: &Cursor<'_>, start: usize, digits: &str, base: u32) -> Parsed<char> {
    let code = u32::from_str_radix(digits, base).ok().and_then(char::from_u32);
    code.ok_or_else(|| cursor.error_at(start, ParseProblem::Character))
}
