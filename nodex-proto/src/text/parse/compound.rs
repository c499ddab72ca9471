//! Terms that contain others.

use super::{ParseProblem, cursor::Cursor, error::Parsed, name};
use crate::term::Term;

/// Reads what a compound term contains.
pub(super) type Inner = fn(&mut Cursor<'_>) -> Parsed<Term>;

pub(super) fn tuple(cursor: &mut Cursor<'_>, term: Inner) -> Parsed<Term> {
    let start = cursor.at();
    cursor.bump();
    cursor.nested(|cursor| {
        let mut elements = Vec::new();
        while !cursor.take_spaced("}") {
            elements.push(term(cursor)?);
            comma(cursor, start, "tuple", '}', "a comma or }")?;
        }
        Ok(Term::tuple(elements))
    })
}

pub(super) fn list(cursor: &mut Cursor<'_>, term: Inner) -> Parsed<Term> {
    let start = cursor.at();
    cursor.bump();
    cursor.nested(|cursor| {
        let mut elements = Vec::new();
        while !cursor.take_spaced("]") {
            elements.push(match name::key(cursor)? {
                Some(key) => Term::tuple([key, term(cursor)?]),
                None => term(cursor)?,
            });
            if cursor.take_spaced("|") {
                let last = term(cursor)?;
                cursor.skip_space();
                closed(cursor, start, "list", ']', "]")?;
                cursor.bump();
                return Ok(Term::improper_list(elements, last));
            }
            comma(cursor, start, "list", ']', "a comma, | or ]")?;
        }
        Ok(Term::list(elements))
    })
}

/// `%{..}` or `%Module{..}`.
pub(super) fn elixir_map(cursor: &mut Cursor<'_>, term: Inner) -> Parsed<Term> {
    if cursor.rest().starts_with("%{") {
        return map(cursor, 2, None, term);
    }
    cursor.bump();
    // The name of a struct may be quoted as any atom.
    let name = match cursor.peek() {
        Some('A'..='Z' | ':') => name::name(cursor)?,
        _ => return Err(cursor.expected("{ or the name of a struct after %")),
    };
    if !cursor.rest().starts_with('{') {
        return Err(cursor.expected("{"));
    }
    map(cursor, 1, Some(name), term)
}

/// Reads a map whose opening is so many bytes long.
pub(super) fn map(cursor: &mut Cursor<'_>, opening: usize, name: Option<Term>, term: Inner) -> Parsed<Term> {
    let start = cursor.at();
    cursor.back_to(start + opening);
    cursor.nested(|cursor| {
        let mut pairs: Vec<(Term, Term)> =
            name.map(|name| (crate::atom!("__struct__").into(), name)).into_iter().collect();
        while !cursor.take_spaced("}") {
            let key = match name::key(cursor)? {
                Some(key) => key,
                None => {
                    let key = term(cursor)?;
                    cursor.skip_space();
                    if !cursor.take("=>") {
                        let unclosed = ParseProblem::Unclosed { what: "map", closing: '}' };
                        return Err(match cursor.peek() {
                            None => cursor.error_at(start, unclosed),
                            Some(_) => cursor.expected("=> and a value"),
                        });
                    }
                    key
                }
            };
            let value = term(cursor)?;
            pairs.push((key, value));
            comma(cursor, start, "map", '}', "a comma or }")?;
        }
        // Of equal keys the last one counts, as in both languages.
        Ok(Term::map(pairs))
    })
}

/// After an element: a comma and another element, or the end, which stays.
fn comma(cursor: &mut Cursor<'_>, start: usize, what: &'static str, end: char, expected: &'static str) -> Parsed<()> {
    cursor.skip_space();
    if !cursor.take(",") {
        return closed(cursor, start, what, end, expected);
    }
    match cursor.skip_space() {
        "" => closed(cursor, start, what, end, expected),
        // Elixir has no comma at the end either, except in lists and maps on several lines.
        rest if rest.starts_with(end) => Err(cursor.expected("a term after the comma")),
        _ => Ok(()),
    }
}

fn closed(cursor: &Cursor<'_>, start: usize, what: &'static str, end: char, expected: &'static str) -> Parsed<()> {
    match cursor.peek() {
        Some(c) if c == end => Ok(()),
        None => Err(cursor.error_at(start, ParseProblem::Unclosed { what, closing: end })),
        Some(_) => Err(cursor.expected(expected)),
    }
}
