//! Values that are whole binaries or dynamic terms.

use bytes::Bytes;

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    etf::{Decoder, EncodeError, Encoder, EtfError, VERSION},
    term::{Held, RawTerm, Term},
};

/// Why a value could not be made into one of another type by way of a term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum ConvertError {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Returns the external term format of a value, with the version byte 131, as `erlang:term_to_binary/1` returns it.
///
/// # Errors
/// Returns an error when no BEAM would accept it.
pub fn term_to_binary<T: IntoTerm + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::new();
    encoder.put_u8(VERSION);
    value.encode(&mut encoder)?;
    Ok(encoder.to_vec())
}

/// Returns the value of a whole binary in external term format, as of `erlang:binary_to_term/1`.
///
/// # Errors
/// Returns an error when it is no term, another one than expected, or more than a term.
pub fn binary_to_term<T: FromTerm>(binary: &[u8]) -> Result<T, DecodeError> {
    let mut decoder = Decoder::new(binary);
    decoder.version()?;
    let value = T::decode(&mut decoder)?;
    decoder.finish()?;
    Ok(value)
}

/// Returns the dynamic term of a value.
///
/// # Errors
/// Returns an error when no BEAM would accept the value, or [`Term`] cannot hold it.
pub fn to_term<T: IntoTerm + ?Sized>(value: &T) -> Result<Term, ConvertError> {
    Ok(RawTerm::from_value(value)?.decode()?)
}

/// Returns the value of a dynamic term.
///
/// # Errors
/// Returns an error when it is another one than expected, or no BEAM would accept it.
pub fn from_term<T: FromTerm>(term: &Term) -> Result<T, ConvertError> {
    Ok(term.as_ref().decode()?)
}

impl RawTerm {
    /// Returns the term of a value.
    ///
    /// # Errors
    /// Returns an error when no BEAM would accept it.
    pub fn from_value<T: IntoTerm + ?Sized>(value: &T) -> Result<RawTerm, EncodeError> {
        let mut encoder = Encoder::new();
        value.encode(&mut encoder)?;
        Ok(RawTerm::from_bytes(Bytes::from(encoder.to_vec())))
    }

    /// Returns the term that is all of `bytes`, which hold no version byte.
    ///
    /// # Errors
    /// Returns an error when they are no term, or more than one.
    pub fn new(bytes: impl Into<Bytes>) -> Result<RawTerm, EtfError> {
        let bytes = bytes.into();
        let mut decoder = Decoder::new(&bytes);
        decoder.skip()?;
        match decoder.remaining().len() {
            0 => Ok(RawTerm::from_bytes(bytes)),
            count => Err(EtfError::TrailingBytes { offset: decoder.position(), count }),
        }
    }

    /// The value of the term.
    ///
    /// # Errors
    /// Returns an error when it is another one than expected.
    pub fn decode<T: FromTerm>(&self) -> Result<T, DecodeError> {
        let mut decoder = match self.held() {
            Held::Shared(bytes) => Decoder::with_owner(bytes, bytes),
            Held::Inline(..) => Decoder::new(self.as_bytes()),
        };
        T::decode(&mut decoder)
    }
}
