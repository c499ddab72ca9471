//! Integers of the crate num-bigint.

use num_bigint::{BigInt, BigUint};

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Integer, Kind, big_integer},
};

impl FromTerm for BigInt {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Integer
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(match decoder.any_integer("integer")? {
            Integer::Small(value) => value.into(),
            Integer::Big { negative, digits } => big_integer(negative, digits),
        })
    }

    fn input_type(_: &mut Types) -> Type {
        Type::any_integer()
    }
}

impl IntoTerm for BigInt {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_bigint(self)
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::any_integer()
    }
}

impl FromTerm for BigUint {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Integer
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let expected = "integer of at least 0";
        match decoder.any_integer(expected)? {
            Integer::Small(value) if value >= 0 => Ok(value.unsigned_abs().into()),
            Integer::Big { negative: false, digits } => Ok(BigUint::from_bytes_le(digits)),
            found => Err(DecodeError::mismatch(expected, found.to_string())),
        }
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Integer { min: Some(0.into()), max: None }
    }
}

impl IntoTerm for BigUint {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_biguint(self)
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Integer { min: Some(0.into()), max: None }
    }
}

impl From<Integer<'_>> for BigInt {
    fn from(value: Integer<'_>) -> BigInt {
        match value {
            Integer::Small(value) => value.into(),
            Integer::Big { negative, digits } => big_integer(negative, digits),
        }
    }
}
