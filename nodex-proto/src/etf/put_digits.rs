//! Writing integers of any size and bit strings.

#[cfg(feature = "num-bigint")]
use num_bigint::{BigInt, BigUint, Sign};

use super::{
    EncodeError, Encoder, Kind, tag,
    write_buf::{SHORT_SPARE, short},
};

/// Writes a short bit string, if it is one, and returns how many bytes it takes.
#[inline(always)]
pub(super) fn bit_string(place: &mut [u8; SHORT_SPARE], bytes: &[u8], bits: u8) -> Option<usize> {
    let (Some(&last), 1..=7) = (bytes.last(), bits) else { return None };
    let [a, b, c, d] = (bytes.len() as u32).to_be_bytes();
    let count = short(place, tag::BIT_BINARY_EXT, [a, b, c, d, bits], bytes)?;
    *place.get_mut(count - 1)? = last & !(0xFF >> bits);
    Some(count)
}

#[cfg(feature = "num-bigint")]
impl Encoder {
    /// Appends an integer of any size.
    ///
    /// # Errors
    /// Returns an error when it has more than 524,280 bytes.
    pub fn put_bigint(&mut self, value: &BigInt) -> Result<(), EncodeError> {
        match i64::try_from(value) {
            Ok(value) => {
                self.put_i64(value);
                Ok(())
            }
            Err(_) => self.put_magnitude(value.sign() == Sign::Minus, value.magnitude()),
        }
    }

    /// An integer that is not negative.
    pub(crate) fn put_biguint(&mut self, value: &BigUint) -> Result<(), EncodeError> {
        match i64::try_from(value) {
            Ok(value) => {
                self.put_i64(value);
                Ok(())
            }
            Err(_) => self.put_magnitude(false, value),
        }
    }

    /// An integer that does not fit 64 bits.
    fn put_magnitude(&mut self, negative: bool, magnitude: &BigUint) -> Result<(), EncodeError> {
        let bytes = magnitude.bits().div_ceil(8) as usize;
        if bytes > super::MAX_SENT_INTEGER_BYTES {
            return Err(EncodeError::IntegerLength { bytes });
        }
        let sign = u8::from(negative);
        match u8::try_from(bytes) {
            Ok(count) => self.buf.put([tag::SMALL_BIG_EXT, count, sign]),
            Err(_) => {
                self.buf.put_head(tag::LARGE_BIG_EXT, bytes as u32);
                self.buf.put([sign]);
            }
        }
        // Whole words, in place: the last one may end in zeros, which do not count.
        let words = magnitude.iter_u64_digits();
        let (places, _) = self.buf.reserve(8 * words.len()).as_chunks_mut();
        for (place, word) in places.iter_mut().zip(words) {
            *place = word.to_le_bytes();
        }
        self.buf.advance(bytes);
        Ok(())
    }
}

impl Encoder {
    /// Appends a bit string, given its bytes and the number of used bits in the last one, 1 to 8. With 8 it is a
    /// binary.
    ///
    /// # Errors
    /// Returns an error when there are no bytes, or the number of bits is another one. (The empty bit string is the
    /// empty binary.)
    #[inline]
    pub fn put_bit_string(&mut self, bytes: &[u8], bits: u8) -> Result<(), EncodeError> {
        match self.buf.spare().and_then(|place| bit_string(place, bytes, bits)) {
            Some(count) => {
                self.buf.advance(count);
                Ok(())
            }
            None => self.put_long_bit_string(bytes, bits),
        }
    }

    #[inline(never)]
    fn put_long_bit_string(&mut self, bytes: &[u8], bits: u8) -> Result<(), EncodeError> {
        if bits == 8 && !bytes.is_empty() {
            return self.put_binary(bytes);
        }
        let (Some(&last), 1..=7) = (bytes.last(), bits) else {
            return Err(EncodeError::BitCount { bits: bits.into() });
        };
        let len = u32::try_from(bytes.len());
        let len = len.map_err(|_| EncodeError::too_many(Kind::BitString, bytes.len()))?;
        let [a, b, c, d] = len.to_be_bytes();
        self.buf.put_long(tag::BIT_BINARY_EXT, [a, b, c, d, bits], &bytes[..bytes.len() - 1]);
        let mut last = [last];
        mask_bits(&mut last, bits);
        self.buf.put(last);
        Ok(())
    }
}

#[cfg(all(test, feature = "num-bigint"))]
mod tests {
    use super::*;
    use crate::{
        etf::{Decoder, Limits},
        term::Term,
    };

    fn written(put: impl FnOnce(&mut Encoder) -> Result<(), EncodeError>) -> Vec<u8> {
        let mut encoder = Encoder::new();
        put(&mut encoder).expect("to be sent");
        encoder.to_vec()
    }

    #[test]
    fn integers_around_all_powers_of_two() {
        for bits in 1..2100_u32 {
            for value in [(BigInt::from(1) << bits) - 1, BigInt::from(1) << bits, -(BigInt::from(1) << bits)] {
                let bytes = written(|encoder| encoder.put_bigint(&value));
                if i64::try_from(&value).is_err() {
                    let (sign, digits) = value.to_bytes_le();
                    let sign = u8::from(sign == Sign::Minus);
                    let head = match u8::try_from(digits.len()) {
                        Ok(len) => vec![110, len, sign],
                        Err(_) => [&[111][..], &(digits.len() as u32).to_be_bytes(), &[sign]].concat(),
                    };
                    assert_eq!(bytes, [head, digits].concat());
                }
                if let Some(value) = value.to_biguint() {
                    assert_eq!(written(|encoder| encoder.put_biguint(&value)), bytes);
                }
                let alone = Decoder::new(&bytes).term().expect("a term");
                assert_eq!(written(|encoder| encoder.put_term(&alone)), bytes);
                // In a list they are read and written in another way.
                let list = [&[108, 0, 0, 0, 2, 106], &bytes[..], &[106]].concat();
                let all = Decoder::new(&list).term().expect("a list");
                assert_eq!(all.element(1), Some(alone.as_ref()));
                assert_eq!(written(|encoder| encoder.put_term(&all)), list);
            }
        }
    }

    #[test]
    fn zeros_at_the_end_do_not_count() {
        let padded: [(&[u8], i64); 3] = [
            (&[110, 9, 0, 5, 0, 0, 0, 0, 0, 0, 0, 0], 5),
            (&[110, 12, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], -(1 << 32)),
            (&[110, 8, 0, 5, 0, 0, 0, 0, 0, 0, 0], 5),
        ];
        for (bytes, value) in padded {
            let tuple = [&[104, 2, 106], bytes].concat();
            let all = Decoder::new(&tuple).term().expect("a tuple");
            let short = written(|encoder| {
                encoder.put_i64(value);
                Ok(())
            });
            assert_eq!(all.element(1).map(|five| five.to_term()), Decoder::new(&short).term().ok());
        }
        let mut zero = [0; 258];
        zero[..3].copy_from_slice(&[110, 255, 0]);
        assert_eq!(
            Decoder::new(&[&[104, 1], &zero[..]].concat()).term().map(|term| term.to_string()),
            Ok("{0}".into())
        );
    }

    #[test]
    fn the_digits_count_as_memory() {
        let one = [&[110, 255, 0][..], &[7; 255]].concat();
        let list = [&[108, 0, 0, 3, 232][..], &one.repeat(1000), &[106]].concat();
        let limits = |max_term_memory| Limits { max_term_memory, ..Limits::default() };
        assert!(Decoder::new(&list).limits(limits(0)).term().is_ok());
        let small = [&[108, 0, 0, 0, 100][..], &[110, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9].repeat(100), &[106]].concat();
        // 1,206 bytes, 8 for each of 102 terms, and what an allocation takes; twice the message is always allowed.
        assert!(Decoder::new(&small).limits(limits(0)).term().is_ok());
        let mut twice = Decoder::new(&small).limits(limits(0));
        assert!(twice.term().is_ok());
        twice.rewind(0);
        let refused = twice.term().expect_err("more than twice the message");
        assert!(crate::error::Chain(&refused).to_string().contains("would take more than 0 bytes"), "{refused}");
    }

    #[test]
    fn bit_strings_of_all_lengths() {
        let source: Vec<u8> = (1..=80).map(|byte: u8| byte.wrapping_mul(37) | 1).collect();
        for len in 1..source.len() {
            for bits in 1..8_u8 {
                let bytes = written(|encoder| encoder.put_bit_string(&source[..len], bits));
                let mut expected = [&[77, 0, 0, 0, len as u8, bits][..], &source[..len]].concat();
                mask_bits(&mut expected, bits);
                assert_eq!(bytes, expected);
                let term = Decoder::new(&bytes).term().expect("a term");
                let list = [&[108, 0, 0, 0, 2, 106], &bytes[..], &[106]].concat();
                let all = Term::list([Term::nil(), term.clone()]);
                assert_eq!(written(|encoder| encoder.put_term(&all)), list);
            }
            assert_eq!(written(|encoder| encoder.put_bit_string(&source[..len], 8))[0], tag::BINARY_EXT);
            assert!(Encoder::new().put_bit_string(&source[..len], 9).is_err());
            assert!(Encoder::new().put_bit_string(&source[..len], 0).is_err());
        }
        assert!(Encoder::new().put_bit_string(&[], 3).is_err());
    }
}

/// Clears what is not among the first `bits` (1 to 8) bits of the last byte.
pub(crate) fn mask_bits(bytes: &mut [u8], bits: u8) {
    if let (Some(last), 1..=7) = (bytes.last_mut(), bits) {
        *last &= !(0xFF >> bits);
    }
}
