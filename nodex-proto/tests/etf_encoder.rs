//! The encoder at every amount of room that is left in its memory, and what it refuses wherever that stands.

#![allow(clippy::unwrap_used)]

use std::collections::HashMap;

use nodex_proto::{
    atom,
    convert::{FromTerm, IntoTerm},
    eetf::{
        self, BigInteger, BitBinary, ByteList, ExternalFun, FixInteger, Float, ImproperList, InternalFun, List, Map,
        Term, Tuple,
    },
    etf::{Decoder, EncodeError, Encoder},
    term::{Atom, Pid, Port, RawTerm, Reference},
};

/// Writes at every place in memory that grows in between: nothing may depend on how much room there is.
fn at_every_place(what: &str, write: impl Fn(&mut Encoder)) {
    let mut alone = Encoder::new();
    alone.put_slice(&[0; 5000]);
    alone.clear();
    write(&mut alone);
    for before in (0..600).chain(960..1100) {
        let mut encoder = Encoder::new();
        encoder.put_slice(&vec![9; before]);
        write(&mut encoder);
        encoder.put_u8(9);
        let expected = [&vec![9; before], &alone.to_vec()[..], &[9]].concat();
        assert!(encoder.to_vec() == expected, "{what} after {before} bytes");
    }
}

fn text(len: usize) -> String {
    (0..len).map(|i| char::from(b'a' + (i % 26) as u8)).collect()
}

fn eetf_atom(len: usize) -> eetf::Atom {
    eetf::Atom { name: text(len) }
}

fn map(pairs: impl IntoIterator<Item = (Term, Term)>) -> Term {
    Map { map: HashMap::from_iter(pairs) }.into()
}

fn integer(value: i32) -> Term {
    FixInteger { value }.into()
}

fn list(elements: Vec<Term>) -> Term {
    List { elements }.into()
}

/// Terms of every kind, of all lengths around those from which on they are written in another way.
fn terms() -> Vec<Term> {
    let mut all: Vec<Term> = Vec::new();
    for len in [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 34, 100, 255] {
        let node = eetf_atom(len);
        all.push(node.clone().into());
        all.push(eetf::Binary { bytes: text(len).into() }.into());
        all.push(ByteList { bytes: text(len.max(1)).into() }.into());
        all.push(eetf::Pid { node: node.clone(), id: 1, serial: 2, creation: 0xFFFF_FFF0 }.into());
        all.push(eetf::Port { node: node.clone(), id: 1 << (len % 40), creation: 3 }.into());
        for words in 1..=5 {
            let id = (0..words).map(|word| word * 0x0101_0101).collect();
            all.push(eetf::Reference { node: node.clone(), id, creation: 4 }.into());
        }
        all.push(ExternalFun { module: node.clone(), function: eetf_atom(3), arity: 2 }.into());
    }
    all.extend([0, 255, 256, -1, i32::MAX, i32::MIN].map(integer));
    all.extend([0.0, -1.5, f64::MAX].map(|value| Float { value }.into()));
    for value in [i128::from(i64::MAX), i128::from(i64::MIN), 1 << 32, -(1 << 40), 1 << 70, i128::MIN] {
        all.push(BigInteger { value: value.into() }.into());
    }
    all.push(BitBinary { bytes: vec![1, 1], tail_bits_size: 1 }.into());
    all.push(list(vec![]));
    let fun = InternalFun::New {
        module: eetf_atom(5),
        arity: 1,
        pid: eetf::Pid { node: eetf_atom(8), id: 1, serial: 2, creation: 3 },
        free_vars: vec![integer(7), list(vec![])],
        index: 4,
        uniq: [5; 16],
        old_index: 6,
        old_uniq: 7,
    };
    all.push(Term::InternalFun(Box::new(fun)));
    let several = vec![integer(1), eetf_atom(40).into(), list(vec![integer(300), integer(-1)])];
    all.push(Tuple { elements: several.clone() }.into());
    all.push(list(several.clone()));
    all.push(ImproperList { elements: several.clone(), last: Box::new(integer(5)) }.into());
    all.push(map([(integer(1), list(several.clone())), (list(several), map([]))]));
    all
}

#[test]
fn dynamic_terms_of_every_kind_at_every_place() {
    for term in terms() {
        at_every_place(&term.to_string(), |encoder| IntoTerm::encode(&term, encoder).unwrap());
        let mut encoder = Encoder::new();
        IntoTerm::encode(&term, &mut encoder).unwrap();
        let bytes = encoder.to_vec();
        let mut decoder = Decoder::new(&bytes);
        assert_eq!(<Term as FromTerm>::decode(&mut decoder).unwrap(), term);
        assert!(decoder.remaining().is_empty());
    }
}

/// The short ones, which are written one after the other as long as there is room, together with long ones.
#[test]
fn many_dynamic_terms_at_every_place() {
    let term = Term::from(Tuple { elements: terms() });
    at_every_place("all of them", |encoder| IntoTerm::encode(&term, encoder).unwrap());
    let Term::Tuple(all) = &term else { unreachable!() };
    let (mut together, mut apart) = (Encoder::new(), Encoder::new());
    IntoTerm::encode(&term, &mut together).unwrap();
    apart.put_tuple(all.elements.len()).unwrap();
    all.elements.iter().for_each(|term| IntoTerm::encode(term, &mut apart).unwrap());
    assert!(together.to_vec() == apart.to_vec());
}

#[test]
fn typed_values_at_every_place() {
    fn check(value: &impl IntoTerm) {
        let what = nodex_proto::convert::to_term(value).unwrap().to_string();
        at_every_place(&what, |encoder| value.encode(encoder).unwrap());
    }
    for len in [0, 1, 3, 4, 7, 8, 15, 16, 22, 23, 32, 33, 255] {
        let node = Atom::new(&text(len)).unwrap();
        check(&node);
        check(&text(len));
        check(&text(len).into_bytes());
        check(&Pid { node: node.clone(), id: 1, serial: 2, creation: 3 });
        check(&Port { node: node.clone(), id: 1 << (len % 40), creation: 3 });
        check(&Reference::new(node, 1, &[1, 2, 3, 4, 5][..1 + len % 5]).unwrap());
    }
    check(&(atom!("of_a_name_known_at_compile_time"), atom!("short"), true, false, None::<i64>, Some(1.5)));
    check(&(u64::MAX, i64::MIN, u128::MAX, i128::MIN, 255_u8, -1_i8, 1_u32 << 31, 'x'));
    check(&(0..21).map(|i| f64::from(i) / 3.0).collect::<Vec<_>>());
    // Whole blocks of numbers that take four bytes each, and blocks that have one that does not.
    check(&(1000..1040).collect::<Vec<i64>>());
    check(&(0..40).map(|i| 1_i64 << i).collect::<Vec<_>>());
    check(&(0..40).map(|i| i32::MIN >> (i % 32)).collect::<Vec<_>>());
    let raw = |bytes: usize| RawTerm::from_value(&nodex_proto::convert::Binary(vec![1; bytes])).unwrap();
    for bytes in [0, 3, 4, 11, 12, 27, 28, 100] {
        check(&raw(bytes));
    }
}

/// Every wide list of numbers is what its elements are, one after the other.
#[test]
fn lists_of_numbers_are_their_elements() {
    fn check<T: IntoTerm>(all: &[T]) {
        let (mut together, mut apart) = (Encoder::new(), Encoder::new());
        all.encode(&mut together).unwrap();
        apart.put_list(all.len()).unwrap();
        all.iter().for_each(|value| value.encode(&mut apart).unwrap());
        apart.put_nil();
        assert_eq!(together.to_vec(), apart.to_vec());
    }
    let edges =
        [0, 255, 256, -1, i64::from(i32::MAX), i64::from(i32::MAX) + 1, i64::from(i32::MIN), i64::MIN, i64::MAX];
    for odd in edges {
        for place in 0..17 {
            let mut all = vec![70_000_i64; 17];
            all[place] = odd;
            check(&all);
            check(&all.iter().map(|&value| value as u32).collect::<Vec<_>>());
            check(&all.iter().map(|&value| value as i16).collect::<Vec<_>>());
        }
    }
    check(&(0..100).map(|i| f64::from(i) * 0.1).collect::<Vec<_>>());
}

#[test]
fn what_is_refused_is_refused_wherever_it_stands() {
    let one = || BigInteger { value: 1.into() }.into();
    let bad = [
        (Float { value: f64::NAN }.into(), EncodeError::NonFinite),
        (Float { value: f64::INFINITY }.into(), EncodeError::NonFinite),
        (eetf_atom(256).into(), EncodeError::AtomLength { characters: 256 }),
        (map([(integer(1), integer(2)), (one(), integer(3))]), EncodeError::DuplicateKey),
        (
            map([(list(vec![integer(1)]), integer(2)), (ByteList { bytes: vec![1] }.into(), integer(3))]),
            EncodeError::DuplicateKey,
        ),
        (
            eetf::Reference { node: eetf_atom(1), id: vec![1; 6], creation: 1 }.into(),
            EncodeError::ReferenceLength { words: 6 },
        ),
        (
            eetf::Reference { node: eetf_atom(1), id: vec![], creation: 1 }.into(),
            EncodeError::ReferenceLength { words: 0 },
        ),
        (
            eetf::Pid { node: eetf_atom(300), id: 1, serial: 1, creation: 1 }.into(),
            EncodeError::AtomLength { characters: 300 },
        ),
        (BitBinary { bytes: vec![1], tail_bits_size: 9 }.into(), EncodeError::BitCount { bits: 9 }),
    ];
    let around: [fn(Term) -> Term; 6] = [
        |term| Tuple { elements: vec![integer(1), term] }.into(),
        |term| list(vec![integer(1), term, integer(2)]),
        |term| map([(integer(1), term)]),
        |term| map([(term, integer(1))]),
        |term| ImproperList { elements: vec![term], last: Box::new(integer(1)) }.into(),
        |term| ImproperList { elements: vec![integer(1)], last: Box::new(term) }.into(),
    ];
    for (term, error) in bad {
        for around in around {
            let mut term = term.clone();
            for depth in 0..40 {
                assert_eq!(IntoTerm::encode(&term, &mut Encoder::new()), Err(error.clone()), "{depth} levels");
                term = around(term);
            }
        }
    }
    let mut floats = vec![0.5; 20];
    for place in 0..20 {
        floats[place] = f64::NEG_INFINITY;
        assert_eq!(floats.encode(&mut Encoder::new()), Err(EncodeError::NonFinite));
        floats[place] = 0.5;
    }
}

/// An atom of 255 characters of four bytes each is allowed, in every way in which it is written.
#[test]
fn the_longest_atom() {
    let name = "\u{1F600}".repeat(255);
    let expected = [&[118, 0x03, 0xFC], name.as_bytes()].concat();
    let write: [fn(&str, &mut Encoder); 3] = [
        |name, encoder| encoder.put_atom(&Atom::new(name).unwrap()),
        |name, encoder| encoder.put_atom_name(name).unwrap(),
        |name, encoder| encoder.put_term(&Atom::new(name).unwrap().into()).unwrap(),
    ];
    for write in write {
        let mut encoder = Encoder::new();
        write(&name, &mut encoder);
        assert_eq!(encoder.to_vec(), expected);
    }
}
