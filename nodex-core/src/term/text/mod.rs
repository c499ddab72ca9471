//! Terms as Erlang text, on one line: what `io:format("~0tp", [Term])` prints in a BEAM started with `+pc unicode`.
//!
//! It differs where a BEAM prints what only it knows: pids, ports and references show the name of their node in place of
//! a number (`<'a@127.0.0.1'.91.0>`). `else` and `maybe` are quoted, which OTP 25 reads too and OTP 27 asks for. The
//! keys of a dynamic map are sorted; those of a raw one keep their order.

mod elixir;
mod identifier;
mod leaf;
mod parse;
mod raw;
mod syntax;
mod term;

use std::fmt::{self, Write};

use super::{RawTerm, Term};
use crate::etf::Decoder;

pub(super) use leaf::write_atom;
pub use parse::{ParseError, ParseProblem, parse};
pub use syntax::Syntax;

/// How deep a term is printed unless told otherwise; what is nested deeper is shown as `...`.
const DEPTH: usize = 64;

/// The text of a term.
///
/// ```
/// use nodex_core::{term, term::Text};
/// assert_eq!(Text::of(&term!({ok, <<"text">>, [1, 2 | tail]})).to_string(), r#"{ok,<<"text">>,[1,2|tail]}"#);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    value: Value<'a>,
    depth: usize,
    max_len: usize,
    syntax: Syntax,
}

#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Raw(&'a [u8]),
    Term(&'a Term),
}

impl<'a> Text<'a> {
    /// The text of a dynamic term.
    pub fn of(term: &'a Term) -> Self {
        Text { value: Value::Term(term), depth: DEPTH, max_len: usize::MAX, syntax: Syntax::Erlang }
    }

    /// The text of an encoded term without version byte. Bytes that are no term are shown as what is wrong with them.
    pub fn of_bytes(term: &'a [u8]) -> Self {
        Text { value: Value::Raw(term), depth: DEPTH, max_len: usize::MAX, syntax: Syntax::Erlang }
    }

    /// Shows no more than so many levels of nesting (at most 64), and `...` in place of what is deeper.
    #[must_use]
    pub fn depth(mut self, depth: usize) -> Self {
        self.depth = depth.min(DEPTH);
        self
    }

    /// Writes a dynamic term in this language. Encoded terms are always written in Erlang.
    #[must_use]
    pub fn syntax(mut self, syntax: Syntax) -> Self {
        self.syntax = syntax;
        self
    }

    /// Shows no more than so many bytes, and then `...`.
    #[must_use]
    pub fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Value::Raw(bytes) = self.value {
            let mut check = Decoder::new(bytes);
            if let Err(error) = check.skip().map_err(Into::into).and_then(|_| check.finish()) {
                return write!(f, "<no term: {error}>");
            }
        }
        let mut out = Limited { out: f, left: self.max_len, full: false };
        let result = match self.value {
            Value::Raw(bytes) => raw::write(&mut out, &mut Decoder::new(bytes), self.depth),
            Value::Term(term) if self.syntax == Syntax::Elixir => elixir::write(&mut out, term, self.depth),
            Value::Term(term) => term::write(&mut out, term, self.depth),
        };
        if out.full { f.write_str("...") } else { result }
    }
}

/// Passes on so many bytes and then stops the printing.
struct Limited<'f, 'g> {
    out: &'f mut fmt::Formatter<'g>,
    left: usize,
    full: bool,
}

impl Write for Limited<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if let Some(left) = self.left.checked_sub(text.len()) {
            self.left = left;
            return self.out.write_str(text);
        }
        self.full = true;
        self.out.write_str(&text[..text.floor_char_boundary(self.left)])?;
        self.left = 0;
        Err(fmt::Error)
    }
}

impl fmt::Display for RawTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Text::of_bytes(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for RawTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawTerm({self})")
    }
}
