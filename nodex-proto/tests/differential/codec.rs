//! The ways to read and to write one term.

use nodex_proto::{
    convert::{BitString, IntoTerm, binary_to_term, term_to_binary},
    etf::{Decoder, Encoder, Integer, Kind, List},
    term::{Atom, Pid, Port, RawTerm, Reference, Term},
};
use num_bigint::BigInt;
use proptest::{collection::vec, prelude::*};

use super::written::{T, name, scalar, term, unusual, usual};

/// What is written, which is the same with room left for it and without.
fn encoded(write: impl Fn(&mut Encoder)) -> Vec<u8> {
    let [mut full, mut roomy] = [Encoder::new(), Encoder::new()];
    roomy.put_slice(&[9; 2000]);
    roomy.clear();
    [&mut full, &mut roomy].into_iter().for_each(&write);
    assert_eq!(full.to_vec(), roomy.to_vec());
    full.to_vec()
}

fn encode(term: &Term) -> Vec<u8> {
    encoded(|encoder| encoder.put_term(term).unwrap())
}

/// The dynamic term that all of these bytes are.
fn dynamic(bytes: &[u8]) -> Option<Term> {
    let mut decoder = Decoder::new(bytes);
    let term = decoder.term().ok()?;
    decoder.is_empty().then_some(term)
}

/// How deep the places are nested in which a dynamic term is written without recursion.
const DEEP: usize = 40;

/// Terms around another one: in each of them a dynamic term is read and written by another part of the codec.
fn around(bytes: &[u8], improper: bool) -> Vec<(&'static str, Vec<u8>)> {
    let (atom, long): (&[u8], &[u8]) = (b"\x77\x01a", &[&[109, 0, 0, 0, 40][..], &[7; 40]].concat());
    let fun_size = (29 + 3 + 2 + 2 + 16 + bytes.len()) as u32;
    let fun = [
        &[112][..],
        &fun_size.to_be_bytes(),
        &[1],
        &[5; 16],
        &[0, 0, 0, 4, 0, 0, 0, 1],
        atom,
        &[97, 6, 97, 7],
        &[88, 119, 1, 97],
        &[0; 12],
        bytes,
    ];
    let mut all = vec![
        ("alone in a tuple", [b"\x68\x01", bytes].concat()),
        ("first in a tuple", [b"\x68\x02", bytes, atom].concat()),
        ("behind others in a tuple", [b"\x68\x03", atom, long, bytes].concat()),
        ("between others in a list", [b"\x6c\0\0\0\x03", atom, bytes, long, b"\x6a"].concat()),
        ("after what is not simple", [b"\x68\x03\x68\x01", atom, bytes, b"\x68\x01", bytes].concat()),
        ("a value of a map", [b"\x74\0\0\0\x01", atom, bytes].concat()),
        ("a key of a map", [b"\x74\0\0\0\x01", bytes, atom].concat()),
        ("in a map in a tuple", [b"\x68\x02\x74\0\0\0\x01", atom, bytes, atom].concat()),
        ("a free variable of a fun", fun.concat()),
        ("deep in tuples", [&b"\x68\x01".repeat(DEEP)[..], bytes].concat()),
        ("deep in tuples behind others", [&b"\x68\x02\x77\x01a".repeat(DEEP)[..], bytes].concat()),
        ("deep in lists", {
            let heads = b"\x6c\0\0\0\x02\x77\x01a".repeat(DEEP);
            [&heads[..], bytes, &[0x6a; DEEP]].concat()
        }),
        ("deep in values of maps", [&b"\x74\0\0\0\x01\x77\x01a".repeat(DEEP)[..], bytes].concat()),
    ];
    if improper {
        all.push(("the tail of a list", [b"\x6c\0\0\0\x01", atom, bytes].concat()));
        all.push(("the tail of a list in a list", [b"\x6c\0\0\0\x01\x6c\0\0\0\x01", atom, bytes, b"\x6a"].concat()));
    }
    all
}

/// True for what an improper list can end with.
fn is_no_list(term: &T) -> bool {
    !matches!(term, T::Nil | T::Bytes(_) | T::List(..))
}

/// What the reader for this kind of term makes of bytes: their number, and how the value is written again. The outer
/// `None` is for a kind that has no reader.
fn typed(bytes: &[u8]) -> Option<Option<(usize, Vec<u8>)>> {
    let mut decoder = Decoder::new(bytes);
    let again = match decoder.peek().ok()? {
        Kind::Integer => {
            let start = decoder.clone();
            decoder.any_integer("integer").ok().map(|integer| {
                let big = start.clone().any_integer("integer").unwrap();
                match integer {
                    Integer::Small(value) => {
                        assert_eq!(big.to_i128(), Some(value.into()));
                        encoded(|encoder| encoder.put_i64(value))
                    }
                    Integer::Big { .. } => {
                        let value: BigInt = binary_to_term(&[&[131], &bytes[..decoder.position()]].concat()).unwrap();
                        encoded(|encoder| encoder.put_bigint(&value).unwrap())
                    }
                }
            })
        }
        Kind::Float => decoder.float().ok().map(|value| encoded(|encoder| encoder.put_float(value).unwrap())),
        Kind::Atom => {
            let named = decoder.clone().atom_name().ok().map(|name| name.into_owned());
            let atom = decoder.atom().ok();
            assert_eq!(named.as_deref(), atom.as_ref().map(Atom::as_str), "{bytes:?}");
            if let Some(atom) = &atom {
                let mut taken = Decoder::new(bytes);
                assert!(taken.take_atom(atom.as_str()));
                assert_eq!(taken.position(), decoder.position());
                assert!(!Decoder::new(bytes).take_atom(&format!("{atom}x")));
                let by_name = encoded(|encoder| encoder.put_atom_name(atom.as_str()).unwrap());
                assert_eq!(by_name, encoded(|encoder| encoder.put_atom(atom)));
            }
            atom.map(|atom| encoded(|encoder| encoder.put_atom(&atom)))
        }
        Kind::Binary => decoder.binary().ok().map(|value| encoded(|encoder| encoder.put_binary(value).unwrap())),
        Kind::BitString => decoder
            .bit_string()
            .ok()
            .map(|(value, bits)| encoded(|encoder| encoder.put_bit_string(value, bits).unwrap())),
        Kind::Pid => decoder.pid().ok().map(|pid| encoded(|encoder| encoder.put_pid(&pid))),
        Kind::Port => decoder.port().ok().map(|port| encoded(|encoder| encoder.put_port(&port))),
        Kind::Reference => decoder.reference().ok().map(|value| encoded(|encoder| encoder.put_reference(&value))),
        Kind::List => match decoder.list() {
            Ok(List::Bytes(value)) => Some(encoded(|encoder| encoder.put_byte_list(value).unwrap())),
            // Its elements are for others.
            Ok(List::Elements(_)) => return None,
            Err(_) => None,
        },
        _ => return None,
    };
    Some(again.map(|again| (decoder.position(), again)))
}

/// What is known of bytes by passing over them, by the reader for their kind, and as a dynamic term alone and inside of
/// another one.
fn check_readers(bytes: &[u8]) {
    let mut decoder = Decoder::new(bytes);
    let skipped = decoder.skip().ok().map(|term| term.len());
    if let Some(typed) = typed(bytes) {
        assert_eq!(skipped, typed.as_ref().map(|(count, _)| *count), "passed over and read: {bytes:?}");
        let raw = Decoder::new(bytes).raw().ok().map(|term| term.as_bytes().len());
        assert_eq!(skipped, raw, "{bytes:?}");
        let mut decoder = Decoder::new(bytes);
        let dynamic = decoder.term().ok().map(|term| (decoder.position(), encode(&term)));
        assert_eq!(typed, dynamic, "read as its kind and as a dynamic term: {bytes:?}");
    }
    // A run of terms has readers of its own.
    let tuple = [b"\x68\x03\x77\x01a", bytes, b"\x77\x01b"].concat();
    let behind = dynamic(&tuple);
    if skipped == Some(bytes.len()) {
        let alone = dynamic(bytes);
        let expected = alone.map(|term| [b"\x68\x03\x77\x01a", &encode(&term)[..], b"\x77\x01b"].concat());
        assert_eq!(behind.as_ref().map(encode), expected, "alone and in a tuple: {bytes:?}");
    } else if behind.is_some() {
        // Two terms, the second of which ends with what stands behind them.
        assert_eq!(Decoder::new(&tuple).skip().map(<[u8]>::len), Ok(tuple.len()), "{bytes:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    /// Whatever the form and the place: one term, which is written in one way.
    #[test]
    fn a_dynamic_term_is_read_and_written_alike_in_every_place(term in term(), choices in vec(any::<u8>(), 1..60)) {
        let usual = usual(&term);
        let read = dynamic(&usual).unwrap();
        prop_assert_eq!(&encode(&read), &usual);
        for bytes in [&usual, &unusual(&term, &choices)] {
            prop_assert_eq!(&dynamic(bytes).unwrap(), &read, "{:?}", bytes);
            prop_assert_eq!(Decoder::new(bytes).skip().unwrap().len(), bytes.len());
            let places = around(bytes, is_no_list(&term)).into_iter().zip(around(&usual, is_no_list(&term)));
            for ((place, bytes), (_, expected)) in places {
                let Some(all) = dynamic(&bytes) else { panic!("{place}: {bytes:?} is not read") };
                prop_assert_eq!(encode(&all), expected, "{}", place);
            }
        }
    }

    /// Those for one kind, for any kind, and those that only look for the end.
    #[test]
    fn all_readers_of_a_scalar_take_the_same(
        term in scalar(), choices in vec(any::<u8>(), 1..60), change in any::<(prop::sample::Index, u8, prop::sample::Index)>(),
    ) {
        let (at, with, end) = change;
        for bytes in [usual(&term), unusual(&term, &choices)] {
            check_readers(&bytes);
            // With and without bytes behind it, of which some readers copy more than belongs to the term.
            check_readers(&[&bytes[..], &[0xC3; 40]].concat());
            check_readers(&bytes[..end.index(bytes.len())]);
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at.index(bytes.len())] ^= 1 << bit;
                check_readers(&changed);
            }
            let mut changed = bytes.clone();
            changed[0] = with;
            check_readers(&changed);
        }
    }

    /// By the type, as a dynamic term and as it came, with every amount of room left.
    #[test]
    fn all_writers_of_a_value_write_the_same(term in scalar(), before in 200..300_usize) {
        fn typed(value: &impl IntoTerm, before: usize) -> Vec<u8> {
            let all = encoded(|encoder| {
                encoder.put_slice(&vec![9; before]);
                value.encode(encoder).unwrap();
                // Several in one list may be written together.
                vec![value, value].encode(encoder).unwrap();
            });
            all[before..].to_vec()
        }
        let usual = usual(&term);
        let twice = |one: &[u8]| [one, b"\x6c\0\0\0\x02", one, one, b"\x6a"].concat();
        let by_type = match &term {
            T::Int(value) => Some(typed(value, before)),
            T::Float(value) => Some(typed(value, before)),
            T::Atom(name) => Some(typed(&Atom::new(name).unwrap(), before)),
            T::Binary(bytes) => Some(typed(&nodex_proto::convert::Binary(bytes.clone()), before)),
            T::Bits(bytes, bits) => {
                let bits = (bytes.len() - 1) * 8 + usize::from(*bits);
                Some(typed(&BitString::new(bytes.clone(), bits).unwrap(), before))
            }
            T::Pid(node, [id, serial, creation]) => {
                let node = Atom::new(node).unwrap();
                Some(typed(&Pid { node, id: *id, serial: *serial, creation: *creation }, before))
            }
            T::Port(node, id, creation) => {
                Some(typed(&Port { node: Atom::new(node).unwrap(), id: *id, creation: *creation }, before))
            }
            T::Reference(node, creation, words) => {
                Some(typed(&Reference::new(Atom::new(node).unwrap(), *creation, words).unwrap(), before))
            }
            _ => None,
        };
        if let Some(by_type) = by_type {
            prop_assert_eq!(by_type, twice(&usual));
        }
        let dynamic = dynamic(&usual).unwrap();
        let raw = RawTerm::new(usual.clone()).unwrap();
        prop_assert_eq!(typed(&dynamic, before), twice(&usual));
        prop_assert_eq!(typed(&raw, before), twice(&usual));
        prop_assert_eq!(&term_to_binary(&raw).unwrap()[1..], &usual[..]);
    }

    /// Numbers in a list are written and read eight at a time, and one by one in a tuple.
    #[test]
    fn numbers_are_alike_in_lists_and_alone(
        integers in vec(prop_oneof![any::<i64>(), any::<i32>().prop_map(i64::from), -1..257_i64], 0..40),
        floats in vec(any::<f64>().prop_filter("finite", |value| value.is_finite()), 0..40),
        choices in vec(any::<u8>(), 1..20),
        plain in any::<bool>(),
    ) {
        let choices = if plain { vec![0] } else { choices };
        let list = |all: &[T], choices: &[u8]| match all.len() {
            0 => vec![131, 106],
            count => {
                let elements: Vec<u8> = all.iter().flat_map(|element| unusual(element, choices)).collect();
                [&[131, 108][..], &(count as u32).to_be_bytes(), &elements, &[106]].concat()
            }
        };
        let of_integers: Vec<T> = integers.iter().map(|value| T::Int((*value).into())).collect();
        let of_floats: Vec<T> = floats.iter().copied().map(T::Float).collect();
        prop_assert_eq!(&binary_to_term::<Vec<i64>>(&list(&of_integers, &choices)).unwrap(), &integers);
        prop_assert_eq!(&binary_to_term::<Vec<f64>>(&list(&of_floats, &choices)).unwrap(), &floats);
        prop_assert_eq!(term_to_binary(&integers).unwrap(), list(&of_integers, &[0]));
        prop_assert_eq!(term_to_binary(&floats).unwrap(), list(&of_floats, &[0]));
    }

    /// An atom is told from others without being read.
    #[test]
    fn an_atom_is_taken_by_its_name_alone(found in name(), wanted in name(), choices in vec(any::<u8>(), 1..9)) {
        for bytes in [usual(&T::Atom(found.clone())), unusual(&T::Atom(found.clone()), &choices)] {
            for wanted in [&wanted, &found] {
                let mut decoder = Decoder::new(&bytes);
                prop_assert_eq!(decoder.take_atom(wanted), *wanted == found);
                prop_assert_eq!(decoder.position(), if *wanted == found { bytes.len() } else { 0 });
            }
        }
    }
}
