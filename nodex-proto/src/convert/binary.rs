//! Binaries and bit strings.

use std::ops::{Deref, DerefMut};

use bytes::{Bytes, BytesMut};

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind, mask_bits},
};

/// The bytes of a binary. (`Vec<u8>` is a list of integers; [`Bytes`] is a binary that can share its memory.)
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Binary(pub Vec<u8>);

impl Deref for Binary {
    type Target = Vec<u8>;
    fn deref(&self) -> &Vec<u8> {
        &self.0
    }
}

impl DerefMut for Binary {
    fn deref_mut(&mut self) -> &mut Vec<u8> {
        &mut self.0
    }
}

impl From<Vec<u8>> for Binary {
    fn from(bytes: Vec<u8>) -> Self {
        Binary(bytes)
    }
}

impl From<&[u8]> for Binary {
    fn from(bytes: &[u8]) -> Self {
        Binary(bytes.to_vec())
    }
}

impl FromTerm for Binary {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Binary
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Binary(decoder.binary()?.to_vec()))
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Binary
    }
}

impl IntoTerm for Binary {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_binary(&self.0)
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Binary
    }
}

impl FromTerm for Bytes {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Binary
    }

    /// Does not copy a large binary, which then keeps the buffer that it was received in.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.shared_binary()
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Binary
    }
}

impl IntoTerm for Bytes {
    /// Does not copy a large binary.
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_shared_binary(self)
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Binary
    }
}

impl FromTerm for BytesMut {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Binary
    }

    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(BytesMut::from(decoder.binary()?))
    }

    fn input_type(_: &mut Types) -> Type {
        Type::Binary
    }
}

impl IntoTerm for BytesMut {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encoder.put_binary(self)
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::Binary
    }
}

/// A bit string: any number of bits, the most significant bit of each byte first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct BitString {
    bytes: Vec<u8>,
    len: usize,
}

impl BitString {
    /// Creates a bit string of the first `len` bits of `bytes`; `None` if there are fewer. Further bytes are dropped,
    /// and unused bits of the last byte are set to 0.
    pub fn new(mut bytes: Vec<u8>, len: usize) -> Option<Self> {
        if len > bytes.len().checked_mul(8)? {
            return None;
        }
        bytes.truncate(len.div_ceil(8));
        mask_bits(&mut bytes, (len % 8) as u8);
        Some(BitString { bytes, len })
    }

    /// Returns the number of bits.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Returns `true` if there are no bits.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the bits; the unused ones of the last byte are 0.
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl FromTerm for BitString {
    /// A binary is a bit string too.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let (bytes, bits) = decoder.bit_string()?;
        let len = bytes.len() * 8 - usize::from(if bytes.is_empty() { 0 } else { 8 - bits });
        let mut bytes = bytes.to_vec();
        mask_bits(&mut bytes, bits);
        Ok(BitString { bytes, len })
    }

    fn input_type(_: &mut Types) -> Type {
        Type::BitString
    }
}

impl IntoTerm for BitString {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        match self.len % 8 {
            0 => encoder.put_binary(&self.bytes),
            bits => encoder.put_bit_string(&self.bytes, bits as u8),
        }
    }

    fn is_injective() -> bool {
        true
    }

    fn output_type(_: &mut Types) -> Type {
        Type::BitString
    }
}
