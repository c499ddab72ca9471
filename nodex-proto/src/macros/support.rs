//! What the code written by `term!` calls.
#![allow(missing_docs)]

use eetf::{ByteList, ExternalFun, FixInteger, ImproperList, List, Map, Tuple};

use crate::term::{Atom, Pid, Port, Reference, Term};

/// The name of an atom written as a word.
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
    eetf::Atom { name: atom.as_str().to_owned() }.into()
}

pub fn tuple(elements: Vec<Term>) -> Term {
    Tuple { elements }.into()
}

pub fn list(elements: Vec<Term>) -> Term {
    List { elements }.into()
}

pub fn improper(elements: Vec<Term>, last: Term) -> Term {
    ImproperList { elements, last: Box::new(last) }.into()
}

pub fn map(pairs: Vec<(Term, Term)>) -> Term {
    // Canonical keys, so that equal ones are one.
    Map { map: pairs.into_iter().map(|(key, value)| (crate::term::canonical(key), value)).collect() }.into()
}

pub fn binary(bytes: Vec<u8>) -> Term {
    eetf::Binary { bytes }.into()
}

pub fn fun(module: &str, function: &str, arity: u8) -> Term {
    ExternalFun { module: module.into(), function: function.into(), arity }.into()
}

/// A literal as it stands in `term!`.
pub trait Literal {
    fn into_term(self) -> Term;
}

impl Literal for &str {
    fn into_term(self) -> Term {
        list(self.chars().map(Interpolate::into_term).collect())
    }
}

impl<const N: usize> Literal for &[u8; N] {
    fn into_term(self) -> Term {
        binary(self.to_vec())
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

macro_rules! numbers {
    ($($type:ty)*) => {$(
        impl Interpolate for $type {
            fn into_term(self) -> Term {
                match i32::try_from(self) {
                    Ok(value) => FixInteger { value }.into(),
                    Err(_) => eetf::BigInteger { value: self.into() }.into(),
                }
            }
        }
    )*};
}
numbers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize);

macro_rules! interpolate {
    ($($type:ty: $value:ident => $term:expr;)*) => {$(
        impl Interpolate for $type {
            fn into_term(self) -> Term {
                let $value = self;
                $term
            }
        }
    )*};
}
interpolate! {
    Term: term => term;
    &Term: term => term.clone();
    f64: value => eetf::Float { value }.into();
    f32: value => eetf::Float { value: value.into() }.into();
    bool: value => atom(&if value { crate::atom!("true") } else { crate::atom!("false") });
    char: value => Interpolate::into_term(u32::from(value));
    &str: text => binary(text.as_bytes().to_vec());
    String: text => binary(text.into_bytes());
    &String: text => binary(text.as_bytes().to_vec());
    Atom: value => atom(&value);
    &Atom: value => atom(value);
    Pid: pid => eetf::Pid::from(pid).into();
    &Pid: pid => eetf::Pid::from(pid.clone()).into();
    Port: port => eetf::Port::from(port).into();
    &Port: port => eetf::Port::from(port.clone()).into();
    Reference: reference => eetf::Reference::from(reference).into();
    &Reference: reference => eetf::Reference::from(reference.clone()).into();
    ByteList: list => list.into();
}

impl<T: Interpolate> Interpolate for Vec<T> {
    fn into_term(self) -> Term {
        list(self.into_iter().map(Interpolate::into_term).collect())
    }
}

impl<T: Interpolate, const N: usize> Interpolate for [T; N] {
    fn into_term(self) -> Term {
        list(self.into_iter().map(Interpolate::into_term).collect())
    }
}

impl<T: Interpolate + Clone> Interpolate for &[T] {
    fn into_term(self) -> Term {
        list(self.iter().cloned().map(Interpolate::into_term).collect())
    }
}

impl<T: Interpolate> Interpolate for Option<T> {
    fn into_term(self) -> Term {
        self.map_or_else(|| atom(&crate::atom!("nil")), Interpolate::into_term)
    }
}

macro_rules! literals {
    ($($type:ty)*) => {$(
        impl Literal for $type {
            fn into_term(self) -> Term {
                Interpolate::into_term(self)
            }
        }
    )*};
}
literals!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 u128 usize f32 f64 bool char);
