//! Constructors of terms, and [`TermBuilder`].

use super::{
    normal::{put_arity, put_digits},
    order::order_of_keys,
    term::Term,
    view::TermRef,
};
use crate::{
    etf::{DecodeError, Encoder, mask_bits, tag},
    term::{Atom, Pid, Port, Reference},
};

/// Returns the term of bytes that were written here. Panics if they take more than 4 GiB, the only possible error.
#[track_caller]
fn made(bytes: Vec<u8>) -> Term {
    match Term::of_own(bytes) {
        Ok(term) => term,
        Err(error) => panic!("{error}"),
    }
}

fn written(write: impl FnOnce(&mut Encoder)) -> Term {
    let mut encoder = Encoder::new();
    write(&mut encoder);
    made(encoder.to_vec())
}

impl Term {
    /// Creates the empty list.
    pub fn nil() -> Term {
        Term::single(&[tag::NIL_EXT])
    }

    /// Creates an atom.
    pub fn atom(atom: impl Into<Atom>) -> Term {
        written(|out| out.put_atom(&atom.into()))
    }

    /// Creates a binary.
    pub fn binary(bytes: impl AsRef<[u8]>) -> Term {
        written(|out| {
            // Too many bytes are found when the term is made.
            let _ = out.put_binary(bytes.as_ref());
        })
    }

    /// Creates a bit string from its bytes and the number of used bits in the last byte, 1 to 8. Returns `None` for
    /// other numbers, and if there are no bytes.
    pub fn bit_string(bytes: impl Into<Vec<u8>>, bits: u8) -> Option<Term> {
        let mut bytes = bytes.into();
        match bits {
            8 => Some(Term::binary(bytes)),
            1..=7 if !bytes.is_empty() => {
                mask_bits(&mut bytes, bits);
                Some(written(|out| {
                    let _ = out.put_bit_string(&bytes, bits);
                }))
            }
            _ => None,
        }
    }

    /// Creates a list of integers from 0 to 255, as Erlang's Latin-1 strings are.
    pub fn byte_list(bytes: impl AsRef<[u8]>) -> Term {
        written(|out| {
            let _ = out.put_byte_list(bytes.as_ref());
        })
    }

    /// Creates a list of the characters of a text, an Erlang string.
    pub fn charlist(text: &str) -> Term {
        Term::list(text.chars().map(u32::from))
    }

    /// Creates an integer of any size from the bytes of its magnitude, the least significant first.
    pub fn integer_of_digits(negative: bool, digits: &[u8]) -> Term {
        written(|out| put_digits(out, negative, digits))
    }

    /// Creates a tuple.
    pub fn tuple<T: Into<Term>>(elements: impl IntoIterator<Item = T>) -> Term {
        let (mut body, count) = all(elements);
        let mut head = Encoder::new();
        put_arity(&mut head, count);
        body.splice(..0, head.to_vec());
        made(body)
    }

    /// Creates a proper list.
    pub fn list<T: Into<Term>>(elements: impl IntoIterator<Item = T>) -> Term {
        Self::improper_list(elements, Term::nil())
    }

    /// Creates a list that ends in `tail`. If that is a list, so is the whole.
    pub fn improper_list<T: Into<Term>>(elements: impl IntoIterator<Item = T>, tail: impl Into<Term>) -> Term {
        let (mut body, count) = all(elements);
        body.splice(..0, [&[tag::LIST_EXT][..], &(count as u32).to_be_bytes()].concat());
        body.extend_from_slice(tail.into().as_bytes());
        made(body)
    }

    /// Creates a map. Of equal keys the last one counts.
    pub fn map<K: Into<Term>, V: Into<Term>>(pairs: impl IntoIterator<Item = (K, V)>) -> Term {
        let mut pairs: Vec<(Term, Term)> = pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        pairs.sort_by(|a, b| order_of_keys(a.0.as_ref(), b.0.as_ref()));
        // The last one of equal ones is the first one from the back.
        pairs.reverse();
        pairs.dedup_by(|a, b| a.0 == b.0);
        let mut body = vec![tag::MAP_EXT];
        body.extend_from_slice(&(pairs.len() as u32).to_be_bytes());
        for (key, value) in pairs.iter().rev() {
            body.extend_from_slice(key.as_bytes());
            body.extend_from_slice(value.as_bytes());
        }
        made(body)
    }

    /// Creates an external fun, `fun module:function/arity`.
    pub fn external_fun(module: &Atom, function: &Atom, arity: u8) -> Term {
        written(|out| {
            out.put_u8(tag::EXPORT_EXT);
            out.put_atom(module);
            out.put_atom(function);
            out.put_i64(arity.into());
        })
    }

    fn single(bytes: &[u8]) -> Term {
        made(bytes.to_vec())
    }
}

/// Returns the terms one after the other, and their number.
fn all<T: Into<Term>>(elements: impl IntoIterator<Item = T>) -> (Vec<u8>, usize) {
    let (mut body, mut count) = (Vec::new(), 0);
    for element in elements {
        body.extend_from_slice(element.into().as_bytes());
        count += 1;
    }
    (body, count)
}

macro_rules! from {
    ($($type:ty: $value:ident, $out:ident => $put:expr;)*) => {$(
        impl From<$type> for Term {
            fn from($value: $type) -> Term {
                written(|$out| $put)
            }
        }
    )*};
}
from! {
    i8: value, out => out.put_i64(value.into());
    i16: value, out => out.put_i64(value.into());
    i32: value, out => out.put_i64(value.into());
    i64: value, out => out.put_i64(value);
    isize: value, out => out.put_i64(value as i64);
    i128: value, out => out.put_i128(value);
    u8: value, out => out.put_i64(value.into());
    u16: value, out => out.put_i64(value.into());
    u32: value, out => out.put_i64(value.into());
    u64: value, out => out.put_u128(value.into());
    usize: value, out => out.put_u128(value as u128);
    u128: value, out => out.put_u128(value);
    bool: value, out => out.put_atom(&if value { crate::atom!("true") } else { crate::atom!("false") });
    Atom: value, out => out.put_atom(&value);
    &Atom: value, out => out.put_atom(value);
    Pid: value, out => out.put_pid(&value);
    &Pid: value, out => out.put_pid(value);
    Port: value, out => out.put_port(&value);
    &Port: value, out => out.put_port(value);
    Reference: value, out => out.put_reference(&value);
    &Reference: value, out => out.put_reference(value);
}

impl From<f64> for Term {
    /// A term can hold a float that is not finite, but it cannot be sent.
    fn from(value: f64) -> Term {
        let mut bytes = vec![tag::NEW_FLOAT_EXT];
        bytes.extend_from_slice(&value.to_be_bytes());
        made(bytes)
    }
}

impl From<f32> for Term {
    fn from(value: f32) -> Term {
        f64::from(value).into()
    }
}

impl From<&str> for Term {
    /// A binary, as strings are in Elixir; [`Term::charlist`] makes a list of characters.
    fn from(text: &str) -> Term {
        Term::binary(text)
    }
}

impl From<String> for Term {
    /// A binary, as strings are in Elixir.
    fn from(text: String) -> Term {
        Term::binary(text)
    }
}

impl From<&String> for Term {
    /// A binary, as strings are in Elixir.
    fn from(text: &String) -> Term {
        Term::binary(text)
    }
}

impl From<bytes::Bytes> for Term {
    /// A binary.
    fn from(bytes: bytes::Bytes) -> Term {
        Term::binary(bytes)
    }
}

impl From<char> for Term {
    /// The number of the character, as `$c` is in Erlang.
    fn from(c: char) -> Term {
        u32::from(c).into()
    }
}

impl From<&Term> for Term {
    fn from(term: &Term) -> Term {
        term.clone()
    }
}

impl From<TermRef<'_>> for Term {
    fn from(term: TermRef<'_>) -> Term {
        term.to_term()
    }
}

impl<T: Into<Term>> From<Vec<T>> for Term {
    /// A list.
    fn from(elements: Vec<T>) -> Term {
        Term::list(elements)
    }
}

impl<T: Into<Term>, const N: usize> From<[T; N]> for Term {
    /// A list.
    fn from(elements: [T; N]) -> Term {
        Term::list(elements)
    }
}

impl<T: Into<Term> + Clone> From<&[T]> for Term {
    /// A list.
    fn from(elements: &[T]) -> Term {
        Term::list(elements.iter().cloned())
    }
}

impl<T: Into<Term>> From<Option<T>> for Term {
    /// `None` is the atom `nil`.
    fn from(value: Option<T>) -> Term {
        value.map_or_else(|| crate::atom!("nil").into(), Into::into)
    }
}

/// Builds a term from the outside to the inside, in a time proportional to its length. ([`Term::tuple`] and similar
/// functions copy their parts.)
///
/// ```
/// use nodex_proto::{atom, term, term::TermBuilder};
/// let mut builder = TermBuilder::new();
/// builder.open_tuple().put(atom!("ok")).open_list();
/// for n in 0..3 {
///     builder.put(n);
/// }
/// assert_eq!(builder.close().close().build()?, term!({ok, [0, 1, 2]}));
/// # Ok::<(), nodex_proto::convert::DecodeError>(())
/// ```
#[derive(Default)]
pub struct TermBuilder {
    out: Vec<u8>,
    open: Vec<Open>,
}

struct Open {
    tag: u8,
    /// The position at which it starts.
    start: usize,
    count: u32,
}

impl TermBuilder {
    /// Creates an empty builder.
    pub fn new() -> Self {
        Self::default()
    }

    fn open(&mut self, tag: u8) -> &mut Self {
        self.count();
        self.open.push(Open { tag, start: self.out.len(), count: 0 });
        self.out.extend_from_slice(&[tag, 0, 0, 0, 0]);
        self
    }

    fn count(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.count += 1;
        }
    }

    /// Begins a tuple. The next terms are its elements.
    pub fn open_tuple(&mut self) -> &mut Self {
        self.open(tag::LARGE_TUPLE_EXT)
    }

    /// Begins a list. The next terms are its elements.
    pub fn open_list(&mut self) -> &mut Self {
        self.open(tag::LIST_EXT)
    }

    /// Begins a map. The next terms are a key, its value, a key and so on.
    pub fn open_map(&mut self) -> &mut Self {
        self.open(tag::MAP_EXT)
    }

    /// Adds a term.
    pub fn put(&mut self, term: impl Into<Term>) -> &mut Self {
        self.count();
        self.out.extend_from_slice(term.into().as_bytes());
        self
    }

    /// Ends the last tuple, list or map that is open, if any.
    pub fn close(&mut self) -> &mut Self {
        self.close_with(&Term::nil())
    }

    /// Like [`close`](Self::close), with `tail` as the tail of a list.
    pub fn close_with(&mut self, tail: &Term) -> &mut Self {
        if let Some(open) = self.open.pop() {
            let count = if open.tag == tag::MAP_EXT { open.count / 2 } else { open.count };
            if let Some(place) = self.out.get_mut(open.start + 1..).and_then(|rest| rest.first_chunk_mut()) {
                *place = count.to_be_bytes();
            }
            if open.tag == tag::LIST_EXT {
                self.out.extend_from_slice(tail.as_bytes());
            }
        }
        self
    }

    /// Returns the term, after closing all open lists, tuples and maps.
    ///
    /// # Errors
    /// Returns an error when there is not exactly one term, a map has a key twice or a key without a value, or the term
    /// takes more than 4 GiB.
    pub fn build(&mut self) -> Result<Term, DecodeError> {
        while !self.open.is_empty() {
            self.close();
        }
        Term::of_own(std::mem::take(&mut self.out))
    }
}
