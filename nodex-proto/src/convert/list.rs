//! Lists.

use std::{collections::VecDeque, rc::Rc, sync::Arc};

use super::{DecodeError, FromTerm, IntoTerm, OutputType, into_term::encode_elements};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind, List},
};

impl<T: FromTerm> FromTerm for Vec<T> {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::List
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.nested(|decoder| match decoder.list()? {
            List::Bytes(bytes) => {
                decoder.spend(bytes.len().saturating_mul(size_of::<T>()), 8)?;
                let mut all = Vec::with_capacity(bytes.len());
                T::decode_bytes(bytes, decoder, &mut all)?;
                Ok(all)
            }
            List::Elements(count) => {
                let mut all = decoder.room(count)?;
                T::decode_elements(decoder, count, &mut all)?;
                decoder.list_tail()?;
                Ok(all)
            }
        })
    }

    fn input_type(types: &mut Types) -> Type {
        Type::list(T::input_type(types))
    }
}

impl<T: FromTerm, const N: usize> FromTerm for [T; N] {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::List
    }

    /// Reads a list of exactly this many elements.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Vec::decode(decoder)?.try_into().map_err(|all: Vec<T>| {
            DecodeError::mismatch(format!("list of {N} elements"), format!("list of {}", all.len()))
        })
    }

    fn input_type(types: &mut Types) -> Type {
        Type::Array(Box::new(T::input_type(types)), N)
    }
}

macro_rules! from_vec {
    ($($type:ty)*) => {$(
        impl<T: FromTerm> FromTerm for $type {
            #[inline]
            fn could_be(kind: Kind) -> bool {
                kind == Kind::List
            }

            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                Vec::decode(decoder).map(Self::from)
            }

            fn input_type(types: &mut Types) -> Type {
                Type::list(T::input_type(types))
            }
        }
    )*};
}
from_vec!(VecDeque<T> Box<[T]> Arc<[T]> Rc<[T]>);

impl<T: IntoTerm> IntoTerm for [T] {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_list(self, encoder)
    }
}

impl<T: IntoTerm> OutputType for [T] {
    fn output_type(types: &mut Types) -> Type {
        Type::list(<T as IntoTerm>::output_type(types))
    }
}

impl<T: IntoTerm> IntoTerm for Vec<T> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_list(self, encoder)
    }

    fn is_injective() -> bool {
        T::is_injective()
    }

    fn output_type(types: &mut Types) -> Type {
        Type::list(<T as IntoTerm>::output_type(types))
    }
}

impl<T: IntoTerm, const N: usize> IntoTerm for [T; N] {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        T::encode_list(self, encoder)
    }

    fn is_injective() -> bool {
        T::is_injective()
    }

    fn output_type(types: &mut Types) -> Type {
        Type::Array(Box::new(<T as IntoTerm>::output_type(types)), N)
    }
}

impl<T: IntoTerm> IntoTerm for VecDeque<T> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self.as_slices() {
            (all, []) => T::encode_list(all, encoder),
            _ => encode_elements(self.len(), self.iter(), encoder),
        }
    }

    fn output_type(types: &mut Types) -> Type {
        Type::list(<T as IntoTerm>::output_type(types))
    }
}
