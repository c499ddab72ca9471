//! Terms as Erlang text, on one line: what `io:format("~0tp", [Term])` prints in a BEAM started with `+pc unicode`.
//!
//! [`Text`] prints a term, [`parse`] reads one, in Erlang or Elixir syntax.
//!
//! The output differs from that of a BEAM in some points. Pids, ports and references show the name of their node
//! instead of a number, and its creation at the end (`<'a@127.0.0.1'.91.0/1718273645>`), so that they can be read back.
//! Invisible characters ([`is_visible`]) are escaped. `else` and `maybe` are quoted, as OTP 27 requires. The keys of a
//! dynamic map are sorted; those of a raw one keep their order. Integers of more than [`MAX_DECIMAL_BYTES`] are written
//! in base 16, which both languages read and which takes linear time.
//!
//! Parts that are cut off are not converted.

mod cut;
mod digits;
mod elixir;
mod identifier;
mod integer;
mod leaf;
mod out;
mod parse;
mod raw;
mod syntax;
mod term;
mod visible;

use std::{error::Error as _, fmt};

use out::Limited;

use crate::{
    error::Chain,
    etf::Decoder,
    term::{RawTerm, Term, TermRef},
};

pub use cut::cut;
pub(super) use elixir::{module_name, write_key as write_elixir_key, write_name as write_elixir_atom};
pub use integer::MAX_DECIMAL_BYTES;
pub(super) use leaf::write_atom;
pub use parse::{MAX_DECIMAL_DIGITS, ParseError, ParseProblem, parse};
pub use syntax::Syntax;
pub use visible::is_visible;

/// How deep a term is printed by default. Deeper parts are shown as `...`.
const DEPTH: usize = 64;

/// How many bytes of a text `Debug` shows.
const DEBUG: usize = 1000;

/// The text of a term.
///
/// ```
/// use nodex_proto::{term, text::Text};
/// assert_eq!(Text::of(&term!({ok, <<"text">>, [1, 2 | tail]})).to_string(), r#"{ok,<<"text">>,[1,2|tail]}"#);
/// ```
#[derive(Clone, Copy)]
pub struct Text<'a> {
    value: Value<'a>,
    depth: usize,
    max_len: usize,
    syntax: Syntax,
}

#[derive(Clone, Copy)]
enum Value<'a> {
    /// Bytes that may not be a term.
    Bytes(&'a [u8]),
    Raw(&'a [u8]),
    Term(TermRef<'a>),
}

impl<'a> Text<'a> {
    /// Creates the text of a dynamic term.
    pub fn of(term: impl Into<TermRef<'a>>) -> Self {
        Self::new(Value::Term(term.into()))
    }

    /// Returns the text of an encoded term without version byte. Bytes that are no term are shown as what is wrong with
    /// them.
    pub fn of_bytes(term: &'a [u8]) -> Self {
        Self::new(Value::Bytes(term))
    }

    /// Creates the text of bytes that are known to be one whole valid term.
    #[doc(hidden)]
    pub fn of_valid(term: &'a [u8]) -> Self {
        Self::new(Value::Raw(term))
    }

    fn new(value: Value<'a>) -> Self {
        Text { value, depth: DEPTH, max_len: usize::MAX, syntax: Syntax::Erlang }
    }

    /// Sets how many levels of nesting are shown, at most 64. Deeper parts are shown as `...`.
    #[must_use]
    pub fn depth(mut self, depth: usize) -> Self {
        self.depth = depth.min(DEPTH);
        self
    }

    /// Sets the syntax of a dynamic term. Encoded terms are always written in Erlang syntax.
    #[must_use]
    pub fn syntax(mut self, syntax: Syntax) -> Self {
        self.syntax = syntax;
        self
    }

    /// Sets how many bytes are shown, followed by `...`, like a precision as in `{text:.100}`. Parts that are not shown
    /// cost nothing, except that [`of_bytes`](Self::of_bytes) checks all bytes.
    #[must_use]
    pub fn max_len(mut self, bytes: usize) -> Self {
        self.max_len = bytes;
        self
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Value::Bytes(bytes) = self.value {
            let mut check = Decoder::new(bytes);
            if let Err(error) = check.skip().map_err(Into::into).and_then(|_| check.finish()) {
                return write!(f, "<no term: {}>", Chain(error.source().unwrap_or(&error)));
            }
        }
        let left = f.precision().map_or(self.max_len, |precision| precision.min(self.max_len));
        let mut out = Limited { out: f, left, full: false };
        let result = match self.value {
            Value::Bytes(bytes) | Value::Raw(bytes) => raw::write(&mut out, &mut Decoder::new(bytes), self.depth),
            Value::Term(term) if self.syntax == Syntax::Elixir => elixir::write(&mut out, term, self.depth),
            Value::Term(term) => term::write(&mut out, term, self.depth),
        };
        if out.full { f.write_str("...") } else { result }
    }
}

impl fmt::Debug for Text<'_> {
    /// The beginning of the text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({self:.DEBUG$})")
    }
}

macro_rules! shown {
    ($($type:ty)*) => {$(
        impl fmt::Display for $type {
            /// Shows the term as [`Text`]. A precision as in `{term:.100}` limits the bytes.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Text::of(self).fmt(f)
            }
        }

        impl fmt::Debug for $type {
            /// Shows the first 1,000 bytes of its text.
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{self:.DEBUG$}")
            }
        }
    )*};
}
shown!(Term TermRef<'_>);

impl fmt::Display for RawTerm {
    /// Shows the term as [`Text`]. A precision as in `{term:.100}` limits the bytes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Text::of_valid(self.as_bytes()).fmt(f)
    }
}

impl fmt::Debug for RawTerm {
    /// Shows the first 1,000 bytes of its text.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawTerm({self:.DEBUG$})")
    }
}

#[cfg(test)]
mod tests;
