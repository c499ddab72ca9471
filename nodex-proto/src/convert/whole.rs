//! Values that are whole binaries or dynamic terms.

use bytes::Bytes;

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    etf::{Decoder, EncodeError, Encoder, EtfError, VERSION},
    term::{Held, RawTerm, Term},
};

/// Why a value could not be converted to or from a dynamic term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum ConvertError {
    #[error(transparent)]
    Encode(#[from] EncodeError),
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// Encodes a value in the external term format with the version byte 131, like `erlang:term_to_binary/1`.
///
/// # Errors
/// Returns an error when no BEAM accepts the term.
pub fn term_to_binary<T: IntoTerm + ?Sized>(value: &T) -> Result<Vec<u8>, EncodeError> {
    let mut encoder = Encoder::new();
    encoder.put_u8(VERSION);
    value.encode(&mut encoder)?;
    Ok(encoder.to_vec())
}

/// Decodes a value from a whole binary in the external term format, like `erlang:binary_to_term/1`.
///
/// # Errors
/// Returns an error when the binary is not a term, a term of another type, or longer than the term.
pub fn binary_to_term<T: FromTerm>(binary: &[u8]) -> Result<T, DecodeError> {
    let mut decoder = Decoder::new(binary);
    decoder.version()?;
    let value = T::decode(&mut decoder)?;
    decoder.finish()?;
    Ok(value)
}

/// Converts a value to a dynamic term.
///
/// # Errors
/// Returns an error when no BEAM accepts the value, or [`Term`] cannot hold it.
pub fn to_term<T: IntoTerm + ?Sized>(value: &T) -> Result<Term, ConvertError> {
    Ok(RawTerm::from_value(value)?.decode()?)
}

/// Converts a dynamic term to a value.
///
/// # Errors
/// Returns an error when the term has another type, or no BEAM accepts it.
pub fn from_term<T: FromTerm>(term: &Term) -> Result<T, ConvertError> {
    Ok(term.as_ref().decode()?)
}

impl RawTerm {
    /// Encodes a value as a raw term.
    ///
    /// # Errors
    /// Returns an error when no BEAM accepts the term.
    pub fn from_value<T: IntoTerm + ?Sized>(value: &T) -> Result<RawTerm, EncodeError> {
        let mut encoder = Encoder::new();
        value.encode(&mut encoder)?;
        Ok(RawTerm::from_bytes(Bytes::from(encoder.to_vec())))
    }

    /// Creates a raw term of all of `bytes`, which have no version byte.
    ///
    /// # Errors
    /// Returns an error when they are not a term, or longer than one.
    pub fn new(bytes: impl Into<Bytes>) -> Result<RawTerm, EtfError> {
        let bytes = bytes.into();
        let mut decoder = Decoder::new(&bytes);
        decoder.skip()?;
        match decoder.remaining().len() {
            0 => Ok(RawTerm::from_bytes(bytes)),
            count => Err(EtfError::TrailingBytes { offset: decoder.position(), count }),
        }
    }

    /// Returns the value of the term.
    ///
    /// # Errors
    /// Returns an error when the term has another type.
    pub fn decode<T: FromTerm>(&self) -> Result<T, DecodeError> {
        let mut decoder = match self.held() {
            Held::Shared(bytes) => Decoder::with_owner(bytes, bytes),
            Held::Inline(..) => Decoder::new(self.as_bytes()),
        };
        T::decode(&mut decoder)
    }
}
