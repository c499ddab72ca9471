//! A table by the names of nodes.

use std::{
    borrow::Borrow,
    collections::HashMap,
    hash::{BuildHasher, Hash, Hasher},
};

use crate::{random, term::Atom};

/// By the names of nodes. Each call looks into it, so their hash is a cheap one.
pub(super) type ByName<T> = HashMap<Name, T, Seeds>;

/// The name of a node, looked up by its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Name(pub(super) Atom);

impl Borrow<[u8]> for Name {
    fn borrow(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.as_bytes().hash(state);
    }
}

/// What the hashes of one table begin with. They differ each time, so that nobody can choose names that collide.
#[derive(Debug, Clone)]
pub(super) struct Seeds([u64; 2]);

impl Default for Seeds {
    fn default() -> Self {
        Seeds([random::any(), random::any()])
    }
}

impl BuildHasher for Seeds {
    type Hasher = Mixer;

    #[inline]
    fn build_hasher(&self) -> Mixer {
        let Seeds([hash, secret]) = *self;
        Mixer { hash, secret }
    }
}

/// Multiplies sixteen bytes at a time with each other, both made unknown, and folds the product.
#[derive(Debug)]
pub(super) struct Mixer {
    hash: u64,
    secret: u64,
}

impl Mixer {
    #[inline]
    fn mix(&mut self, low: u64, high: u64) {
        let product = u128::from(low ^ self.hash) * u128::from(high ^ self.secret);
        self.hash = product as u64 ^ (product >> 64) as u64;
    }
}

impl Hasher for Mixer {
    #[inline]
    fn finish(&self) -> u64 {
        self.hash
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks();
        let mut words = words.iter().map(|word| u64::from_le_bytes(*word));
        while let Some(low) = words.next() {
            self.mix(low, words.next().unwrap_or_default());
        }
        let rest = rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
        self.mix(rest, 0);
    }

    #[inline]
    fn write_usize(&mut self, length: usize) {
        self.hash ^= length as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn hash(seeds: &Seeds, name: &str) -> u64 {
        seeds.hash_one(Name(Atom::new(name).unwrap()))
    }

    #[test]
    fn names_are_found_by_their_bytes() {
        let mut table: ByName<usize> = ByName::default();
        let names: Vec<String> = (0..255).map(|length| "n".repeat(length)).chain(["\u{e9}@h".to_owned()]).collect();
        for (number, name) in names.iter().enumerate() {
            assert!(table.insert(Name(Atom::new(name).unwrap()), number).is_none());
        }
        for (number, name) in names.iter().enumerate() {
            assert_eq!(table.get(name.as_bytes()), Some(&number));
        }
        assert_eq!(table.get("another@h".as_bytes()), None);
    }

    #[test]
    fn hashes_of_similar_names_differ_and_those_of_another_table_too() {
        let [one, other] = [Seeds::default(), Seeds::default()];
        let names: Vec<String> = (0..20_000).map(|number| format!("node{number}@127.0.0.1")).collect();
        // As the table uses them: the low bits choose the place, seven of the high ones tell neighbours apart.
        for bits in [|hash: u64| hash & 0x7FFF, |hash: u64| hash >> 49] {
            let places: HashSet<u64> = names.iter().map(|name| bits(hash(&one, name))).collect();
            // Of 32,768 places, 20,000 random numbers find 14,970 at the most likely.
            assert!(places.len() > 14_000, "{}", places.len());
        }
        let equal = names.iter().filter(|name| hash(&one, name) == hash(&other, name)).count();
        assert_eq!(equal, 0);
    }
}
