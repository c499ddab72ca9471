//! [`FromTerm`] and its implementations.

use bytes::Bytes;

use super::DecodeError;
use crate::{
    etf::{Decoder, Kind, List},
    term::{Atom, Pid, Port, RawTerm, Reference, Term},
};

/// A Rust type that can be read from a term.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from an Erlang term",
    label = "not a term type",
    note = "derive it with `#[derive(FromTerm)]`, or take a `RawTerm` or a `Term`"
)]
pub trait FromTerm: Sized {
    /// Reads the next term.
    ///
    /// # Errors
    /// When it is something else; the error says what was expected and found.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError>;

    /// The value that a missing key of a map stands for, if there is one: `None` of an [`Option`].
    fn absent() -> Option<Self> {
        None
    }

    /// As [`decode`](Self::decode), but with the atom `undefined` in place of `nil` for a missing value. Only
    /// [`Option`] makes a difference.
    ///
    /// # Errors
    /// As [`decode`](Self::decode).
    fn decode_undefined(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Self::decode(decoder)
    }
}

macro_rules! integers {
    ($($type:ident)*) => {$(
        impl FromTerm for $type {
            #[inline]
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                const EXPECTED: &str = concat!("integer (", stringify!($type), ")");
                $type::try_from(decoder.integer("integer")?)
                    .map_err(|_| DecodeError::mismatch(EXPECTED, "integer out of range"))
            }
        }
    )*};
}
integers!(i8 i16 i32 i64 i128 isize u8 u16 u32 u64 usize);

impl FromTerm for f64 {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.float()
    }
}

impl FromTerm for bool {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let start = decoder.position();
        match &*decoder.atom_name().map_err(|_| {
            decoder.rewind(start);
            decoder.mismatch("true or false")
        })? {
            "true" => Ok(true),
            "false" => Ok(false),
            other => Err(DecodeError::mismatch("true or false", format!("the atom {other}"))),
        }
    }
}

impl FromTerm for String {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let binary = decoder.binary()?;
        match std::str::from_utf8(binary) {
            Ok(text) => Ok(text.to_owned()),
            Err(_) => Err(DecodeError::mismatch("string (a UTF-8 binary)", "binary that is no UTF-8")),
        }
    }
}

impl FromTerm for Bytes {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.shared_binary()
    }
}

impl FromTerm for Atom {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.atom()
    }
}

impl FromTerm for Pid {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.pid()
    }
}

impl FromTerm for Port {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.port()
    }
}

impl FromTerm for Reference {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.reference()
    }
}

impl FromTerm for RawTerm {
    #[inline(always)]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.raw()
    }
}

impl FromTerm for Term {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.term()
    }
}

impl<T: FromTerm> FromTerm for Box<T> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.nested(T::decode).map(Box::new)
    }
}

impl<T: FromTerm> FromTerm for Vec<T> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.nested(|decoder| match decoder.list()? {
            List::Bytes(bytes) => bytes
                .iter()
                .enumerate()
                .map(|(i, &byte)| {
                    T::decode(&mut Decoder::new(&[crate::etf::tag::SMALL_INTEGER_EXT, byte]))
                        .map_err(|error| error.within(format!("element {}", i + 1)))
                })
                .collect(),
            List::Elements(count) => {
                let mut all = Vec::with_capacity(decoder.capacity(count, size_of::<T>()));
                for i in 0..count {
                    all.push(T::decode(decoder).map_err(|error| error.within(format!("element {}", i + 1)))?);
                }
                decoder.list_tail()?;
                Ok(all)
            }
        })
    }
}

impl<T: FromTerm> FromTerm for Option<T> {
    /// The atom `nil` is `None`.
    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode_unless(decoder, b"nil")
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn decode_undefined(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode_unless(decoder, b"undefined")
    }
}

/// A value, or `None` for the atom of this name.
fn decode_unless<T: FromTerm>(decoder: &mut Decoder<'_>, nothing: &[u8]) -> Result<Option<T>, DecodeError> {
    let start = decoder.position();
    if decoder.peek().is_ok_and(|kind| kind == Kind::Atom) && decoder.atom_name()?.as_bytes() == nothing {
        return Ok(None);
    }
    decoder.rewind(start);
    T::decode(decoder).map(Some)
}

macro_rules! tuples {
    ($($arity:literal: $($name:ident)*;)*) => {$(
        impl<$($name: FromTerm),*> FromTerm for ($($name,)*) {
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                let expected = concat!("tuple of ", $arity);
                match decoder.tuple() {
                    Ok($arity) => {}
                    Ok(arity) => return Err(DecodeError::mismatch(expected, format!("tuple of {arity}"))),
                    Err(error) => return Err(error),
                }
                let mut at = 0;
                Ok(($({
                    at += 1;
                    $name::decode(decoder).map_err(|error| error.within(format!("element {at}")))?
                },)*))
            }
        }
    )*};
}
tuples! {
    1: A; 2: A B; 3: A B C; 4: A B C D; 5: A B C D E; 6: A B C D E F; 7: A B C D E F G; 8: A B C D E F G H;
    9: A B C D E F G H I; 10: A B C D E F G H I J; 11: A B C D E F G H I J K; 12: A B C D E F G H I J K L;
}
