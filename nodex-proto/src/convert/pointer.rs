//! Pointers, which are what they point to.

use std::{borrow::Cow, rc::Rc, sync::Arc};

use super::{DecodeError, FromTerm, IntoTerm};
use crate::etf::{Decoder, EncodeError, Encoder, Kind};

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
        }

        impl<T: IntoTerm + ?Sized> IntoTerm for $type<T> {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                (**self).encode(encoder)
            }

            fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                (**self).encode_undefined(encoder)
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
}

impl<B: ToOwned + IntoTerm + ?Sized> IntoTerm for Cow<'_, B> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_undefined(encoder)
    }
}

impl<T: IntoTerm + ?Sized> IntoTerm for &T {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_undefined(encoder)
    }
}

impl<T: IntoTerm + ?Sized> IntoTerm for &mut T {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode(encoder)
    }

    fn encode_undefined(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        (**self).encode_undefined(encoder)
    }
}
