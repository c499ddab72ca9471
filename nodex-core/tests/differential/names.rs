//! The ways to the process behind a name or a pid.

use std::{collections::BTreeMap, sync::Mutex};

use nodex_core::{
    atom,
    node::{Functions, Node, NodeBuilder},
    protocol::{Cookie, Flags},
    term::Pid,
};
use proptest::{
    collection::{btree_set, vec},
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::{
    peer::{Peer, message, read, reg_send},
    written::{T, unusual, usual},
};

/// Names that differ in length, at the end, at the front, and in what stands behind them.
const NAMES: [&str; 14] = [
    "a",
    "b",
    "ab",
    "abcdefg",
    "abcdefgh",
    "abcdefghi",
    "abcdefghj",
    "bbcdefghi",
    "abcdefghabcdefgh",
    "abcdefghabcdefghabcdefghabcdefghabcdefghabcdefgh",
    "é",
    "ée",
    "nodex",
    "",
];

/// What happens to the names, in this order.
#[derive(Debug, Clone)]
enum Step {
    Register(usize),
    Stop(usize),
    Ask(usize, Vec<u8>),
    AskPid(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let name = 0..NAMES.len();
    prop_oneof![
        2 => name.clone().prop_map(Step::Register),
        1 => name.clone().prop_map(Step::Stop),
        6 => (name.clone(), vec(any::<u8>(), 1..6)).prop_map(|(name, choices)| Step::Ask(name, choices)),
        1 => name.prop_map(Step::AskPid),
    ]
}

/// A service that says who it is.
fn service(number: u64) -> Functions {
    Functions::new().add("who", move || number)
}

/// Who answers, by a map of names that is looked through as a list.
#[derive(Debug, Default)]
struct Model {
    named: Vec<(&'static str, u64, Option<Pid>)>,
    anonymous: Option<u64>,
}

impl Model {
    fn answers(&self, name: &str) -> Option<u64> {
        self.named.iter().find(|(own, ..)| *own == name).map(|(_, number, _)| *number).or(self.anonymous)
    }
}

async fn who(peer: &mut Peer, frame: Vec<u8>) -> Option<u64> {
    let me = peer.me.clone();
    // Another process answers behind it, over the same connection.
    let mark = super::peer::gen_call(&me, b"\x77\x04mark", b"\x68\x02\x77\x07is_auth\x77\x05other");
    peer.write(&[frame, reg_send(&me, "net_kernel", &mark)]).await;
    let replies = peer.read_until(b"\x68\x02\x77\x04mark\x77\x03yes").await;
    assert!(replies.len() < 2, "{replies:?}");
    // The process `nodex` that every node has knows no `who`.
    replies.first().and_then(|reply| read(message(reply).unwrap()))
}

#[test]
fn a_name_leads_to_the_process_that_a_list_of_names_says() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::with_cases(60) });
    let built = (btree_set(0..NAMES.len(), 0..4), any::<bool>());
    let counted = Mutex::new(BTreeMap::<&str, usize>::new());
    let tested = runner.run(&(built, vec(step(), 1..30)), |((built, anonymous), steps)| {
        runtime.block_on(async {
            let (mut model, mut builder) = (Model::default(), NodeBuilder::new().epmd_port(1));
            let mut next = 0;
            let mut number = || {
                next += 1;
                next
            };
            for name in built {
                let number = number();
                builder = builder.register(NAMES[name], service(number));
                model.named.push((NAMES[name], number, None));
            }
            if anonymous {
                model.anonymous = Some(number());
                builder = builder.service(service(model.anonymous.unwrap()));
            }
            let node: Node = builder.start("ours@127.0.0.1", Cookie::new("secret").unwrap()).await.unwrap();
            for (name, _, pid) in &mut model.named {
                *pid = node.whereis(name);
            }
            let mut peer = Peer::connect(&node, Flags::HIDDEN);
            let me = peer.me.clone();
            let request = b"\x68\x01\x77\x03who";
            for step in steps {
                let what = match step {
                    Step::Register(name) => {
                        let number = number();
                        let registered = node.register(NAMES[name], service(number));
                        let is_free = model.named.iter().all(|(own, ..)| *own != NAMES[name]);
                        assert_eq!(registered.is_ok(), is_free, "{}", NAMES[name]);
                        if let Ok(pid) = registered {
                            model.named.push((NAMES[name], number, Some(pid)));
                        }
                        "registered"
                    }
                    Step::Stop(name) => {
                        if let Some(at) = model.named.iter().position(|(own, ..)| *own == NAMES[name]) {
                            let (.., pid) = model.named.remove(at);
                            assert_eq!(node.stop_service(&pid.unwrap(), &atom!("shutdown")), Ok(true));
                        }
                        "stopped"
                    }
                    Step::Ask(name, choices) => {
                        let expected = model.answers(NAMES[name]);
                        let short = who(&mut peer, reg_send(&me, NAMES[name], request)).await;
                        assert_eq!(short, expected, "{:?}", NAMES[name]);
                        let to = unusual(&T::Atom(NAMES[name].into()), &choices);
                        let long = [b"\x70\x83\x68\x04\x61\x06", &me[..], b"\x77\0", &to, b"\x83", request].concat();
                        assert_eq!(who(&mut peer, long).await, expected, "{:?} as {to:?}", NAMES[name]);
                        if expected.is_some() { "asked" } else { "asked in vain" }
                    }
                    Step::AskPid(name) => {
                        let found = node.whereis(NAMES[name]);
                        let known = model.named.iter().find(|(own, ..)| *own == NAMES[name]);
                        if NAMES[name] != "nodex" || known.is_some() {
                            assert_eq!(found.as_ref(), known.and_then(|(.., pid)| pid.as_ref()));
                        }
                        if let Some((_, number, Some(pid))) = known {
                            let pid = usual(&T::Pid(pid.node.to_string(), [pid.id, pid.serial, pid.creation]));
                            let frame = [b"\x70\x83\x68\x03\x61\x16", &me[..], &pid, b"\x83", request].concat();
                            assert_eq!(who(&mut peer, frame).await, Some(*number));
                        }
                        "asked by pid"
                    }
                };
                *counted.lock().unwrap().entry(what).or_default() += 1;
            }
            drop(peer);
            node.stop(std::time::Duration::ZERO).await;
        });
        Ok(())
    });
    tested.unwrap();
    // The steps do come to something.
    let counted = counted.into_inner().unwrap();
    assert!(counted["asked"] > 100 && counted["asked in vain"] > 100, "{counted:?}");
}
