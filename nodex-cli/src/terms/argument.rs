//! Terms as arguments, and in sentences.

use std::io::{self, Read as _};

use nodex_core::{
    error::Chain,
    term::{Atom, Term, TermRef},
    text::{ParseError, Syntax, Text, is_visible, parse},
};

use super::identifiers::complete;
use crate::{
    failure::{Code, Failure},
    options::Global,
};

/// The longest part of a line that is shown around an error, in characters.
const SHOWN: usize = 60;

/// The number of bytes of a term that are quoted in a sentence.
const BRIEF: usize = 200;

/// Returns the term that an argument stands for, with all that it needs to be understood anywhere.
pub(crate) fn argument(text: &str, global: &Global) -> Result<Term, Failure> {
    complete(argument_for_node(text, global)?, None, global)
}

/// Returns the term that an argument stands for. Pids of a node may lack its creation, which that node is asked for
/// (`Client::complete`).
pub(crate) fn argument_for_node(text: &str, global: &Global) -> Result<Term, Failure> {
    if text != "-" {
        return read(text, global.syntax.into());
    }
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Failure::new(Code::BadTerm, format!("stdin: {error}", error = Chain(&error))))?;
    read(&text, global.syntax.into())
}

fn read(text: &str, syntax: Syntax) -> Result<Term, Failure> {
    parse(text, syntax).map_err(|error| pointed_out(text, &error))
}

/// Returns the atom that an argument stands for: `lists`, `:lists`, `Enum`, `'any text'`. What is none of these is its
/// own name.
pub(crate) fn atom(text: &str) -> Result<Atom, Failure> {
    let name = if text.starts_with(|c: char| c.is_ascii_uppercase() || matches!(c, ':' | '\'')) {
        match read(text, Syntax::Elixir)?.as_atom() {
            Some(name) => name.to_owned(),
            None => return Err(Failure::new(Code::BadTerm, format!("{text} is no atom"))),
        }
    } else {
        text.to_owned()
    };
    Atom::new(&name).map_err(|error| Failure::new(Code::BadTerm, Chain(&error)))
}

/// Returns the term as the user writes terms.
pub(crate) fn shown<'a>(term: impl Into<TermRef<'a>>, global: &Global) -> Text<'a> {
    Text::of(term).syntax(global.syntax.into())
}

/// Returns the same in a sentence.
pub(crate) fn brief<'a>(term: impl Into<TermRef<'a>>, global: &Global) -> Text<'a> {
    shown(term, global).max_len(BRIEF)
}

/// With the line, and a caret under the place.
fn pointed_out(text: &str, error: &ParseError) -> Failure {
    let before = &text[..error.offset.min(text.len())];
    let start = before.rfind('\n').map_or(0, |at| at + 1);
    let line: Vec<_> = text[start..].lines().next().unwrap_or_default().chars().collect();
    let column = text[start..before.len()].chars().count();
    let from = column.saturating_sub(SHOWN);
    let (lead, to) = (if from > 0 { "..." } else { "" }, line.len().min(column + SHOWN));
    // A control character would move the caret or more.
    let part: String = line[from.min(to)..to].iter().map(|&c| if is_visible(c) { c } else { ' ' }).collect();
    let trail = if to < line.len() { "..." } else { "" };
    Failure::new(Code::BadTerm, format!("this is no term: {}", error.problem))
        .detail(format!("{lead}{part}{trail}"))
        .detail(format!("{}^", " ".repeat(lead.len() + column - from)))
}
