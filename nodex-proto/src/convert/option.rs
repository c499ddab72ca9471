//! `Option`, which is `nil` or the value, as in Elixir.

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind},
};

impl<T: FromTerm> FromTerm for Option<T> {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Atom || T::could_be(kind)
    }

    /// Reads the atom `nil` as `None`.
    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode_unless(decoder, "nil")
    }

    fn absent() -> Option<Self> {
        Some(None)
    }

    fn decode_undefined(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode_unless(decoder, "undefined")
    }

    fn input_type(types: &mut Types) -> Type {
        Type::optional(T::input_type(types))
    }
}

/// Returns a value, or `None` for the atom of this name.
#[inline]
fn decode_unless<T: FromTerm>(decoder: &mut Decoder<'_>, nothing: &str) -> Result<Option<T>, DecodeError> {
    if decoder.take_atom(nothing) {
        return Ok(None);
    }
    T::decode(decoder).map(Some)
}

impl<T: IntoTerm> IntoTerm for Option<T> {
    /// Writes `None` as the atom `nil`.
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Some(value) => value.encode(encoder),
            None => {
                encoder.put_array(b"w\x03nil");
                Ok(())
            }
        }
    }

    #[inline]
    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            Some(value) => value.encode(encoder),
            None => {
                encoder.put_array(b"w\x09undefined");
                Ok(())
            }
        }
    }

    fn output_type(types: &mut Types) -> Type {
        Type::optional(T::output_type(types))
    }
}
