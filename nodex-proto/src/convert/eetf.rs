//! Terms of the crate eetf.

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    etf::{Decoder, EncodeError, Encoder},
    term::Term,
};

impl FromTerm for eetf::Term {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        eetf::Term::try_from(&decoder.term()?)
    }
}

impl IntoTerm for eetf::Term {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_term(&Term::try_from(self)?)
    }
}
