//! Services that `#[cnode_handler]` wrote, called as messages call them.
#![allow(clippy::unwrap_used)]

mod methods;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use nodex::{
    node::{Args, FromArg, IntoService, NodeBuilder, Rejection, StartError, testing::TestError, testing::TestNode},
    prelude::*,
};
use tokio::sync::Notify;

/// `{error, {Tag, Text}}`.
type Refusal = (Atom, (Atom, String));

fn refusal(tag: &'static str, text: &str) -> Refusal {
    (atom!("error"), (Atom::from_static(tag), text.to_owned()))
}

fn unknown_call() -> (Atom, Atom) {
    (atom!("error"), atom!("unknown_call"))
}

/// Pairs a term with pong.
#[cnode_handler]
fn ping(term: RawTerm) -> (Atom, RawTerm) {
    (atom!("pong"), term)
}

#[cnode_handler]
fn add(a: i64, b: i64) -> Option<i64> {
    a.checked_add(b)
}

#[cnode_handler]
fn nothing() {}

#[cnode_handler(name = "is_ready?")]
fn is_ready() -> bool {
    true
}

#[cnode_handler]
fn divide(a: i64, b: i64) -> Result<i64, Atom> {
    a.checked_div(b).ok_or(atom!("badarith"))
}

#[cnode_handler]
fn check(ok: bool) -> Result<(), String> {
    if ok { Ok(()) } else { Err("no".into()) }
}

#[cnode_handler]
fn r#type((a, b): (i64, i64), _: Atom, mut c: Vec<u8>) -> (i64, Vec<u8>) {
    c.reverse();
    (a - b, c)
}

#[cnode_handler]
fn crash(text: String) -> i64 {
    panic!("{text} is too much")
}

#[cnode_handler]
async fn soon(number: i64) -> i64 {
    number
}

#[cnode_handler]
async fn later(milliseconds: u64) -> Result<u64, String> {
    tokio::time::sleep(Duration::from_millis(milliseconds)).await;
    Ok(milliseconds)
}

#[cnode_handler(blocking)]
fn slow(number: u64) -> u64 {
    std::thread::sleep(Duration::from_millis(1));
    number
}

#[cnode_handler(blocking)]
fn slow_crash() {
    panic!("on its own thread")
}

#[cnode_handler]
fn to_text() -> impl IntoTerm {
    "text"
}

fn everything() -> NodeBuilder {
    NodeBuilder::new()
        .service(ping {})
        .service(add {})
        .service(nothing {})
        .service(is_ready {})
        .service(divide {})
        .service(check {})
        .service(r#type {})
        .service(crash {})
        .service(soon {})
        .service(later {})
        .service(slow {})
        .service(slow_crash {})
        .service(to_text {})
}

#[test]
fn the_function_stays_an_ordinary_one() {
    assert_eq!(add(1, 2), Some(3));
    assert_eq!(divide(1, 0), Err(atom!("badarith")));
    assert_eq!(r#type((5, 3), atom!("x"), vec![1, 2]), (2, vec![2, 1]));
    assert!(is_ready());
}

#[test]
fn the_service_describes_its_function() {
    let functions = ping {}.functions();
    assert_eq!(functions.len(), 1);
    assert_eq!((&*functions[0].name, functions[0].arity), ("ping", 1));
    assert_eq!(functions[0].doc, "Pairs a term with pong.");
    assert_eq!((&*r#type {}.functions()[0].name, r#type {}.functions()[0].arity), ("type", 3));
}

#[tokio::test]
async fn free_functions_answer() {
    let node = TestNode::start(everything()).await.unwrap();
    assert_eq!(node.request::<(Atom, i64)>((atom!("ping"), 5)).await.unwrap(), (atom!("pong"), 5));
    assert_eq!(node.call::<(Atom, i64)>((atom!("ping"), 5)).await.unwrap(), (atom!("pong"), 5));
    assert_eq!(node.request::<Option<i64>>((atom!("add"), 1, 2)).await.unwrap(), Some(3));
    assert_eq!(node.request::<Option<i64>>((atom!("add"), 1, i64::MAX)).await.unwrap(), None);
    assert_eq!(node.request::<Atom>(atom!("nothing")).await.unwrap(), "ok");
    assert_eq!(node.request::<Atom>((atom!("nothing"),)).await.unwrap(), "ok");
    assert!(node.request::<bool>(atom!("is_ready?")).await.unwrap());
    assert_eq!(node.request::<(Atom, i64)>((atom!("divide"), 6, 2)).await.unwrap(), (atom!("ok"), 3));
    let refused: (Atom, Atom) = node.request((atom!("divide"), 6, 0)).await.unwrap();
    assert_eq!(refused, (atom!("error"), atom!("badarith")));
    assert_eq!(node.request::<Atom>((atom!("check"), true)).await.unwrap(), "ok");
    let refused: (Atom, String) = node.request((atom!("check"), false)).await.unwrap();
    assert_eq!(refused, (atom!("error"), "no".into()));
    let typed: (i64, Vec<u8>) = node.request((atom!("type"), (5, 3), atom!("x"), vec![1, 2])).await.unwrap();
    assert_eq!(typed, (2, vec![2, 1]));
    assert_eq!(node.request::<String>(atom!("to_text")).await.unwrap(), "text");
    assert_eq!(node.request::<i64>((atom!("soon"), 5)).await.unwrap(), 5);
    assert_eq!(node.call::<(Atom, u64)>((atom!("later"), 2)).await.unwrap(), (atom!("ok"), 2));
    assert_eq!(node.call::<u64>((atom!("slow"), 7)).await.unwrap(), 7);
}

#[tokio::test]
async fn mistakes_of_the_caller_are_answered() {
    let node = TestNode::start(everything()).await.unwrap();
    for message in ["add", "no_such_function", "ping"] {
        let refused: (Atom, Atom) = node.request(Atom::from_static(message)).await.unwrap();
        assert_eq!(refused, unknown_call(), "{message}");
    }
    let refused: Refusal = node.request((atom!("add"), 1, atom!("two"))).await.unwrap();
    assert_eq!(refused, refusal("badarg", "add: argument 2: expected integer, got atom"));
    let refused: Refusal = node.request((atom!("type"), (1, "x"), atom!("x"), Vec::<u8>::new())).await.unwrap();
    assert_eq!(refused, refusal("badarg", "type: argument 1: element 2: expected integer, got binary"));
    let refused: Refusal = node.request((atom!("later"), -1)).await.unwrap();
    assert_eq!(refused.1.0, "badarg");
}

#[tokio::test]
async fn a_panic_costs_its_own_call() {
    let node = TestNode::start(everything()).await.unwrap();
    let crashed: Refusal = node.request((atom!("crash"), "this")).await.unwrap();
    assert_eq!(crashed, refusal("panic", "crash: this is too much"));
    let crashed: Refusal = node.call(atom!("slow_crash")).await.unwrap();
    assert_eq!(crashed, refusal("panic", "slow_crash: on its own thread"));
    assert_eq!(node.request::<i64>((atom!("soon"), 5)).await.unwrap(), 5);
}

/// An extractor of the tests' own: takes no term.
struct CallerName(String);

impl FromArg for CallerName {
    const TERMS: u8 = 0;

    fn from_arg(args: &mut Args<'_>) -> Result<Self, Rejection> {
        match args.caller().pid() {
            Ok(pid) => Ok(CallerName(pid.node.to_string())),
            Err(error) => Err(error.into()),
        }
    }
}

/// One that never succeeds.
struct Refused;

impl FromArg for Refused {
    const TERMS: u8 = 0;

    fn from_arg(_: &mut Args<'_>) -> Result<Self, Rejection> {
        Err(Rejection::new(&atom!("not_today")).unwrap())
    }
}

#[cnode_handler]
fn who(first: i64, name: CallerName, second: i64, context: Context, shared: State<u64>) -> (i64, String, String, u64) {
    (first - second, name.0, context.peer().to_string(), *shared)
}

#[cnode_handler]
fn not_today(_: Refused, _: i64) {}

#[tokio::test]
async fn arguments_that_are_no_terms_stand_anywhere() {
    let builder = NodeBuilder::new().service(who {}).service(not_today {}).state(9_u64);
    let node = TestNode::start(builder).await.unwrap();
    assert_eq!(who {}.functions()[0].arity, 2);
    let reply: (i64, String, String, u64) = node.call((atom!("who"), 5, 3)).await.unwrap();
    let caller = node.caller().name().to_string();
    assert_eq!(reply, (2, caller.clone(), caller, 9));
    let refused: (Atom, Atom) = node.call((atom!("not_today"), 1)).await.unwrap();
    assert_eq!(refused, (atom!("error"), atom!("not_today")));
    let refused: Refusal = node.call((atom!("who"), 5, "x")).await.unwrap();
    assert_eq!(refused, refusal("badarg", "who: argument 2: expected integer, got binary"));
}

#[tokio::test]
async fn a_state_that_is_missing_is_known_at_the_start() {
    struct Stock;
    #[cnode_handler]
    impl Stock {
        fn count(&self, shared: State<String>) -> usize {
            shared.len()
        }
    }
    for (missing, builder) in
        [("u64", NodeBuilder::new().service(who {})), ("alloc::string::String", NodeBuilder::new().service(Stock))]
    {
        let error = TestNode::start(builder).await.unwrap_err();
        let text = format!("a handler takes State<{missing}>, but the node has no such state");
        assert!(matches!(&error, TestError::Start(StartError::Service(_))), "{error:?}");
        assert_eq!(error.to_string(), text);
    }
}

#[tokio::test]
async fn two_services_with_one_function_are_refused_at_the_start() {
    let error = TestNode::start(NodeBuilder::new().service(add {}).service(add {})).await.unwrap_err();
    assert_eq!(error.to_string(), "two handlers have the name and arity add/2");
}

mod only {
    use nodex::prelude::*;

    #[cnode_handler(only(plain))]
    pub(super) fn plain() {}

    #[cnode_handler(only(call, cast))]
    pub(super) fn gen_only() {}
}

#[tokio::test]
async fn only_some_kinds_of_messages() {
    let node = TestNode::start(NodeBuilder::new().service(only::plain {}).service(only::gen_only {})).await.unwrap();
    assert_eq!(node.request::<Atom>(atom!("plain")).await.unwrap(), "ok");
    assert_eq!(node.call::<(Atom, Atom)>(atom!("plain")).await.unwrap(), unknown_call());
    assert_eq!(node.call::<Atom>(atom!("gen_only")).await.unwrap(), "ok");
    assert_eq!(node.request::<(Atom, Atom)>(atom!("gen_only")).await.unwrap(), unknown_call());
    only::plain();
    only::gen_only();
}

/// A service of any store.
struct Shop<S>(S);

trait Store: Send + Sync + 'static {
    fn get(&self, key: &str) -> Option<i64>;
}

impl Store for i64 {
    fn get(&self, key: &str) -> Option<i64> {
        (key == "here").then_some(*self)
    }
}

#[cnode_handler]
impl<S: Store> Shop<S> {
    fn get(&self, key: String) -> Option<i64> {
        self.0.get(&key)
    }

    #[cnode(name = "get")]
    fn get_or(&self, key: String, or: i64) -> i64 {
        self.0.get(&key).unwrap_or(or)
    }
}

#[tokio::test]
async fn a_generic_service() {
    let node = TestNode::serve(Shop(5)).await.unwrap();
    assert_eq!(node.request::<Option<i64>>((atom!("get"), "here")).await.unwrap(), Some(5));
    assert_eq!(node.request::<i64>((atom!("get"), "there", 7)).await.unwrap(), 7);
}

#[derive(FromTerm, IntoTerm, Debug, PartialEq)]
#[term(elixir_struct = "Shop.Order")]
struct Order {
    id: u64,
    lines: Vec<Line>,
}

#[derive(FromTerm, IntoTerm, Debug, PartialEq)]
struct Line {
    sku: String,
    count: u32,
}

#[derive(IntoTerm)]
enum OrderError {
    Empty,
    TooMany { limit: u32 },
}

#[cnode_handler]
fn place(order: Order) -> Result<Order, OrderError> {
    match order.lines.iter().map(|line| line.count).sum() {
        0 => Err(OrderError::Empty),
        1..=10 => Ok(order),
        _ => Err(OrderError::TooMany { limit: 10 }),
    }
}

#[tokio::test]
async fn derived_types_as_arguments_and_replies() {
    let node = TestNode::serve(place {}).await.unwrap();
    let order = |count| Order { id: 1, lines: vec![Line { sku: "A".into(), count }] };
    let placed: (Atom, Order) = node.call((atom!("place"), order(3))).await.unwrap();
    assert_eq!(placed, (atom!("ok"), order(3)));
    let refused: (Atom, Atom) = node.call((atom!("place"), order(0))).await.unwrap();
    assert_eq!(refused, (atom!("error"), atom!("empty")));
    let refused: (Atom, (Atom, Limit)) = node.call((atom!("place"), order(11))).await.unwrap();
    assert_eq!(refused, (atom!("error"), (atom!("too_many"), Limit { limit: 10 })));
    let refused: Refusal = node.call((atom!("place"), Limit { limit: 1 })).await.unwrap();
    assert_eq!(
        refused,
        refusal("badarg", "place: argument 1: %Shop.Order{}: expected key __struct__, got map without it")
    );
}

#[derive(FromTerm, IntoTerm, Debug, PartialEq)]
struct Limit {
    limit: u32,
}

/// Several services under their own names, and one for all others.
#[tokio::test]
async fn registered_names() {
    let (service, _) = methods::counter();
    let builder = NodeBuilder::new().service(ping {}).register("counter", service).register("shop", Shop(5));
    let node = TestNode::start(builder).await.unwrap();
    let limit = Duration::from_secs(5);
    let add = (atom!("add"), 1);
    assert_eq!(node.caller().call::<u64>(node.process("counter"), add, limit).await.unwrap(), 1);
    let get = (atom!("get"), "here");
    assert_eq!(node.caller().call::<Option<i64>>(node.process("shop"), get, limit).await.unwrap(), Some(5));
    assert_eq!(node.request::<(Atom, i64)>((atom!("ping"), 1)).await.unwrap(), (atom!("pong"), 1));
    assert_eq!(node.request::<(Atom, Atom)>((atom!("add"), 1)).await.unwrap(), unknown_call());
}
