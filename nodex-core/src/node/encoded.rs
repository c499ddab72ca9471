//! Encoded pids, references and names, which are nearly always short.

use std::{fmt, ops::Deref};

use crate::{
    etf::{Encoder, tag},
    term::Atom,
};

/// Enough for a reference of a node whose name has up to 40 characters.
const SHORT: usize = 64;

/// An encoded term: in place if it is short, so that none is allocated for a message.
#[derive(Clone)]
pub(in crate::node) enum Encoded {
    /// The bytes, and how many of them are used.
    Short([u8; SHORT], u8),
    Long(Box<[u8]>),
}

impl Encoded {
    /// Returns these bytes, one after the other.
    pub(in crate::node) fn of(parts: &[&[u8]]) -> Self {
        let mut short = [0; SHORT];
        let mut length = 0;
        for part in parts {
            match short.get_mut(length..length + part.len()) {
                Some(place) => place.copy_from_slice(part),
                None => return Encoded::Long(parts.concat().into()),
            }
            length += part.len();
        }
        Encoded::Short(short, length as u8)
    }

    /// Returns the bytes that `write` writes.
    pub(in crate::node) fn written(write: impl FnOnce(&mut Encoder)) -> Self {
        let mut out = Encoder::new();
        write(&mut out);
        Self::of(&[&out.to_vec()])
    }

    /// Returns an encoded atom.
    pub(in crate::node) fn atom(atom: &Atom) -> Self {
        let name = atom.as_bytes();
        match u8::try_from(name.len()) {
            Ok(length) => Self::of(&[&[tag::SMALL_ATOM_UTF8_EXT, length], name]),
            Err(_) => Self::written(|out| out.put_atom(atom)),
        }
    }

    /// Returns these bytes, followed by numbers.
    #[inline]
    pub(in crate::node) fn with<const N: usize>(&self, numbers: [u32; N]) -> Self {
        if let Encoded::Short(short, length) = self {
            let (mut all, length) = (*short, usize::from(*length));
            if let Some(place) = all.get_mut(length..length + 4 * N) {
                let (places, _) = place.as_chunks_mut();
                places.iter_mut().zip(numbers).for_each(|(place, number)| *place = number.to_be_bytes());
                return Encoded::Short(all, (length + 4 * N) as u8);
            }
        }
        Self::of(&[self, numbers.map(u32::to_be_bytes).as_flattened()])
    }
}

impl Deref for Encoded {
    type Target = [u8];

    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Encoded::Short(short, length) => short.get(..usize::from(*length)).unwrap_or_default(),
            Encoded::Long(long) => long,
        }
    }
}

impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Encoded").field(&&**self).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_and_long_ones_hold_the_same() {
        for length in 0..=300_usize {
            let bytes: Vec<u8> = (0..length).map(|i| i as u8).collect();
            let (front, back) = bytes.split_at(length / 3);
            let encoded = Encoded::of(&[front, &[], back]);
            assert_eq!(&*encoded, &bytes[..], "{length}");
            assert_eq!(matches!(encoded, Encoded::Short(..)), length <= SHORT, "{length}");
            let with = encoded.with([1, 0x0203_0405, u32::MAX]);
            assert_eq!(*with, [&bytes[..], &[0, 0, 0, 1, 2, 3, 4, 5, 255, 255, 255, 255]].concat(), "{length}");
            assert_eq!(matches!(with, Encoded::Short(..)), length + 12 <= SHORT, "{length}");
        }
    }

    #[test]
    fn atoms_are_as_the_encoder_writes_them() {
        for name in
            ["", "a", &"n".repeat(62), &"n".repeat(63), &"n".repeat(255), &"\u{e9}".repeat(127), &"\u{e9}".repeat(200)]
        {
            let atom = Atom::new(name).unwrap();
            let mut out = Encoder::new();
            out.put_atom(&atom);
            assert_eq!(*Encoded::atom(&atom), out.to_vec());
        }
    }
}
