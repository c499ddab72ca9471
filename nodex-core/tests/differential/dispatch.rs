//! The ways from a frame to a handler and back.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use nodex_core::{
    atom,
    convert::Binary,
    node::{Accepts, Call, Function, Functions, Handled, Handler, NoReply, Node, NodeBuilder, Service},
    protocol::{
        Cookie, Flags,
        control::{self, Control},
    },
    term::{Atom, RawTerm},
};
use proptest::{
    collection::vec,
    prelude::*,
    sample::select,
    test_runner::{Config, TestRunner},
};

use super::{
    peer::{Peer, gen_call, message, reg_send},
    written::{Choose, T, atom, integer, term, tuple, usual, write},
};

/// What handlers were told that answer nothing.
type Told = Arc<Mutex<Vec<Vec<u8>>>>;

const LONG: &str = "a_function_whose_name_is_longer_than_what_stands_in_a_row_of_the_table";

/// Functions by the ways in which they can answer.
const FUNCTIONS: [(&str, usize); 18] = [
    ("echo", 1),
    ("echo", 2),
    ("bare", 0),
    ("add", 2),
    ("result", 1),
    ("silent", 1),
    ("nothing", 0),
    ("panic", 1),
    ("ready", 1),
    ("slow", 1),
    ("unencodable", 0),
    ("long", 1),
    (LONG, 1),
    ("größe", 1),
    ("calls_only", 1),
    ("casts_only", 1),
    ("error", 1),
    ("unknown", 1),
];

/// Takes only messages of some kinds.
struct Narrow;

impl Handler for Narrow {
    fn handle(&self, mut call: Call<'_>) -> Handled {
        match call.arg::<RawTerm>() {
            Ok(term) => call.reply((atom!("narrow"), term)),
            Err(rejection) => call.reject(rejection),
        }
    }
}

async fn after(yields: usize, term: RawTerm) -> (Atom, RawTerm) {
    for _ in 0..yields {
        tokio::task::yield_now().await;
    }
    (atom!("later"), term)
}

fn first(told: &Told) -> Functions {
    let told = told.clone();
    Functions::new()
        .add("echo", |term: RawTerm| term)
        .add("echo", |a: RawTerm, b: RawTerm| (a, b))
        .add("bare", || "bare")
        .add("add", |a: i64, b: i64| a.checked_add(b))
        .add("result", |n: i64| if n % 2 == 0 { Ok(n) } else { Err(atom!("odd")) })
        .add("silent", move |term: RawTerm| {
            told.lock().unwrap().push(term.as_bytes().to_vec());
            NoReply
        })
        .add("nothing", || {})
        .add("panic", |term: RawTerm| -> u8 { panic!("with {} bytes", term.as_bytes().len()) })
        .add_async("last", |term: RawTerm| after(30, term))
}

fn second() -> Functions {
    Functions::new()
        .add_async("ready", |term: RawTerm| async move { term })
        .add_async("slow", |term: RawTerm| after(1, term))
        .add("unencodable", || (1, f64::NAN))
        .add("long", |term: RawTerm| (vec![term; 3], Binary(vec![7; 20 << 10])))
        .add(LONG, |term: RawTerm| (term, 5))
        .add("größe", |term: RawTerm| (term, 6))
        .add_handler(Function::new("calls_only", 1).accepts(Accepts::CALL), Narrow)
        .add_handler(Function::new("casts_only", 1).accepts(Accepts::CAST), Narrow)
}

/// Where the services stand: behind every name, behind one, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Sole,
    Named,
    Beside,
}

const NAME: &str = "served";

async fn node(kind: Kind, told: &Told) -> Node {
    let builder = NodeBuilder::new().epmd_port(1);
    let builder = match kind {
        Kind::Sole => builder.service(first(told)).service(second()),
        Kind::Named => builder.register(NAME, Both(first(told), second())),
        Kind::Beside => builder.register("other", Functions::new()).service(first(told)).service(second()),
    };
    builder.start("ours@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap()
}

/// Two services as one.
struct Both(Functions, Functions);

impl Service for Both {
    fn functions(&self) -> Vec<Function> {
        [self.0.functions(), self.1.functions()].concat()
    }

    fn call(&self, function: usize, call: Call<'_>) -> Handled {
        let first = self.0.functions().len();
        if function < first { self.0.call(function, call) } else { self.1.call(function - first, call) }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Plain,
    Call,
    Alias,
    Cast,
}

/// One message, and how its unusual form is written.
#[derive(Debug, Clone)]
struct Said {
    way: Way,
    function: (String, usize),
    arguments: Vec<T>,
    choices: Vec<u8>,
}

fn said() -> impl Strategy<Value = Said> {
    let function = prop_oneof![
        12 => select(&FUNCTIONS[..]).prop_map(|(name, arity)| (name.to_owned(), arity)),
        1 => ("[a-z]{0,20}", 0..4_usize),
        1 => Just(("echo".to_owned(), 3)),
    ];
    let way = select(vec![Way::Plain, Way::Plain, Way::Plain, Way::Call, Way::Alias, Way::Cast]);
    let numbers = vec((-5..5_i128).prop_map(T::Int), 4);
    (way, function, prop_oneof![vec(term(), 4), numbers], vec(any::<u8>(), 1..30)).prop_map(
        |(way, function, mut arguments, choices)| {
            arguments.truncate(function.1);
            Said { way, function, arguments, choices }
        },
    )
}

impl Said {
    /// `{Name, A1, .., An}`, or the name alone. What goes back as it came is written in one way.
    fn request(&self, choose: &mut Choose<'_>, out: &mut Vec<u8>) {
        let (name, arity) = &self.function;
        // The name of a function outside of ASCII is one in UTF-8 only.
        let mut utf8 = |ways: usize| choose(if name.is_ascii() { ways } else { ways.min(2) });
        if *arity == 0 && self.choices[0].is_multiple_of(2) {
            return atom(name, &mut utf8, out);
        }
        tuple(arity + 1, &mut utf8, out);
        atom(name, &mut utf8, out);
        self.arguments.iter().for_each(|argument| out.extend(usual(argument)));
    }

    fn message(&self, number: usize, me: &[u8], choose: &mut Choose<'_>) -> Vec<u8> {
        let mut out = Vec::new();
        match self.way {
            Way::Plain => {}
            Way::Cast => {
                tuple(2, choose, &mut out);
                atom("$gen_cast", choose, &mut out);
            }
            Way::Call | Way::Alias => {
                tuple(3, choose, &mut out);
                atom("$gen_call", choose, &mut out);
                tuple(2, choose, &mut out);
                out.extend(me);
                if self.way == Way::Alias {
                    out.extend(b"\x6c\0\0\0\x01\x77\x05alias");
                }
                out.extend(usual(&T::Reference("peer@127.0.0.1".into(), 9, vec![number as u32, 2, 3])));
            }
        }
        self.request(choose, &mut out);
        out
    }

    /// To a name, or in the unusual form by chance to the pid behind it.
    fn frame(&self, number: usize, me: &[u8], name: &str, pid: Option<&[u8]>, choose: &mut Choose<'_>) -> Vec<u8> {
        let mut out = vec![112, 131];
        match pid.filter(|_| choose(3) == 2) {
            Some(pid) => {
                tuple(3, choose, &mut out);
                integer(22, choose, &mut out);
                out.extend(me);
                out.extend(pid);
            }
            None => {
                let with_token = choose(2) == 1;
                tuple(if with_token { 5 } else { 4 }, choose, &mut out);
                integer(if with_token { 16 } else { 6 }, choose, &mut out);
                out.extend(me);
                write(&T::Atom(String::new()), choose, &mut out);
                atom(name, choose, &mut out);
                if with_token {
                    out.push(106);
                }
            }
        }
        out.push(131);
        out.extend(self.message(number, me, choose));
        out
    }
}

/// What came of some messages.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// In the order in which they came.
    plain: Vec<Vec<u8>>,
    /// By tag: their order is nobody's concern.
    tagged: Vec<Vec<u8>>,
    told: Vec<Vec<u8>>,
    counted: BTreeMap<Atom, u64>,
}

async fn outcome(peer: &mut Peer, told: &Told, name: &str, frames: &[Vec<u8>]) -> Outcome {
    let before = peer.counters().await;
    peer.write(frames).await;
    // Waits longer than all others, and stands behind all plain replies.
    peer.write(&[reg_send(&peer.me.clone(), name, b"\x68\x02\x77\x04last\x77\x04mark")]).await;
    let all = peer.read_until(b"\x68\x02\x77\x05later\x77\x04mark").await;
    let after = peer.counters().await;
    let is_tagged = |frame: &Vec<u8>| {
        message(frame).is_some_and(|m| m.starts_with(b"\x68\x02\x5a") || m.starts_with(b"\x68\x02\x6c"))
    };
    let (mut tagged, plain): (Vec<_>, Vec<_>) = all.into_iter().partition(is_tagged);
    tagged.sort();
    let counted = after.into_iter().map(|(name, count)| (name.clone(), count - before[&name])).collect();
    Outcome { plain, tagged, told: std::mem::take(&mut told.lock().unwrap()), counted }
}

/// The pid of who answers to a name.
async fn pid_of(peer: &mut Peer, name: &str) -> Vec<u8> {
    let me = peer.me.clone();
    peer.write(&[reg_send(&me, name, b"\x77\x04bare")]).await;
    let frame = peer.read().await;
    match control::decode(&frame).unwrap().1 {
        Control::Send { from: Some(from), .. } => from.as_bytes().to_vec(),
        other => panic!("{other:?}"),
    }
}

fn the_ways_to_a_handler_agree(kind: Kind, flags: Flags) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = Told::default();
    let node = runtime.block_on(node(kind, &told));
    let name = if kind == Kind::Beside { "anybody" } else { NAME };
    let peer = Mutex::new(runtime.block_on(async { Peer::connect(&node, flags) }));
    let pid = runtime.block_on(pid_of(&mut peer.lock().unwrap(), name));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(120) });
    let tested = runner.run(&vec(said(), 1..12), |all| {
        let mut peer = peer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (mut short, mut long) = (Vec::new(), Vec::new());
        for (number, said) in all.iter().enumerate() {
            short.push(said.frame(number, &peer.me, name, None, &mut |_| 0));
            let mut next = said.choices.iter().cycle();
            let mut choose = |ways: usize| usize::from(*next.next().unwrap()) % ways;
            long.push(said.frame(number, &peer.me, name, Some(&pid), &mut choose));
        }
        let (short, long) = runtime.block_on(async {
            (outcome(&mut peer, &told, name, &short).await, outcome(&mut peer, &told, name, &long).await)
        });
        prop_assert_eq!(&short, &long);
        Ok(())
    });
    tested.unwrap();
    drop(peer);
    runtime.block_on(node.stop(std::time::Duration::ZERO));
}

#[test]
fn messages_of_every_form_to_a_service_that_answers_every_name() {
    the_ways_to_a_handler_agree(Kind::Sole, Flags::HIDDEN);
}

#[test]
fn messages_of_every_form_to_a_service_with_a_name() {
    the_ways_to_a_handler_agree(Kind::Named, Flags::HIDDEN_ALTACT);
}

#[test]
fn messages_of_every_form_to_a_service_without_a_name_beside_others() {
    the_ways_to_a_handler_agree(Kind::Beside, Flags::HIDDEN);
}

/// The value of a function, or that it gave none, by each kind of message and by `rpc` in both of its forms.
#[test]
fn a_function_gives_the_same_by_message_call_and_rpc() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let told = Told::default();
    let node = runtime.block_on(node(Kind::Named, &told));
    let peer = Mutex::new(runtime.block_on(async { Peer::connect(&node, Flags::HIDDEN) }));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(120) });
    let answering: Vec<(&str, usize)> = FUNCTIONS
        .iter()
        .copied()
        .filter(|(name, _)| {
            ["echo", "bare", "ready", "slow", "long", LONG, "größe", "result", "add", "nothing"].contains(name)
        })
        .collect();
    let arguments = prop_oneof![vec(term(), 4), vec((-5..5_i128).prop_map(T::Int), 4)];
    let tested = runner.run(&(select(answering), arguments), |((function, arity), mut arguments)| {
        arguments.truncate(arity);
        let mut peer = peer.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let me = peer.me.clone();
        let name = usual(&T::Atom(function.into()));
        let encoded: Vec<u8> = arguments.iter().flat_map(usual).collect();
        let request = [&[104, arity as u8 + 1][..], &name, &encoded].concat();
        let list = match arity {
            0 => vec![106],
            _ => [&[108, 0, 0, 0, arity as u8][..], &encoded, &[106]].concat(),
        };
        let tag = usual(&T::Reference("peer@127.0.0.1".into(), 9, vec![1, 2, 3]));
        let module = usual(&T::Atom(NAME.into()));
        let (plain, called, rexed, spawned) = runtime.block_on(async {
            peer.write(&[reg_send(&me, NAME, &request)]).await;
            let plain = message(&peer.read().await).unwrap().to_vec();
            peer.write(&[reg_send(&me, NAME, &gen_call(&me, &tag, &request))]).await;
            let called = message(&peer.read().await).unwrap().to_vec();
            let apply = [b"\x68\x05\x77\x04call", &module[..], &name, &list, &me].concat();
            peer.write(&[reg_send(&me, "rex", &gen_call(&me, &tag, &apply))]).await;
            let rexed = message(&peer.read().await).unwrap().to_vec();
            // erpc:execute_call(Ref, M, F, A), monitored.
            let execute = [b"\x6c\0\0\0\x04", &tag[..], &module, &name, &list, b"\x6a"].concat();
            let request = [
                b"\x70\x83\x68\x06\x61\x1d",
                &tag[..],
                &me,
                &me,
                b"\x68\x03\x77\x04erpc\x77\x0cexecute_call\x61\x04",
                b"\x6c\0\0\0\x01\x77\x07monitor\x6a\x83",
                &execute,
            ];
            peer.write(&[request.concat()]).await;
            let accepted = peer.read().await;
            assert!(matches!(control::decode(&accepted).unwrap().1, Control::SpawnReply { flags: 2, .. }));
            let ended = peer.read().await;
            let Control::MonitorExit { reason, .. } = control::decode(&ended).unwrap().1 else { panic!("{ended:?}") };
            (plain, called, rexed, reason.to_vec())
        });
        let tagged = |value: &[u8]| [b"\x68\x02", &tag[..], value].concat();
        prop_assert_eq!(&called, &tagged(&plain));
        let returned = [b"\x68\x03", &tag[..], b"\x77\x06return"].concat();
        match spawned.strip_prefix(&returned[..]) {
            Some(value) => {
                prop_assert_eq!(value, &plain[..], "by spawn request");
                prop_assert_eq!(rexed, tagged(&plain), "by rex");
            }
            // A bad argument: an answer elsewhere, and an exception there.
            None => {
                prop_assert!(plain.starts_with(b"\x68\x02\x77\x05error\x68\x02\x77\x06badarg"), "{:?}", plain);
                let raised = [b"\x68\x04", &tag[..], b"\x77\x05error"].concat();
                prop_assert!(spawned.starts_with(&raised), "{:?}", spawned);
                prop_assert!(rexed.starts_with(&tagged(b"\x68\x02\x77\x06badrpc")), "{:?}", rexed);
            }
        }
        Ok(())
    });
    tested.unwrap();
    drop(peer);
    runtime.block_on(node.stop(std::time::Duration::ZERO));
}
