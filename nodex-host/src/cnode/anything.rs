//! [`Anything`].

use nodex_core::{
    convert::{DecodeError, FromTerm},
    etf::Decoder,
};

/// Any term. It is not decoded, so its length does not matter.
pub(crate) struct Anything;

impl FromTerm for Anything {
    fn decode(_: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Anything)
    }
}
