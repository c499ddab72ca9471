//! Terms that have ended decoders: announced sizes without bytes, nesting, tags that are not allowed, values that are
//! none. What a BEAM makes of each was tried with `binary_to_term` of OTP 25.

use super::wire::{atom, binary, int, list, pid, tuple};

/// A term, without the byte 131 before it, and the expected result.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) term: Vec<u8>,
    pub(crate) fate: Fate,
}

/// The effect of the term on a function that returns its argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is a term, and comes back as it is.
    Echo,
    /// It is none; the caller hears of a bad argument.
    Refused,
    /// A raw term may hold it; a BEAM refuses it.
    Either,
}

use Fate::{Echo, Either, Refused};

/// Terms of up to some kilobytes.
pub(crate) fn small() -> Vec<Row> {
    let be = u32::to_be_bytes;
    let (max, wide) = (be(u32::MAX), be(0x7FFF_FFFF));
    let node = atom("n@h");
    let fun = |free: u32| {
        let body = [&[1][..], &[7; 16], &be(1), &be(free), &atom("m"), &int(1), &int(2), &pid("n@h", 1, 0, 1)].concat();
        [&[112][..], &be(body.len() as u32 + 4), &body].concat()
    };
    let export = |arity: &[u8]| [&[113][..], &atom("m"), &atom("f"), arity].concat();
    let bits = |last: u8, bytes: &[u8]| [&[77][..], &be(bytes.len() as u32), &[last], bytes].concat();
    let reference =
        |words: u16| [&[90][..], &words.to_be_bytes(), &node, &be(1), &vec![1; 4 * usize::from(words)]].concat();
    let float = |value: f64| [&[70][..], &value.to_be_bytes()].concat();
    let old_float = |text: &str| {
        let mut bytes = [0; 31];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        [&[99][..], &bytes].concat()
    };
    let compressed = |size: u32, data: &[u8]| [&[80][..], &be(size), data].concat();
    let rows: Vec<(&str, Vec<u8>, Fate)> = vec![
        ("nothing at all", vec![], Refused),
        ("a second version byte", vec![131, 97, 1], Refused),
        ("list of 2^31-1, no elements", [&[108][..], &wide].concat(), Refused),
        ("list of 2^32-1, no elements", [&[108][..], &max].concat(), Refused),
        ("list of 100 million, one element", [&[108][..], &be(100_000_000), &[106]].concat(), Refused),
        ("list without a tail", [&[108][..], &be(1), &[106]].concat(), Refused),
        ("400 lists of ten million in each other", [&[108][..], &be(10_000_000)].concat().repeat(400), Refused),
        ("tuple of 2^31-1, no elements", [&[105][..], &wide].concat(), Refused),
        ("tuple of 2^32-1, no elements", [&[105][..], &max].concat(), Refused),
        ("tuple of 2^24, no elements", [&[105][..], &be(1 << 24)].concat(), Refused),
        ("small tuple of 255, no elements", vec![104, 255], Refused),
        ("map of 2^32-1, no pairs", [&[116][..], &max].concat(), Refused),
        ("map with a key and no value", [&[116][..], &be(1), &[106]].concat(), Refused),
        ("map with a key twice", [&[116][..], &be(2), &[97, 1, 97, 1, 97, 1, 97, 2]].concat(), Either),
        ("binary of 2^32-1, no bytes", [&[109][..], &max].concat(), Refused),
        ("string of 65535, no bytes", vec![107, 255, 255], Refused),
        ("integer of 2^30 bytes, none there", [&[111][..], &be(1 << 30), &[0]].concat(), Refused),
        ("integer of 2^32-1 bytes, none there", [&[111][..], &max, &[0]].concat(), Refused),
        ("integer with the sign 2", vec![110, 1, 2, 5], Refused),
        ("integer of no bytes", vec![110, 0, 0], Echo),
        ("integer with leading zeros", vec![110, 4, 0, 5, 0, 0, 0], Echo),
        ("fun with 2^32-1 free variables", fun(u32::MAX), Refused),
        ("fun with 300 free variables, none there", fun(300), Refused),
        ("fun without free variables", fun(0), Echo),
        ("fun whose size lies", [&[112][..], &be(5), &fun(0)[5..]].concat(), Refused),
        ("fun of arity 255", export(&[97, 255]), Echo),
        ("fun of arity 256", export(&int(256)), Echo),
        ("fun of arity -1", export(&int(-1)), Refused),
        ("fun whose arity is an atom", export(&atom("a")), Refused),
        ("fun in the form before R14", [&[117][..], &be(0), &pid("n@h", 1, 0, 1)].concat(), Refused),
        ("bit string with 0 bits", bits(0, &[255]), Refused),
        ("bit string with 8 bits", bits(8, &[255]), Echo),
        ("bit string with 9 bits", bits(9, &[1]), Refused),
        ("bit string with 255 bits", bits(255, &[127]), Refused),
        ("empty bit string with 0 bits", bits(0, &[]), Refused),
        ("empty bit string with 8 bits", bits(8, &[]), Refused),
        ("distribution header in a term", vec![131, 68, 0], Refused),
        ("distribution header tag", vec![68, 0, 106], Refused),
        ("fragment header tag", [&[69][..], &[0; 16]].concat(), Refused),
        ("fragment continuation tag", [&[70, 255][..], &[255; 3]].concat(), Refused),
        ("atom cache reference", vec![82, 0], Refused),
        ("atom in Latin-1", vec![100, 0, 1, 0xE9], Echo),
        ("short atom in Latin-1", vec![115, 1, 0xE9], Echo),
        ("atom that is no UTF-8", vec![119, 1, 0xE9], Refused),
        ("atom that ends within a character", vec![118, 0, 1, 0xC3], Refused),
        ("atom of 255 characters", [&[118, 3, 252][..], &"\u{1F608}".repeat(255).into_bytes()].concat(), Echo),
        ("atom of 256 characters", [&[118, 1, 0][..], &[b'a'; 256]].concat(), Refused),
        ("atom of 65535 bytes, none there", vec![118, 255, 255], Refused),
        ("compressed garbage", compressed(10, b"garbage"), Refused),
        ("compressed, 4 GB claimed", compressed(u32::MAX, &[0x78, 0x9C, 0x03, 0, 0, 0, 0, 1]), Refused),
        ("compressed empty list", compressed(1, b"\x78\x9c\xcb\x02\x00\x00\x6b\x00\x6b"), Refused),
        ("compressed in a list", list(&[&compressed(1, b"\x78\x9c\xcb\x02\x00\x00\x6b\x00\x6b")]), Refused),
        ("reference of five words", reference(5), Echo),
        ("reference of six words", reference(6), Refused),
        ("reference of no words", reference(0), Refused),
        ("reference of 65535 words, none there", [&[90, 255, 255][..], &node].concat(), Refused),
        ("reference of the oldest kind", [&[101][..], &node, &be(5), &[1]].concat(), Echo),
        ("reference whose node is a number", vec![90, 0, 1, 97, 1, 0, 0, 0, 1, 0, 0, 0, 1], Refused),
        ("not a number", float(f64::NAN), Refused),
        ("infinity", float(f64::INFINITY), Refused),
        ("minus infinity", float(f64::NEG_INFINITY), Refused),
        ("float of half its bytes", vec![70, 63, 240, 0, 0], Refused),
        ("float as text", old_float("1.23456789012345670000e+00"), Echo),
        ("float as garbage text", old_float("garbage"), Refused),
        ("float as the text of infinity", old_float("inf"), Refused),
        ("port of the newest kind", [&[120][..], &node, &[0, 0, 0, 1, 0, 0, 0, 2], &be(1)].concat(), Echo),
        ("port of the kind before", [&[89][..], &node, &be(5), &be(1)].concat(), Echo),
        ("pid of the oldest kind", [&[103][..], &node, &be(5), &be(0), &[1]].concat(), Echo),
        ("pid without its numbers", [&[88][..], &node].concat(), Refused),
        ("pid whose node is a list", [&[88, 106][..], &[0; 12]].concat(), Refused),
        ("local term inside a term", [&[121][..], &[1; 27]].concat(), Refused),
        ("native record of OTP 29", native_record(), Echo),
        ("native record of 2^32-1 fields", [&[67][..], &max, &[1], &atom("m"), &atom("r")].concat(), Refused),
        ("improper list", [&[108][..], &be(1), &[97, 1, 97, 2]].concat(), Echo),
        ("list of no elements with a tail", [&[108][..], &be(0), &[97, 2]].concat(), Echo),
        ("tuple of all that is valid", tuple(&[&int(-1), &binary(b"x"), &list(&[&int(1), &int(2)])]), Echo),
    ];
    let mut rows: Vec<Row> =
        rows.into_iter().map(|(name, term, fate)| Row { name: name.to_owned(), term, fate }).collect();
    rows.extend(unknown_tags());
    rows.extend(cut_off());
    rows
}

/// As OTP 29 writes it: fields, exported or not, module, name, names of the fields, values.
fn native_record() -> Vec<u8> {
    [&[67, 0, 0, 0, 1, 1][..], &atom("m"), &atom("r"), &atom("field"), &int(1)].concat()
}

/// Every tag that no term has.
fn unknown_tags() -> impl Iterator<Item = Row> {
    const KNOWN: &[u8] = &[
        67, 70, 77, 80, 88, 89, 90, 97, 98, 99, 100, 101, 102, 103, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113,
        114, 115, 116, 118, 119, 120, 121,
    ];
    (0..=255).filter(|tag| !KNOWN.contains(tag)).map(|tag| Row {
        name: format!("tag {tag}"),
        term: [&[tag][..], &[0; 64]].concat(),
        fate: Refused,
    })
}

/// One term of every kind, cut off after every byte.
fn cut_off() -> Vec<Row> {
    let whole: &[(&str, Vec<u8>)] = &[
        ("pid", pid("n@h", 1, 2, 3)),
        ("reference", super::wire::reference("n@h", 1)),
        ("record", native_record()),
        ("map", [&[116, 0, 0, 0, 1][..], &atom("k"), &binary(b"value")].concat()),
        ("integer", vec![110, 8, 1, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("string", vec![107, 0, 3, 1, 2, 3]),
        ("float", vec![70, 63, 240, 0, 0, 0, 0, 0, 0]),
        ("bit string", vec![77, 0, 0, 0, 2, 3, 1, 0xE0]),
    ];
    let cuts = whole.iter().flat_map(|(name, term)| {
        (0..term.len()).map(move |cut| Row {
            name: format!("{name} cut off after {cut} of {} bytes", term.len()),
            term: term[..cut].to_vec(),
            fate: Refused,
        })
    });
    cuts.collect()
}

/// Terms of some megabytes; a BEAM takes them all.
pub(crate) fn large() -> Vec<Row> {
    const LEVELS: usize = 1_000_000;
    let nested =
        |open: &[u8], levels: usize, close: &[u8]| [open.repeat(levels), vec![106], close.repeat(levels)].concat();
    let row = |name: &str, term| Row { name: name.to_owned(), term, fate: Echo };
    vec![
        row("1,000,000 nested lists", nested(&[108, 0, 0, 0, 1], LEVELS, &[106])),
        row("1,000,000 nested tuples", nested(&[104, 1], LEVELS, &[])),
        row("1,000,000 lists, each the tail of the one before", nested(&[108, 0, 0, 0, 1, 97, 1], LEVELS, &[])),
        row("1,000,000 nested maps", nested(&[116, 0, 0, 0, 1, 97, 1], LEVELS, &[])),
        row("100,000 nested maps, each a key", nested(&[116, 0, 0, 0, 1], 100_000, &[97, 1])),
        row("1,000,000 nested lists, cut off", nested(&[108, 0, 0, 0, 1], LEVELS, &[])).refused(),
        row("reference of 65535 words", [&[90, 255, 255][..], &atom("n@h"), &vec![1; 4 + 4 * 65535]].concat())
            .refused(),
        row("integer of 8 MB", [&[111][..], &(8u32 << 20).to_be_bytes(), &[0], &vec![1; 8 << 20]].concat()).refused(),
        row("binary of 8 MB", binary(&vec![7; 8 << 20])),
        row("integer of 4 MB", long_integer()),
        row("map with an integer of 4 MB as its key", [&[116, 0, 0, 0, 1][..], &long_integer(), &[106]].concat()),
        row("8 maps in keys, each with 8 maps in keys, four levels deep", maps_in_keys(4, &mut 1000)),
        row("4,000 keys of one hash", keys_of_one_hash(4000)),
        row("1,000,000 characters and a number", {
            let count = 1_000_001_u32;
            [&[108][..], &count.to_be_bytes(), &[97, b'a'].repeat(1_000_000), &[97, 0, 106]].concat()
        }),
    ]
}

/// The longest that OTP 25 takes.
fn long_integer() -> Vec<u8> {
    const BYTES: u32 = 4_194_296;
    [&[111][..], &BYTES.to_be_bytes(), &[0], &vec![0xAB; BYTES as usize]].concat()
}

/// A map of 8 maps as keys, and so on; numbers tell the innermost apart. To sort the keys again and again takes minutes.
fn maps_in_keys(depth: u32, number: &mut i32) -> Vec<u8> {
    let mut term = vec![116, 0, 0, 0, 8];
    for _ in 0..8 {
        *number += 1;
        term.extend(if depth == 0 { int(*number) } else { maps_in_keys(depth - 1, number) });
        term.push(106);
    }
    term
}

/// A map with tuples as keys that have the same parts in other maps: in each tuple half of the pairs are in a map, and half
/// stand behind an empty one. A hash that goes by the parts alone is the same for all.
fn keys_of_one_hash(count: u32) -> Vec<u8> {
    const BLOCKS: u32 = 20;
    let mut term = [&[116][..], &count.to_be_bytes()].concat();
    let halves = (0_u32..1 << BLOCKS).filter(|which| which.count_ones() == BLOCKS / 2);
    for which in halves.take(count as usize) {
        term.extend([104, (BLOCKS / 2 * 4) as u8]);
        for block in 0..BLOCKS {
            term.extend([116, 0, 0, 0, (which >> block & 1) as u8, 97, 1, 97, 2]);
        }
        term.extend([97, 1]);
    }
    term
}

/// 64 MiB of one byte for each element.
pub(crate) fn list_of_nils() -> Row {
    let count: u32 = 64 << 20;
    let term = [&[108][..], &count.to_be_bytes(), &vec![106; count as usize + 1]].concat();
    Row { name: "a list of 64 Mi nils".to_owned(), term, fate: Echo }
}

impl Row {
    fn refused(self) -> Self {
        Row { fate: Refused, ..self }
    }
}
