//! Spoiled terms: what `skip` takes is what a real BEAM takes, and nothing panics.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use nodex_proto::{
    convert::{Cause, DecodeError},
    etf::{Decoder, EtfError, tag},
    text::Text,
};

use crate::etf_beam;
use etf_beam::{accepts, hex, vectors};

/// A small generator of numbers, so that each run spoils the terms in the same way.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) as usize) % limit
    }
}

/// Bytes that matter somewhere: tags, bounds, signs.
const SPECIAL: [u8; 40] = [
    0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 67, 70, 77, 88, 89, 90, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109,
    110, 111, 112, 113, 114, 115, 116, 119, 120, 127, 255,
];

fn spoil(corpus: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut bytes = corpus[numbers.below(corpus.len())].clone();
    for _ in 0..=numbers.below(2) {
        let at = numbers.below(bytes.len().max(1)).min(bytes.len().saturating_sub(1));
        match numbers.below(8) {
            _ if bytes.is_empty() => bytes.push(106),
            0 => bytes[at] = numbers.below(256) as u8,
            1 | 2 => bytes[at] = SPECIAL[numbers.below(SPECIAL.len())],
            3 => bytes[at] = bytes[at].wrapping_add(1),
            4 => bytes[at] = bytes[at].wrapping_sub(1),
            5 => drop(bytes.remove(at)),
            6 => bytes.insert(at, SPECIAL[numbers.below(SPECIAL.len())]),
            // A whole other term in the middle.
            _ => {
                let other = &corpus[numbers.below(corpus.len())];
                bytes.splice(at..at, other.iter().copied());
            }
        }
    }
    bytes
}

fn corpus() -> Vec<Vec<u8>> {
    let mut corpus: Vec<_> = vectors()
        .into_iter()
        .flat_map(|vector| std::iter::once(vector.bytes).chain(vector.others))
        .filter(|bytes| bytes.len() < 400)
        .collect();
    // What is rare above, in the forms of old and of new releases.
    let (node, word) = ([119, 1, 97], [0, 0, 0, 1]);
    corpus.push([&[103][..], &node, &word, &word, &[1]].concat());
    corpus.push([&[102][..], &node, &word, &[2]].concat());
    corpus.push([&[101][..], &node, &word, &[3]].concat());
    corpus.push([&[114, 0, 2][..], &node, &[1], &word, &word].concat());
    corpus.push([&[105, 0, 0, 0, 2][..], &node, &node].concat());
    corpus.push(vec![100, 0, 1, 233]);
    // Native records: `#rec:pt{x = 1, y = 2}`, one without fields, one in another, as OTP 29 writes them.
    corpus.push(b"\x43\0\0\0\x02\0\x77\x03rec\x77\x02pt\x77\x01x\x77\x01ya\x01a\x02".to_vec());
    corpus.push(b"\x43\0\0\0\0\x01\x77\x03rec\x77\x05empty".to_vec());
    corpus.push(b"l\0\0\0\x01\x43\0\0\0\x01\0\x77\x01m\x77\x01n\x77\x01f\x43\0\0\0\0\0\x77\x01m\x77\x01oj".to_vec());
    corpus.push([&[108, 0, 0, 0, 1][..], &node, &[107, 0, 1, 65]].concat());
    corpus
}

fn skip(bytes: &[u8]) -> Result<(), DecodeError> {
    let mut decoder = Decoder::new(bytes);
    decoder.skip()?;
    decoder.finish()
}

/// Why a BEAM refuses what `skip` takes, if that is known and meant.
fn allowed_acceptance(bytes: &[u8]) -> Option<&'static str> {
    match Decoder::new(bytes).term().map_err(|error| error.cause().clone()) {
        Err(Cause::Malformed(EtfError::DuplicateKey { .. })) => Some("equal map keys"),
        Err(Cause::Malformed(EtfError::Opaque { .. })) if bytes.contains(&tag::RECORD_EXT) => {
            Some("record before OTP 29")
        }
        _ if bytes.first() == Some(&tag::LOCAL_EXT) => Some("a format that only its sender knows"),
        // The BEAM that is asked is `nonode@nohost`, and knows which pids it can have.
        _ if bytes.windows(13).any(|part| part == b"nonode@nohost") => Some("a pid of that BEAM itself"),
        _ => None,
    }
}

/// Why `skip` refuses what a BEAM takes, if that is known and meant.
fn allowed_refusal(error: &DecodeError) -> Option<&'static str> {
    let Cause::Malformed(error) = error.cause() else { return None };
    match error {
        EtfError::Sign { .. } => Some("a sign other than 0 and 1"),
        EtfError::ReferenceLength { words: 0, .. } => Some("a reference of no words"),
        EtfError::Fun { .. } => Some("a fun whose size lies, or before OTP 27 whose pid is an integer"),
        EtfError::BitCount { .. } => Some("a bit string without bits, before OTP 27"),
        EtfError::UnknownTag { tag: 73 | 75, .. } => Some("the number of an atom inside of that BEAM"),
        EtfError::Arity { .. } => Some("a tuple of 2^24 elements, before OTP 29"),
        _ => None,
    }
}

#[test]
fn skip_takes_what_a_beam_takes() {
    let corpus = corpus();
    let mut numbers = Numbers(7);
    let spoiled: Vec<_> = (0..20_000).map(|_| spoil(&corpus, &mut numbers)).collect();
    let mut differences: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut both, mut neither) = (0, 0);
    for (bytes, beam) in spoiled.iter().zip(accepts(&spoiled)) {
        match (skip(bytes), beam) {
            (Ok(()), true) => both += 1,
            (Err(_), false) => neither += 1,
            (Ok(()), false) => {
                let reason = allowed_acceptance(bytes);
                *differences
                    .entry(reason.unwrap_or_else(|| panic!("taken, not by the BEAM: {}", hex(bytes))))
                    .or_default() += 1;
            }
            (Err(error), true) => {
                let reason = allowed_refusal(&error);
                *differences
                    .entry(reason.unwrap_or_else(|| panic!("{error}, but the BEAM takes {}", hex(bytes))))
                    .or_default() += 1;
            }
        }
    }
    println!("both take {both}, both refuse {neither}, else {differences:?}");
    assert!(both > 3_000 && neither > 5_000, "{both} {neither}");
}

/// The dynamic decoder and the one that skips agree, apart from what is beyond `Term`.
#[test]
fn the_dynamic_decoder_takes_what_skip_takes() {
    let corpus = corpus();
    let mut numbers = Numbers(11);
    for _ in 0..100_000 {
        let bytes = spoil(&corpus, &mut numbers);
        let dynamic = {
            let mut decoder = Decoder::new(&bytes);
            decoder.term().and_then(|_| decoder.finish())
        };
        match (skip(&bytes), dynamic) {
            (Ok(()), Ok(())) | (Err(_), Err(_)) => {}
            (Ok(()), Err(error)) => assert!(
                matches!(
                    error.cause(),
                    Cause::Malformed(
                        EtfError::DuplicateKey { .. } | EtfError::Opaque { .. } | EtfError::TooLarge { .. }
                    )
                ),
                "{error}: {}",
                hex(&bytes)
            ),
            (Err(error), Ok(())) => panic!("only skip says {error}: {}", hex(&bytes)),
        }
    }
}

/// Each byte of each term in turn is made something else.
#[test]
fn no_changed_byte_makes_anything_panic() {
    let mut tried = 0;
    for term in corpus().into_iter().filter(|term| term.len() <= 120) {
        for at in 0..term.len() {
            let old = term[at];
            for new in [0, 1, 255, old ^ 0x80, old.wrapping_add(1), old.wrapping_sub(1), 104, 107, 108, 112, 116] {
                let mut bytes = term.clone();
                bytes[at] = new;
                let mut decoder = Decoder::new(&bytes);
                let whole = decoder.skip().is_ok();
                assert!(whole || Decoder::new(&bytes).term().is_err(), "{}", hex(&bytes));
                assert!(!Text::of_bytes(&bytes).to_string().is_empty());
                tried += 1;
            }
        }
    }
    assert!(tried > 100_000, "{tried}");
}
