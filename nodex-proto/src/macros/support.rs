//! What the code written by `term!` calls.
#![allow(missing_docs)]

use crate::term::{Atom, Term};

/// Returns the name of an atom written as a word.
pub const fn name(word: &'static str) -> &'static str {
    let bytes = word.as_bytes();
    if bytes.len() > 2 && bytes[0] == b'r' && bytes[1] == b'#' {
        return word.split_at(2).1;
    }
    assert!(
        bytes[0].is_ascii_lowercase(),
        "an atom starts with a small letter: write :\"Name\" for any other atom, and (name) for the value of a variable"
    );
    word
}

pub fn atom(atom: &Atom) -> Term {
    atom.into()
}

pub fn tuple(elements: Vec<Term>) -> Term {
    Term::tuple(elements)
}

pub fn list(elements: Vec<Term>) -> Term {
    Term::list(elements)
}

pub fn improper(elements: Vec<Term>, last: Term) -> Term {
    Term::improper_list(elements, last)
}

pub fn map(pairs: Vec<(Term, Term)>) -> Term {
    Term::map(pairs)
}

pub fn binary(bytes: Vec<u8>) -> Term {
    Term::binary(bytes)
}

pub fn fun(module: &'static str, function: &'static str, arity: u8) -> Term {
    Term::external_fun(&Atom::from_static(module), &Atom::from_static(function), arity)
}

/// A literal as it stands in `term!`.
pub trait Literal {
    fn into_term(self) -> Term;
}

impl Literal for &str {
    fn into_term(self) -> Term {
        Term::charlist(self)
    }
}

impl<const N: usize> Literal for &[u8; N] {
    fn into_term(self) -> Term {
        Term::binary(self)
    }
}

/// A part of a binary: a byte, text as UTF-8, or bytes.
pub trait BinaryPart {
    fn append(self, bytes: &mut Vec<u8>);
}

impl BinaryPart for u8 {
    fn append(self, bytes: &mut Vec<u8>) {
        bytes.push(self);
    }
}

impl BinaryPart for &str {
    fn append(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.as_bytes());
    }
}

impl BinaryPart for &[u8] {
    fn append(self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self);
    }
}

/// The value of an expression in `term!`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand in `term!`",
    note = "make it a term first: `(to_term(&value)?)`"
)]
pub trait Interpolate {
    fn into_term(self) -> Term;
}

impl<T: Into<Term>> Interpolate for T {
    fn into_term(self) -> Term {
        self.into()
    }
}

macro_rules! literals {
    ($($type:ty)*) => {$(
        impl Literal for $type {
            fn into_term(self) -> Term {
                self.into()
            }
        }
    )*};
}
literals!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 bool char);
