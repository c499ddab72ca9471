//! What the built-in types say of themselves, against what they take and give.

#![allow(clippy::unwrap_used)]

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, VecDeque},
    rc::Rc,
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use nodex_proto::{
    convert::{Binary, BitString, Charlist, FromTerm, IntoTerm, OutputType},
    describe::{Bound, Field, Struct, Type, Types},
    eetf,
    etf::{Decoder, Encoder, Integer},
    reply::{IntoReply, NoReply, Raised},
    term::{Atom, Pid, Port, RawTerm, Reference, Term, TermKind, TermRef},
    text::Syntax,
};
use num_bigint::{BigInt, BigUint};

use crate::etf_beam::vectors;

/// Whether a term is one of a type.
fn fits(ty: &Type, term: TermRef<'_>) -> bool {
    let all = |ty: &Type, terms: Vec<TermRef<'_>>| terms.into_iter().all(|term| fits(ty, term));
    let tagged = |tag: &str, value: &Option<Box<Type>>| match value {
        None => term.is_atom(tag),
        Some(value) => term.as_tuple().is_some_and(|tuple| {
            tuple.len() == 2 && tuple.get(0).unwrap().is_atom(tag) && fits(value, tuple.get(1).unwrap())
        }),
    };
    match (ty, term.kind()) {
        (Type::Term, _) => true,
        (Type::Integer { min, max }, TermKind::Integer(value)) => {
            let over = |bound: Bound| compare(value, bound);
            min.is_none_or(|min| over(min).is_ge()) && max.is_none_or(|max| over(max).is_le())
        }
        (Type::Char, TermKind::Integer(value)) => value.to_i128().is_some_and(|value| (0..=0x10FFFF).contains(&value)),
        (Type::Float, TermKind::Float(_)) | (Type::Atom, TermKind::Atom(_)) | (Type::Binary, TermKind::Binary(_)) => {
            true
        }
        (Type::BitString, TermKind::Binary(_) | TermKind::BitString { .. }) => true,
        (Type::Pid, TermKind::Pid(_)) | (Type::Port, TermKind::Port(_)) => true,
        (Type::Reference, TermKind::Reference(_)) => true,
        (Type::Boolean, TermKind::Atom(name)) => matches!(name, "true" | "false"),
        (Type::Literal(atom), TermKind::Atom(name)) => *atom == *name,
        (Type::String, TermKind::Binary(bytes)) => std::str::from_utf8(bytes).is_ok(),
        (Type::Charlist, TermKind::List(list)) => all(&Type::Char, list.iter().collect()),
        (Type::List(element), TermKind::List(list)) => all(element, list.iter().collect()),
        (Type::Array(element, count), TermKind::List(list)) => {
            list.len() == *count && all(element, list.iter().collect())
        }
        (Type::Tuple(fields), TermKind::Tuple(tuple)) => {
            fields.len() == tuple.len() && fields.iter().zip(tuple.iter()).all(|(field, term)| fits(&field.ty, term))
        }
        (Type::Map(key, value), TermKind::Map(map)) => map.iter().all(|(k, v)| fits(key, k) && fits(value, v)),
        (Type::Optional { value, none }, _) => term.is_atom(none) || fits(value, term),
        (Type::Result { ok, error }, _) => tagged("ok", ok) || tagged("error", error),
        _ => false,
    }
}

fn compare(value: Integer<'_>, bound: Bound) -> std::cmp::Ordering {
    BigInt::from(value).cmp(&bound.to_string().parse().unwrap())
}

/// What the type is called in both languages, both ways; and that it takes and gives the terms that it says, of all that a
/// BEAM has written.
#[track_caller]
fn check<T: FromTerm + IntoTerm>(elixir: &str, erlang: &str) {
    check_as::<T>(elixir, erlang, true);
}

/// The same; without `exact`, of the terms that it says it takes some are refused that no language tells apart.
#[track_caller]
fn check_as<T: FromTerm + IntoTerm>(elixir: &str, erlang: &str, exact: bool) {
    let mut types = Types::new();
    let (input, output) = (T::input_type(&mut types), <T as IntoTerm>::output_type(&mut types));
    assert_eq!(input, output);
    assert_eq!(types.text(&input, Syntax::Elixir), elixir);
    assert_eq!(types.text(&input, Syntax::Erlang), erlang);
    assert_eq!(types.definitions(), []);
    for vector in vectors() {
        let term = Decoder::new(&vector.bytes).term().unwrap();
        let value = T::decode(&mut Decoder::new(&vector.bytes));
        let fits_input = fits(&input, term.as_ref());
        match value {
            Ok(value) => {
                assert!(fits_input, "{} is taken", vector.text);
                let mut encoder = Encoder::new();
                value.encode(&mut encoder).unwrap();
                let written = Decoder::new(&encoder.to_vec()).term().unwrap();
                assert!(fits(&output, written.as_ref()), "{written} is given");
            }
            Err(error) => assert!(!fits_input || !exact, "{}: {error}", vector.text),
        }
    }
}

#[test]
fn numbers() {
    check::<u8>("0..255", "0..255");
    check::<u16>("0..65535", "0..65535");
    check::<u32>("0..4294967295", "0..4294967295");
    check::<u64>("0..18446744073709551615", "0..18446744073709551615");
    let u128 = "0..340282366920938463463374607431768211455";
    check::<u128>(u128, u128);
    check::<i8>("-128..127", "-128..127");
    check::<i16>("-32768..32767", "-32768..32767");
    check::<i32>("-2147483648..2147483647", "-2147483648..2147483647");
    let i64 = "-9223372036854775808..9223372036854775807";
    check::<i64>(i64, i64);
    let i128 = "-170141183460469231731687303715884105728..170141183460469231731687303715884105727";
    check::<i128>(i128, i128);
    let (isize, usize) = (format!("{}..{}", isize::MIN, isize::MAX), format!("0..{}", usize::MAX));
    check::<isize>(&isize, &isize);
    check::<usize>(&usize, &usize);
    check::<BigInt>("integer()", "integer()");
    check::<BigUint>("non_neg_integer()", "non_neg_integer()");
    check::<f64>("float()", "float()");
    check_as::<f32>("float()", "float()", false);
    check_as::<char>("char()", "char()", false);
}

#[test]
fn atoms_and_bytes() {
    check::<bool>("boolean()", "boolean()");
    check::<Atom>("atom()", "atom()");
    let (string, binary) = ("String.t()", "unicode:unicode_binary()");
    check::<String>(string, binary);
    check::<Box<str>>(string, binary);
    check::<Arc<str>>(string, binary);
    check::<Rc<str>>(string, binary);
    check::<Cow<'_, str>>(string, binary);
    check::<Binary>("binary()", "binary()");
    check::<Bytes>("binary()", "binary()");
    check::<BytesMut>("binary()", "binary()");
    check::<BitString>("bitstring()", "bitstring()");
    check_as::<Charlist>("charlist()", "string()", false);
}

#[test]
fn lists_tuples_and_maps() {
    check::<Vec<u8>>("[0..255]", "[0..255]");
    check::<Vec<Option<Atom>>>("[atom() | nil]", "[atom() | nil]");
    check::<VecDeque<Term>>("[term()]", "[term()]");
    check::<Box<[bool]>>("[boolean()]", "[boolean()]");
    check::<Arc<[bool]>>("[boolean()]", "[boolean()]");
    check::<Rc<[bool]>>("[boolean()]", "[boolean()]");
    check::<Cow<'_, [u8]>>("[0..255]", "[0..255]");
    check::<[u8; 3]>("[0..255, ...]", "[0..255, ...]");
    check::<[Term; 0]>("[]", "[]");
    check::<(u8,)>("{0..255}", "{0..255}");
    check::<(Atom, Term)>("{atom(), term()}", "{atom(), term()}");
    check::<(u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, u8, bool)>(
        &format!("{{{}boolean()}}", "0..255, ".repeat(11)),
        &format!("{{{}boolean()}}", "0..255, ".repeat(11)),
    );
    check::<HashMap<Atom, i8>>("%{optional(atom()) => -128..127}", "#{atom() => -128..127}");
    check::<BTreeMap<String, Vec<u8>>>(
        "%{optional(String.t()) => [0..255]}",
        "#{unicode:unicode_binary() => [0..255]}",
    );
}

#[test]
fn options_results_and_pointers() {
    check::<Option<bool>>("boolean() | nil", "boolean() | nil");
    check::<Option<Option<bool>>>("boolean() | nil", "boolean() | nil");
    check::<Result<u8, Atom>>("{:ok, 0..255} | {:error, atom()}", "{ok, 0..255} | {error, atom()}");
    check::<Result<(), Term>>(":ok | {:error, term()}", "ok | {error, term()}");
    check::<Result<Term, ()>>("{:ok, term()} | :error", "{ok, term()} | error");
    check::<Result<(), ()>>(":ok | :error", "ok | error");
    check::<Box<u8>>("0..255", "0..255");
    check::<Arc<Rc<Option<u8>>>>("0..255 | nil", "0..255 | nil");
    check::<Cow<'_, u8>>("0..255", "0..255");
}

#[test]
fn identifiers_and_any_terms() {
    check::<Pid>("pid()", "pid()");
    check::<Port>("port()", "port()");
    check::<Reference>("reference()", "reference()");
    check::<RawTerm>("term()", "term()");
    check::<Term>("term()", "term()");
    check::<eetf::Term>("term()", "term()");
}

/// What can only be written.
#[test]
fn borrowed_values() {
    #[track_caller]
    fn assert_written<T: OutputType + ?Sized>(elixir: &str) {
        let mut types = Types::new();
        let ty = T::output_type(&mut types);
        assert_eq!(types.text(&ty, Syntax::Elixir), elixir);
    }
    assert_written::<str>("String.t()");
    assert_written::<&str>("String.t()");
    assert_written::<&&mut [&str]>("[String.t()]");
    assert_written::<[Term]>("[term()]");
    assert_written::<Box<[&u8]>>("[0..255]");
    assert_written::<Cow<'_, [u8]>>("[0..255]");
    assert_written::<dyn IntoTerm>("term()");
    assert_written::<&(dyn IntoTerm + Sync)>("term()");
    assert_written::<Box<dyn IntoTerm + Send + Sync>>("term()");
    assert_written::<TermRef<'_>>("term()");
}

#[test]
fn replies() {
    #[track_caller]
    fn assert_reply<T: IntoReply>(reply: Option<&str>, raises: Option<&str>) {
        let mut types = Types::new();
        let outcome = T::outcome(&mut types);
        let text = |ty: Option<Type>| ty.map(|ty| types.text(&ty, Syntax::Erlang));
        assert_eq!((text(outcome.reply).as_deref(), text(outcome.raises).as_deref()), (reply, raises));
    }
    assert_reply::<u8>(Some("0..255"), None);
    assert_reply::<()>(Some("ok"), None);
    assert_reply::<NoReply>(None, None);
    assert_reply::<Result<(), Atom>>(Some("ok | {error, atom()}"), None);
    assert_reply::<Result<u8, Raised<Atom>>>(Some("0..255"), Some("atom()"));
    assert_reply::<Result<NoReply, Raised<bool>>>(None, Some("boolean()"));
    assert_reply::<Result<Result<(), Raised<bool>>, Raised<Atom>>>(Some("ok"), Some("boolean() | atom()"));
}

/// A type that says nothing is any term, and so is a field of it.
#[test]
fn a_type_that_says_nothing_is_any_term() {
    struct Silent;
    impl FromTerm for Silent {
        fn decode(decoder: &mut Decoder<'_>) -> Result<Self, nodex_proto::convert::DecodeError> {
            decoder.skip()?;
            Ok(Silent)
        }
    }
    let mut types = Types::new();
    let ty = <Vec<(Silent, u8)>>::input_type(&mut types);
    assert_eq!(types.text(&ty, Syntax::Elixir), "[{term(), 0..255}]");
}

#[test]
fn maps_with_known_keys_by_hand() {
    let types = Types::new();
    let fields = || [Field::new("a b", Type::Atom), Field::new("do", Type::Float).required(false)];
    let text = |map: Struct, syntax| types.text(&map.into(), syntax);
    assert_eq!(
        text(Struct::new(fields()), Syntax::Elixir),
        "%{required(:\"a b\") => atom(), optional(:do) => float()}"
    );
    assert_eq!(text(Struct::new(fields()), Syntax::Erlang), "#{'a b' := atom(), do => float()}");
    // No module of Elixir, or not all of its keys: written as the map that it is.
    let odd = Struct::new([]).module(Atom::from_static("odd"));
    assert_eq!(text(odd, Syntax::Elixir), "%{required(:__struct__) => :odd}");
    let some = Struct::new(fields()).exception(Atom::from_static("Elixir.E"));
    assert_eq!(
        text(some, Syntax::Elixir),
        "%{required(:__struct__) => E, required(:__exception__) => true, required(:\"a b\") => atom(), optional(:do) => \
         float()}"
    );
}

#[test]
fn bounds_of_integers_are_in_order() {
    let bounds = [i128::MIN.into(), (-1).into(), Bound::from(0_u8), i128::MAX.into(), u128::MAX.into()];
    assert!(bounds.is_sorted());
    assert_eq!(bounds.map(Bound::to_i128), [Some(i128::MIN), Some(-1), Some(0), Some(i128::MAX), None]);
    assert_eq!(bounds.map(Bound::to_u128), [None, None, Some(0), Some(i128::MAX as u128), Some(u128::MAX)]);
}
