//! Terms that cost more than they are long, if they are read or shown without thought.

use std::{
    collections::{HashMap, HashSet},
    hash::{DefaultHasher, Hash, Hasher},
};

use nodex_proto::{
    convert::FromTerm,
    error::Chain,
    etf::{Decoder, Encoder},
    term,
    term::{RawTerm, Term},
    text::{Syntax, Text, parse},
};
use num_bigint::BigInt;

use crate::memory;

/// A map of `width` keys, each of which is such a map, so many levels deep; the leaves tell them apart.
fn maps_in_keys(depth: u32, width: u32, number: &mut u32, bytes: &mut Vec<u8>) {
    bytes.push(116);
    bytes.extend(width.to_be_bytes());
    for _ in 0..width {
        if depth == 0 {
            *number += 1;
            bytes.push(98);
            bytes.extend(number.to_be_bytes());
        } else {
            maps_in_keys(depth - 1, width, number, bytes);
        }
        bytes.push(106);
    }
}

/// Each of these comparisons would sort all maps in the keys anew: some minutes in this build.
#[test]
fn maps_in_keys_are_sorted_once() {
    let mut bytes = Vec::new();
    maps_in_keys(4, 11, &mut 1000, &mut bytes);
    assert!(bytes.len() > 1 << 20);
    let ((term, again), used) = memory(|| {
        let mut decoder = Decoder::new(&bytes);
        let term = decoder.term().unwrap();
        let again = Decoder::new(&bytes).term().unwrap();
        (term, again)
    });
    assert!(used < 256 << 20, "{used}");
    assert_eq!(term, again);
    let mut encoder = Encoder::new();
    encoder.put_term(&term).unwrap();
    assert_eq!(encoder.len(), bytes.len());
    // The least key is the one with the least numbers.
    assert!(Text::of(&term).to_string().starts_with("#{#{#{#{#{1001 => [],1002 => [],"));
    assert_eq!(Text::of(&term).max_len(20).to_string(), "#{#{#{#{#{1001 => []...");

    // As deep as anything else.
    let mut deeper = Vec::new();
    maps_in_keys(500, 1, &mut 0, &mut deeper);
    assert!(Decoder::new(&deeper).term().is_ok());
}

/// Tuples of the same parts in other maps: in each of them half of the pairs of `a` and `b` are in a map, and half stand
/// behind an empty one. A hash that does not count how long a map is takes them for equal.
fn alike(count: usize) -> Vec<Vec<u8>> {
    const BLOCKS: u32 = 20;
    let halves = (0_u32..1 << BLOCKS).filter(|which| which.count_ones() == BLOCKS / 2);
    halves
        .take(count)
        .map(|which| {
            let mut key = vec![104, (BLOCKS / 2 * 4) as u8];
            for block in 0..BLOCKS {
                key.extend([116, 0, 0, 0, (which >> block & 1) as u8, 97, 1, 97, 2]);
            }
            key
        })
        .collect()
}

fn map_of(keys: &[Vec<u8>], value: &[u8]) -> Vec<u8> {
    let mut bytes = vec![116];
    bytes.extend((keys.len() as u32).to_be_bytes());
    keys.iter().for_each(|key| {
        bytes.extend(key);
        bytes.extend(value);
    });
    bytes
}

#[test]
fn keys_of_the_same_parts_have_hashes_of_their_own() {
    let keys = alike(1000);
    let bytes = map_of(&keys, &[97, 1]);
    assert_eq!(Decoder::new(&bytes).term().unwrap().as_map().unwrap().len(), 1000);
    assert_eq!(HashMap::<Term, u8>::decode(&mut Decoder::new(&bytes)).unwrap().len(), 1000);
    let hashes: HashSet<u64> = keys
        .iter()
        .map(|key| {
            let mut hasher = DefaultHasher::new();
            Decoder::new(key).term().unwrap().hash(&mut hasher);
            hasher.finish()
        })
        .collect();
    assert_eq!(hashes.len(), 1000);
    let text: Vec<_> = keys.iter().map(|key| format!("{} => 1", RawTerm::new(key.clone()).unwrap())).collect();
    assert_eq!(parse(&format!("#{{{}}}", text.join(",")), Syntax::Erlang).ok(), Decoder::new(&bytes).term().ok());
}

/// Structs are the keys of a `MapSet`.
#[test]
fn many_different_maps_may_be_keys() {
    let date = |n: i32| term!(#{:"__struct__" => :"Elixir.Date", year => (n / 372), month => (n / 31 % 12 + 1), day => (n % 31 + 1)});
    let set = Term::map((0..20_000).map(|n| (date(n), term!([]))));
    let mut encoder = Encoder::new();
    encoder.put_term(&set).unwrap();
    let bytes = encoder.to_vec();
    let again = Decoder::new(&bytes).term().unwrap();
    assert_eq!(again, set);
    assert_eq!(HashMap::<Term, Vec<u8>>::decode(&mut Decoder::new(&bytes)).unwrap().len(), 20_000);
    // One of them twice, in another order of its own keys.
    let key = |order: [usize; 2]| {
        let pairs = [&[119, 1, 97, 97, 1][..], &[119, 1, 98, 97, 2]];
        [&[116, 0, 0, 0, 2][..], pairs[order[0]], pairs[order[1]]].concat()
    };
    let twice = map_of(&[key([0, 1]), key([1, 0])], &[97, 1]);
    assert_eq!(
        Chain(&Decoder::new(&twice).term().unwrap_err()).to_string(),
        "invalid term: the map at byte 0 has a key twice"
    );
}

/// In base 10 each of these integers takes some ten seconds in a release build.
#[test]
fn long_integers_are_shown_in_errors_without_work() {
    let mut integer = vec![111, 0, 64, 0, 0];
    integer.push(0);
    integer.extend(vec![0xAB; 4 << 20]);
    integer[1..5].copy_from_slice(&(4_194_296_u32).to_be_bytes());
    integer.truncate(6 + 4_194_296);
    let twice = map_of(&[integer.clone(), integer.clone()], &[97, 1]);
    let (error, used) = memory(|| HashMap::<BigInt, u8>::decode(&mut Decoder::new(&twice)).unwrap_err());
    let shown = "16#ABABABABABABABABABABABABABABABABABABA...";
    assert_eq!(Chain(&error).to_string(), format!("expected map with different keys, got {shown} twice"));
    assert!(used < 16 << 20, "{used}");
    let value = map_of(&[integer.clone()], &[106]);
    let error = HashMap::<BigInt, u8>::decode(&mut Decoder::new(&value)).unwrap_err().to_string();
    assert!(error.starts_with("value of 16#ABAB") && error.ends_with("...: expected integer, got list"), "{error}");

    let raw = RawTerm::new(integer).unwrap();
    let (text, used) = memory(|| format!("{raw:.30}"));
    assert_eq!((text.len(), used < 1000), (33, true), "{used}");
    let (text, used) = memory(|| format!("{raw:?}"));
    assert!(text.len() < 1100 && used < 8192, "{used}");
    assert_eq!(raw.to_string().len(), 3 + 2 * 4_194_296);
}

/// What is shown of a term is all that is read of it.
#[test]
fn what_is_cut_takes_no_memory() {
    let characters = RawTerm::from_value(&vec!['\u{20AC}'; 1 << 20]).unwrap();
    let text = RawTerm::from_value("x".repeat(8 << 20).as_str()).unwrap();
    let tuples = RawTerm::from_value(&vec![(1_u8, 2_u8); 1 << 20]).unwrap();
    for raw in [&characters, &text, &tuples] {
        let (shown, used) = memory(|| format!("{raw:.100} {raw:?}"));
        assert!(used < 8192 && shown.len() < 1500, "{used}");
    }
    let map = Term::map((0..300_000).map(|n| (n, Term::nil())));
    let (shown, used) = memory(|| Text::of(&map).max_len(30).to_string());
    assert_eq!(shown, "#{0 => [],1 => [],2 => [],3 =>...");
    assert!(used < 8192, "{used}");
}
