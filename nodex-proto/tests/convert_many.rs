//! What is read many at once, against the same read one by one.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, HashMap},
    fmt::Debug,
};

use nodex_proto::{
    convert::{DecodeError, FromTerm},
    etf::{Decoder, Encoder},
    term::Atom,
};
use num_bigint::{BigInt, Sign};

/// A list of these terms, which are encoded.
fn list(terms: &[Vec<u8>]) -> Vec<u8> {
    let count = terms.len() as u32;
    [&[108], &count.to_be_bytes()[..], &terms.concat(), &[106]].concat()
}

fn all<T: FromTerm>(bytes: &[u8]) -> Result<Vec<T>, DecodeError> {
    let mut decoder = Decoder::new(bytes);
    let all = Vec::decode(&mut decoder)?;
    decoder.finish().map(|()| all)
}

/// The elements one by one, with the error that the first bad one gives.
fn one_by_one<T: FromTerm>(terms: &[Vec<u8>]) -> Result<Vec<T>, String> {
    let one = |(i, term): (usize, &Vec<u8>)| {
        T::decode(&mut Decoder::new(term)).map_err(|error| format!("element {}: {error}", i + 1))
    };
    terms.iter().enumerate().map(one).collect()
}

#[track_caller]
fn assert_alike<T: FromTerm + PartialEq + Debug>(terms: &[Vec<u8>]) {
    assert_eq!(all::<T>(&list(terms)).map_err(|error| error.to_string()), one_by_one::<T>(terms), "{terms:?}");
}

#[test]
fn lists_of_integers_in_all_their_forms() {
    let mut values: Vec<i128> = vec![0, 1, 127, 128, 255, 256, 32_767, 32_768, 65_535, 65_536];
    values.extend([i32::MAX.into(), u32::MAX.into(), i64::MAX.into(), u64::MAX.into(), i128::MAX]);
    values.extend(values.clone().iter().map(|value| -value - 1));
    let mut terms: Vec<Vec<u8>> = values.iter().map(|value| encoded(*value)).collect();
    // What need not be as long as it is.
    terms.extend([vec![98, 0, 0, 0, 7], vec![98, 255, 255, 255, 255], vec![110, 1, 1, 7], vec![111, 0, 0, 0, 1, 0, 7]]);
    terms.push(vec![119, 1, b'a']);
    for first in 0..terms.len() {
        for second in [0, 5, 8, 20, terms.len() - 1] {
            // Runs that end in the middle, at the start and at the end.
            let run = [&terms[first..=first], &terms[second..=second]].map(|one| vec![one[0].clone(); 3]).concat();
            let mixed = [&run[..], &terms[first..], &run[..]].concat();
            for terms in [&run[..], &mixed[..], &run[..4], &terms[first..=first]] {
                assert_alike::<u8>(terms);
                assert_alike::<i8>(terms);
                assert_alike::<u16>(terms);
                assert_alike::<i16>(terms);
                assert_alike::<u32>(terms);
                assert_alike::<i32>(terms);
                assert_alike::<u64>(terms);
                assert_alike::<i64>(terms);
                assert_alike::<usize>(terms);
                assert_alike::<isize>(terms);
                assert_alike::<u128>(terms);
                assert_alike::<i128>(terms);
            }
        }
    }
}

fn encoded(value: i128) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.put_i128(value);
    encoder.to_vec()
}

/// A list that says it is longer than it is, at each of its bytes.
#[test]
fn lists_of_integers_that_are_cut_off() {
    let whole = list(&(0..20).map(|i| encoded(i * 40_000)).collect::<Vec<_>>());
    assert!(all::<i64>(&whole).is_ok());
    for end in 0..whole.len() {
        assert!(all::<i64>(&whole[..end]).is_err(), "{end}");
        assert!(all::<u32>(&whole[..end]).is_err(), "{end}");
    }
}

#[test]
fn ordered_maps_of_keys_in_any_order() {
    let map = |keys: &[&str]| {
        let mut encoder = Encoder::new();
        encoder.put_map(keys.len()).unwrap();
        for (i, key) in keys.iter().enumerate() {
            encoder.put_atom_name(key).unwrap();
            encoder.put_i64(i as i64);
        }
        encoder.to_vec()
    };
    let names = ["a", "aa", "b", "c", "a_name_of_more_than_eight_bytes", "a_name_o"];
    for first in 0..names.len() {
        for count in 0..=names.len() {
            let keys: Vec<&str> = names.iter().cycle().skip(first).take(count).copied().collect();
            let bytes = map(&keys);
            let tree = BTreeMap::<Atom, i64>::decode(&mut Decoder::new(&bytes)).unwrap();
            let inserted: BTreeMap<Atom, i64> =
                keys.iter().zip(0..).map(|(key, i)| (Atom::new(key).unwrap(), i)).collect();
            assert_eq!(tree, inserted);
        }
    }
    // The one that is there twice is named, as it is for a hash map, wherever it stands; and so is a bad value.
    for keys in [&["a", "b", "a", "c"][..], &["b", "a", "a"], &["c", "b", "a", "c"], &["a", "a"]] {
        let bytes = map(keys);
        let tree = BTreeMap::<Atom, i64>::decode(&mut Decoder::new(&bytes)).unwrap_err();
        let hash = HashMap::<Atom, i64>::decode(&mut Decoder::new(&bytes)).unwrap_err();
        assert_eq!(tree, hash);
        assert!(tree.to_string().ends_with("twice"), "{tree}");
    }
    let error = BTreeMap::<Atom, bool>::decode(&mut Decoder::new(&map(&["b", "a"]))).unwrap_err();
    assert_eq!(error.to_string(), "value of b: expected true or false, got integer");
}

/// Atoms that were read are followed by what came behind them, which counts for nothing.
#[test]
fn atoms_are_in_the_order_of_their_bytes() {
    let mut names: Vec<String> =
        ["", "\0", "a", "a\0", "a\0b", "b", "é", "z", "aaaaaaaa", "aaaaaaab"].map(String::from).into();
    names.extend((1..30).map(|len| "abcdefghijklmnopqrstuvwxyzabcdefgh"[..len].to_owned()));
    names.extend((7..25).map(|len| format!("{}z", "abcdefghijklmnopqrstuvwxyzabcdefgh"[..len].to_owned())));
    let read = |name: &str, behind: u8| {
        let mut bytes = vec![119, name.len() as u8];
        bytes.extend(name.as_bytes());
        bytes.extend([behind; 30]);
        Decoder::new(&bytes).atom().unwrap()
    };
    for one in &names {
        for other in &names {
            let forms = |name: &str| [read(name, 0), read(name, b'~'), Atom::new(name).unwrap()];
            for one_form in forms(one) {
                for other_form in forms(other) {
                    assert_eq!(one_form == other_form, one == other, "{one:?} {other:?}");
                    assert_eq!(one_form.cmp(&other_form), one.as_bytes().cmp(other.as_bytes()), "{one:?} {other:?}");
                }
            }
        }
    }
}

#[test]
fn big_integers_of_every_length() {
    for len in 0..300_usize {
        for (sign, sign_byte) in [(Sign::Plus, 0), (Sign::Minus, 1)] {
            let digits: Vec<u8> = (0..len).map(|i| (i * 37 + 11) as u8 | 1).collect();
            let head = match u8::try_from(len) {
                Ok(len) => vec![110, len],
                Err(_) => [&[111], &(len as u32).to_be_bytes()[..]].concat(),
            };
            // With zeros behind, too, as others may write them.
            for zeros in [0, 1, 4].into_iter().filter(|zeros| len + zeros <= 255 || *zeros == 0) {
                let mut bytes = [&head[..], &[sign_byte], &digits].concat();
                if zeros > 0 {
                    bytes[1] += zeros as u8;
                    bytes.extend(vec![0; zeros]);
                }
                let found = BigInt::decode(&mut Decoder::new(&bytes)).unwrap();
                assert_eq!(found, BigInt::from_bytes_le(sign, &digits), "{len} {zeros}");
            }
        }
    }
}
