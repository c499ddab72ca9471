//! Typed values against a real BEAM's bytes, and the words of errors.

#![allow(clippy::unwrap_used)]

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, VecDeque},
    fmt::Debug,
    rc::Rc,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use nodex_proto::{
    atom,
    convert::{Binary, BitString, Charlist, FromTerm, IntoTerm, binary_to_term, from_term, term_to_binary, to_term},
    error::Chain,
    etf::{Decoder, EncodeError, Encoder, Limits, SHARE_MIN},
    term,
    term::{Atom, Pid, Port, RawTerm, Reference, Term},
};
use num_bigint::{BigInt, BigUint};

use crate::etf_beam;
use etf_beam::{ask, hex, vectors};

/// What a BEAM writes for the term of this name.
fn beam(name: &str) -> Vec<u8> {
    vectors().into_iter().find(|vector| vector.name == name).unwrap_or_else(|| panic!("no {name}")).bytes
}

fn encode(value: &impl IntoTerm) -> Vec<u8> {
    term_to_binary(value).unwrap()[1..].to_vec()
}

fn decode<T: FromTerm>(bytes: &[u8]) -> Result<T, String> {
    binary_to_term(&[&[131], bytes].concat()).map_err(|error| Chain(&error).to_string())
}

/// The value is written as the BEAM writes it, and read from that.
#[track_caller]
fn both<T: FromTerm + IntoTerm + PartialEq + Debug>(value: T, name: &str) {
    let expected = beam(name);
    assert_eq!(hex(&encode(&value)), hex(&expected), "{name}");
    assert_eq!(decode::<T>(&expected), Ok(value), "{name}");
}

/// The value is read back, and the BEAM sees in it what Erlang calls `text`.
fn there_and_back<T: FromTerm + IntoTerm + PartialEq + Debug>(value: T, text: &str, asked: &mut Vec<(String, String)>) {
    let bytes = encode(&value);
    assert_eq!(decode::<T>(&bytes).as_ref(), Ok(&value));
    asked.push((format!("text {}", hex(&bytes)), text.to_owned()));
}

#[test]
fn integers_of_every_width() {
    both(0_u8, "int 0");
    both(255_u8, "int 2^8-1");
    both(-1_i8, "int -1");
    both(i8::MIN, "int -2^7");
    both(i16::MAX, "int 2^15-1");
    both(u16::MAX, "int 65535");
    both(i32::MIN, "int -2^31");
    both(i32::MAX, "int 2^31-1");
    both(u32::MAX, "int 2^32-1");
    both(i64::MIN, "int -2^63");
    both(i64::MAX, "int 2^63-1");
    both(u64::MAX, "int 2^64-1");
    both(usize::MAX, "int 2^64-1");
    both(isize::MIN, "int -2^63");
    both(i128::MIN, "int -2^127");
    both(i128::MAX, "int 2^127-1");
    both(u128::MAX, "int 2^128-1");
    both(BigInt::from(1) << 2048_u32, "int 2^2048");
    both(-(BigInt::from(1) << 2040_u32), "int -2^2040");
    both(BigUint::from(1_u8) << 256_u32, "int 2^256");
    both(BigInt::from(-7) + 6, "int -1");
    both(100_u64, "int 100");
}

#[test]
fn floats_and_atoms_and_binaries() {
    both(0.1_f64, "float 0.1");
    both(1.5_f32, "float 1.5");
    both(0.1_f32, "float f32 0.1");
    both(f64::MAX, "float max");
    both(true, "atom 6");
    both(false, "atom 7");
    both(atom!("hello world"), "atom 9");
    both(Atom::new("naïveté").unwrap(), "atom latin1 word");
    both(Atom::new(&"🎉".repeat(255)).unwrap(), "atom 255 of four bytes");
    both(String::from("hello"), "binary 5");
    both(Box::<str>::from("привет"), "binary 12");
    both(Arc::<str>::from("hello"), "binary 5");
    both(Rc::<str>::from("hello"), "binary 5");
    both(Cow::<'static, str>::from("hello"), "binary 5");
    both(Binary(vec![1, 2, 3]), "binary 3");
    both(Bytes::from_static(b"hello"), "binary 5");
    both(BytesMut::from(&b"hello"[..]), "binary 5");
    both(BitString::new(vec![0b1110_0001], 3).unwrap(), "bits 3 of 7");
    both(BitString::new(b"ab\xA0".to_vec(), 19).unwrap(), "bytes and bits 3");
    both(BitString::new(vec![], 0).unwrap(), "binary 1");
    both(BitString::new(vec![1, 2, 3, 4], 24).unwrap(), "binary 3");
    assert_eq!(BitString::new(vec![1], 9), None);
}

#[test]
fn lists() {
    both(Vec::<i64>::new(), "list 1");
    both(vec![1_u8, 2, 3], "list 8");
    both(vec![1_i64, -2, 3], "list 7");
    both(vec![-1_i8], "list 6");
    both(vec![256_u16], "list 5");
    both([1_u8, 2, 3], "list 8");
    both(VecDeque::from([1_u8, 2, 3]), "list 8");
    both(Box::<[u8]>::from([1, 2, 3]), "list 8");
    both(Arc::<[u8]>::from([1, 2, 3]), "list 8");
    both(vec![atom!("a"), atom!("b")], "list 12");
    both(vec![Vec::<i64>::new()], "list 39");
    both((1..=300).collect::<Vec<i32>>(), "list 300 integers");
    both((1..=300).map(|i| i as u8).collect::<Vec<u8>>(), "list 300 bytes");
    both(vec![Charlist::from("ab"), Charlist::from("cd")], "list 43");
    both(Charlist::from("hello world"), "list 19");
    both(Charlist::from("пр"), "list 30");
    both(Charlist::from(""), "list 1");
    both(vec!['п', 'р'], "list 30");
    both(vec![1.0, 2.0], "list 44");
    // What one form or the other can say is read from both.
    for bytes in
        [&[107, 0, 2, 1, 2][..], &[108, 0, 0, 0, 2, 97, 1, 97, 2, 106], &[108, 0, 0, 0, 2, 98, 0, 0, 0, 1, 97, 2, 106]]
    {
        assert_eq!(decode::<Vec<u8>>(bytes), Ok(vec![1, 2]));
        assert_eq!(decode::<Vec<i128>>(bytes), Ok(vec![1, 2]));
        assert_eq!(decode::<[i8; 2]>(bytes), Ok([1, 2]));
        assert_eq!(decode::<Vec<Option<u16>>>(bytes), Ok(vec![Some(1), Some(2)]));
        assert_eq!(decode::<Vec<Term>>(bytes), Ok(vec![term!(1), term!(2)]));
        assert_eq!(decode::<Charlist>(bytes), Ok(Charlist::from("\u{1}\u{2}")));
    }
}

#[test]
fn tuples_maps_identifiers() {
    both((atom!("a"),), "tuple 2");
    both((atom!("ok"), 1_u8), "tuple 5");
    let x = || atom!("x");
    both((x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x(), x()), "tuple of 12");
    both(HashMap::from([(atom!("a"), 1_u8)]), "map 2");
    both(BTreeMap::from([(atom!("a"), 1_u8), (atom!("b"), 2)]), "map 4");
    both(BTreeMap::from([(1_u64, 1_u64), (2, 4), (3, 9)]), "map of 3");
    both(HashMap::from([(Binary(b"k".to_vec()), String::from("v"))]), "map 5");
    both(BTreeMap::<i64, i64>::new(), "map 1");
    let node = Atom::from_static("a@b");
    both(Pid { node: node.clone(), id: 91, serial: 0, creation: 1 }, "pid 2");
    both(Port { node: node.clone(), id: u64::MAX, creation: u32::MAX }, "port 6");
    both(Reference::new(node.clone(), 1, &[1, 2, 3]).unwrap(), "reference 3");
    both(Reference::new(node, 9, &[1, 2, 3, 4, 5]).unwrap(), "reference 6");
}

#[test]
fn what_only_rust_tells_apart() {
    let mut asked = Vec::new();
    there_and_back(Some(1_u8), "1", &mut asked);
    there_and_back(None::<u8>, "nil", &mut asked);
    there_and_back(Ok::<u8, String>(1), "{ok,1}", &mut asked);
    there_and_back(Err::<u8, String>("no".into()), "{error,<<\"no\">>}", &mut asked);
    there_and_back(Ok::<(), u8>(()), "ok", &mut asked);
    there_and_back(Err::<(), u8>(1), "{error,1}", &mut asked);
    there_and_back(Ok::<u8, ()>(1), "{ok,1}", &mut asked);
    there_and_back(Err::<u8, ()>(()), "error", &mut asked);
    there_and_back(Ok::<(), ()>(()), "ok", &mut asked);
    there_and_back(Err::<(), ()>(()), "error", &mut asked);
    there_and_back(Box::new((1_u8, vec![Some(true), None])), "{1,[true,nil]}", &mut asked);
    there_and_back(Rc::new(Arc::new('é')), "233", &mut asked);
    there_and_back(vec![Ok::<(), ()>(()), Err(())], "[ok,error]", &mut asked);
    there_and_back(HashMap::from([(vec![1_u8], Box::new([2_i64; 2]))]), "#{[1] => [2,2]}", &mut asked);
    there_and_back(term!({a, [1 | b], #{"k" => <<"v">>}}), "{a,[1|b],#{\"k\" => <<\"v\">>}}", &mut asked);
    there_and_back(RawTerm::new(vec![104, 1, 106]).unwrap(), "{[]}", &mut asked);
    let answers = ask(&asked.iter().map(|(question, _)| question.clone()).collect::<Vec<_>>());
    for ((_, text), answer) in asked.iter().zip(answers) {
        assert_eq!(answer, hex(text.as_bytes()), "{text}");
    }
}

#[test]
fn borrowed_values_are_written() {
    assert_eq!(encode(&"hello"), beam("binary 5"));
    assert_eq!(encode(&[1_u8, 2, 3].as_slice()), beam("list 8"));
    assert_eq!(encode(&&&mut 1_u8), beam("int 1"));
    assert_eq!(encode(&Cow::Borrowed("hello")), beam("binary 5"));
    assert_eq!(encode(&Cow::<[u8]>::Borrowed(&[1, 2, 3])), beam("list 8"));
    assert_eq!(encode(&HashMap::from([("k", Binary(b"v".to_vec()))])), beam("map 5"));
    let dynamic: Vec<Box<dyn IntoTerm>> = vec![Box::new(1_u8), Box::new("x")];
    assert_eq!(decode::<(u8, String)>(&[&[104, 2][..], &encode(&dynamic)[5..13]].concat()), Ok((1, "x".into())));
}

#[test]
fn errors_say_what_was_expected_and_found() {
    fn error<T: FromTerm + Debug>(term: &Term) -> String {
        from_term::<T>(term).unwrap_err().to_string()
    }
    for (text, expected) in [
        (error::<i64>(&term!(a)), "expected integer, got atom"),
        (error::<u8>(&term!(256)), "expected integer from 0 to 255 (u8), got 256"),
        (error::<i8>(&term!(-129)), "expected integer from -128 to 127 (i8), got -129"),
        (error::<u64>(&term!(-1)), "expected integer from 0 to 18446744073709551615 (u64), got -1"),
        (
            error::<i64>(&term!(9_223_372_036_854_775_808_u64)),
            "expected integer from -9223372036854775808 to 9223372036854775807 (i64), got 9223372036854775808",
        ),
        (
            error::<i128>(&to_term(&(BigInt::from(1) << 200_u32)).unwrap()),
            "expected integer from -170141183460469231731687303715884105728 to 170141183460469231731687303715884105727 (i128), got integer of 26 bytes",
        ),
        (error::<BigUint>(&term!(-5)), "expected integer of at least 0, got -5"),
        (error::<i64>(&term!(1.5)), "expected integer, got float"),
        (error::<f64>(&term!(1)), "expected float, got integer"),
        (error::<f32>(&term!(1.0e39)), "expected float from -3.4028235e38 to 3.4028235e38 (f32), got 1e39"),
        (error::<char>(&term!(0xD800)), "expected character (an integer), got 55296"),
        (error::<bool>(&term!(nil)), "expected true or false, got nil"),
        (error::<bool>(&term!(1)), "expected true or false, got integer"),
        (error::<String>(&term!("list")), "expected string (a binary of UTF-8), got list"),
        (error::<String>(&term!(<<255>>)), "expected string (a binary of UTF-8), got binary that is no UTF-8"),
        (error::<Binary>(&term!(text)), "expected binary, got atom"),
        (error::<BitString>(&term!(text)), "expected bit string, got atom"),
        (error::<Atom>(&term!(<<"a">>)), "expected atom, got binary"),
        (error::<Pid>(&term!({})), "expected pid, got tuple"),
        (error::<Vec<u8>>(&term!(<<"a">>)), "expected list, got binary"),
        (error::<Vec<u8>>(&term!([1, 300])), "element 2: expected integer from 0 to 255 (u8), got 300"),
        (error::<Vec<i8>>(&term!([1, 200])), "element 2: expected integer from -128 to 127 (i8), got 200"),
        (error::<Vec<Atom>>(&term!([1, 200])), "element 1: expected atom, got integer"),
        (error::<Vec<u8>>(&term!([1 | 2])), "expected list, got improper list"),
        (error::<[u8; 3]>(&term!([1, 2])), "expected list of 3 elements, got list of 2"),
        (error::<Charlist>(&term!([97, a])), "element 2: expected character (an integer), got atom"),
        (error::<(u8, u8)>(&term!({1, 2, 3})), "expected tuple of 2, got tuple of 3"),
        (error::<(u8, (u8, bool))>(&term!({1, {2, 3}})), "element 2: element 2: expected true or false, got integer"),
        (error::<HashMap<Atom, u8>>(&term!(#{a => b})), "value of a: expected integer, got atom"),
        (error::<HashMap<Atom, u8>>(&term!(#{1 => b})), "key 1: expected atom, got integer"),
        (error::<HashMap<Atom, u8>>(&term!([])), "expected map, got list"),
        (error::<Result<u8, Atom>>(&term!({other, 1})), "expected {ok, _} or {error, _}, got another tuple of 2"),
        (error::<Result<u8, Atom>>(&term!({ok, a})), "ok: expected integer, got atom"),
        (error::<Result<u8, Atom>>(&term!(ok)), "expected {ok, _} or {error, _}, got ok"),
        (error::<Result<(), Atom>>(&term!({ok, 1})), "expected ok or {error, _}, got {ok, _}"),
        (error::<Result<(), ()>>(&term!(other)), "expected ok or error, got other"),
        (error::<Option<u8>>(&term!(undefined)), "expected integer, got atom"),
    ] {
        assert_eq!(text, expected);
    }
    assert_eq!(decode::<u8>(&[97]), Err("invalid term: the term is cut off at byte 2".into()));
    assert_eq!(decode::<u8>(&[97, 1, 2]), Err("invalid term: 1 bytes follow the term at byte 3".into()));
    assert_eq!(
        decode::<u8>(&[80, 0, 0, 0, 0]),
        Err("invalid term: compressed terms are not accepted (tag 80 at byte 1)".into())
    );
    assert_eq!(decode::<Vec<u8>>(&[250]), Err("invalid term: unknown tag 250 at byte 1".into()));
    assert_eq!(
        Chain(&binary_to_term::<u8>(&[130, 97, 1]).unwrap_err()).to_string(),
        "invalid term: byte 0 is 130 where the version byte 131 is due"
    );
}

#[test]
fn keys_that_are_equal_in_rust_are_not_lost() {
    #[derive(Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
    struct Any;
    impl FromTerm for Any {
        fn decode(decoder: &mut Decoder<'_>) -> Result<Self, nodex_proto::convert::DecodeError> {
            decoder.skip()?;
            Ok(Any)
        }
    }
    impl IntoTerm for Any {
        fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
            encoder.put_i64(1);
            Ok(())
        }
    }
    let text = "expected map with different keys, got b twice";
    assert_eq!(decode::<HashMap<Any, u8>>(&beam("map 4")), Err(text.into()));
    assert_eq!(decode::<BTreeMap<Any, u8>>(&beam("map 4")), Err(text.into()));

    // Different in Rust, equal on a BEAM.
    #[derive(PartialEq, Eq, Hash)]
    struct Same(u8);
    impl IntoTerm for Same {
        fn encode(&self, encoder: &mut Encoder) -> Result<(), EncodeError> {
            Any.encode(encoder)
        }
    }
    assert_eq!(term_to_binary(&HashMap::from([(Same(1), 1_u8), (Same(2), 2)])), Err(EncodeError::DuplicateKey));
    assert!(term_to_binary(&HashMap::from([(Same(1), 1_u8)])).is_ok());
}

#[test]
fn big_binaries_share_the_received_buffer_and_small_ones_do_not() {
    for (len, shared) in [(SHARE_MIN - 1, false), (SHARE_MIN, true)] {
        let owner = Bytes::from(encode(&Binary(vec![7; len])));
        let value = Bytes::decode(&mut Decoder::with_owner(&owner, &owner)).unwrap();
        assert_eq!(value, vec![7; len]);
        assert_eq!(owner.as_ptr_range().contains(&value.as_ptr()), shared, "{len}");
    }
}

#[test]
fn nesting_is_limited_for_types_that_contain_themselves() {
    #[derive(Debug)]
    #[allow(dead_code)]
    struct Nested(Vec<Nested>);
    impl FromTerm for Nested {
        fn decode(decoder: &mut Decoder<'_>) -> Result<Self, nodex_proto::convert::DecodeError> {
            Vec::decode(decoder).map(Nested)
        }
    }
    let nested = |depth| {
        let mut bytes = [108, 0, 0, 0, 1].repeat(depth);
        bytes.push(106);
        bytes.extend(vec![106; depth]);
        bytes
    };
    let limits = Limits::default().max_depth(100);
    assert!(Nested::decode(&mut Decoder::new(&nested(99)).limits(limits)).is_ok());
    let error = Nested::decode(&mut Decoder::new(&nested(100)).limits(limits)).unwrap_err();
    assert!(Chain(&error).to_string().ends_with("the term is nested deeper than 100 levels at byte 500"), "{error}");
    let million = nested(1_000_000);
    assert!(Nested::decode(&mut Decoder::new(&million)).is_err());
    assert!(decode::<Term>(&million).is_err());
    assert!(Decoder::new(&million).raw().is_ok());
}

#[test]
fn identifiers_of_eetf_and_back() {
    use nodex_proto::eetf;
    let pid = Pid { node: atom!("a@b"), id: 1, serial: 2, creation: 3 };
    let port = Port { node: atom!("a@b"), id: 1 << 40, creation: 3 };
    let reference = Reference::new(atom!("a@b"), 1, &[1, 2, 3]).unwrap();
    assert_eq!(Pid::try_from(eetf::Pid::from(pid.clone())), Ok(pid));
    assert_eq!(Port::try_from(eetf::Port::from(port.clone())), Ok(port));
    assert_eq!(Reference::try_from(&eetf::Reference::from(reference.clone())), Ok(reference));
    assert_eq!(Atom::try_from(eetf::Atom::from(atom!("ok"))), Ok(atom!("ok")));
    let long = "a".repeat(256);
    let error = Pid::try_from(eetf::Pid::new(long.as_str(), 1, 1, 1)).unwrap_err();
    assert_eq!(
        Chain(&error).to_string(),
        "the name of the node is no atom: an atom has at most 255 characters, this one has 256"
    );
    let words = |count| eetf::Reference { node: "a@b".into(), id: vec![1; count], creation: 1 };
    assert_eq!(Reference::try_from(words(6)).unwrap_err().to_string(), "a reference has 1 to 5 words, this one has 6");
    assert!(Reference::try_from(words(0)).is_err() && Reference::try_from(words(5)).is_ok());
}

/// A list of floats is read in one pass, as long as they are in the common form.
#[test]
fn a_list_of_floats_with_others_among_them() {
    let new = |value: f64| [&[70][..], &value.to_be_bytes()].concat();
    let mut old = [0; 32];
    old[0] = 99;
    old[1..=3].copy_from_slice(b"2.5");
    let list = |elements: &[&[u8]]| {
        let count = (elements.len() as u32).to_be_bytes();
        [&[108][..], &count, &elements.concat(), &[106]].concat()
    };
    let read = |bytes: &[u8]| Vec::<f64>::decode(&mut Decoder::new(bytes)).map_err(|error| Chain(&error).to_string());
    let (one, three) = (new(1.0), new(3.0));
    assert_eq!(read(&list(&[&one, &three])), Ok(vec![1.0, 3.0]));
    assert_eq!(read(&list(&[&one, &old, &three])), Ok(vec![1.0, 2.5, 3.0]));
    let error = "element 2: expected float, got integer";
    assert_eq!(read(&list(&[&one, &[97, 70], &three, &three])), Err(error.to_owned()));
    let error = read(&list(&[&one, &three, &new(f64::NAN)])).unwrap_err();
    assert!(error.starts_with("element 3: "), "{error}");
    assert!(read(&list(&[&one, &three])[..20]).is_err());
}

/// However much follows an atom, and however it is held.
#[test]
fn atoms_of_all_lengths_near_the_end_and_far_from_it() {
    for len in 0..=30_usize {
        for name in ["abcdefghijklmnopqrstuvwxyzabcd", "éééééééééééééééééé"] {
            let name = nodex_proto::text::cut(name, len);
            for behind in [0, 1, 8, 23, 40] {
                let bytes = [&[119, name.len() as u8][..], name.as_bytes(), &vec![0xFF; behind]].concat();
                let mut decoder = Decoder::new(&bytes);
                let atom = Atom::decode(&mut decoder).expect("an atom");
                assert_eq!((&*atom, decoder.remaining().len()), (name, behind));
                assert_eq!(atom, Atom::new(name).expect("an atom"));
            }
        }
    }
    assert!(Atom::decode(&mut Decoder::new(&[119, 2, b'a', 0xFF])).is_err());
    assert!(Atom::decode(&mut Decoder::new(&[119, 2, b'a'])).is_err());
}
