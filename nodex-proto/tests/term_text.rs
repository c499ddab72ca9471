//! Terms as text: what is written can be read, in both languages, and nothing else can.

#![allow(clippy::unwrap_used)]

use nodex_proto::{
    eetf::{self, BitBinary, FixInteger, ImproperList},
    term,
    term::Term,
    text::{Syntax, Text, parse},
};
use num_bigint::BigInt;
use proptest::{collection::vec, prelude::*};

const BOTH: [Syntax; 2] = [Syntax::Erlang, Syntax::Elixir];

fn written(term: &Term, syntax: Syntax) -> String {
    Text::of(term).syntax(syntax).to_string()
}

fn elixir(text: &str) -> Term {
    parse(text, Syntax::Elixir).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.offset))
}

fn erlang(text: &str) -> Term {
    parse(text, Syntax::Erlang).unwrap_or_else(|error| panic!("{text}: {error} at {}", error.offset))
}

fn atom() -> impl Strategy<Value = eetf::Atom> {
    prop_oneof!["[a-z]{0,8}", "[A-Za-z_@?!.:=+-]{0,4}", "Elixir(\\.[A-Z][a-z.]{0,3}){0,3}", ".{0,20}", "(?s).{0,5}"]
        .prop_map(|name: String| eetf::Atom { name })
}

fn leaf() -> impl Strategy<Value = eetf::Term> {
    prop_oneof![
        atom().prop_map(eetf::Term::from),
        (-3_i32..300).prop_map(|value| FixInteger { value }.into()),
        any::<i128>().prop_map(|value| eetf::BigInteger { value: BigInt::from(value) }.into()),
        any::<f64>().prop_filter("finite", |value| value.is_finite()).prop_map(|value| eetf::Float { value }.into()),
        (-100_i32..100).prop_map(|value| eetf::Float { value: f64::from(value) }.into()),
        vec(any::<u8>(), 0..20).prop_map(|bytes| eetf::Binary { bytes }.into()),
        "(?s).{0,20}".prop_map(|text| eetf::Binary { bytes: text.into_bytes() }.into()),
        "[ -~#{é]{0,20}".prop_map(|text| eetf::Binary { bytes: text.into_bytes() }.into()),
        (vec(any::<u8>(), 1..10), 1..=8_u8)
            .prop_map(|(bytes, tail_bits_size)| BitBinary { bytes, tail_bits_size }.into()),
        "(?s).{1,10}".prop_map(|text: String| {
            eetf::List { elements: text.chars().map(|c| FixInteger { value: c as i32 }.into()).collect() }.into()
        }),
        (atom(), any::<[u32; 3]>())
            .prop_map(|(node, [id, serial, creation])| eetf::Pid { node, id, serial, creation }.into()),
        (atom(), any::<u64>(), 0_u32..9).prop_map(|(node, id, creation)| eetf::Port { node, id, creation }.into()),
        (atom(), vec(any::<u32>(), 1..=5), any::<u32>()).prop_map(|(node, id, creation)| eetf::Reference {
            node,
            id,
            creation
        }
        .into()),
        (atom(), atom(), any::<u8>()).prop_map(|(module, function, arity)| eetf::ExternalFun {
            module,
            function,
            arity
        }
        .into()),
    ]
}

fn any_term() -> impl Strategy<Value = eetf::Term> {
    leaf().prop_recursive(5, 60, 6, |inner| {
        let map = |pairs: Vec<(eetf::Term, eetf::Term)>| eetf::Map { map: pairs.into_iter().collect() };
        prop_oneof![
            vec(inner.clone(), 0..6).prop_map(|elements| eetf::Tuple { elements }.into()),
            vec(inner.clone(), 0..6).prop_map(|elements| eetf::List { elements }.into()),
            (vec(inner.clone(), 0..6), inner.clone()).prop_map(|(elements, last)| ImproperList {
                elements,
                last: Box::new(last)
            }
            .into()),
            vec((inner.clone(), inner.clone()), 0..6).prop_map(move |pairs| map(pairs).into()),
            vec((atom(), inner.clone()), 0..4).prop_map(move |pairs| {
                map(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect()).into()
            }),
            (atom(), vec((atom(), inner.clone()), 0..3)).prop_map(move |(name, pairs)| {
                let name = (eetf::Atom::from("__struct__").into(), name.into());
                map(pairs.into_iter().map(|(key, value)| (key.into(), value)).chain([name]).collect()).into()
            }),
            vec((atom(), inner), 1..4).prop_map(|pairs| {
                let pair =
                    |(key, value): (eetf::Atom, eetf::Term)| eetf::Tuple { elements: vec![key.into(), value] }.into();
                eetf::List { elements: pairs.into_iter().map(pair).collect() }.into()
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn what_is_written_can_be_read(term in any_term()) {
        // Keys that differ in eetf may be equal as terms.
        let Ok(term) = Term::try_from(&term) else { return Ok(()) };
        for syntax in BOTH {
            let text = written(&term, syntax);
            match parse(&text, syntax) {
                Ok(again) => {
                    prop_assert_eq!(&again, &term, "{:?}: {}\n{}", syntax, text, written(&again, syntax));
                    prop_assert_eq!(written(&again, syntax), text);
                }
                Err(error) => prop_assert!(false, "{syntax:?}: {text}: {error} at {}", error.offset),
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "(?s).{0,40}", other in "[{}\\[\\]%#<>|,:a1\"'~\\\\. ]{0,40}") {
        for text in [&text, &other] {
            for syntax in BOTH {
                if let Err(error) = parse(text, syntax) {
                    prop_assert!(text.is_char_boundary(error.offset), "{} in {text:?}", error.offset);
                }
            }
        }
    }
}

#[test]
fn both_languages_at_once() {
    let add = term!({add, 1, 2});
    for text in ["{:add, 1, 2}", "{add,1,2}", " { add , 1 , 2 } . ", "{:\"add\", 0x1, 2#10}", "{'add', ?\\x01, $\\002}"]
    {
        assert_eq!((elixir(text), erlang(text)), (add.clone(), add.clone()), "{text}");
    }
    let map = term!(#{k => 1});
    for text in ["%{k: 1}", "#{k => 1}", "%{:k => 1}", "#{k: 1}", "%{\"k\": 1}", "%{k: 2, k: 1}"] {
        assert_eq!((elixir(text), erlang(text)), (map.clone(), map.clone()), "{text}");
    }
    for text in ["fun lists:map/2", "&:lists.map/2", "fun 'lists':'map'/2"] {
        assert_eq!(elixir(text).to_string(), erlang("fun lists:map/2").to_string(), "{text}");
    }
    assert_eq!(elixir("[a: 1, b: [2 | c]]"), term!([{a, 1}, {b, [2 | c]}]));
    assert_eq!(elixir("[1 | [2, 3 | [256]]]"), term!([1, 2, 3, 256]));
    assert_eq!(
        elixir("[true, nil, Foo.Bar, Elixir.Foo, :+, :ok?]").to_string(),
        erlang("[true,nil,'Elixir.Foo.Bar','Elixir.Foo','+','ok?']").to_string()
    );
    assert_eq!(elixir("-1_000.5e-2"), term!(-10.005));
    assert_eq!(elixir("'x y'"), erlang("'x y'"));
}

#[test]
fn quotes() {
    assert_eq!(elixir("\"x\""), term!(<<"x">>));
    assert_eq!(erlang("\"x\""), term!([120]));
    for text in ["~c\"x\"", "~c'x'", "~C(x)", "[?x]"] {
        assert_eq!((elixir(text), erlang(text)), (term!([120]), term!([120])), "{text}");
    }
    for text in ["<<\"x\">>", "~s\"x\"", "~\"x\"", "<<120>>", "<<7:4, 8::size(4)>>", "<<632>>", "<<\"x\"/utf8>>"] {
        assert_eq!((elixir(text), erlang(text)), (term!(<<"x">>), term!(<<"x">>)), "{text}");
    }
    assert_eq!(elixir("<<\"é\">>"), erlang("<<\"é\"/utf8>>"));
    assert_eq!(erlang("<<\"é\">>"), erlang("<<233>>"));
    assert_eq!(elixir(r#""\n\t\e\s\x41\x{e9}\u00e9\101""#), elixir("<<10, 9, 27, 32, 65, 195, 169, 195, 169, 65>>"));
    assert_eq!(written(&elixir("<<-1:12, 5::3>>"), Syntax::Erlang), "<<255,125:7>>");
}

#[test]
fn as_inspect_writes() {
    for text in [
        "{:ok, 3}",
        "{}",
        "[]",
        "%{}",
        "%{a: 1, b: \"x\"}",
        "%{1 => 2, \"a\" => nil}",
        "%Date{calendar: Calendar.ISO, day: 1}",
        "%{__struct__: :no_module, a: 1}",
        "[a: 1, \"b c\": [2]]",
        "[{Foo, 1}]",
        "~c\"abc\"",
        "[1, 2 | :tail]",
        "\"a\\\"b\\\\ \\#{x} # é\"",
        "<<255, 1>>",
        "<<1, 2::size(3)>>",
        ":\"foo bar\"",
        ":+",
        ":ok?",
        "&:lists.map/2",
        "&Foo.bar?/0",
        "#PID<'a@127.0.0.1'.91.0/1718273645>",
        "#PID<a@b.91.0>",
        "#Port<a@b.6/4294967295>",
        "#Reference<a@vm.3.2.1/7>",
        "#Reference<a@vm.3.2.1>",
        ":\"\\x00\\x01\\d\\u{9B}\\u{202E}\\u{200B}\"",
        "\"é\\u{2028}\\u{FEFF}\"",
        "1.0e22",
        "-0.5",
    ] {
        assert_eq!(written(&elixir(text), Syntax::Elixir), text);
    }
}

#[test]
fn what_is_wrong_and_where() {
    for (text, offset, words) in [
        ("", 0, "expected a term, found the end"),
        ("{add, 1", 0, "this tuple has no end: } is missing"),
        ("{add, [1, 2}", 11, "expected a comma, | or ], found '}'"),
        ("{add,, 1}", 5, "expected a term, found ','"),
        ("{add, }", 6, "expected a term after the comma, found '}'"),
        ("{add} x", 6, "expected the end of the term, found 'x'"),
        ("#{a 1}", 4, "expected => and a value, found '1'"),
        ("\"abc", 0, "this text has no end: \" is missing"),
        ("[1 | 2, 3]", 6, "expected ], found ','"),
        ("12ab", 2, "this number is no number in base 10"),
        ("37#1", 0, "a base is 2 to 36, this one is 37"),
        ("1.0e999", 0, "this float is larger than any that there is"),
        ("_x", 0, "_x is a variable, and there are none here: atoms start with a small letter, or stand in quotes"),
        ("\"\\q\"", 1, "there is no escape \\q here"),
        ("\"\\xFF\"", 1, "this is a byte and no character: write it as <<16#FF>>"),
        ("\"\\u{D800}\"", 1, "this is no character"),
        ("#Fun<m.1.2>", 0, "a function that is no function of a module cannot be written as text"),
        ("{a, ...}", 4, "what ... stands for cannot be written as text"),
        ("<0.1.2>", 1, "this number stands for a node that only the one who printed it knows"),
        ("#PID<a@b.1.2/>", 13, "expected a number, found '>'"),
        ("#PID<a@b.1.2.3>", 12, "expected > at the end of a pid, found '.'"),
        ("#Ref<a@b.1.2.3.4.5.6>", 0, "a reference has 1 to 5 numbers"),
        ("~D[2020-01-01]", 0, "there is no sigil ~D here: ~c and ~s are"),
        ("<<1/float>>", 3, "only :Size, ::size(Size) and /utf8 can follow what is in << >>"),
        ("end", 0, "end is a word of the language: write 'end' for the atom"),
    ] {
        let error = parse(text, Syntax::Elixir).expect_err(text);
        assert_eq!((error.offset, error.problem.to_string().as_str()), (offset, words), "{text}");
    }
    let error = parse("{ok, Value}", Syntax::Erlang).unwrap_err();
    assert!(error.offset == 5 && error.problem.to_string().starts_with("Value is a variable"), "{error}");
    assert!(parse("<<\"€\">>", Syntax::Erlang).is_err());
    let long = "a".repeat(256);
    assert!(parse(&long, Syntax::Erlang).is_err() && parse(&long[1..], Syntax::Erlang).is_ok());
}

#[test]
fn deep_text_is_refused() {
    let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert!(parse(&nested(512), Syntax::Erlang).is_ok());
    for depth in [513, 1_000_000] {
        let error = parse(&nested(depth), Syntax::Erlang).unwrap_err();
        assert_eq!(error.problem.to_string(), "nested more than 512 levels deep");
    }
    assert!(parse(&"{%{a: [".repeat(100_000), Syntax::Elixir).is_err());
}

#[test]
fn errors_are_short_whatever_the_text_is() {
    for (long, short) in [
        (format!("X{}", "é".repeat(2000)), format!("X{}.. is a variable", "é".repeat(59))),
        (format!("{}#1", "9".repeat(2000)), format!("a base is 2 to 36, this one is {}..", "9".repeat(60))),
    ] {
        let error = parse(&long, Syntax::Erlang).unwrap_err().problem.to_string();
        assert!(error.starts_with(&short) && error.len() < 300, "{error}");
    }
}

#[test]
fn what_a_node_would_not_take_is_refused() {
    // Maps in keys of maps may be nested as deep as any term.
    let nested = |levels: usize| format!("{}0{}", "#{".repeat(levels), " => 1}".repeat(levels));
    assert!(parse(&nested(500), Syntax::Erlang).is_ok());
    let deep = format!("{}0{}", "#{1 => ".repeat(500), "}".repeat(500));
    assert!(parse(&deep, Syntax::Erlang).is_ok());
    // Some characters that ask for 128 KiB each.
    let bits = |count: usize| format!("<<{}>>", vec!["0:1048576"; count].join(","));
    assert!(parse(&bits(512), Syntax::Erlang).is_ok());
    let error = parse(&bits(513), Syntax::Erlang).unwrap_err().problem.to_string();
    assert_eq!(error, "the binaries of this term take more than 67108864 bytes");
}
