//! Integers of all widths, and characters.

use super::{DecodeError, FromTerm, IntoTerm, from_term::in_element};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Integer, Kind, tag},
};

#[cold]
fn out_of_range(found: Integer<'_>, type_name: &str, min: impl ToString, max: impl ToString) -> DecodeError {
    let expected = format!("integer from {} to {} ({type_name})", min.to_string(), max.to_string());
    DecodeError::mismatch(expected, found.to_string())
}

/// From which integer of four bytes on all fit a type, and how they are made.
type Long<T> = (i32, fn(i32) -> T);

/// Reads integers, those of four bytes many at once where all of them fit the type: `long` says from which one on they do,
/// and how they are made.
#[inline]
fn decode_elements<T: FromTerm>(
    decoder: &mut Decoder<'_>,
    count: usize,
    all: &mut Vec<T>,
    long: Option<Long<T>>,
) -> Result<(), DecodeError> {
    let end = all.len() + count;
    while all.len() < end {
        if let Some((min, of)) = long
            && decoder.peek_tag() == tag::INTEGER_EXT
        {
            let before = all.len();
            decoder.long_integers(end - before, min, all, of);
            if all.len() > before {
                continue;
            }
        }
        let index = count - (end - all.len());
        all.push(T::decode(decoder).map_err(|error| in_element(error, index))?);
    }
    Ok(())
}

/// From which integer of four bytes on they fit, and how they are made.
macro_rules! long_integers {
    (i8) => {
        None
    };
    (i16) => {
        None
    };
    (u16) => {
        None
    };
    (u32) => {
        long_integers!(0, u32)
    };
    (u64) => {
        long_integers!(0, u64)
    };
    (usize) => {
        long_integers!(0, usize)
    };
    (u128) => {
        long_integers!(0, u128)
    };
    ($type:ident) => {
        long_integers!(i32::MIN, $type)
    };
    ($min:expr, $type:ident) => {
        Some(($min, |value| value as $type))
    };
}

macro_rules! from_term {
    ($($type:ident $big:ident;)*) => {$(
        impl FromTerm for $type {
            #[inline]
            fn could_be(kind: Kind) -> bool {
                kind == Kind::Integer
            }

            #[inline]
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                if let Some(value) = decoder.short_integer() {
                    return match $type::try_from(value) {
                        Ok(value) => Ok(value),
                        Err(_) => Err(out_of_range(Integer::Small(value), stringify!($type), $type::MIN, $type::MAX)),
                    };
                }
                let found = decoder.any_integer("integer")?;
                let value = match found {
                    Integer::Small(value) => $type::try_from(value).ok(),
                    big => $big(big).and_then(|value| $type::try_from(value).ok()),
                };
                value.ok_or_else(|| out_of_range(found, stringify!($type), $type::MIN, $type::MAX))
            }

            fn decode_elements(
                decoder: &mut Decoder<'_>,
                count: usize,
                all: &mut Vec<Self>,
            ) -> Result<(), DecodeError> {
                decode_elements(decoder, count, all, long_integers!($type))
            }

            fn decode_bytes(bytes: &[u8], _: &Decoder<'_>, all: &mut Vec<Self>) -> Result<(), DecodeError> {
                for &byte in bytes {
                    match $type::try_from(byte) {
                        Ok(value) => all.push(value),
                        Err(_) => {
                            let found = Integer::Small(byte.into());
                            return Err(out_of_range(found, stringify!($type), $type::MIN, $type::MAX)
                                .within(format!("element {}", all.len() + 1)));
                        }
                    }
                }
                Ok(())
            }

            fn input_type(_: &mut Types) -> Type {
                Type::integer($type::MIN, $type::MAX)
            }
        }
    )*};
}

/// An integer that does not fit `i64` fits none of the narrower types.
fn none(_: Integer<'_>) -> Option<i64> {
    None
}

fn signed(big: Integer<'_>) -> Option<i128> {
    big.to_i128()
}

fn unsigned(big: Integer<'_>) -> Option<u128> {
    big.to_u128()
}

from_term! {
    i8 none; i16 none; i32 none; i64 none; isize none; u16 none; u32 none;
    i128 signed; u64 unsigned; usize unsigned; u128 unsigned;
}

impl FromTerm for u8 {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Integer
    }

    #[inline]
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let found = decoder.any_integer("integer")?;
        match found {
            Integer::Small(value @ 0..=255) => Ok(value as u8),
            _ => Err(out_of_range(found, "u8", u8::MIN, u8::MAX)),
        }
    }

    fn decode_bytes(bytes: &[u8], _: &Decoder<'_>, all: &mut Vec<Self>) -> Result<(), DecodeError> {
        all.extend_from_slice(bytes);
        Ok(())
    }

    fn input_type(_: &mut Types) -> Type {
        Type::integer(u8::MIN, u8::MAX)
    }
}

macro_rules! into_term {
    ($put:ident $as:ident $list:tt: $($type:ident)*) => {$(
        impl IntoTerm for $type {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                encoder.$put(*self as $as);
                Ok(())
            }

            into_term!(list $list);

            fn is_injective() -> bool {
                true
            }

            fn output_type(_: &mut Types) -> Type {
                Type::integer($type::MIN, $type::MAX)
            }
        }
    )*};
    (list {}) => {};
    (list {i64}) => {
        fn encode_list(all: &[Self], encoder: &mut Encoder) -> Result<(), EncodeError> {
            if !all.is_empty() {
                encoder.put_list(all.len())?;
                encoder.put_integers(all, |value| value as i64);
            }
            encoder.put_nil();
            Ok(())
        }
    };
}
into_term!(put_i64 i64 {i64}: i8 i16 i32 i64 isize u16 u32);
into_term!(put_u64 u64 {}: u64 usize);
into_term!(put_u128 u128 {}: u128);
into_term!(put_i128 i128 {}: i128);

impl IntoTerm for u8 {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_i64((*self).into());
        Ok(())
    }

    fn encode_list(all: &[Self], encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_byte_list(all)
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::integer(u8::MIN, u8::MAX)
    }
}

impl FromTerm for char {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Integer
    }

    /// Reads an integer, as Erlang's `char()`. Surrogates are an error.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let found = decoder.any_integer("character (an integer)")?;
        let value = match found {
            Integer::Small(value) => u32::try_from(value).ok().and_then(char::from_u32),
            Integer::Big { .. } => None,
        };
        value.ok_or_else(|| DecodeError::mismatch("character (an integer)", found.to_string()))
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Char
    }
}

impl IntoTerm for char {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        u32::from(*self).encode(encoder)
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Char
    }
}
