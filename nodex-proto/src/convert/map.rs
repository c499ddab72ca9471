//! Maps.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    hash::{BuildHasher, Hash},
};

use super::{DecodeError, FromTerm, IntoTerm};
use crate::{
    etf::{Decoder, EncodeError, Encoder, EtfError, Kind},
    term::{Alike, MAX_ALIKE},
    text::Text,
};

/// An encoded term in words short enough for a message.
fn shown(term: &[u8]) -> String {
    Text::of_valid(term).max_len(40).to_string()
}

/// What became of a pair.
enum Inserted {
    New,
    Twice,
    /// Too many keys have the same hash.
    Alike,
}

impl Inserted {
    fn of(before: Option<impl Sized>) -> Self {
        if before.is_none() { Inserted::New } else { Inserted::Twice }
    }
}

/// Reads pairs into a map. `insert` is told whether there are maps of dynamic terms in the key.
fn decode<K: FromTerm, V: FromTerm, M>(
    decoder: &mut Decoder<'_>,
    make: impl FnOnce(usize) -> M,
    mut insert: impl FnMut(&mut M, K, V, bool) -> Inserted,
) -> Result<M, DecodeError> {
    decoder.nested(|decoder| {
        let offset = decoder.position();
        let count = decoder.map()?;
        // Every key and every value takes a byte; a hash table has room for twice as many pairs at most.
        decoder.room::<()>(count.saturating_mul(2))?;
        decoder.spend(count.saturating_mul(2 * (size_of::<(K, V)>() + 1)), 8)?;
        let mut map = make(count);
        for i in 0..count {
            let (start, maps) = (decoder.position(), decoder.dynamic_maps());
            let key = K::decode(decoder).map_err(|error| error.within(format!("key {}", i + 1)))?;
            let (end, has_maps) = (decoder.position(), decoder.dynamic_maps() != maps);
            let value = V::decode(decoder).map_err(|error| {
                let mut key = decoder.clone();
                key.rewind(start);
                error.within(format!("value of {}", shown(key.bytes_until(end))))
            })?;
            match insert(&mut map, key, value, has_maps) {
                Inserted::New => {}
                Inserted::Twice => {
                    let mut key = decoder.clone();
                    key.rewind(start);
                    let found = format!("{} twice", shown(key.bytes_until(end)));
                    return Err(DecodeError::mismatch("map with different keys", found));
                }
                Inserted::Alike => return Err(EtfError::AlikeKeys { offset, limit: MAX_ALIKE }.into()),
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

    /// An error if two keys are equal in Rust.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let mut alike = Alike::default();
        decode(
            decoder,
            |count| HashMap::with_capacity_and_hasher(count, S::default()),
            |map: &mut Self, key, value, has_maps| match !has_maps || alike.admits(&key, map.hasher()) {
                true => Inserted::of(map.insert(key, value)),
                false => Inserted::Alike,
            },
        )
    }
}

impl<K: FromTerm + Ord, V: FromTerm> FromTerm for BTreeMap<K, V> {
    #[inline]
    fn could_be(kind: Kind) -> bool {
        kind == Kind::Map
    }

    /// An error if two keys are equal in Rust.
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decode(decoder, |_| BTreeMap::new(), |map, key, value, _| Inserted::of(map.insert(key, value)))
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
}

impl<K: IntoTerm, V: IntoTerm> IntoTerm for BTreeMap<K, V> {
    #[inline]
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        encode(self.len(), self.iter(), encoder)
    }
}
