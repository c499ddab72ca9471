//! Atoms and booleans.

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind},
    term::Atom,
};

impl FromTerm for Atom {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Atom
    }

    #[inline(always)]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.atom()
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Atom
    }
}

impl IntoTerm for Atom {
    #[inline(always)]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_atom(self);
        Ok(())
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Atom
    }
}

impl FromTerm for bool {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Atom
    }

    #[inline]
    fn looks_like(decoder: &Decoder<'_>) -> bool {
        decoder.may_be_atom("true") || decoder.may_be_atom("false")
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        if decoder.take_atom("true") {
            return Ok(true);
        }
        if decoder.take_atom("false") {
            return Ok(false);
        }
        match decoder.peek()? {
            Kind::Atom => Err(DecodeError::mismatch("true or false", format!("{:?}", decoder.atom()?))),
            _ => Err(decoder.mismatch("true or false")),
        }
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Boolean
    }
}

impl IntoTerm for bool {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self {
            true => encoder.put_array(b"w\x04true"),
            false => encoder.put_array(b"w\x05false"),
        }
        Ok(())
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Boolean
    }
}
