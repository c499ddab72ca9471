//! Any term and any value comes back as it went; no bytes make anything panic.

#![allow(clippy::unwrap_used)]

use std::{
    collections::{BTreeMap, HashMap},
    hash::{DefaultHasher, Hash, Hasher},
};

use nodex_proto::{
    convert::{Binary, BitString, Charlist, FromTerm, IntoTerm, binary_to_term, from_term, term_to_binary, to_term},
    eetf::{self, BigInteger, BitBinary, ByteList, FixInteger, ImproperList},
    etf::{Decoder, Encoder, Integer},
    term::{Atom, Pid, Port, RawTerm, Reference, Term, TermKind, TermRef},
    text::Text,
};
use num_bigint::{BigInt, Sign};
use proptest::{collection::vec, prelude::*, sample::select};

fn eetf_atom() -> impl Strategy<Value = eetf::Atom> {
    prop_oneof!["[a-z]{0,8}", ".{0,20}", "é{0,255}"].prop_map(|name: String| eetf::Atom { name })
}

fn eetf_pid() -> impl Strategy<Value = eetf::Pid> {
    (eetf_atom(), any::<[u32; 3]>()).prop_map(|(node, [id, serial, creation])| eetf::Pid { node, id, serial, creation })
}

fn leaf() -> impl Strategy<Value = eetf::Term> {
    prop_oneof![
        eetf_atom().prop_map(eetf::Term::from),
        any::<i32>().prop_map(|value| FixInteger { value }.into()),
        (-3_i32..300).prop_map(|value| FixInteger { value }.into()),
        any::<i128>().prop_map(|value| BigInteger { value: value.into() }.into()),
        // Too small for its form.
        any::<i8>().prop_map(|value| BigInteger::from(value).into()),
        vec(any::<u8>(), 0..300)
            .prop_map(|digits| BigInteger { value: BigInt::from_bytes_le(Sign::Minus, &digits) }.into()),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| eetf::Float { value }.into()),
        vec(any::<u8>(), 0..50).prop_map(|bytes| eetf::Binary { bytes }.into()),
        (vec(any::<u8>(), 1..10), 1..=8_u8)
            .prop_map(|(bytes, tail_bits_size)| BitBinary { bytes, tail_bits_size }.into()),
        vec(any::<u8>(), 0..50).prop_map(|bytes| ByteList { bytes }.into()),
        eetf_pid().prop_map(eetf::Term::from),
        (eetf_atom(), any::<u64>(), any::<u32>())
            .prop_map(|(node, id, creation)| eetf::Port { node, id, creation }.into()),
        (eetf_atom(), vec(any::<u32>(), 1..=5), any::<u32>()).prop_map(|(node, id, creation)| eetf::Reference {
            node,
            id,
            creation
        }
        .into()),
        (eetf_atom(), eetf_atom(), any::<u8>()).prop_map(|(module, function, arity)| eetf::ExternalFun {
            module,
            function,
            arity
        }
        .into()),
    ]
}

/// Terms in any form that eetf has, canonical or not.
fn term() -> impl Strategy<Value = eetf::Term> {
    leaf().prop_recursive(5, 60, 6, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|elements| eetf::Tuple { elements }.into()),
            vec(inner.clone(), 0..6).prop_map(|elements| eetf::List { elements }.into()),
            (vec(inner.clone(), 0..6), inner.clone()).prop_map(|(elements, last)| ImproperList {
                elements,
                last: Box::new(last)
            }
            .into()),
            vec((inner.clone(), inner.clone()), 0..6)
                .prop_map(|pairs| eetf::Map { map: pairs.into_iter().collect() }.into()),
            (eetf_atom(), eetf_pid(), vec(inner, 0..3), any::<(u8, u32, [u8; 16], i32, i32)>()).prop_map(
                |(module, pid, free_vars, (arity, index, uniq, old_index, old_uniq))| {
                    let fun =
                        eetf::InternalFun::New { module, arity, pid, free_vars, index, uniq, old_index, old_uniq };
                    fun.into()
                }
            ),
        ]
    })
}

fn encode(term: &Term) -> Vec<u8> {
    let mut encoder = Encoder::new();
    encoder.put_term(term).unwrap();
    encoder.to_vec()
}

fn hash(term: &Term) -> u64 {
    let mut hasher = DefaultHasher::new();
    term.hash(&mut hasher);
    hasher.finish()
}

/// The same term, with the pairs of all maps in another order and every number in its longest form.
fn in_another_form(term: TermRef<'_>, out: &mut Vec<u8>) {
    let count = |out: &mut Vec<u8>, tag: u8, count: usize| {
        out.push(tag);
        out.extend((count as u32).to_be_bytes());
    };
    match term.kind() {
        TermKind::Integer(Integer::Small(value)) => {
            out.extend([110, 9, u8::from(value < 0)]);
            out.extend(value.unsigned_abs().to_le_bytes());
            out.push(0);
        }
        TermKind::Atom(name) => {
            out.push(118);
            out.extend((name.len() as u16).to_be_bytes());
            out.extend(name.bytes());
        }
        TermKind::Tuple(tuple) => {
            count(out, 105, tuple.len());
            tuple.iter().for_each(|element| in_another_form(element, out));
        }
        TermKind::List(list) => {
            for element in list.iter() {
                count(out, 108, 1);
                in_another_form(element, out);
            }
            out.extend([108, 0, 0, 0, 0, 106]);
        }
        TermKind::ImproperList(list) => {
            for element in list.iter() {
                count(out, 108, 1);
                in_another_form(element, out);
            }
            in_another_form(list.tail(), out);
        }
        TermKind::Map(map) => {
            count(out, 116, map.len());
            let pairs: Vec<_> = map.iter().collect();
            for (key, value) in pairs.into_iter().rev() {
                in_another_form(key, out);
                in_another_form(value, out);
            }
        }
        TermKind::Binary(bytes) if !bytes.is_empty() => {
            count(out, 77, bytes.len());
            out.push(8);
            out.extend(bytes);
        }
        _ => out.extend(term.as_bytes()),
    }
}

fn there_and_back<T: IntoTerm + FromTerm + PartialEq + std::fmt::Debug>(value: &T) {
    let bytes = term_to_binary(value).unwrap();
    assert_eq!(&binary_to_term::<T>(&bytes).unwrap(), value);
    assert_eq!(&from_term::<T>(&to_term(value).unwrap()).unwrap(), value);
    assert_eq!(Decoder::new(&bytes[1..]).skip().unwrap().len(), bytes.len() - 1);
    for end in 0..bytes.len() {
        assert!(binary_to_term::<T>(&bytes[..end]).is_err());
    }
}

fn atom() -> impl Strategy<Value = Atom> {
    prop_oneof!["[a-z]{0,8}", ".{0,60}"].prop_map(|name: String| Atom::new(&name).unwrap())
}

fn decodes_or_not<T: FromTerm>(bytes: &[u8]) {
    let _ = T::decode(&mut Decoder::new(bytes));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_dynamic_term_comes_back(theirs in term()) {
        // Refused only for keys that are equal as terms.
        if let Ok(term) = Term::try_from(&theirs) {
            let bytes = encode(&term);
            let mut decoder = Decoder::new(&bytes);
            let back = decoder.term().unwrap();
            prop_assert!(decoder.is_empty());
            prop_assert_eq!(&back, &term);
            prop_assert_eq!(encode(&back), &bytes[..]);
            prop_assert_eq!(Decoder::new(&bytes).skip().unwrap(), &bytes[..]);
            let raw = RawTerm::new(bytes).unwrap();
            prop_assert_eq!(&raw.decode::<Term>().unwrap(), &term);
            prop_assert_eq!(raw.to_string().len(), Text::of(&back).to_string().len());
            let again = eetf::Term::try_from(&back).unwrap();
            prop_assert_eq!(&Term::try_from(&again).unwrap(), &term);
        }
    }

    #[test]
    fn eetf_reads_what_is_written(theirs in term()) {
        if let Ok(term) = Term::try_from(&theirs) {
            // It takes the length of an atom for that of its name in bytes, and no more than 255 of them.
            if let Ok(read) = eetf::Term::decode(&[&[131][..], &encode(&term)].concat()[..]) {
                prop_assert_eq!(Term::try_from(&read).unwrap(), term);
            }
        }
    }

    #[test]
    fn all_forms_of_a_term_are_equal(theirs in term()) {
        if let Ok(term) = Term::try_from(&theirs) {
            let mut bytes = Vec::new();
            in_another_form(term.as_ref(), &mut bytes);
            let other = Decoder::new(&bytes).term().unwrap();
            prop_assert_eq!(&other, &term);
            prop_assert_eq!(other.to_string(), term.to_string());
            prop_assert_eq!(hash(&other), hash(&term));
            prop_assert_eq!(other.cmp(&term), std::cmp::Ordering::Equal);
            // Parts as well, alone and in place.
            for (part, same) in other.elements().zip(term.elements()) {
                prop_assert_eq!(&part, &same);
                prop_assert_eq!(part.to_term(), same.to_term());
                prop_assert_eq!(hash(&part.to_term()), hash(&same.to_term()));
            }
            if let (Some(map), Some(same)) = (other.as_map(), term.as_map()) {
                for (key, value) in map.iter() {
                    prop_assert_eq!(same.get(key.to_term()), Some(value));
                }
                prop_assert!(map.keys().zip(map.keys().skip(1)).all(|(a, b)| a < b));
            }
        }
    }

    #[test]
    fn the_order_of_terms_is_one(a in term(), b in term(), c in term()) {
        let [Ok(a), Ok(b), Ok(c)] = [a, b, c].map(Term::try_from) else { return Ok(()) };
        for compare in [|a: &Term, b: &Term| a.cmp(b), |a: &Term, b: &Term| a.as_ref().compare(b.as_ref())] {
            prop_assert!(compare(&a, &a).is_eq());
            prop_assert_eq!(compare(&a, &b), compare(&b, &a).reverse());
            if compare(&a, &b).is_le() && compare(&b, &c).is_le() {
                prop_assert!(compare(&a, &c).is_le());
            }
        }
        prop_assert_eq!(a == b, a.cmp(&b).is_eq());
    }

    #[test]
    fn values_come_back(
        integers in any::<(i8, u16, i32, u64, i128, u128)>(),
        list in vec(any::<(i64, bool, char)>(), 0..20),
        text in ".*",
        map in prop::collection::hash_map(".{0,5}", vec(any::<Option<i16>>(), 0..5), 0..10),
        bytes in vec(any::<u8>(), 0..100),
        result in any::<Result<u8, Option<bool>>>(),
        float in any::<f64>().prop_filter("finite", |float| float.is_finite()),
        digits in vec(any::<u8>(), 0..40),
    ) {
        there_and_back(&integers);
        there_and_back(&list);
        there_and_back(&(text.clone(), Charlist(text)));
        there_and_back::<HashMap<_, _>>(&map);
        there_and_back::<BTreeMap<_, _>>(&map.into_iter().collect());
        there_and_back(&(bytes.clone(), Binary(bytes.clone()), bytes::Bytes::from(bytes.clone())));
        there_and_back(&bytes.iter().map(|&byte| byte as i8).collect::<Vec<_>>());
        there_and_back(&BitString::new(bytes.clone(), bytes.len() * 8 / 3).unwrap());
        there_and_back(&(result, float));
        there_and_back(&BigInt::from_bytes_le(Sign::Minus, &digits));
    }

    #[test]
    fn identifiers_come_back(
        node in atom(), numbers in any::<(u32, u32, u32, u64)>(), words in vec(any::<u32>(), 1..=5), name in atom(),
    ) {
        let (id, serial, creation, port) = numbers;
        there_and_back(&Pid { node: node.clone(), id, serial, creation });
        there_and_back(&Port { node: node.clone(), id: port, creation });
        there_and_back(&Reference::new(node, creation, &words).unwrap());
        there_and_back(&name);
    }

    #[test]
    fn no_bytes_make_anything_panic(
        head in select(vec![67_u8, 70, 77, 88, 89, 90, 97, 98, 99, 100, 104, 105, 107, 108, 109, 110, 111, 112, 113, 116, 119, 120, 121]),
        rest in vec(prop_oneof![any::<u8>(), 97..=121_u8, 0..=3_u8], 0..60),
    ) {
        let bytes = [&[head][..], &rest].concat();
        let skipped = Decoder::new(&bytes).skip().is_ok();
        let dynamic = Decoder::new(&bytes).term().is_ok();
        prop_assert!(skipped || !dynamic);
        let _ = Text::of_bytes(&bytes).to_string();
        decodes_or_not::<i64>(&bytes);
        decodes_or_not::<BigInt>(&bytes);
        decodes_or_not::<f64>(&bytes);
        decodes_or_not::<Atom>(&bytes);
        decodes_or_not::<Pid>(&bytes);
        decodes_or_not::<Port>(&bytes);
        decodes_or_not::<Reference>(&bytes);
        decodes_or_not::<Vec<Vec<u8>>>(&bytes);
        decodes_or_not::<Vec<Option<Term>>>(&bytes);
        decodes_or_not::<Charlist>(&bytes);
        decodes_or_not::<BitString>(&bytes);
        decodes_or_not::<(u8, RawTerm)>(&bytes);
        decodes_or_not::<BTreeMap<i64, Result<(), Atom>>>(&bytes);
        decodes_or_not::<[bool; 3]>(&bytes);
    }
}
