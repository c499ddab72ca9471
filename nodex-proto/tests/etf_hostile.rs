//! Terms made to hurt: none aborts, panics, overflows a stack or takes more memory than allowed.
//!
//! The cases are those that were measured against other decoders and a BEAM.

// An allocator that counts can only be written with `unsafe`.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
};

use nodex_proto::{
    convert::{FromTerm, IntoTerm},
    eetf::{self, BigInteger, BitBinary, ByteList, FixInteger},
    error::Chain,
    etf::{Decoder, EncodeError, Encoder, Limits},
    term,
    term::{RawTerm, Term},
    text::Text,
};

mod etf_beam;
mod etf_cost;
use etf_beam::{ask, hex};

struct Counting;

thread_local! {
    static NOW: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

fn count(change: impl Fn(usize) -> usize) {
    NOW.with(|now| {
        now.set(change(now.get()));
        PEAK.with(|peak| peak.set(peak.get().max(now.get())));
    });
}

// SAFETY: everything is passed on to the system's allocator; only numbers of this thread are kept.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(|now| now.saturating_add(layout.size()));
        // SAFETY: the caller keeps the rules of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(|now| now.saturating_sub(layout.size()));
        // SAFETY: the caller keeps the rules of `dealloc`.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// The result, and the most memory that was held at a time on the way to it.
fn memory<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = NOW.with(Cell::get);
    PEAK.with(|peak| peak.set(before));
    let result = work();
    (result, PEAK.with(Cell::get) - before)
}

/// Runs on a thread with the stack of a worker thread.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
}

fn repeated(head: &[u8], count: usize, middle: &[u8], tail: &[u8]) -> Vec<u8> {
    [head.repeat(count), middle.to_vec(), tail.repeat(count)].concat()
}

/// Name, bytes without 131, and whether a BEAM takes them.
fn cases() -> Vec<(&'static str, Vec<u8>, bool)> {
    let atom = |len: usize| [vec![118], (len as u16).to_be_bytes().to_vec(), vec![97; len]].concat();
    let pid = [&[88, 119, 1, 97][..], &[0; 12]].concat();
    let fun = |size: u32, free: u32| {
        [&[112][..], &size.to_be_bytes(), &[0; 17], &[0; 4], &free.to_be_bytes(), &[119, 1, 97, 97, 0, 97, 0], &pid]
            .concat()
    };
    let float = |text: &[u8]| [&[99][..], text, &vec![0; 31 - text.len()]].concat();
    let reference = |words: u16, present: usize| {
        [&[90][..], &words.to_be_bytes(), &[119, 1, 97], &[0, 0, 0, 1], &[0, 0, 0, 1].repeat(present)].concat()
    };
    let big = |len: u32, present: usize| [&[111][..], &len.to_be_bytes(), &[0], &vec![255; present]].concat();
    vec![
        ("empty", vec![], false),
        ("count_list", vec![108, 127, 255, 255, 255], false),
        ("count_list_max", vec![108, 255, 255, 255, 255], false),
        ("count_tuple", vec![105, 127, 255, 255, 255], false),
        ("count_map", vec![116, 127, 255, 255, 255], false),
        ("count_map_max", vec![116, 255, 255, 255, 255], false),
        ("count_list_100m", vec![108, 5, 245, 225, 0], false),
        ("count_list_10m_x400", [108, 0, 152, 150, 128].repeat(400), false),
        ("count_record", vec![67, 255, 255, 255, 255, 0, 119, 1, 97, 119, 1, 97], false),
        ("binary_len_max", vec![109, 255, 255, 255, 255], false),
        ("string_len_max", vec![107, 255, 255], false),
        ("newfun_free_max", fun(52, u32::MAX), false),
        ("newfun_free_256", [fun(564, 256), [97, 1].repeat(256)].concat(), false),
        ("newfun", fun(52, 0), true),
        ("bitbin:0", vec![77, 0, 0, 0, 1, 0, 255], false),
        ("bitbin:8", vec![77, 0, 0, 0, 1, 8, 255], true),
        ("bitbin:9", vec![77, 0, 0, 0, 1, 9, 1], false),
        ("bitbin:255", vec![77, 0, 0, 0, 1, 255, 127], false),
        ("bitbin_empty:8", vec![77, 0, 0, 0, 0, 8], false),
        ("dist_header", vec![68, 0, 106], false),
        ("atom_cache_ref", vec![82, 0], false),
        ("latin1_e9", vec![100, 0, 1, 0xE9], true),
        ("small_latin1_e9", vec![115, 1, 0xE9], true),
        ("utf8_bad", vec![119, 1, 0xE9], false),
        ("utf8_overlong", vec![119, 2, 0xC0, 0x80], false),
        ("utf8_surrogate", vec![119, 3, 0xED, 0xA0, 0x80], false),
        ("atom_255_chars", atom(255), true),
        ("atom_256_chars", atom(256), false),
        ("latin1_256_chars", [&[100, 1, 0][..], &[0xE9; 256]].concat(), false),
        ("compressed", vec![80, 0, 0, 0, 2, 120, 156, 75, 4, 0, 0, 98, 0, 98], false),
        ("bigint_1g_claim", big(1 << 30, 1), false),
        ("bigint_64mb", big(64 << 20, 64 << 20), false),
        ("ref_5", reference(5, 5), true),
        ("ref_6", reference(6, 6), false),
        ("ref_65535_cut", reference(65535, 1), false),
        ("ref_65535_full", reference(65535, 65535), false),
        ("float_nan", [&[70][..], &f64::NAN.to_be_bytes()].concat(), false),
        ("float_inf", [&[70][..], &f64::INFINITY.to_be_bytes()].concat(), false),
        ("float_-inf", [&[70][..], &f64::NEG_INFINITY.to_be_bytes()].concat(), false),
        ("float_old", float(b"1.23456789012345670000e+00"), true),
        ("float_old_garbage", float(b"1.2x"), false),
        ("float_old_inf", float(b"inf"), false),
        ("float_old_1e999", float(b"1.0e999"), false),
        ("v4_port", [&[120, 119, 1, 97][..], &[0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1]].concat(), true),
        ("new_port", [&[89, 119, 1, 97][..], &[0, 0, 0, 5, 0, 0, 0, 1]].concat(), true),
        ("export:255", vec![113, 119, 1, 97, 119, 1, 97, 97, 255], true),
        ("export:256", vec![113, 119, 1, 97, 119, 1, 97, 98, 0, 0, 1, 0], true),
        ("export:-1", vec![113, 119, 1, 97, 119, 1, 97, 98, 255, 255, 255, 255], false),
        ("local_in_a_list", vec![108, 0, 0, 0, 1, 121, 97, 1, 106], false),
        ("tag_81", vec![81, 0], false),
        ("nested:list:1000", repeated(&[108, 0, 0, 0, 1], 1000, &[106], &[106]), true),
        ("nested:list:1000000", repeated(&[108, 0, 0, 0, 1], 1_000_000, &[106], &[106]), true),
        ("nested:listtail:100000", repeated(&[108, 0, 0, 0, 1, 97, 1], 100_000, &[106], &[]), true),
        ("nested:tuple:1000000", repeated(&[104, 1], 1_000_000, &[106], &[]), true),
        ("nested:map:100000", repeated(&[116, 0, 0, 0, 1, 97, 1], 100_000, &[106], &[]), true),
        ("nested:mapkey:100000", repeated(&[116, 0, 0, 0, 1], 100_000, &[106], &[97, 1]), true),
        ("list_of_64m_nil", [&[108, 4, 0, 0, 0][..], &vec![106; 64 << 20], &[106]].concat(), true),
    ]
}

#[test]
fn every_case_gets_the_answer_of_a_beam_and_no_more_memory_than_allowed() {
    on_small_stack(|| {
        for (name, bytes, beam) in cases() {
            let (skipped, used) = memory(|| {
                let mut decoder = Decoder::new(&bytes);
                decoder.skip().is_ok_and(|whole| whole.len() == bytes.len())
            });
            assert_eq!(skipped, beam, "{name}");
            assert!(used < 4096, "{name}: skipping takes {used} bytes");

            let (term, used) = memory(|| Decoder::new(&bytes).term());
            assert!(used <= bytes.len() + 1024 || used <= 2 * bytes.len().max(64 << 20), "{name}: {used} bytes");
            if bytes.len() < 1000 {
                assert!(used < 4096, "{name}: {used} bytes for {}", bytes.len());
            }
            // A list in the tail of another is no deeper; but whoever writes one has none of our encoders.
            let beyond_dynamic = name.starts_with("nested") || ["export:256", "list_of_64m_nil"].contains(&name);
            if beyond_dynamic {
                assert!(term.is_err(), "{name}");
            } else {
                assert_eq!(term.is_ok(), beam, "{name}: {:?}", term.err());
            }

            // As other types; what comes out is of no interest.
            let (_, used) = memory(|| Vec::<Vec<RawTerm>>::decode(&mut Decoder::new(&bytes)).is_ok());
            assert!(used <= 9 * bytes.len().max(8 << 20), "{name}: {used} bytes as lists");
            let (_, used) = memory(|| HashMap::<RawKey, RawTerm>::decode(&mut Decoder::new(&bytes)).is_ok());
            assert!(used <= 9 * bytes.len().max(8 << 20), "{name}: {used} bytes as a map");
            if bytes.len() < 1 << 20 {
                assert!(!Text::of_bytes(&bytes).to_string().is_empty());
            }
        }
    });
}

#[derive(PartialEq, Eq, Hash)]
struct RawKey(Vec<u8>);

impl FromTerm for RawKey {
    fn decode(decoder: &mut Decoder<'_>) -> Result<Self, nodex_proto::convert::DecodeError> {
        Ok(RawKey(decoder.skip()?.to_vec()))
    }
}

#[test]
fn the_beam_takes_of_the_cases_what_is_said() {
    let cases: Vec<_> = cases().into_iter().filter(|(_, bytes, _)| bytes.len() < 200_000).collect();
    let questions: Vec<_> = cases.iter().map(|(_, bytes, _)| format!("accept {}", hex(bytes))).collect();
    for ((name, _, expected), answer) in cases.iter().zip(ask(&questions)) {
        assert_eq!(answer == "yes", *expected, "{name}");
    }
}

/// As many levels of everything that contains others, on a small stack and without optimization in this build. A million
/// of one kind is enough; whatever recurses would end at some thousand.
#[test]
fn terms_of_a_million_levels_fit_a_small_stack() {
    type Shape = (usize, &'static [u8], &'static [u8], &'static [u8]);
    let shapes: [Shape; 6] = [
        (1_000_000, &[108, 0, 0, 0, 1], &[106], &[106]),
        (50_000, &[104, 1], &[106], &[]),
        (50_000, &[116, 0, 0, 0, 1, 97, 1], &[106], &[]),
        (50_000, &[116, 0, 0, 0, 1], &[106], &[97, 1]),
        (50_000, &[108, 0, 0, 0, 1, 97, 1, 104, 1], &[106], &[]),
        // Two pairs, of which the key of the first goes on.
        (50_000, &[116, 0, 0, 0, 2], &[106], &[97, 1, 97, 2, 97, 3]),
    ];
    for (levels, head, middle, tail) in shapes {
        let work = move || {
            let deepest = repeated(head, levels, middle, tail);
            let limits = Limits::default().max_depth(u32::MAX);
            let decode = |bytes: &[u8]| Decoder::new(bytes).limits(limits).term().unwrap();
            let term = decode(&deepest);
            let copy = decode(&deepest);
            assert!(term == copy && term.cmp(&copy).is_eq() && term.as_ref().compare(copy.as_ref()).is_eq());
            let mut other = deepest.clone();
            let changed = deepest.len() - 1 - tail.len() * levels;
            other[changed] = 106;
            other.splice(changed..=changed, [97, 7]);
            let other = decode(&other);
            assert!(other != term && term.cmp(&other) == other.cmp(&term).reverse());
            let hash = |term: &Term| {
                let mut hasher = DefaultHasher::new();
                term.hash(&mut hasher);
                hasher.finish()
            };
            assert_eq!(hash(&term), hash(&copy));
            assert!(!format!("{term:?} {term}").is_empty());
            let mut encoder = Encoder::new();
            encoder.put_term(&term).unwrap();
            assert!(encoder.to_vec() == deepest);
            // Parts, wrapped anew.
            let inner = term.element(0).map_or_else(|| term.clone(), |part| part.to_term());
            let outer = Term::tuple([&inner, &term]);
            assert_eq!(outer.element(1).map(|part| part.to_term() == term), Some(true));
            // In another form, which is read in another way.
            let loose = [&[105, 0, 0, 0, 1][..], &deepest].concat();
            assert_eq!(decode(&loose).element(0).map(|part| part == copy), Some(true));
            drop((term, outer));
            // What is not allowed to be so deep is refused.
            let error = Chain(&Decoder::new(&deepest).term().unwrap_err()).to_string();
            assert!(error.contains("is nested deeper than 512 levels"), "{error}");
        };
        std::thread::Builder::new().stack_size(256 << 10).spawn(work).unwrap().join().unwrap();
    }
}

#[test]
fn a_list_of_numbers_takes_two_bytes_each() {
    let bytes = [&[108, 0, 15, 66, 64][..], &[97, 7].repeat(1_000_000), &[106]].concat();
    let (term, used) = memory(|| Decoder::new(&bytes).term().unwrap());
    assert_eq!(term, Term::byte_list(vec![7; 1_000_000]));
    // Twice where it is copied into its place.
    assert!(used < 4_100_000, "{used}");
}

#[test]
fn memory_is_limited_over_all_terms_of_a_message() {
    let one = [&[108, 0, 0, 39, 16][..], &[106].repeat(10_000), &[106]].concat();
    let many = one.repeat(10);
    let limits = Limits::default().max_term_memory(1_000_000);
    let mut decoder = Decoder::new(&many).limits(limits);
    // Each takes nine times its bytes.
    for _ in 0..11 {
        decoder.rewind(0);
        assert!(decoder.term().is_ok());
    }
    let error = decoder.term().unwrap_err();
    assert_eq!(
        Chain(&error).to_string(),
        "invalid term: the term at byte 10006 would take more than 1000000 bytes of memory"
    );
    let mut decoder = Decoder::new(&many).limits(limits);
    assert_eq!((0..10).filter(|_| Vec::<Vec<u8>>::decode(&mut decoder).is_ok()).count(), 4);
}

#[test]
fn equal_keys_are_refused_however_they_are_written() {
    let key = |bytes: &[u8]| bytes.to_vec();
    let wide = |swap: bool| {
        let (a, b) = ([97, 1, 97, 2], [97, 3, 97, 4]);
        if swap { [&[116, 0, 0, 0, 2][..], &b, &a].concat() } else { [&[116, 0, 0, 0, 2][..], &a, &b].concat() }
    };
    for (a, b) in [
        (key(&[97, 5]), key(&[97, 5])),
        (key(&[97, 5]), key(&[98, 0, 0, 0, 5])),
        (key(&[97, 5]), key(&[110, 3, 0, 5, 0, 0])),
        (key(&[119, 1, 97]), key(&[100, 0, 1, 97])),
        (key(&[119, 2, 0xC3, 0xA9]), key(&[115, 1, 0xE9])),
        (key(&[107, 0, 1, 9]), key(&[108, 0, 0, 0, 1, 97, 9, 106])),
        (key(&[109, 0, 0, 0, 1, 9]), key(&[77, 0, 0, 0, 1, 8, 9])),
        (key(&[77, 0, 0, 0, 1, 1, 255]), key(&[77, 0, 0, 0, 1, 1, 128])),
        (key(&[104, 1, 106]), key(&[105, 0, 0, 0, 1, 107, 0, 0])),
        (wide(false), wide(true)),
        ([&[104, 1][..], &wide(true)].concat(), [&[104, 1][..], &wide(false)].concat()),
    ] {
        let map = [&[116, 0, 0, 0, 2][..], &a, &[106], &b, &[106]].concat();
        let error = Decoder::new(&map).term().unwrap_err();
        assert_eq!(Chain(&error).to_string(), "invalid term: the map at byte 0 has a key twice", "{map:?}");
        let question = [format!("accept {}", hex(&map))];
        assert_eq!(ask(&question), ["no"]);
    }
    let different = [&[116, 0, 0, 0, 2, 97, 1, 106, 70][..], &1.0_f64.to_be_bytes(), &[106]].concat();
    assert!(Decoder::new(&different).term().is_ok());
}

/// What a BEAM would refuse, and then close the connection.
#[test]
fn the_encoder_refuses_what_a_beam_refuses() {
    fn map(a: impl Into<eetf::Term>, b: impl Into<eetf::Term>) -> eetf::Term {
        eetf::Map::from([
            (a.into(), eetf::Term::from(FixInteger::from(1))),
            (b.into(), eetf::Term::from(FixInteger::from(2))),
        ])
        .into()
    }
    let int = FixInteger::from;
    let list = |elements: Vec<eetf::Term>| eetf::List { elements };
    let atom = |name: String| eetf::Term::from(eetf::Atom { name });
    let bits = |bytes: &[u8], tail_bits_size| eetf::Term::from(BitBinary { bytes: bytes.to_vec(), tail_bits_size });
    let reference = |words| eetf::Term::from(eetf::Reference { node: "a@b".into(), id: vec![1; words], creation: 1 });
    for (term, error) in [
        (eetf::Float { value: f64::NAN }.into(), "a float that is not finite cannot be sent"),
        (list(vec![eetf::Float { value: f64::INFINITY }.into()]).into(), "a float that is not finite cannot be sent"),
        (atom("é".repeat(256)), "an atom of 256 characters cannot be sent, the limit is 255"),
        (eetf::Pid::new("n".repeat(300), 1, 1, 1).into(), "an atom of 300 characters cannot be sent, the limit is 255"),
        (map(int(5), BigInteger::from(5)), "a map with a key twice cannot be sent"),
        (map(ByteList { bytes: vec![1] }, list(vec![int(1).into()])), "a map with a key twice cannot be sent"),
        (map(ByteList { bytes: vec![] }, list(vec![])), "a map with a key twice cannot be sent"),
        (map(bits(&[1], 8), eetf::Binary { bytes: vec![1] }), "a map with a key twice cannot be sent"),
        (map(eetf::Term::try_from(&term!(#{1 => 2, 3 => 4})).unwrap(), map(BigInteger::from(1), int(3))), ""),
        (bits(&[1], 0), "a bit string with 0 bits in its last byte cannot be sent, 1 to 8 are allowed"),
        (bits(&[1], 9), "a bit string with 9 bits in its last byte cannot be sent, 1 to 8 are allowed"),
        (bits(&[], 8), "a bit string with 8 bits in its last byte cannot be sent, 1 to 8 are allowed"),
        (reference(0), "a reference of 0 words cannot be sent, 1 to 5 are allowed"),
        (reference(6), "a reference of 6 words cannot be sent, 1 to 5 are allowed"),
        (BigInteger { value: (1_u8).into() }.into(), ""),
        (
            BigInteger { value: num_bigint::BigInt::from(1) << (8 * 524_280_u32) }.into(),
            "an integer of 524281 bytes cannot be sent, the limit is 524280",
        ),
    ] {
        let mut encoder = Encoder::new();
        let result = IntoTerm::encode(&term, &mut encoder).map_err(|error| Chain(&error).to_string());
        assert_eq!(result.err().unwrap_or_default(), error);
    }
    let mut encoder = Encoder::new();
    let many = eetf::Term::from(eetf::Tuple { elements: vec![int(1).into(); 16_777_216] });
    assert_eq!(IntoTerm::encode(&many, &mut encoder), Err(EncodeError::Arity { arity: 16_777_216 }));
    // Of our own, which can hold some of it.
    for (term, error) in [
        (term!({a, [(f64::NAN)]}), EncodeError::NonFinite),
        (term!(#{a => (f64::NEG_INFINITY)}), EncodeError::NonFinite),
        (term!([a | (f64::INFINITY)]), EncodeError::NonFinite),
        (Term::list([Term::integer_of_digits(true, &[1; 524_281])]), EncodeError::IntegerLength { bytes: 524_281 }),
        (Term::tuple(vec![1; 16_777_216]), EncodeError::Arity { arity: 16_777_216 }),
    ] {
        assert_eq!(encoder.put_term(&term), Err(error));
        assert!(!format!("{term:?}").is_empty());
    }
    let local = RawTerm::new(vec![121, 1, 2]).unwrap();
    assert_eq!(nodex_proto::convert::term_to_binary(&local), Err(EncodeError::Local));
}

#[test]
fn what_eetf_writes_wrongly_is_right_here() {
    let long = Term::byte_list(vec![7; 65_536]);
    for (term, text) in [
        (eetf::Term::from(eetf::List { elements: vec![FixInteger::from(-1).into()] }), "[-1]"),
        (eetf::Term::try_from(&term!([1, -2, 3])).unwrap(), "[1,-2,3]"),
        (eetf::Term::from(BitBinary { bytes: vec![0xFF, 0xFF], tail_bits_size: 3 }), "<<255,7:3>>"),
        (eetf::Term::from(BitBinary { bytes: vec![1, 2], tail_bits_size: 8 }), "<<1,2>>"),
        (eetf::Term::from(BigInteger::from(5)), "5"),
    ] {
        let mut encoder = Encoder::new();
        IntoTerm::encode(&term, &mut encoder).unwrap();
        assert_eq!(ask(&[format!("text {}", hex(&encoder.to_vec()))]), [hex(text.as_bytes())]);
    }
    let mut encoder = Encoder::new();
    encoder.put_term(&long).unwrap();
    let bytes = encoder.to_vec();
    assert_eq!(bytes.len(), 5 + 2 * 65_536 + 1);
    assert_eq!(ask(&[format!("accept {}", hex(&bytes))]), ["yes"]);
    assert_eq!(Decoder::new(&bytes).term().unwrap(), long);
}
