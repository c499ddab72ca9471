//! The terms: what nodes send each other, and what is big or uncommon.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use nodex::{FromTerm, IntoTerm};
use nodex_proto::{
    atom,
    convert::BitString,
    term::{Atom, Pid, Reference},
};
use num_bigint::BigInt;

use crate::subject::Subject;

/// `%Shop.Order{}`.
#[derive(Debug, Clone, FromTerm, IntoTerm)]
#[term(elixir_struct = "Shop.Order")]
struct Order {
    id: u64,
    customer: String,
    lines: Vec<(String, u32, f64)>,
    tags: Vec<Atom>,
    total: f64,
    note: Option<String>,
    paid: bool,
}

#[derive(Debug, Clone, FromTerm, IntoTerm)]
#[term(elixir_struct = "Shop.Address")]
struct Address {
    street: String,
    city: String,
    country: Atom,
}

#[derive(Debug, Clone, FromTerm, IntoTerm)]
#[term(elixir_struct = "Shop.Customer")]
struct Customer {
    id: u64,
    name: String,
    addresses: Vec<Address>,
    last: Option<Box<Order>>,
    session: Pid,
}

/// A value of a keyword list.
#[derive(Debug, Clone, FromTerm, IntoTerm)]
#[term(untagged)]
enum Setting {
    Flag(bool),
    Number(i64),
    Text(String),
    Name(Atom),
    Many(Vec<String>),
}

/// `leaf` or `{node, N, Left, Right}`.
#[derive(Debug, Clone, FromTerm, IntoTerm)]
enum Tree {
    Leaf,
    Node(i64, Box<Tree>, Box<Tree>),
}

/// `[[[..]]]`.
#[derive(Debug, Clone, FromTerm, IntoTerm)]
struct Nested(Vec<Nested>);

/// An event of OTP's `logger`.
#[derive(Debug, Clone, FromTerm, IntoTerm)]
struct Event {
    level: Atom,
    msg: (Atom, String),
    meta: Meta,
}

#[derive(Debug, Clone, FromTerm, IntoTerm)]
struct Meta {
    pid: Pid,
    gl: Pid,
    time: i64,
    mfa: (Atom, Atom, u8),
    line: u32,
}

/// What `iolist_to_binary` takes.
#[derive(Debug, Clone, FromTerm, IntoTerm)]
#[term(untagged)]
enum Iodata {
    Byte(u8),
    Binary(Bytes),
    List(Vec<Iodata>),
}

/// JSON as Elixir's libraries decode it: objects are maps with binaries as keys.
#[derive(Debug, Clone, FromTerm, IntoTerm)]
#[term(untagged)]
enum Json {
    Nil,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    Array(Vec<Json>),
    Object(HashMap<String, Json>),
}

fn order(id: u64) -> Order {
    Order {
        id,
        customer: format!("Customer {id}"),
        lines: vec![("apple".into(), 3, 1.25), ("pear".into(), 1, 0.75), ("a longer product name".into(), 12, 99.5)],
        tags: vec![atom!("new"), atom!("priority")],
        total: 1198.5,
        note: None,
        paid: true,
    }
}

fn customer(id: u64, session: Pid) -> Customer {
    let address =
        |number| Address {
            street: format!("{number} Long Street"), city: "Göteborg".into(), country: atom!("sweden")
        };
    Customer {
        id,
        name: format!("Customer {id}"),
        addresses: vec![address(1), address(20)],
        last: Some(Box::new(order(id))),
        session,
    }
}

fn tree(depth: u32, value: i64) -> Tree {
    match depth {
        0 => Tree::Leaf,
        _ => Tree::Node(value, Box::new(tree(depth - 1, 2 * value)), Box::new(tree(depth - 1, 2 * value + 1))),
    }
}

fn settings() -> Vec<(Atom, Setting)> {
    vec![
        (atom!("name"), Setting::Text("worker".into())),
        (atom!("port"), Setting::Number(4369)),
        (atom!("verbose"), Setting::Flag(true)),
        (atom!("strategy"), Setting::Name(atom!("one_for_one"))),
        (atom!("max_restarts"), Setting::Number(3)),
        (atom!("timeout"), Setting::Number(5000)),
        (atom!("hosts"), Setting::Many(vec!["a.example".into(), "b.example".into()])),
        (atom!("log"), Setting::Flag(false)),
        (atom!("level"), Setting::Name(atom!("info"))),
        (atom!("path"), Setting::Text("/var/lib/worker/data".into())),
    ]
}

fn event(line: u32, pid: &Pid) -> Event {
    Event {
        level: atom!("notice"),
        msg: (atom!("string"), format!("connection {line} of 10.0.0.7 closed after 12 requests")),
        meta: Meta {
            pid: pid.clone(),
            gl: pid.clone(),
            time: 1_700_000_000_000_000 + i64::from(line),
            mfa: (atom!("shop_listener"), atom!("handle_info"), 2),
            line,
        },
    }
}

fn html() -> Iodata {
    let text = |text: &'static str| Iodata::Binary(Bytes::from_static(text.as_bytes()));
    let row = |name| {
        Iodata::List(vec![
            text("<li class=\"item\">"),
            Iodata::List(vec![text(name), Iodata::Byte(b'!')]),
            text("</li>\n"),
        ])
    };
    let rows = ["apple", "pear", "plum", "quince"].into_iter().cycle().take(40).map(row).collect();
    Iodata::List(vec![text("<ul>"), Iodata::List(rows), text("</ul>"), Iodata::Byte(b'\n')])
}

fn json(id: i64) -> Json {
    let text = |text: &str| Json::Text(text.to_owned());
    let object = |pairs: Vec<(&str, Json)>| {
        Json::Object(pairs.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
    };
    let settings = vec![("theme", text("dark")), ("language", text("sv")), ("zone", text("Europe/Stockholm"))];
    object(vec![
        ("id", Json::Integer(id)),
        ("login", Json::Text(format!("user{id}"))),
        ("email", if id % 2 == 0 { text("user@example.org") } else { Json::Nil }),
        ("score", Json::Float(id as f64 / 7.0)),
        ("active", Json::Boolean(true)),
        ("roles", Json::Array(vec![text("editor"), text("author")])),
        ("settings", object(settings)),
    ])
}

/// Hands every term to the subject.
pub(crate) fn all(bench: &mut impl Subject) {
    let pid = Pid { node: Atom::new("host@127.0.0.1").unwrap(), id: 91, serial: 0, creation: 1_700_000_000 };
    let reference = Reference::new(pid.node.clone(), 1_700_000_000, &[1, 2, 3]).unwrap();

    // Made only where it is wanted.
    macro_rules! term {
        ($name:literal, $value:expr) => {
            if bench.wants($name) {
                bench.term($name, &$value);
            }
        };
    }
    term!("ping", (atom!("ping"), String::from("hello")));
    let call = (atom!("put"), String::from("key"), 5_i64);
    term!("gen_call", (atom!("$gen_call"), (pid.clone(), reference.clone()), call));
    term!("struct", order(17));
    term!("structs", (0..100).map(order).collect::<Vec<_>>());
    term!("nested_struct", customer(17, pid.clone()));
    term!("keyword_list", settings());
    term!("tree", tree(8, 1));
    term!("deep_list", (0..100).fold(Nested(Vec::new()), |inner, _| Nested(vec![inner])));
    let wide = |i: i64| (Atom::new(&format!("key_{i}")).unwrap(), i * 1000);
    term!("wide_map", (0..64).map(wide).collect::<BTreeMap<_, _>>());
    term!("string_keys", (0..100).map(|i| (format!("key number {i}"), i)).collect::<HashMap<String, i64>>());
    term!("integers", (0..1000).map(|i| i * 7919).collect::<Vec<i64>>());
    term!("timestamps", (0..100).map(|i| 1_700_000_000_000_000 + i * 977).collect::<Vec<i64>>());
    term!("big_integers", (1..=50).map(|i| (BigInt::from(i) << (16 * i)) + 1).collect::<Vec<_>>());
    term!("floats", (0..1000).map(|i| f64::from(i) / 3.0).collect::<Vec<f64>>());
    let bits = |i: u8| BitString::new(vec![i, 0b1010_0000], 11);
    term!("bit_strings", (0..100).map(|i| bits(i).unwrap()).collect::<Vec<_>>());
    term!("pids_and_refs", vec![(atom!("DOWN"), reference, atom!("process"), pid.clone(), atom!("normal")); 50]);
    term!("log_events", (0..50).map(|line| event(line, &pid)).collect::<Vec<_>>());
    let greetings = ["Grüße aus Köln", "Доброе утро", "おはようございます", "καλημέρα κόσμε", "🦀 and ☎"];
    term!("unicode", greetings.into_iter().cycle().take(50).map(String::from).collect::<Vec<_>>());
    term!("iolist", html());
    term!("json", Json::Array((0..20).map(json).collect()));
    term!("bytes", (0..=255_u8).cycle().take(4000).collect::<Vec<u8>>());
    term!("binary_64k", Bytes::from(vec![7; 65_536]));
}
