//! Derived conversions against the bytes of a real BEAM (`tests/macros/derive_vectors.tsv`).
#![allow(clippy::unwrap_used)]

mod enums;

use std::{
    collections::HashMap,
    fmt::Debug,
    marker::PhantomData,
    rc::Rc,
    sync::{Arc, LazyLock},
};

use nodex::{
    error::Chain,
    etf::{Decoder, Encoder},
    prelude::*,
};

/// Each term by its name, without the version byte.
static VECTORS: LazyLock<HashMap<&str, Vec<u8>>> = LazyLock::new(|| {
    let unhex = |hex: &str| -> Vec<u8> {
        (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..][..2], 16).unwrap()).collect()
    };
    include_str!("macros/derive_vectors.tsv")
        .lines()
        .filter(|line| !line.starts_with('#'))
        .map(|line| {
            let [name, _, hex] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let bytes = unhex(hex);
            assert_eq!(bytes[0], 131);
            (name, bytes[1..].to_vec())
        })
        .collect()
});

fn vector(name: &str) -> &'static [u8] {
    VECTORS.get(name).unwrap_or_else(|| panic!("no vector {name}"))
}

fn encode(value: &impl IntoTerm) -> Vec<u8> {
    let mut encoder = Encoder::new();
    value.encode(&mut encoder).unwrap();
    encoder.to_vec()
}

fn decode<T: FromTerm>(name: &str) -> Result<T, String> {
    let mut decoder = Decoder::new(vector(name));
    let value = T::decode(&mut decoder).map_err(|error| Chain(&error).to_string())?;
    decoder.finish().unwrap();
    Ok(value)
}

#[track_caller]
fn assert_both<T: FromTerm + IntoTerm + PartialEq + Debug>(value: T, name: &str) {
    assert_eq!(encode(&value), vector(name), "{value:?} is not written as {name}");
    assert_eq!(decode::<T>(name).as_ref(), Ok(&value));
}

#[track_caller]
fn assert_refused<T: FromTerm + Debug>(name: &str, message: &str) {
    assert_eq!(decode::<T>(name).unwrap_err(), message);
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug, Clone)]
struct Order {
    id: u64,
    total: f64,
    note: Option<String>,
    tags: Vec<Atom>,
}

fn order(note: Option<&str>, tags: &[Atom]) -> Order {
    Order { id: 7, total: 12.5, note: note.map(str::to_owned), tags: tags.to_vec() }
}

#[test]
fn a_struct_is_a_map_with_atoms_as_keys() {
    let full = order(Some("gift"), &[atom!("a"), atom!("b")]);
    assert_both(full.clone(), "order");
    assert_both(order(None, &[]), "order_nil");
    assert_eq!(decode("order_latin1"), Ok(full.clone()), "Latin-1 atoms");
    assert_eq!(decode("order_more"), Ok(full), "unknown keys, whatever they are, are passed over");
}

#[test]
fn a_missing_key_is_none_or_an_error() {
    assert_eq!(decode("order_short"), Ok(order(None, &[])));
    assert_refused::<Order>("order_no_id", "order: expected key id, got map without it");
}

#[test]
fn errors_say_where_in_the_struct() {
    assert_refused::<Order>("order_bad", "order: key id: expected integer, got atom");
    assert_refused::<Order>("integer", "order: expected map, got integer");
}

#[test]
fn a_key_that_is_there_twice_is_refused() {
    // No BEAM sends this: a map of two pairs, both `a => 1`.
    let twice = b"\x74\0\0\0\x02\x77\x01a\x61\x01\x77\x01a\x61\x01";
    #[derive(FromTerm, Debug)]
    struct Once {
        #[allow(dead_code)]
        a: u8,
    }
    let error = Once::decode(&mut Decoder::new(twice)).unwrap_err();
    assert_eq!(Chain(&error).to_string(), "once: key a: invalid term: the map at byte 13 has a key twice");
}

#[test]
fn every_prefix_of_a_struct_is_an_error() {
    for name in ["order", "elixir", "record", "status_shipped", "tree"] {
        let bytes = vector(name);
        for end in 0..bytes.len() {
            let mut cut = Decoder::new(&bytes[..end]);
            let refused = match name {
                "order" => Order::decode(&mut cut).is_err(),
                "elixir" => Elixir::decode(&mut cut).is_err(),
                "record" => Record::decode(&mut cut).is_err(),
                "tree" => Tree::decode(&mut cut).is_err(),
                _ => enums::Status::decode(&mut cut).is_err(),
            };
            assert!(refused, "{name} cut after {end} bytes");
        }
    }
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Empty {}

#[test]
fn a_struct_without_fields() {
    assert_both(Empty {}, "empty_map");
    assert_eq!(decode("any_map"), Ok(Empty {}));
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(elixir_struct = "Shop.Order")]
struct Elixir {
    id: u64,
    sku: String,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(elixir_struct = "Shop.Done")]
struct ElixirUnit;

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(exception = "Shop.OrderError")]
struct OrderError {
    message: String,
}

#[test]
fn elixir_structs_and_exceptions() {
    assert_both(Elixir { id: 1, sku: "A".into() }, "elixir");
    assert_both(ElixirUnit, "elixir_unit");
    assert_both(OrderError { message: "sold out".into() }, "exception");
    assert_refused::<Elixir>(
        "elixir_other",
        "%Shop.Order{}: key __struct__: expected the atom Elixir.Shop.Order, got the atom Elixir.Shop.Item",
    );
    assert_refused::<Elixir>("elixir_none", "%Shop.Order{}: expected key __struct__, got map without it");
    assert_refused::<OrderError>(
        "exception_false",
        "%Shop.OrderError{}: key __exception__: expected the atom true, got the atom false",
    );
    assert_refused::<Elixir>("atom", "%Shop.Order{}: expected map, got atom");
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(tuple)]
struct NamedTuple {
    x: i64,
    y: i64,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Pair(i64, i64);

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(tuple)]
struct OneTuple(i64);

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct NoTuple();

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Newtype(i64);

#[test]
fn tuples() {
    assert_both(NamedTuple { x: 1, y: 2 }, "tuple");
    assert_both(Pair(1, 2), "tuple");
    assert_both(OneTuple(5), "one_tuple");
    assert_both(NoTuple(), "no_tuple");
    assert_both(Newtype(5), "integer");
    assert_refused::<NamedTuple>("tuple_long", "named_tuple: expected tuple of 2, got tuple of 3");
    assert_refused::<NamedTuple>("tuple_bad", "named_tuple: element 2 (y): expected integer, got atom");
    assert_refused::<Pair>("tuple_bad", "pair: element 2: expected integer, got atom");
    assert_refused::<Pair>("binary", "pair: expected tuple of 2, got binary");
    assert_refused::<Newtype>("atom", "newtype: expected integer, got atom");
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(record = "point", undefined)]
struct Record {
    x: i64,
    y: i64,
    name: Option<String>,
}

#[test]
fn records() {
    assert_both(Record { x: 1, y: 2, name: None }, "record");
    assert_refused::<Record>("record_other", "#point{}: element 1: expected the atom point, got the atom pixel");
    assert_refused::<Record>("record_short", "#point{}: expected tuple of 4, got tuple of 2");
    assert_refused::<Record>("tuple", "#point{}: expected tuple of 4, got tuple of 2");
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct SoldOut;

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(rename = "sold_out")]
struct Renamed;

#[test]
fn a_unit_struct_is_an_atom() {
    assert_both(SoldOut, "atom");
    assert_both(Renamed, "atom");
    assert_refused::<SoldOut>("nil", "sold_out: expected the atom sold_out, got the atom nil");
    assert_refused::<SoldOut>("integer", "sold_out: expected the atom sold_out, got integer");
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Unicode {
    größe: i64,
    #[term(rename = "ключ")]
    key: i64,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Keywords {
    r#type: i64,
    r#match: i64,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct LongAtom {
    // 200 characters, 400 bytes.
    #[term(
        rename = "üüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüüü"
    )]
    long: i64,
}

#[test]
fn names_of_all_kinds() {
    assert_both(Unicode { größe: 1, key: 2 }, "unicode");
    assert_eq!(decode("unicode_latin1"), Ok(Unicode { größe: 1, key: 2 }));
    let keywords = Keywords { r#type: 1, r#match: 2 };
    assert_eq!(decode("keywords"), Ok(keywords));
    assert_both(LongAtom { long: 1 }, "long_atom");
}

fn three() -> i64 {
    3
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Defaults {
    #[term(default)]
    a: i64,
    #[term(default = three)]
    b: i64,
    #[term(default = Vec::new)]
    c: Vec<i64>,
    #[term(skip)]
    d: i64,
    #[term(skip, default = three)]
    e: i64,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Skipping(i64, #[term(skip)] &'static str, i64);

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Typed<T>(i64, #[term(skip)] PhantomData<T>);

#[test]
fn defaults_and_skipped_fields() {
    assert_eq!(decode("empty_map"), Ok(Defaults { a: 0, b: 3, c: vec![], d: 0, e: 3 }));
    assert_eq!(decode("any_map"), Ok(Defaults { a: 1, b: 3, c: vec![], d: 0, e: 3 }));
    let written = encode(&Defaults { a: 1, b: 1, c: vec![], d: 9, e: 9 });
    assert_eq!(written, b"\x74\0\0\0\x03\x77\x01a\x61\x01\x77\x01b\x61\x01\x77\x01c\x6a");
    assert_both(Skipping(3, "", 4), "skipped");
    // What cannot be a term may stand in a skipped field, and one field that is left is the value itself.
    assert_both(Typed::<std::time::Instant>(5, PhantomData), "integer");
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(undefined)]
struct AllUndefined {
    a: Option<i64>,
    b: Atom,
    c: i64,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct OneUndefined {
    #[term(undefined)]
    a: Option<i64>,
    b: Option<i64>,
    c: i64,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(undefined)]
struct Boxed {
    a: Box<Option<i64>>,
    b: Atom,
    c: Arc<Option<u8>>,
}

#[derive(FromTerm, PartialEq, Debug)]
struct Missing {
    a: Rc<Option<i64>>,
}

#[test]
fn undefined_in_place_of_nil() {
    assert_both(AllUndefined { a: None, b: atom!("nil"), c: 1 }, "undefined_map");
    assert_both(OneUndefined { a: None, b: None, c: 1 }, "undefined_map");
    #[derive(FromTerm, Debug)]
    #[term(undefined)]
    struct B {
        #[allow(dead_code)]
        b: Option<i64>,
    }
    assert_refused::<B>("undefined_map", "b: key b: expected integer, got atom");
    // A pointer is what it points to, also here.
    assert_both(Boxed { a: Box::new(None), b: atom!("nil"), c: Arc::new(Some(1)) }, "undefined_map");
    assert_eq!(decode("empty_map"), Ok(Missing { a: Rc::new(None) }));
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(tuple)]
struct Tree {
    value: i64,
    children: Vec<Tree>,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Page<T> {
    items: Vec<T>,
    next: Option<Box<Page<T>>>,
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
struct Projected<U: Unit>(U::Number, i64);

trait Unit {
    type Number;
}

#[derive(PartialEq, Debug)]
struct Metre;

impl Unit for Metre {
    type Number = i64;
}

#[derive(IntoTerm)]
struct View<'a, T: ?Sized> {
    items: &'a [&'a str],
    next: Option<&'a T>,
}

#[test]
fn recursive_and_generic_types() {
    let leaf = |value| Tree { value, children: vec![] };
    let tree = Tree { value: 1, children: vec![leaf(2), Tree { value: 3, children: vec![leaf(4)] }] };
    assert_both(tree, "tree");
    assert_both(Page { items: vec!["a".to_owned()], next: None }, "page");
    assert_both(Projected::<Metre>(1, 2), "tuple");
    assert_eq!(encode(&View::<str> { items: &["a"], next: None }), vector("page"));
}

#[derive(FromTerm, Debug)]
#[allow(dead_code)]
struct Basket {
    id: u64,
    lines: Vec<Line>,
}

#[derive(FromTerm, Debug)]
#[allow(dead_code)]
struct Line {
    sku: String,
    count: u32,
}

#[test]
fn errors_say_the_whole_way() {
    assert_refused::<Basket>("nested_bad", "basket: key lines: element 2: line: key count: expected integer, got atom");
}

#[test]
fn nesting_has_a_limit() {
    let mut deep = Vec::new();
    for _ in 0..100_000 {
        deep.extend(b"\x68\x02\x61\x01\x6c\0\0\0\x01");
    }
    let error = Tree::decode(&mut Decoder::new(&deep)).unwrap_err();
    assert!(Chain(&error).to_string().contains("nested deeper than 512 levels"), "{:.200}", Chain(&error).to_string());
}

/// Names that the expansion uses inside are free for fields, types and constants.
#[test]
fn hygiene() {
    #![allow(non_upper_case_globals, non_camel_case_types, dead_code)]
    const decoder: i64 = 1;
    const name: i64 = 1;
    static value: i64 = 1;
    struct Option;
    struct Result;
    struct Ok;
    struct String;
    fn decode() {}
    fn encode() {}

    #[derive(FromTerm, IntoTerm, PartialEq, Debug)]
    struct Fields {
        decoder: i64,
        encoder: i64,
        value: i64,
        name: i64,
        size: i64,
        slot: i64,
        field_0: i64,
        seen_0: i64,
    }

    #[derive(FromTerm, IntoTerm, PartialEq, Debug)]
    enum Variants {
        Ok { name: i64, size: i64, error: i64 },
        Err(i64),
        Some,
        None,
    }

    let fields = Fields { decoder: 1, encoder: 2, value: 3, name: 4, size: 5, slot: 6, field_0: 7, seen_0: 8 };
    let bytes = self::encode(&fields);
    assert_eq!(Fields::decode(&mut Decoder::new(&bytes)).unwrap(), fields);
    for variant in [Variants::Ok { name: 1, size: 2, error: 3 }, Variants::Err(4), Variants::Some, Variants::None] {
        let bytes = self::encode(&variant);
        assert_eq!(Variants::decode(&mut Decoder::new(&bytes)).unwrap(), variant);
    }
}
