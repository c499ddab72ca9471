//! Digits of integers of any size.

/// What fits 32 bits of the powers of ten.
const BILLION: u64 = 1_000_000_000;

/// Returns the magnitude that digits in this base stand for, the least significant byte first, without zeros at the
/// end. `None` where there are none, or one is no digit.
pub(super) fn magnitude(digits: &str, base: u32) -> Option<Vec<u8>> {
    if digits.is_empty() {
        return None;
    }
    let mut bytes = if base.is_power_of_two() { of_bits(digits, base)? } else { of_products(digits, base)? };
    let len = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    bytes.truncate(len);
    Some(bytes)
}

/// Each digit is some bits.
fn of_bits(digits: &str, base: u32) -> Option<Vec<u8>> {
    let each = base.trailing_zeros();
    let mut bytes = Vec::with_capacity(digits.len() * each as usize / 8 + 1);
    let (mut held, mut count) = (0_u32, 0);
    for digit in digits.bytes().rev() {
        held |= char::from(digit).to_digit(base)? << count;
        count += each;
        if count >= 8 {
            bytes.push(held as u8);
            held >>= 8;
            count -= 8;
        }
    }
    bytes.push(held as u8);
    Some(bytes)
}

/// As many digits at a time as fit 32 bits.
fn of_products(digits: &str, base: u32) -> Option<Vec<u8>> {
    let at_once = (1..).take_while(|&count| base.checked_pow(count).is_some()).last().unwrap_or(1) as usize;
    let mut words: Vec<u32> = Vec::new();
    for chunk in digits.as_bytes().chunks(at_once) {
        let mut carry = 0_u64;
        for &digit in chunk {
            carry = carry * u64::from(base) + u64::from(char::from(digit).to_digit(base)?);
        }
        let factor = u64::from(base.pow(chunk.len() as u32));
        for word in &mut words {
            carry += u64::from(*word) * factor;
            *word = carry as u32;
            carry >>= 32;
        }
        if carry > 0 {
            words.push(carry as u32);
        }
    }
    Some(words.iter().flat_map(|word| word.to_le_bytes()).collect())
}

/// Returns the decimal digits of a magnitude whose least significant byte comes first.
pub(super) fn decimal(magnitude: &[u8]) -> String {
    let mut words: Vec<u32> = magnitude
        .chunks(4)
        .map(|chunk| {
            let mut word = [0; 4];
            word[..chunk.len()].copy_from_slice(chunk);
            u32::from_le_bytes(word)
        })
        .collect();
    // Nine digits each, the least significant first.
    let mut parts = Vec::new();
    while let Some(last) = words.iter().rposition(|&word| word != 0) {
        words.truncate(last + 1);
        let mut rest = 0_u64;
        for word in words.iter_mut().rev() {
            rest = rest << 32 | u64::from(*word);
            *word = (rest / BILLION) as u32;
            rest %= BILLION;
        }
        parts.push(rest);
    }
    let mut parts = parts.iter().rev();
    let mut text = parts.next().map_or_else(|| "0".to_owned(), u64::to_string);
    parts.for_each(|part| text.push_str(&format!("{part:09}")));
    text
}

#[cfg(test)]
mod tests {
    use num_bigint::{BigInt, BigUint};

    use super::*;

    #[test]
    fn digits_are_those_of_another_implementation() {
        for bits in [0_u32, 1, 7, 8, 31, 32, 33, 63, 64, 65, 100, 1000, 5000] {
            for value in
                [BigUint::from(1_u8) << bits, (BigUint::from(1_u8) << bits) - 1_u8, BigUint::from(7_u8).pow(bits)]
            {
                let bytes = value.to_bytes_le();
                assert_eq!(decimal(&bytes), value.to_string());
                for base in 2..=36 {
                    let digits = value.to_str_radix(base);
                    let expected = if value == BigUint::ZERO { Vec::new() } else { bytes.clone() };
                    assert_eq!(magnitude(&digits, base), Some(expected), "{digits} in base {base}");
                }
            }
        }
        assert_eq!(magnitude("12", 2), None);
        assert_eq!(magnitude("", 10), None);
        assert_eq!(decimal(&BigInt::from(0).to_bytes_le().1), "0");
    }
}
