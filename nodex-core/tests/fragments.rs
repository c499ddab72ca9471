//! Long messages between nodes that have agreed on fragments, and what a peer that is written by hand gets.
#![allow(clippy::unwrap_used)]

use std::{
    io::{ErrorKind, Read, Write},
    time::Duration,
};

use bytes::Bytes;
use nodex_core::{
    atom,
    etf::Encoder,
    node::{
        Functions, Node, NodeBuilder, ServiceOptions,
        testing::{RawPeer, TestNode},
    },
    protocol::{
        Cookie, Flags,
        control::{self, AtomTerm, Control, Fragment, FrameForm, PidTerm, ProcTerm, RefTerm, Target},
    },
    term::{Atom, Pid, RawTerm, Reference},
};

const LIMIT: Duration = Duration::from_secs(120);

/// More than sockets take that nobody reads from.
const LONG: usize = 4 << 20;

#[tokio::test]
async fn long_terms_come_as_they_were_sent() {
    let echo = Functions::new().add("echo", |term: RawTerm| term);
    let node = TestNode::serve(echo).await.unwrap();
    let peer = node.caller().peer(node.node().name()).unwrap();
    assert!(peer.flags().contains(Flags::FRAGMENTS));
    for size in [100, 65_000, 65_536, 200_000, 1_000_000, 20_000_000] {
        let bytes = Bytes::from(vec![7; size]);
        let began = std::time::Instant::now();
        let came: Bytes = node.caller().call(node.process("test"), (atom!("echo"), &bytes), LIMIT).await.unwrap();
        println!("{size}: {:?}", began.elapsed());
        assert!(came == bytes, "{size}");
        let numbers: Vec<u64> = (0..size as u64 / 10).map(|number| number << 20).collect();
        let came: Vec<u64> =
            node.caller().request(node.process("test"), (atom!("echo"), &numbers), LIMIT).await.unwrap();
        assert!(came == numbers, "{size}");
    }
}

/// A peer that does with fragments, and reads when it is told to.
struct Peer {
    raw: RawPeer,
    input: Vec<u8>,
}

/// What a peer got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Got {
    /// The first fragment of a long message, and its last one.
    Begins,
    Ends,
    /// A message to the process with this number.
    Message(u32),
    /// A message to an alias.
    Reply,
    Down,
}

const PEER: &str = "peer@127.0.0.1";

fn pid(id: u32) -> Vec<u8> {
    let mut pid = Encoder::new();
    pid.put_pid(&Pid { node: Atom::from_static(PEER), id, serial: 0, creation: 9 });
    pid.to_vec()
}

fn reference(number: u32) -> Vec<u8> {
    let mut reference = Encoder::new();
    reference.put_reference(&Reference::new(Atom::from_static(PEER), 9, &[number, 2, 3]).unwrap());
    reference.to_vec()
}

impl Peer {
    fn connect(node: &Node) -> Self {
        Peer { raw: RawPeer::connect(node, PEER, 9, Flags::NODE).unwrap(), input: Vec::new() }
    }

    fn say(&mut self, control: &Control<'_>) {
        let mut out = Encoder::new();
        control.encode(Flags::NODE, &mut out).unwrap();
        self.raw.socket().write_all(&out.to_vec()).unwrap();
    }

    /// Process `from` sends a plain message to the service.
    fn send(&mut self, from: u32, message: &[u8]) {
        let (me, to) = (pid(from), Target::Name(AtomTerm::new(b"\x77\x07service").unwrap()));
        self.say(&Control::Send { from: PidTerm::new(&me), to, token: None, priority: false, message });
    }

    /// Process `from` calls as `gen_server:call` does.
    fn call(&mut self, from: u32, alias: u32, request: &[u8]) {
        let (me, alias) = (pid(from), reference(alias));
        let to = ProcTerm::Name(AtomTerm::new(b"\x77\x07service").unwrap());
        self.say(&Control::Monitor { from: PidTerm::new(&me).unwrap(), to, reference: RefTerm::new(&alias).unwrap() });
        let tag = [b"\x6c\0\0\0\x01\x77\x05alias", &alias[..]].concat();
        self.send(from, &[b"\x68\x03\x77\x09$gen_call\x68\x02", &me[..], &tag, request].concat());
    }

    /// All that comes until there are so many, other than fragments in the middle.
    async fn hear(&mut self, count: usize) -> Vec<Got> {
        let mut all = Vec::new();
        while all.len() < count {
            while let Some((length, rest)) = self.input.split_first_chunk::<4>() {
                let length = u32::from_be_bytes(*length) as usize;
                let Some(frame) = rest.get(..length) else { break };
                if !frame.is_empty() {
                    all.extend(Got::of(frame));
                }
                self.input.drain(..4 + length);
            }
            let mut chunk = vec![0; 1 << 16];
            match self.raw.socket().read(&mut chunk) {
                Ok(0) => panic!("the node has closed: {:?}", self.raw.ended()),
                Ok(count) => self.input.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
        all
    }
}

impl Got {
    fn of(frame: &[u8]) -> Option<Self> {
        if let Some(fragment) = Fragment::read(frame) {
            return match (fragment.first, fragment.number) {
                (Some(_), _) => Some(Got::Begins),
                (None, 1) => Some(Got::Ends),
                _ => None,
            };
        }
        match control::decode_in(FrameForm::Header, frame).unwrap().1 {
            Control::Send { to: Target::Pid(to), .. } => Some(Got::Message(to.id())),
            Control::Send { .. } => Some(Got::Reply),
            Control::MonitorExit { .. } => Some(Got::Down),
            other => panic!("{other:?}"),
        }
    }
}

async fn node() -> Node {
    let service = || {
        Functions::new()
            .add("long", || Bytes::from(vec![7; LONG]))
            .add("list", || vec![1.5_f64; LONG / 9])
            .add("short", || atom!("ok"))
            .add("fall", || -> Atom { panic!("on purpose") })
    };
    let cookie = Cookie::new("secret").unwrap();
    let builder = NodeBuilder::new().epmd_port(1);
    let options = ServiceOptions::new().trap_exit(true).stop_on_panic(true);
    builder.register_with("service", options, service()).start("ours@127.0.0.1", cookie).await.unwrap()
}

#[tokio::test]
async fn answers_to_others_go_past_a_long_one_and_those_to_the_same_wait() {
    use Got::{Begins, Ends, Message};
    for long in [&b"\x77\x04long"[..], b"\x77\x04list"] {
        let node = node().await;
        let mut peer = Peer::connect(&node);
        peer.send(1, long);
        peer.send(1, b"\x77\x05short");
        peer.send(2, b"\x77\x05short");
        // It reads on although much waits.
        assert_eq!(peer.hear(4).await, [Begins, Message(2), Ends, Message(1)]);
        // Two at once.
        peer.send(1, long);
        peer.send(2, long);
        peer.send(3, b"\x77\x05short");
        let got = peer.hear(5).await;
        let at = |what| got.iter().position(|got| *got == what).unwrap();
        assert!(got.starts_with(&[Begins]) && at(Message(3)) < at(Ends), "{got:?}");
    }
}

#[tokio::test]
async fn the_end_of_a_service_is_told_behind_its_long_answer() {
    use Got::{Begins, Down, Ends, Message, Reply};
    let node = node().await;
    let mut peer = Peer::connect(&node);
    peer.call(1, 11, b"\x77\x04long");
    // By another alias, of a process that is known by its monitor.
    peer.call(2, 12, b"\x77\x05short");
    assert_eq!(peer.hear(2).await, [Begins, Reply]);
    peer.send(3, b"\x77\x04fall");
    // The other monitor may fire before.
    let got = peer.hear(4).await;
    let at = |what| got.iter().position(|got| *got == what).unwrap();
    assert!(at(Message(3)) < at(Ends) && got.ends_with(&[Ends, Down]) | got.ends_with(&[Ends, Down, Down]), "{got:?}");
    assert_eq!(got.iter().filter(|got| **got == Down).count(), 2, "{got:?}");
}

#[tokio::test]
async fn who_has_sent_a_long_message_waits_and_others_do_not() {
    let node = node().await;
    let mut peer = Peer::connect(&node);
    let to = |id| Pid { node: Atom::from_static(PEER), id, serial: 0, creation: 9 };
    let (sending, receiver) = (node.clone(), to(1));
    let mut long = tokio::spawn(async move { sending.send(receiver, Bytes::from(vec![7; LONG])).await });
    assert_eq!(peer.hear(1).await, [Got::Begins]);
    assert!(tokio::time::timeout(Duration::from_millis(50), &mut long).await.is_err(), "it is on its way");
    let mailbox = node.mailbox();
    mailbox.send(to(2), atom!("short")).await.unwrap();
    assert!(node.try_send(to(3), atom!("short")).is_err(), "the node is busy for those who do not wait");
    assert_eq!(peer.hear(2).await, [Got::Message(2), Got::Ends]);
    long.await.unwrap().unwrap();
}

#[tokio::test]
async fn fragments_are_done_without_where_that_is_said() {
    let node = TestNode::start(
        NodeBuilder::new().fragments(false).service(Functions::new().add("echo", |term: RawTerm| term)),
    );
    let node = node.await.unwrap();
    let peer = node.caller().peer(node.node().name()).unwrap();
    assert!(!peer.flags().contains(Flags::FRAGMENTS));
    let bytes = Bytes::from(vec![7; 1_000_000]);
    let came: Bytes = node.caller().call(node.process("test"), (atom!("echo"), &bytes), LIMIT).await.unwrap();
    assert!(came == bytes);
}
