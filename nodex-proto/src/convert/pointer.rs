//! Pointers, which are what they point to.

use std::{borrow::Cow, rc::Rc, sync::Arc};

use super::{DecodeError, FromTerm, IntoTerm, OutputType};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind},
};

macro_rules! pointers {
    ($($type:ident)*) => {$(
        impl<T: FromTerm> FromTerm for $type<T> {
            #[inline]
            fn could_be(kind: Kind) -> bool {
                T::could_be(kind)
            }

            #[inline]
            fn looks_like(decoder: &Decoder<'_>) -> bool {
                T::looks_like(decoder)
            }

            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                decoder.nested(T::decode).map($type::new)
            }

            fn absent() -> Option<Self> {
                T::absent().map($type::new)
            }

            fn decode_undefined(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                decoder.nested(T::decode_undefined).map($type::new)
            }

            fn input_type(types: &mut Types) -> Type {
                T::input_type(types)
            }
        }

        impl<T: IntoTerm + OutputType + ?Sized> IntoTerm for $type<T> {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                (**self).encode(encoder)
            }

            fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                (**self).encode_undefined(encoder)
            }

            fn output_type(types: &mut Types) -> Type {
                <T as OutputType>::output_type(types)
            }
        }
    )*};
}
pointers!(Box Arc Rc);

impl<B: ToOwned<Owned: FromTerm> + ?Sized> FromTerm for Cow<'_, B> {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        B::Owned::could_be(kind)
    }

    #[inline]
    fn looks_like(decoder: &Decoder<'_>) -> bool {
        B::Owned::looks_like(decoder)
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.nested(B::Owned::decode).map(Cow::Owned)
    }

    fn absent() -> Option<Self> {
        B::Owned::absent().map(Cow::Owned)
    }

    fn decode_undefined(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.nested(B::Owned::decode_undefined).map(Cow::Owned)
    }

    fn input_type(types: &mut Types) -> Type {
        B::Owned::input_type(types)
    }
}

impl<B: ToOwned + IntoTerm + OutputType + ?Sized> IntoTerm for Cow<'_, B> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_undefined(encoder)
    }

    fn output_type(types: &mut Types) -> Type {
        <B as OutputType>::output_type(types)
    }
}

impl<T: IntoTerm + OutputType + ?Sized> IntoTerm for &T {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_undefined(encoder)
    }

    fn output_type(types: &mut Types) -> Type {
        <T as OutputType>::output_type(types)
    }
}

impl<T: IntoTerm + OutputType + ?Sized> IntoTerm for &mut T {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_undefined(encoder)
    }

    fn output_type(types: &mut Types) -> Type {
        <T as OutputType>::output_type(types)
    }
}
