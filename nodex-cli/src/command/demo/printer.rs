//! How the tour looks: headings, lines, calls in columns; or one JSON object a line.

use std::{io, time::Duration};

use nodex_core::term::Term;
use nodex_core::text::Text;
use serde_json::{Value, json};

use crate::{
    options::Global,
    output::{Screen, duration},
};

/// Widths of the columns with the kind of a call, the call, and the answer.
const KIND: usize = 15;
const CALL: usize = 30;
const ANSWER: usize = 40;

#[derive(Clone, Copy)]
pub(super) struct Printer<'a> {
    pub(super) screen: Screen,
    pub(super) global: &'a Global,
}

impl Printer<'_> {
    /// The next part of the tour.
    pub(super) fn part(self, title: &str) -> io::Result<()> {
        match self.global.json {
            true => Ok(()),
            false => {
                self.screen.data("")?;
                self.screen.data(self.screen.out.head(title))
            }
        }
    }

    /// A line of text, or `data`.
    pub(super) fn line(self, text: impl std::fmt::Display, data: Value) -> io::Result<()> {
        if self.global.json { self.screen.json(data) } else { self.screen.data(format_args!("  {text}")) }
    }

    /// A call, its answer and how long it took.
    pub(super) fn call(self, kind: &str, call: &str, answer: &Term, took: Duration) -> io::Result<()> {
        let out = self.screen.out;
        if self.global.json {
            let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
            let answer = self.text(answer, usize::MAX);
            return self
                .screen
                .json(json!({ "step": "call", "kind": kind, "call": call, "answer": answer, "microseconds": micros }));
        }
        let text = self.text(answer, usize::MAX);
        let styled = |text: String| match is_error(answer) {
            true => out.bad(text),
            false => out.good(text),
        };
        let head = format!("  {:KIND$}  {call:CALL$}", out.dim(kind));
        if text.chars().count() > ANSWER {
            // The answer has a line for itself.
            self.screen.data(format_args!("{head}  {:ANSWER$}  {:>9}", "", out.dim(duration(took))))?;
            return self.screen.data(format_args!("  {:KIND$}  {}", "", styled(text)));
        }
        self.screen.data(format_args!("{head}  {:ANSWER$}  {:>9}", styled(text), out.dim(duration(took))))
    }

    /// Returns a term in the user's language.
    pub(super) fn text(self, term: &Term, limit: usize) -> String {
        Text::of(term).syntax(self.global.syntax.into()).max_len(limit).to_string()
    }

    /// What is going on, for who waits.
    pub(super) fn talk(self, word: &str, text: impl std::fmt::Display) {
        self.screen.talk(format_args!("{}{text}", self.screen.err.head(format!("{word:<6}"))));
    }
}

fn is_error(answer: &Term) -> bool {
    answer.as_tuple().and_then(|tuple| tuple.get(0)).is_some_and(|tag| tag.is_atom("error"))
}
