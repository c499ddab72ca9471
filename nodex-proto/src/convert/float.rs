//! Floats.

use super::{DecodeError, FromTerm, IntoTerm, from_term::in_element};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind},
};

impl FromTerm for f64 {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Float
    }

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.float()
    }

    fn decode_elements(decoder: &mut Decoder<'_>, count: usize, all: &mut Vec<Self>) -> Result<(), DecodeError> {
        decoder.floats(count, all);
        for i in all.len()..count {
            all.push(Self::decode(decoder).map_err(|error| in_element(error, i))?);
        }
        Ok(())
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Float
    }
}

impl IntoTerm for f64 {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_float(*self)
    }

    fn encode_list(all: &[Self], encoder: &mut Encoder) -> Result<(), EncodeError> {
        if !all.is_empty() {
            encoder.put_list(all.len())?;
            encoder.put_floats(all)?;
        }
        encoder.put_nil();
        Ok(())
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Float
    }
}

impl FromTerm for f32 {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Float
    }

    /// The nearest `f32`; an error beyond its range.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let value = decoder.float()?;
        let narrow = value as f32;
        if narrow.is_finite() {
            return Ok(narrow);
        }
        Err(DecodeError::mismatch(format!("float from {:e} to {:e} (f32)", f32::MIN, f32::MAX), format!("{value:e}")))
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Float
    }
}

impl IntoTerm for f32 {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_float((*self).into())
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Float
    }
}
