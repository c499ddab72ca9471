//! Bytes as values of many types.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use nodex_core::{
    convert::{Binary, BitString, Charlist, DecodeError, FromTerm, IntoTerm},
    etf::{Decoder, EncodeError, Encoder},
    term::{Atom, Pid, Port, RawTerm, Reference, Term},
};
use num_bigint::{BigInt, BigUint};

/// A type that can contain itself.
#[derive(Debug, PartialEq)]
struct Tree(Vec<Tree>);

impl FromTerm for Tree {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        decoder.nested(|decoder| Vec::decode(decoder)).map(Tree)
    }
}

impl IntoTerm for Tree {
    fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
        self.0.encode(encoder)
    }
}

pub(super) fn typed(input: &[u8]) {
    macro_rules! each {
        ($($type:ty),+ $(,)?) => { $(one::<$type>(input);)+ };
    }
    each! {
        i8, i16, i32, i64, i128, u8, u16, u32, u64, u128, isize, usize, BigInt, BigUint,
        bool, char, Atom, String, Binary, Bytes, BitString, Charlist, Pid, Port, Reference,
        Vec<u8>, Vec<i64>, Vec<String>, Vec<Vec<Vec<u16>>>, Box<[Atom]>, [i32; 3],
        (Atom,), (Atom, i64), (u8, String, Vec<u8>), (RawTerm, RawTerm),
        Option<i64>, Option<Atom>, Result<i64, Atom>, Result<(), String>,
        HashMap<String, i64>, BTreeMap<i64, Vec<u8>>, HashMap<Atom, Option<Binary>>, HashMap<BigInt, i64>,
        BTreeMap<BTreeMap<BigInt, u8>, u8>,
        Box<String>, Tree,
    }
    // Equal only to itself, so compared by its bits.
    if let Some(float) = decode::<f64>(input) {
        assert!(float.is_finite());
        assert_eq!(decode::<f64>(&encode(&float)).map(f64::to_bits), Some(float.to_bits()));
    }
    decode::<f32>(input);
    decode::<HashMap<Term, RawTerm>>(input);
    decode::<HashMap<(u8, Term), u8>>(input);
}

fn one<T: FromTerm + IntoTerm + PartialEq + std::fmt::Debug>(input: &[u8]) {
    if let Some(value) = decode::<T>(input) {
        let again = decode::<T>(&encode(&value));
        assert_eq!(again.as_ref(), Some(&value), "{} comes back as another", std::any::type_name::<T>());
    }
}

/// What is read as a value is a whole term.
fn decode<T: FromTerm>(input: &[u8]) -> Option<T> {
    let mut decoder = Decoder::new(input);
    let value = T::decode(&mut decoder);
    let name = std::any::type_name::<T>();
    match value {
        Ok(value) => {
            let skipped = Decoder::new(input).skip().map(<[u8]>::len);
            assert_eq!(skipped, Ok(decoder.position()), "{name} reads what is no term, or not all of it");
            Some(value)
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.is_empty() && text.len() < 1 << 16, "{name}: an error of {} bytes", text.len());
            None
        }
    }
}

fn encode<T: IntoTerm>(value: &T) -> Vec<u8> {
    let mut encoder = Encoder::new();
    match value.encode(&mut encoder) {
        Ok(()) => encoder.to_vec(),
        Err(error) => panic!("a value that was read cannot be written: {error}"),
    }
}
