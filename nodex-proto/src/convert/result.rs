//! `Result`: `{ok, T}` or `{error, E}`, and the bare atom where `T` or `E` is `()`.

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    atom,
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind},
};

/// Reads the tag of a pair, `ok` or `error`, so that its value follows.
fn pair(decoder: &mut Decoder<'_>, expected: &'static str) -> Result<bool, DecodeError> {
    match decoder.peek()? {
        Kind::Tuple => {}
        Kind::Atom => return Err(DecodeError::mismatch(expected, format!("{:?}", decoder.atom()?))),
        _ => return Err(decoder.mismatch(expected)),
    }
    match decoder.tuple()? {
        2 if decoder.take_atom("ok") => Ok(true),
        2 if decoder.take_atom("error") => Ok(false),
        arity => Err(DecodeError::mismatch(expected, format!("another tuple of {arity}"))),
    }
}

fn in_ok(error: DecodeError) -> DecodeError {
    error.within("ok")
}

fn in_error(error: DecodeError) -> DecodeError {
    error.within("error")
}

impl<T: FromTerm, E: FromTerm> FromTerm for Result<T, E> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        if pair(decoder, "{ok, _} or {error, _}")? {
            T::decode(decoder).map(Ok).map_err(in_ok)
        } else {
            E::decode(decoder).map(Err).map_err(in_error)
        }
    }

    fn input_type(types: &mut Types) -> Type {
        Type::Result { ok: Some(Box::new(T::input_type(types))), error: Some(Box::new(E::input_type(types))) }
    }
}

impl<E: FromTerm> FromTerm for Result<(), E> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        const EXPECTED: &str = "ok or {error, _}";
        if decoder.take_atom("ok") {
            return Ok(Ok(()));
        }
        match pair(decoder, EXPECTED)? {
            true => Err(DecodeError::mismatch(EXPECTED, "{ok, _}")),
            false => E::decode(decoder).map(Err).map_err(in_error),
        }
    }

    fn input_type(types: &mut Types) -> Type {
        Type::Result { ok: None, error: Some(Box::new(E::input_type(types))) }
    }
}

impl<T: FromTerm> FromTerm for Result<T, ()> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        const EXPECTED: &str = "{ok, _} or error";
        if decoder.take_atom("error") {
            return Ok(Err(()));
        }
        match pair(decoder, EXPECTED)? {
            true => T::decode(decoder).map(Ok).map_err(in_ok),
            false => Err(DecodeError::mismatch(EXPECTED, "{error, _}")),
        }
    }

    fn input_type(types: &mut Types) -> Type {
        Type::Result { ok: Some(Box::new(T::input_type(types))), error: None }
    }
}

impl FromTerm for Result<(), ()> {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        if decoder.take_atom("ok") {
            return Ok(Ok(()));
        }
        if decoder.take_atom("error") {
            return Ok(Err(()));
        }
        match decoder.peek()? {
            Kind::Atom => Err(DecodeError::mismatch("ok or error", format!("{:?}", decoder.atom()?))),
            _ => Err(decoder.mismatch("ok or error")),
        }
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Result { ok: None, error: None }
    }
}

fn put_ok(value: &impl IntoTerm, encoder: &mut Encoder) -> Result<(), EncodeError> {
    encoder.put_tuple(2)?;
    encoder.put_atom(&atom!("ok"));
    value.encode(encoder)
}

fn put_error(value: &impl IntoTerm, encoder: &mut Encoder) -> Result<(), EncodeError> {
    encoder.put_tuple(2)?;
    encoder.put_atom(&atom!("error"));
    value.encode(encoder)
}

impl<T: IntoTerm, E: IntoTerm> IntoTerm for Result<T, E> {
    #[inline]
    fn is_error(&self) -> bool {
        self.is_err()
    }

    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Ok(value) => put_ok(value, encoder),
            Err(error) => put_error(error, encoder),
        }
    }

    fn output_type(types: &mut Types) -> Type {
        Type::Result { ok: Some(Box::new(T::output_type(types))), error: Some(Box::new(E::output_type(types))) }
    }
}

impl<E: IntoTerm> IntoTerm for Result<(), E> {
    #[inline]
    fn is_error(&self) -> bool {
        self.is_err()
    }

    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Ok(()) => atom!("ok").encode(encoder),
            Err(error) => put_error(error, encoder),
        }
    }

    fn output_type(types: &mut Types) -> Type {
        Type::Result { ok: None, error: Some(Box::new(E::output_type(types))) }
    }
}

impl<T: IntoTerm> IntoTerm for Result<T, ()> {
    #[inline]
    fn is_error(&self) -> bool {
        self.is_err()
    }

    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Ok(value) => put_ok(value, encoder),
            Err(()) => atom!("error").encode(encoder),
        }
    }

    fn output_type(types: &mut Types) -> Type {
        Type::Result { ok: Some(Box::new(T::output_type(types))), error: None }
    }
}

impl IntoTerm for Result<(), ()> {
    #[inline]
    fn is_error(&self) -> bool {
        self.is_err()
    }

    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        if self.is_ok() { atom!("ok").encode(encoder) } else { atom!("error").encode(encoder) }
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Result { ok: None, error: None }
    }
}
