//! Enums: atoms and tagged tuples, or whichever variant fits.

use super::*;

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
pub(super) enum Status {
    Pending,
    Paid(String),
    Shipped(String, u8),
    #[term(rename_all = "camelCase")]
    Failed {
        code: i64,
        #[term(undefined)]
        at_reason: Option<String>,
    },
    Nothing(),
    #[term(rename = "VERY_LOUD")]
    Loud,
}

#[test]
fn an_enum_is_atoms_and_tagged_tuples() {
    assert_both(Status::Pending, "status_pending");
    assert_both(Status::Paid("card".into()), "status_paid");
    assert_both(Status::Shipped("post".into(), 3), "status_shipped");
    assert_both(Status::Failed { code: 7, at_reason: None }, "status_failed");
    assert_both(Status::Nothing(), "status_nothing");
    assert_both(Status::Loud, "loud");
    let expected = "pending, {paid, _}, {shipped, _, _}, {failed, _}, {nothing} or VERY_LOUD";
    for (name, found) in [
        ("status_unknown", "the atom lost"),
        ("status_shipped_long", "{shipped, _, _, _}"),
        ("status_no_atom", "tuple"),
        ("no_tuple", "empty tuple"),
        ("integer", "integer"),
    ] {
        assert_refused::<Status>(name, &format!("status: expected {expected}, got {found}"));
    }
    assert_refused::<Status>("status_failed_bad", "status: failed: key code: expected integer, got atom");
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(rename_all = "SCREAMING_SNAKE_CASE")]
enum Loudness {
    VeryLoud,
    #[term(rename = "pending")]
    Quiet,
}

#[test]
fn names_in_another_case() {
    assert_both(Loudness::VeryLoud, "loud");
    assert_both(Loudness::Quiet, "status_pending");
    assert_refused::<Loudness>("nil", "loudness: expected VERY_LOUD or pending, got the atom nil");
}

#[derive(FromTerm, IntoTerm, PartialEq, Debug)]
#[term(untagged)]
enum Value {
    Integer(i64),
    Float(f64),
    Text(String),
    Pair(i64, i64),
    Mixed(i64, String),
    SoldOut,
    Order(Order),
    Point { sku: String, id: u64 },
    List(Vec<Value>),
}

#[test]
fn an_untagged_enum_is_what_fits() {
    assert_both(Value::Integer(5), "integer");
    assert_both(Value::Float(1.5), "float");
    assert_both(Value::Text("text".into()), "binary");
    assert_both(Value::Pair(1, 2), "tuple");
    assert_both(Value::Mixed(1, "a".into()), "pair");
    assert_both(Value::SoldOut, "atom");
    assert_both(Value::Order(order(None, &[])), "order_nil");
    assert_both(Value::List(vec![Value::Text("a".into()), Value::Text("b".into())]), "list_of_text");
    // The map has a key more, which is skipped.
    assert_eq!(decode("elixir"), Ok(Value::Point { sku: "A".into(), id: 1 }));
    let expected = "integer, float, text, pair, mixed, sold_out, order, point or list";
    assert_refused::<Value>(
        "empty_map",
        &format!(
            "value: expected {expected}, got map; order: order: expected key id, got map without it; point: expected key sku, got map without it"
        ),
    );
    assert_refused::<Value>(
        "status_unknown",
        &format!("value: expected {expected}, got atom; sold_out: expected the atom sold_out, got the atom lost"),
    );
    assert_refused::<Value>(
        "tuple_bad",
        &format!(
            "value: expected {expected}, got tuple; pair: element 2: expected integer, got atom; \
             mixed: element 2: expected string (a binary of UTF-8), got atom"
        ),
    );
}

/// Variants that are all atoms, of which some are not even tried.
#[derive(FromTerm, PartialEq, Debug)]
#[term(untagged)]
enum Atoms {
    Known(bool),
    Nil,
    Boxed(Box<bool>),
    Loudness(Loudness),
    Order(Order),
}

#[test]
fn untagged_atoms_are_told_apart() {
    let decode = |bytes: &[u8]| Atoms::decode(&mut Decoder::new(bytes));
    assert_eq!(decode(b"w\x04true"), Ok(Atoms::Known(true)));
    assert_eq!(decode(b"w\x05false"), Ok(Atoms::Known(false)));
    assert_eq!(decode(b"w\x03nil"), Ok(Atoms::Nil));
    assert_eq!(decode(b"w\x09VERY_LOUD"), Ok(Atoms::Loudness(Loudness::VeryLoud)));
    // The older forms of atoms.
    assert_eq!(decode(b"d\0\x05false"), Ok(Atoms::Known(false)));
    assert_eq!(decode(b"s\x03nil"), Ok(Atoms::Nil));
    assert_eq!(decode(b"v\0\x09VERY_LOUD"), Ok(Atoms::Loudness(Loudness::VeryLoud)));
    // What was not tried at first is named as well.
    let refused = Chain(&decode(b"w\x04lost").unwrap_err()).to_string();
    assert!(refused.starts_with("atoms: expected known, nil, boxed, loudness or order, got atom; "), "{refused}");
    for part in [
        "known: expected true or false, got lost",
        "nil: expected the atom nil, got the atom lost",
        "boxed: expected true or false, got lost",
        "loudness: loudness: expected VERY_LOUD or pending, got the atom lost",
    ] {
        assert!(refused.contains(part), "{part}: {refused}");
    }
    assert!(!refused.contains("order:"), "{refused}");
    assert!(decode(b"w\x04tru").is_err() && decode(b"w").is_err());
}

/// Both variants read their first element before they find out that it was in vain, at every level anew.
#[derive(FromTerm, Debug)]
#[term(untagged)]
#[allow(dead_code)]
enum Doubling {
    First(Box<Doubling>, i64),
    Second(Box<Doubling>, String),
    End(Atom),
}

#[test]
fn nested_attempts_end() {
    let nested = |depth: usize, end: &[u8]| -> Vec<u8> {
        let mut bytes = [104, 2].repeat(depth);
        bytes.extend(b"\x77\x01x");
        bytes.extend(end.repeat(depth));
        bytes
    };
    // Two levels are no work.
    assert!(Doubling::decode(&mut Decoder::new(&nested(2, b"\x6d\0\0\0\x01a"))).is_ok());
    // 2^200 attempts would never end; each level's elements fit neither variant.
    let bytes = nested(200, b"\x77\x01x");
    let error = Chain(&Doubling::decode(&mut Decoder::new(&bytes)).unwrap_err()).to_string();
    assert!(error.contains("would be read again"), "{}", &error[..error.len().min(300)]);
    assert!(error.len() < 20_000, "the message has {} bytes", error.len());
}
