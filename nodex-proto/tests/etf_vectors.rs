//! Known answers from a real OTP, both ways.

#![allow(clippy::unwrap_used)]

use nodex_proto::{
    eetf,
    etf::{Decoder, Encoder},
    term::Term,
    text::{Text, is_visible},
};

use crate::etf_beam;
use etf_beam::{Vector, ask, hex, unhex, vectors};

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
            assert_eq!(term, other, "{}", vector.name);
        }
    }
}

#[test]
fn encoding_gives_the_bytes_of_the_beam() {
    for vector in vectors() {
        for bytes in all_forms(&vector) {
            let ours = encode(&decode(bytes, &vector.name), &vector.name);
            // Of a map the order of the pairs stays.
            if bytes == &vector.bytes || !vector.text.contains("#{") {
                assert_eq!(hex(&ours), hex(&vector.bytes), "{}", vector.name);
            }
        }
    }
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
fn eetf_reads_the_same() {
    let mut compared = 0;
    for vector in vectors() {
        for bytes in all_forms(&vector) {
            // It reads them with the precision of 32 bits.
            let old_float = bytes.contains(&99) && vector.text.contains('.');
            let theirs = eetf::Term::decode(&[&[131][..], bytes].concat()[..]);
            let Some(theirs) = theirs.ok().filter(|_| !old_float) else { continue };
            let ours = decode(bytes, &vector.name);
            assert_eq!(Term::try_from(&theirs).unwrap(), ours, "{}", vector.name);
            let again = eetf::Term::try_from(&ours).unwrap();
            assert_eq!(Term::try_from(&again).unwrap(), ours, "{}", vector.name);
            compared += 1;
        }
    }
    assert!(compared > 400, "{compared}");
}

/// What a BEAM shows of pids, ports and references only it knows.
fn has_identifier(vector: &Vector) -> bool {
    ["pid ", "port ", "reference "].iter().any(|start| vector.name.starts_with(start))
        || ["gen_call", "rpc", "down", "spawn", "mixed"].iter().any(|name| vector.name == format!("message {name}"))
        || vector.name == "exception"
}

#[test]
fn the_text_is_what_a_beam_prints() {
    let mut compared = 0;
    for vector in vectors().iter().filter(|vector| !has_identifier(vector)) {
        let expected = match &*vector.text {
            // Words since OTP 25 and 27, which are safe in quotes everywhere.
            word @ ("maybe" | "else") => format!("'{word}'"),
            text => text.to_owned(),
        };
        let nested = vector.name.contains("nested 100");
        let raw = nodex_proto::term::RawTerm::new(vector.bytes.clone()).unwrap();
        let raw = Text::of_bytes(raw.as_bytes()).to_string();
        let term = decode(&vector.bytes, &vector.name);
        let dynamic = Text::of(&term).to_string();
        if nested {
            assert!(raw.contains("...") && dynamic.contains("..."), "{}: {raw}", vector.name);
            continue;
        }
        // A BEAM prints large maps in an order of its own.
        if ["map of 33", "map of 40"].contains(&&*vector.name) {
            assert_eq!(raw.len(), expected.len(), "{}", vector.name);
            continue;
        }
        // A BEAM prints what would not show as well.
        let hidden = |c: char| if is_visible(c) { c.to_string() } else { format!("\\x{{{:X}}}", u32::from(c)) };
        let expected: String = expected.chars().map(hidden).collect();
        assert_eq!(raw, expected, "{}", vector.name);
        assert_eq!(dynamic, expected, "{}", vector.name);
        compared += 1;
    }
    assert!(compared > 400, "{compared}");
}

#[test]
fn identifiers_show_the_name_of_their_node() {
    for (name, text) in [
        ("pid 2", "<a@b.91.0/1>"),
        ("pid 3", "<'a@127.0.0.1'.32767.8191/3>"),
        ("pid 7", "<é@h.1.1/1>"),
        ("port 2", "#Port<a@b.6/1>"),
        ("reference 3", "#Ref<a@b.3.2.1/1>"),
        ("message gen_call", "{'$gen_call',{<a@b.91.0/1>,[alias|#Ref<a@b.3.2.1/1>]},{is_auth,n@h}}"),
    ] {
        let vectors = vectors();
        let vector = vectors.iter().find(|vector| vector.name == name).unwrap();
        assert_eq!(Text::of_bytes(&vector.bytes).to_string(), text);
        assert_eq!(Text::of(&decode(&vector.bytes, name)).to_string(), text);
    }
}

#[test]
fn text_can_be_cut() {
    let vectors = vectors();
    let map = &vectors.iter().find(|vector| vector.name == "map of atoms").unwrap().bytes;
    assert_eq!(Text::of_bytes(map).max_len(20).to_string(), "#{'Quoted key' => tr...");
    assert_eq!(
        Text::of_bytes(map).depth(1).to_string(),
        "#{'Quoted key' => true,id => 1,name => <<\"n\">>,tags => ...,total => 1.5}"
    );
    assert_eq!(Text::of_bytes(map).depth(0).to_string(), "...");
    assert_eq!(Text::of_bytes(&map[..9]).to_string(), "<no term: the term is cut off at byte 9>");
    assert_eq!(Text::of_bytes(&[97, 1, 2]).to_string(), "<no term: 1 bytes follow the term at byte 2>");
    assert_eq!(
        Text::of_bytes(b"\x43\0\0\0\x02\0\x77\x03rec\x77\x02pt\x77\x01x\x77\x01ya\x01h\x01a\x02").to_string(),
        "#rec:pt{x = 1,y = {2}}"
    );
    assert_eq!(Text::of_bytes(&[121, 1, 2, 3]).to_string(), "#Local<4 bytes>");
}

/// `order.tsv` has terms from the least to the greatest.
#[test]
fn terms_have_the_order_of_the_keys_of_a_map() {
    let lines = include_str!("etf_vectors/order.tsv").lines().skip(1);
    let terms: Vec<(Term, &str)> = lines
        .map(|line| {
            let (bytes, text) = line.split_once('\t').unwrap();
            (decode(&unhex(bytes), text), text)
        })
        .collect();
    assert!(terms.len() > 300);
    for (i, (a, a_text)) in terms.iter().enumerate() {
        for (j, (b, b_text)) in terms.iter().enumerate() {
            assert_eq!(a.cmp(b), i.cmp(&j), "{a_text} and {b_text}");
        }
    }
    // As keys of one map, given in another order, they are written in this order.
    let map = Term::map(terms.iter().rev().map(|(term, _)| (term, 1)));
    let keys: Vec<_> = terms.iter().map(|(term, _)| format!("{term} => 1")).collect();
    assert_eq!(map.to_string(), format!("#{{{}}}", keys.join(",")));
    for (term, text) in &terms {
        assert_eq!(map.get(term).and_then(|value| value.as_i64()), Some(1), "{text}");
    }
}
