//! Identifiers, and terms as they are.

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, tag},
    term::{Pid, Port, RawTerm, Reference, Term, TermRef},
};

macro_rules! identifiers {
    ($($type:ident $read:ident $put:ident)*) => {$(
        impl FromTerm for $type {
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                decoder.$read()
            }

            fn input_type(_: &mut Types) -> Type {
                Type::$type
            }
        }

        impl IntoTerm for $type {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                encoder.$put(self);
                Ok(())
            }

            fn is_injective() -> bool {
                true
            }

            fn output_type(_: &mut Types) -> Type {
                Type::$type
            }
        }
    )*};
}
identifiers!(Pid pid put_pid Port port put_port Reference reference put_reference);

impl FromTerm for RawTerm {
    #[inline(always)]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.raw()
    }
}

impl IntoTerm for RawTerm {
    /// Returns an error for a term in a local format, which no other node accepts.
    #[inline(always)]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        if self.tag() == tag::LOCAL_EXT {
            return Err(EncodeError::Local);
        }
        encoder.put_raw(self);
        Ok(())
    }
}

impl FromTerm for Term {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.term()
    }
}

impl IntoTerm for Term {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_term(self)
    }
}

impl IntoTerm for TermRef<'_> {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.to_term().encode(encoder)
    }

    fn is_injective() -> bool {
        true
    }
}

impl TermRef<'_> {
    /// Converts the term to a Rust value.
    ///
    /// # Errors
    /// Returns an error when the term has another type.
    pub fn decode<T: FromTerm>(self) -> Result<T, DecodeError> {
        T::decode(&mut self.decoder())
    }
}
