//! Bounds of integers.

use std::{cmp::Ordering, fmt};

/// The least or the greatest integer of a type, which can be a value of any of Rust's integer types.
///
/// ```
/// use nodex_proto::describe::Bound;
/// assert!(Bound::from(i128::MIN) < Bound::from(0) && Bound::from(0) < Bound::from(u128::MAX));
/// assert_eq!(Bound::from(-5_i8).to_string(), "-5");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Bound {
    negative: bool,
    magnitude: u128,
}

impl Bound {
    /// Returns the number, if this type can represent it.
    pub fn to_i128(self) -> Option<i128> {
        match self.negative {
            false => self.magnitude.try_into().ok(),
            true => 0_i128.checked_sub_unsigned(self.magnitude),
        }
    }

    /// Returns the number, if this type can represent it.
    pub fn to_u128(self) -> Option<u128> {
        (!self.negative).then_some(self.magnitude)
    }
}

macro_rules! from {
    (signed $($type:ty)*) => {$(
        impl From<$type> for Bound {
            fn from(value: $type) -> Self {
                Bound { negative: value < 0, magnitude: value.unsigned_abs() as u128 }
            }
        }
    )*};
    (unsigned $($type:ty)*) => {$(
        impl From<$type> for Bound {
            fn from(value: $type) -> Self {
                Bound { negative: false, magnitude: value as u128 }
            }
        }
    )*};
}
from!(signed i8 i16 i32 i64 i128 isize);
from!(unsigned u8 u16 u32 u64 u128 usize);

impl Ord for Bound {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.magnitude.cmp(&other.magnitude),
            (true, true) => other.magnitude.cmp(&self.magnitude),
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
        }
    }
}

impl PartialOrd for Bound {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.negative { "-" } else { "" };
        write!(f, "{sign}{}", self.magnitude)
    }
}
