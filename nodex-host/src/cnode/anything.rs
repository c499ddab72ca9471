//! An answer that is only there to have come.

use nodex_core::{
    convert::{DecodeError, FromTerm},
    etf::Decoder,
};

/// Any term at all. Nothing of it is read, however long it is.
pub(crate) struct Anything;

impl FromTerm for Anything {
    fn decode(_: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Anything)
    }
}
