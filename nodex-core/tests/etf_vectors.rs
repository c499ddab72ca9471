//! Known answers from a real OTP, both ways.

#![allow(clippy::unwrap_used)]

use nodex_core::{
    etf::{Decoder, Encoder},
    term::{Term, compare},
};

mod etf_beam;
use etf_beam::{Vector, ask, hex, vectors};

fn decode(bytes: &[u8], name: &str) -> Term {
    let mut decoder = Decoder::new(bytes);
    let term = decoder.term().unwrap_or_else(|error| panic!("{name}: {error}"));
    decoder.finish().unwrap_or_else(|error| panic!("{name}: {error}"));
    term
}

fn encode(term: &Term, name: &str) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.put_term(term).unwrap_or_else(|error| panic!("{name}: {error}"));
    encoder.to_vec()
}

fn all_forms(vector: &Vector) -> impl Iterator<Item = &Vec<u8>> {
    std::iter::once(&vector.bytes).chain(&vector.others)
}

#[test]
fn every_form_is_skipped_whole_and_no_part_of_it_is() {
    for vector in vectors() {
        for bytes in all_forms(&vector) {
            let mut decoder = Decoder::new(bytes);
            assert_eq!(decoder.skip().unwrap(), bytes, "{}", vector.name);
            for end in 0..bytes.len() {
                assert!(Decoder::new(&bytes[..end]).skip().is_err(), "{} cut at {end}", vector.name);
                assert!(Decoder::new(&bytes[..end]).term().is_err(), "{} cut at {end}", vector.name);
            }
        }
    }
}

#[test]
fn every_form_of_a_term_is_the_same_dynamic_term() {
    for vector in vectors() {
        let term = decode(&vector.bytes, &vector.name);
        for other in &vector.others {
            let other = decode(other, &vector.name);
            assert!(compare(&term, &other).is_eq(), "{}: {term} and {other}", vector.name);
        }
    }
}

/// The same bytes as the BEAM's, except where a map has several pairs: `Term` keeps no order of keys.
#[test]
fn encoding_gives_the_bytes_of_the_beam() {
    let mut reordered = 0;
    for vector in vectors() {
        let ours = encode(&decode(&vector.bytes, &vector.name), &vector.name);
        if ours != vector.bytes {
            assert!(vector.text.contains("#{"), "{}: {} is not {}", vector.name, hex(&ours), hex(&vector.bytes));
            let sorted = |bytes: &[u8]| {
                let mut bytes = bytes.to_vec();
                bytes.sort_unstable();
                bytes
            };
            assert_eq!(sorted(&ours), sorted(&vector.bytes), "{}", vector.name);
            reordered += 1;
        }
    }
    assert!(reordered <= 15, "{reordered} with maps");
}

#[test]
fn the_beam_decodes_our_encoding_to_the_same_term() {
    let vectors = vectors();
    let questions: Vec<_> = vectors
        .iter()
        .map(|vector| {
            let ours = encode(&decode(&vector.bytes, &vector.name), &vector.name);
            format!("same {} {}", hex(&vector.bytes), hex(&ours))
        })
        .collect();
    for (vector, answer) in vectors.iter().zip(ask(&questions)) {
        assert_eq!(answer, "yes", "{}", vector.name);
    }
}

#[test]
fn the_dynamic_term_is_canonical() {
    for vector in vectors() {
        let term = decode(&vector.bytes, &vector.name);
        let again = nodex_core::term::canonical(term.clone());
        assert!(compare(&term, &again).is_eq(), "{}", vector.name);
        // Forms, not only values, where `Term` can compare them.
        if !vector.name.starts_with("map 9") {
            assert_eq!(term, again, "{}", vector.name);
        }
    }
}
