//! Tuples of 1 to 12 elements.

use super::{DecodeError, FromTerm, IntoTerm, from_term::in_element};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind},
};

#[cold]
fn other_arity(expected: &'static str, found: usize) -> DecodeError {
    DecodeError::mismatch(expected, format!("tuple of {found}"))
}

macro_rules! tuples {
    ($($arity:literal: $($name:ident $index:tt)*;)*) => {$(
        impl<$($name: FromTerm),*> FromTerm for ($($name,)*) {
            #[inline]
            fn could_be(kind: Kind) -> bool {
                kind == Kind::Tuple
            }

            #[inline]
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                match decoder.tuple() {
                    Ok($arity) => {}
                    Ok(arity) => return Err(other_arity(concat!("tuple of ", $arity), arity)),
                    Err(error) => return Err(error),
                }
                Ok(($($name::decode(decoder).map_err(|error| in_element(error, $index))?,)*))
            }

            fn input_type(types: &mut Types) -> Type {
                Type::tuple([$($name::input_type(types)),*])
            }
        }

        impl<$($name: IntoTerm),*> IntoTerm for ($($name,)*) {
            #[inline]
            fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
                encoder.put_tuple($arity)?;
                $(self.$index.encode(encoder)?;)*
                Ok(())
            }

            fn is_injective() -> bool {
                $($name::is_injective())&&*
            }

            fn output_type(types: &mut Types) -> Type {
                Type::tuple([$($name::output_type(types)),*])
            }
        }
    )*};
}
tuples! {
    1: A 0; 2: A 0 B 1; 3: A 0 B 1 C 2; 4: A 0 B 1 C 2 D 3; 5: A 0 B 1 C 2 D 3 E 4; 6: A 0 B 1 C 2 D 3 E 4 F 5;
    7: A 0 B 1 C 2 D 3 E 4 F 5 G 6; 8: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7; 9: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8;
    10: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9; 11: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10;
    12: A 0 B 1 C 2 D 3 E 4 F 5 G 6 H 7 I 8 J 9 K 10 L 11;
}
