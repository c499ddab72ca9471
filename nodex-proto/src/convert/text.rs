//! Strings, which are binaries of UTF-8, and lists of characters.

use std::{rc::Rc, sync::Arc};

use super::{DecodeError, FromTerm, IntoTerm, OutputType, from_term::in_element, into_term::encode_elements};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind, List, tag},
};

const STRING: &str = "string (a binary of UTF-8)";

#[inline]
fn text<'a>(decoder: &mut Decoder<'a>) -> Result<&'a str, DecodeError> {
    if decoder.remaining().first() != Some(&tag::BINARY_EXT) {
        return Err(decoder.mismatch(STRING));
    }
    std::str::from_utf8(decoder.binary()?).map_err(|_| DecodeError::mismatch(STRING, "binary that is no UTF-8"))
}

macro_rules! strings {
    ($($type:ty)*) => {$(
        impl FromTerm for $type {
            #[inline]
            fn could_be(kind: Kind) -> bool {
                kind == Kind::Binary
            }

            #[inline]
            fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                text(decoder).map(<$type>::from)
            }

            fn input_type(_: &mut Types) -> Type {
                Type::String
            }
        }
    )*};
}
strings!(String Box<str> Arc<str> Rc<str>);

impl IntoTerm for str {
    #[inline(always)]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_binary(self.as_bytes())
    }
}

impl OutputType for str {
    fn output_type(_: &mut Types) -> Type {
        Type::String
    }
}

impl IntoTerm for String {
    #[inline(always)]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_binary(self.as_bytes())
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::String
    }
}

/// Text as Erlang's own functions have it: a list of characters, `'hello'` or `~c"hello"` in Elixir.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Charlist(pub String);

impl From<&str> for Charlist {
    fn from(text: &str) -> Self {
        Charlist(text.to_owned())
    }
}

impl From<String> for Charlist {
    fn from(text: String) -> Self {
        Charlist(text)
    }
}

impl FromTerm for Charlist {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::List
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        match decoder.list()? {
            List::Bytes(bytes) => Ok(Charlist(bytes.iter().copied().map(char::from).collect())),
            List::Elements(count) => {
                let mut text = String::with_capacity(decoder.capacity(count, 2));
                for i in 0..count {
                    text.push(char::decode(decoder).map_err(|error| in_element(error, i))?);
                }
                decoder.list_tail()?;
                Ok(Charlist(text))
            }
        }
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Charlist
    }
}

impl IntoTerm for Charlist {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        let bytes: Result<Vec<u8>, _> = self.0.chars().map(u8::try_from).collect();
        match bytes {
            Ok(bytes) => encoder.put_byte_list(&bytes),
            Err(_) => encode_elements(self.0.chars().count(), self.0.chars(), encoder),
        }
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Charlist
    }
}
