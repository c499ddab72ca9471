//! Atoms, modules, words of the language.

use super::{ParseError, ParseProblem, Syntax, cursor::Cursor, error::Parsed, error::shown, quoted};
use crate::term::{Atom, Term};

/// Atoms that Elixir writes without quotes although they are no names; the longer ones first.
pub(in crate::text) const OPERATORS: [&str; 26] = [
    "===", "!==", "|||", "&&&", "++", "--", "==", "!=", "<=", ">=", "&&", "||", "<>", "..", "|>", "=~", "->", "+", "-",
    "*", "/", "<", ">", "!", "^", "@",
];

/// Reads an atom in either language, or what starts with a word.
pub(super) fn name(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let start = cursor.at();
    match cursor.peek() {
        Some(':') => {
            cursor.bump();
            after_colon(cursor, start)
        }
        Some('\'') => quoted_atom(cursor),
        Some('A'..='Z') if cursor.syntax == Syntax::Elixir => alias(cursor),
        Some(c) if c.is_alphabetic() || c == '_' => {
            let word = cursor.take_while(is_inner);
            match word {
                _ if word.starts_with(|c: char| c.is_uppercase() || c == '_') => {
                    Err(cursor.error_at(start, ParseProblem::Variable { name: shown(word) }))
                }
                "fun" | "end" | "case" | "receive" | "begin" | "if" | "try" => {
                    Err(cursor.error_at(start, ParseProblem::Reserved { name: word.to_owned() }))
                }
                _ => term(start, word),
            }
        }
        _ => Err(cursor.expected("a term")),
    }
}

/// Returns whether this word is next, and not as the beginning of a longer one.
pub(super) fn is_word(cursor: &Cursor<'_>, word: &str) -> bool {
    cursor.rest().strip_prefix(word).is_some_and(|rest| !rest.starts_with(is_inner))
}

/// Reads a key as in `key: value`, if one is next; the cursor stays where it is otherwise.
pub(super) fn key(cursor: &mut Cursor<'_>) -> Parsed<Option<Term>> {
    cursor.skip_space();
    let start = cursor.at();
    let name = match cursor.peek() {
        Some('"' | '\'') => Some(quoted::text(cursor)?),
        Some(c) if c.is_alphabetic() || c == '_' => {
            let word = cursor.take_while(is_inner);
            let mark = cursor.rest().starts_with(['?', '!']) && cursor.rest()[1..].starts_with(':');
            Some(if mark { format!("{word}{}", cursor.bump().unwrap_or_default()) } else { word.to_owned() })
        }
        _ => None,
    };
    match name {
        Some(name) if cursor.rest().starts_with(':') && !cursor.rest().starts_with("::") => {
            cursor.bump();
            term(start, &name).map(Some)
        }
        _ => {
            cursor.back_to(start);
            Ok(None)
        }
    }
}

pub(super) fn quoted_atom(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let start = cursor.at();
    let name = quoted::text(cursor)?;
    term(start, &name)
}

fn after_colon(cursor: &mut Cursor<'_>, start: usize) -> Parsed<Term> {
    match cursor.peek() {
        Some('"' | '\'') => quoted_atom(cursor),
        Some(c) if c.is_alphabetic() || c == '_' => {
            let mut word = cursor.take_while(is_inner).to_owned();
            if let Some(mark @ ('?' | '!')) = cursor.peek() {
                word.push(mark);
                cursor.bump();
            }
            term(start, &word)
        }
        _ => match OPERATORS.iter().find(|operator| cursor.take(operator)) {
            Some(operator) => term(start, operator),
            None => Err(cursor.expected("an atom after the colon")),
        },
    }
}

/// Reads the name of a module in Elixir.
fn alias(cursor: &mut Cursor<'_>) -> Parsed<Term> {
    let start = cursor.at();
    let mut name = String::from("Elixir");
    loop {
        let part = cursor.take_while(|c| c.is_ascii_alphanumeric() || c == '_');
        // `Elixir` in front is the same as nothing.
        if name.len() > "Elixir".len() || part != "Elixir" {
            name.push('.');
            name.push_str(part);
        }
        let another =
            cursor.rest().strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()));
        if !another {
            return term(start, &name);
        }
        cursor.bump();
    }
}

pub(super) fn is_inner(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '@'
}

pub(super) fn atom(start: usize, name: &str) -> Parsed<Atom> {
    Atom::new(name)
        .map_err(|error| ParseError { offset: start, problem: ParseProblem::LongAtom { characters: error.characters } })
}

fn term(start: usize, name: &str) -> Parsed<Term> {
    atom(start, name).map(Term::from)
}
