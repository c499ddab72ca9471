//! Maps.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{BuildHasher, Hash},
};

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    describe::{Type, Types},
    etf::{Decoder, EncodeError, Encoder, Kind},
    text::Text,
};

/// Returns the text of an encoded term, short enough for a message.
fn shown(term: &[u8]) -> String {
    Text::of_valid(term).max_len(40).to_string()
}

/// Reads pairs into a map. `insert` returns the earlier value of the key.
fn decode<K: FromTerm, V: FromTerm, M>(
    decoder: &mut Decoder<'_>,
    make: impl FnOnce(usize) -> M,
    mut insert: impl FnMut(&mut M, K, V) -> Option<V>,
) -> Result<M, DecodeError> {
    decoder.nested(|decoder| {
        let count = decoder.map()?;
        // Every key and every value takes a byte; a hash table has room for twice as many pairs at most.
        decoder.room::<()>(count.saturating_mul(2))?;
        decoder.spend(count.saturating_mul(2 * (size_of::<(K, V)>() + 1)), 8)?;
        let mut map = make(count);
        for i in 0..count {
            let start = decoder.position();
            let key = K::decode(decoder).map_err(|error| error.within(format!("key {}", i + 1)))?;
            let end = decoder.position();
            let value = V::decode(decoder).map_err(|error| {
                let mut key = decoder.clone();
                key.rewind(start);
                error.within(format!("value of {}", shown(key.bytes_until(end))))
            })?;
            if insert(&mut map, key, value).is_some() {
                let mut key = decoder.clone();
                key.rewind(start);
                let found = format!("{} twice", shown(key.bytes_until(end)));
                return Err(DecodeError::mismatch("map with different keys", found));
            }
        }
        Ok(map)
    })
}

impl<K: FromTerm + Eq + Hash, V: FromTerm, S: BuildHasher + Default> FromTerm for HashMap<K, V, S> {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Map
    }

    /// Returns an error if two keys are equal in Rust.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode(decoder, |count| HashMap::with_capacity_and_hasher(count, S::default()), Self::insert)
    }

    fn input_type(types: &mut Types) -> Type {
        Type::map(K::input_type(types), V::input_type(types))
    }
}

impl<K: FromTerm + Ord, V: FromTerm> FromTerm for BTreeMap<K, V> {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Map
    }

    /// Returns an error if two keys are equal in Rust.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        // All pairs, sorted unless they are, make a tree with fewer comparisons than one after the other.
        let mut again = decoder.clone();
        let mut sorted = true;
        let mut pairs: Vec<(K, V)> = decode(decoder, Vec::with_capacity, |pairs, key, value| {
            sorted = sorted && pairs.last().is_none_or(|(last, _)| *last < key);
            pairs.push((key, value));
            None
        })?;
        if !sorted {
            pairs.sort_by(|(one, _), (other, _)| one.cmp(other));
            if pairs.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one.cmp(other).is_eq())) {
                // Which one it is.
                return decode(&mut again, |_| BTreeMap::new(), Self::insert);
            }
        }
        Ok(pairs.into_iter().collect())
    }

    fn input_type(types: &mut Types) -> Type {
        Type::map(K::input_type(types), V::input_type(types))
    }
}

fn encode<'m, K: IntoTerm + 'm, V: IntoTerm + 'm>(
    count: usize,
    pairs: impl Iterator<Item = (&'m K, &'m V)>,
    encoder: &mut Encoder,
) -> Result<(), EncodeError> {
    encoder.put_map(count)?;
    if K::is_injective() || count < 2 {
        for (key, value) in pairs {
            key.encode(encoder)?;
            value.encode(encoder)?;
        }
        return Ok(());
    }
    let mut keys = HashSet::with_capacity(count);
    for (key, value) in pairs {
        let start = encoder.mark();
        key.encode(encoder)?;
        if !keys.insert(encoder.copy_since(start)) {
            return Err(EncodeError::DuplicateKey);
        }
        value.encode(encoder)?;
    }
    Ok(())
}

impl<K: IntoTerm, V: IntoTerm, S> IntoTerm for HashMap<K, V, S> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encode(self.len(), self.iter(), encoder)
    }

    fn output_type(types: &mut Types) -> Type {
        Type::map(K::output_type(types), V::output_type(types))
    }
}

impl<K: IntoTerm, V: IntoTerm> IntoTerm for BTreeMap<K, V> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encode(self.len(), self.iter(), encoder)
    }

    fn output_type(types: &mut Types) -> Type {
        Type::map(K::output_type(types), V::output_type(types))
    }
}
