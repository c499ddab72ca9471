//! Reading integers.

use super::{Decoder, EtfError, MAX_INTEGER_BYTES, tag};
use crate::{etf::DecodeError, term::first_word};

/// An integer of any size, as it is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Integer<'a> {
    /// An integer that fits `i64`.
    Small(i64),
    /// Any other integer.
    Big {
        /// Whether it is negative.
        negative: bool,
        /// The magnitude, least significant byte first, without zeros at the end.
        digits: &'a [u8],
    },
}

impl Integer<'_> {
    /// Returns the value, if it fits.
    pub fn to_i128(self) -> Option<i128> {
        match self {
            Integer::Small(value) => Some(value.into()),
            // -2^127 has no positive twin.
            Integer::Big { negative: true, digits } => 0i128.checked_sub_unsigned(magnitude(digits)?),
            Integer::Big { negative: false, digits } => magnitude(digits)?.try_into().ok(),
        }
    }

    /// Returns the value, if it fits.
    pub fn to_u128(self) -> Option<u128> {
        match self {
            Integer::Small(value) => value.try_into().ok(),
            Integer::Big { negative: true, .. } => None,
            Integer::Big { negative: false, digits } => magnitude(digits),
        }
    }
}

impl std::fmt::Display for Integer<'_> {
    /// Shows the value, or only the length of an integer of more than 128 bits.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.to_i128(), self.to_u128(), self) {
            (Some(value), _, _) => value.fmt(f),
            (_, Some(value), _) => value.fmt(f),
            (_, _, Integer::Small(value)) => value.fmt(f),
            (_, _, Integer::Big { digits, .. }) => write!(f, "integer of {} bytes", digits.len()),
        }
    }
}

fn magnitude(digits: &[u8]) -> Option<u128> {
    let mut bytes = [0; 16];
    bytes.get_mut(..digits.len())?.copy_from_slice(digits);
    Some(u128::from_le_bytes(bytes))
}

/// Returns an integer of this sign and these digits.
#[cfg(feature = "num-bigint")]
pub(crate) fn big_integer(negative: bool, digits: &[u8]) -> num_bigint::BigInt {
    let sign = if negative { num_bigint::Sign::Minus } else { num_bigint::Sign::Plus };
    let (words, rest) = digits.as_chunks::<4>();
    let mut all = [0; 64];
    match all.get_mut(..=words.len()) {
        // Up to 255 bytes. Words are taken over, and bytes put together one by one.
        Some(place) => {
            let mut last = [0; 4];
            last[..rest.len()].copy_from_slice(rest);
            place[words.len()] = u32::from_le_bytes(last);
            place.iter_mut().zip(words).for_each(|(place, word)| *place = u32::from_le_bytes(*word));
            num_bigint::BigInt::from_slice(sign, place)
        }
        None => num_bigint::BigInt::from_bytes_le(sign, digits),
    }
}

/// Returns the value of a `SMALL_BIG_EXT` that fits, as times do, and how many bytes it takes.
#[inline]
pub(super) fn short_big(bytes: &[u8]) -> Option<(i64, usize)> {
    let [tag::SMALL_BIG_EXT, count @ 0..=8, sign @ 0..=1, rest @ ..] = bytes else { return None };
    let count = usize::from(*count);
    let magnitude = first_word(rest.get(..count)?);
    let value = if *sign == 1 { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
    Some((value?, 3 + count))
}

impl<'a> Decoder<'a> {
    /// The next term, if it is an integer of 64 bits in one of the three commonest forms; reads nothing otherwise.
    #[inline(always)]
    pub(crate) fn short_integer(&mut self) -> Option<i64> {
        match *self.remaining() {
            [tag::SMALL_INTEGER_EXT, value, ..] => {
                self.pos += 2;
                Some(value.into())
            }
            [tag::INTEGER_EXT, a, b, c, d, ..] => {
                self.pos += 5;
                Some(i32::from_be_bytes([a, b, c, d]).into())
            }
            _ => {
                let (value, len) = short_big(self.remaining())?;
                self.pos += len;
                Some(value)
            }
        }
    }

    /// Appends up to `count` integers that are no less than `min`, as long as the next term is one of four bytes.
    #[inline]
    pub(crate) fn long_integers<T>(&mut self, count: usize, min: i32, all: &mut Vec<T>, of: impl Fn(i32) -> T) {
        let (chunks, _) = self.remaining().as_chunks::<5>();
        let chunks = &chunks[..count.min(chunks.len())];
        let value = |&[_, a, b, c, d]: &[u8; 5]| i32::from_be_bytes([a, b, c, d]);
        let read = chunks.iter().take_while(|chunk| chunk[0] == tag::INTEGER_EXT && value(chunk) >= min).count();
        // That many are known before they are made, so that several are made at once.
        all.extend(chunks[..read].iter().map(|chunk| of(value(chunk))));
        self.pos += 5 * read;
    }

    /// Reads an integer of any size. `expected` names the type in messages.
    #[inline]
    pub fn any_integer(&mut self, expected: &'static str) -> Result<Integer<'a>, DecodeError> {
        match self.peek_tag() {
            tag::SMALL_INTEGER_EXT => {
                let [_, value] = self.array()?;
                Ok(Integer::Small(value.into()))
            }
            tag::INTEGER_EXT => {
                let [_, a, b, c, d] = self.array()?;
                Ok(Integer::Small(i32::from_be_bytes([a, b, c, d]).into()))
            }
            tag::SMALL_BIG_EXT => match short_big(self.remaining()) {
                Some((value, len)) => {
                    self.pos += len;
                    Ok(Integer::Small(value))
                }
                None => self.big_integer(expected),
            },
            _ => self.big_integer(expected),
        }
    }

    fn big_integer(&mut self, expected: &'static str) -> Result<Integer<'a>, DecodeError> {
        let start = self.pos;
        let count = match self.peek_tag() {
            tag::SMALL_BIG_EXT => {
                let [_, count] = self.array()?;
                usize::from(count)
            }
            tag::LARGE_BIG_EXT => {
                let [_, a, b, c, d] = self.array()?;
                u32::from_be_bytes([a, b, c, d]) as usize
            }
            _ => return Err(self.mismatch(expected)),
        };
        let offset = self.pos;
        let sign = self.u8()?;
        if sign > 1 {
            return Err(EtfError::Sign { offset, sign }.into());
        }
        if count > MAX_INTEGER_BYTES {
            return Err(EtfError::IntegerLength { offset: start, bytes: count }.into());
        }
        let digits = self.take(count)?;
        let digits = &digits[..digits.iter().rposition(|&digit| digit != 0).map_or(0, |last| last + 1)];
        let negative = sign == 1;
        let mut small = [0; 8];
        if let Some(place) = small.get_mut(..digits.len()) {
            place.copy_from_slice(digits);
            let magnitude = u64::from_le_bytes(small);
            let value = if negative { 0i64.checked_sub_unsigned(magnitude) } else { i64::try_from(magnitude).ok() };
            if let Some(value) = value {
                return Ok(Integer::Small(value));
            }
        }
        Ok(Integer::Big { negative, digits })
    }

    /// Reads an integer that fits `i128`; others are an error that says so. `expected` names the type in messages.
    pub fn integer(&mut self, expected: &'static str) -> Result<i128, DecodeError> {
        let integer = self.any_integer(expected)?;
        integer.to_i128().ok_or_else(|| DecodeError::mismatch(expected, integer.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Integer<'_> {
        Decoder::new(bytes).any_integer("integer").expect("an integer")
    }

    #[test]
    fn what_fits_is_small_however_it_is_written() {
        assert_eq!(read(&[97, 5]), Integer::Small(5));
        assert_eq!(read(&[98, 255, 255, 255, 255]), Integer::Small(-1));
        assert_eq!(read(&[110, 4, 1, 5, 0, 0, 0]), Integer::Small(-5));
        assert_eq!(read(&[110, 0, 1]), Integer::Small(0));
        assert_eq!(read(&[110, 8, 1, 0, 0, 0, 0, 0, 0, 0, 128]), Integer::Small(i64::MIN));
        assert_eq!(read(&[111, 0, 0, 0, 9, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), Integer::Small(1));
    }

    #[test]
    fn the_limits_of_128_bits() {
        let min = read(&[110, 16, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 128]);
        assert_eq!((min.to_i128(), min.to_u128()), (Some(i128::MIN), None));
        let max = [110, 16, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255];
        assert_eq!((read(&max).to_i128(), read(&max).to_u128()), (None, Some(u128::MAX)));
        assert_eq!(read(&max).to_string(), u128::MAX.to_string());
        let over = [110, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
        assert_eq!((read(&over).to_i128(), read(&over).to_u128()), (None, None));
        assert_eq!(read(&over).to_string(), "integer of 17 bytes");
    }

    #[test]
    fn bad_signs_and_lengths_are_refused() {
        for bytes in [&[110, 1, 2, 5][..], &[111, 255, 255, 255, 255, 0, 1], &[110, 3, 0, 1], &[98, 0], &[]] {
            assert!(Decoder::new(bytes).any_integer("integer").is_err(), "{bytes:?}");
        }
    }
}
