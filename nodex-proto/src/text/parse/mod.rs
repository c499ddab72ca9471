//! Reading terms from text.
//!
//! One grammar reads both languages: `{add, 1}` and `{:add, 1}`, `#{k => v}` and `%{k: v}`. Where they disagree,
//! [`Syntax`] decides: whether `"x"` is a list of characters or a binary, and whether a capital letter starts a
//! variable or the name of a module.

mod bits;
mod compound;
mod cursor;
mod error;
mod identifier;
mod name;
mod number;
mod quoted;

use cursor::Cursor;
use error::Parsed;
pub use error::{ParseError, ParseProblem};
pub(super) use name::OPERATORS;
pub use number::MAX_DECIMAL_DIGITS;

use super::Syntax;
use crate::{etf::MAX_TERM_DEPTH, term::Term};

/// Reads a term in Erlang or Elixir syntax.
///
/// A term that is nested more than [`MAX_TERM_DEPTH`] levels deep is refused. Integers of more than
/// [`MAX_DECIMAL_DIGITS`] digits must be written in base 16.
///
/// Pids, ports and references are read as [`Text`](super::Text) writes them, with their node and its creation. Without
/// a creation in the text it is 0, which no running node has.
///
/// ```
/// use nodex_proto::{term, text::{Syntax, parse}};
/// assert_eq!(parse("{:add, 1, %{k: \"x\"}}", Syntax::Elixir)?, term!({add, 1, #{k => <<"x">>}}));
/// assert_eq!(parse("{add, 1, #{k => <<\"x\">>}}", Syntax::Elixir)?, term!({add, 1, #{k => <<"x">>}}));
/// assert_eq!(parse("{add, 1", Syntax::Erlang).unwrap_err().problem.to_string(), "this tuple has no end: } is missing");
/// # Ok::<(), nodex_proto::text::ParseError>(())
/// ```
///
/// # Errors
/// Returns where the text stops being a term, and why.
pub fn parse(text: &str, syntax: Syntax) -> Result<Term, ParseError> {
    let mut cursor = Cursor::new(text, syntax);
    let term = term(&mut cursor)?;
    // As at the end of an expression in an Erlang shell.
    if cursor.skip_space().starts_with('.') {
        cursor.bump();
    }
    match cursor.skip_space() {
        "" => Ok(term),
        _ => Err(cursor.expected("the end of the term")),
    }
}

/// Reads the next term. Calls itself by way of compound terms, no deeper than [`MAX_TERM_DEPTH`].
fn term(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    cursor.skip_space();
    match cursor.peek() {
        Some('{') => compound::tuple(cursor, term),
        Some('[') => compound::list(cursor, term),
        Some('%') => compound::elixir_map(cursor, term),
        Some('#') if cursor.rest().starts_with("#{") => compound::map(cursor, 2, None, term),
        Some('<') if cursor.rest().starts_with("<<") => bits::bits(cursor),
        Some('#' | '<') => identifier::identifier(cursor),
        Some('&') => identifier::capture(cursor),
        Some('"') => quoted::string(cursor),
        Some('f') if name::is_word(cursor, "fun") => identifier::external_fun(cursor),
        Some('~') => quoted::sigil(cursor),
        Some('0'..='9' | '+' | '-' | '$' | '?') => number::number(cursor),
        Some('.') if cursor.rest().starts_with("...") => {
            Err(cursor.error(ParseProblem::Unreadable { what: "what ... stands for" }))
        }
        _ => name::name(cursor),
    }
}
