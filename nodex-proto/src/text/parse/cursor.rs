//! A place in the text.

use super::{MAX_TERM_DEPTH, ParseError, ParseProblem, Syntax, error::Parsed};

/// The most bytes that numbers with a size may make of one text: a few characters can ask for many.
const MAX_SIZED: usize = 64 << 20;

pub(super) struct Cursor<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
    /// Bytes that numbers with a size have made.
    sized: usize,
    pub(super) syntax: Syntax,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, syntax: Syntax) -> Self {
        Cursor { text, at: 0, depth: 0, sized: 0, syntax }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn back_to(&mut self, at: usize) {
        self.at = at;
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(super) fn bump(&mut self) -> Option<char> {
        let c = self.peek()?;
        self.at += c.len_utf8();
        Some(c)
    }

    /// What is left after white space.
    pub(super) fn skip_space(&mut self) -> &'a str {
        let rest = self.rest().trim_start();
        self.at = self.text.len() - rest.len();
        rest
    }

    /// Takes this text if it is next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let taken = self.rest().starts_with(text);
        if taken {
            self.at += text.len();
        }
        taken
    }

    /// Takes this text, which may follow white space.
    pub(super) fn take_spaced(&mut self, text: &str) -> bool {
        let before = self.at;
        self.skip_space();
        let taken = self.take(text);
        if !taken {
            self.at = before;
        }
        taken
    }

    /// Takes characters as long as they are of this kind.
    pub(super) fn take_while(&mut self, is: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !is(c)).unwrap_or(rest.len());
        self.at += end;
        &rest[..end]
    }

    pub(super) fn expect(&mut self, text: &str, expected: &'static str) -> Parsed<()> {
        if self.take(text) { Ok(()) } else { Err(self.expected(expected)) }
    }

    /// One level deeper, for what `inside` reads.
    pub(super) fn nested<T>(&mut self, inside: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth >= MAX_TERM_DEPTH {
            return Err(self.error(ParseProblem::TooDeep { limit: MAX_TERM_DEPTH }));
        }
        self.depth += 1;
        let result = inside(self);
        self.depth -= 1;
        result
    }

    /// Counts the bytes of a number with a size.
    pub(super) fn spend(&mut self, bytes: usize) -> Parsed<()> {
        self.sized += bytes;
        if self.sized > MAX_SIZED { Err(self.error(ParseProblem::TooLong { limit: MAX_SIZED })) } else { Ok(()) }
    }

    pub(super) fn error(&self, problem: ParseProblem) -> ParseError {
        ParseError { offset: self.at, problem }
    }

    pub(super) fn error_at(&self, offset: usize, problem: ParseProblem) -> ParseError {
        ParseError { offset, problem }
    }

    pub(super) fn expected(&self, expected: &'static str) -> ParseError {
        self.error(ParseProblem::Expected { expected, found: self.peek() })
    }
}
