//! Messages of our own accord to nodes that do not read, or not as fast as they are written to.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use nodex_core::atom;
use nodex_core::convert::IntoTerm;
use nodex_core::etf::{Decoder, Encoder};
use nodex_core::net::LinkLimits;
use nodex_core::node::{CallError, Functions, Node, NodeBuilder, SendError};
use nodex_core::protocol::Flags;
use nodex_core::protocol::control::{self, Control, PidTerm, Target};
use nodex_core::term::{Atom, Pid};

use crate::interop::raw;
use nodex_testkit::{
    standing_still,
    world::{DEADLINE, OURS, World},
};

const PEER: &str = "peer@127.0.0.1";
const OTHER: &str = "other@127.0.0.1";

/// Far more than the system keeps for a connection.
const MESSAGES: usize = 1000;
const SIZE: usize = 64 * 1024;

const LIMITS: fn() -> LinkLimits = || LinkLimits::default().max_waiting(256 * 1024);

fn start() -> (World, Node, u16) {
    let world = World::new();
    let node = world.node(OURS, NodeBuilder::new().limits(LIMITS()));
    let port = world.port_of("ours");
    (world, node, port)
}

/// Sends numbered messages, and counts those that are on their way.
async fn send_all(node: Node, sent: Arc<AtomicUsize>) -> Result<(), CallError> {
    let filler = Bytes::from(vec![7; SIZE]);
    for number in 0..MESSAGES {
        node.send((atom!("any"), Atom::from_static(PEER)), (number as u64, &filler)).await?;
        sent.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// Waits until a message is refused because too many wait, and returns how many bytes do.
fn wait_busy(world: &World, node: &Node) -> usize {
    let to = || (atom!("any"), Atom::from_static(PEER));
    world.wait(async {
        loop {
            match node.try_send(to(), atom!("more")) {
                Err(SendError::Busy { node, waiting, limit }) => {
                    assert_eq!((&*node, limit), (PEER, LIMITS().max_waiting));
                    return waiting;
                }
                Ok(()) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(error) => panic!("{error}"),
            }
        }
    })
}

/// The next message of a peer without a node, ticks aside.
fn next_message(stream: &mut TcpStream) -> Vec<u8> {
    loop {
        let mut length = [0; 4];
        stream.read_exact(&mut length).expect("a frame");
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        stream.read_exact(&mut frame).expect("all of it");
        if frame.is_empty() {
            continue;
        }
        match control::decode(&frame).expect("a control message") {
            (_, Control::Send { message, .. }) => return message.to_vec(),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn who_sends_to_a_peer_that_does_not_read_waits_until_it_reads() {
    let (world, node, port) = start();
    let (mut stream, _) = raw::connect(raw::local(PEER), OURS, port).expect("a connection");
    let (mut reads, _) = raw::connect(raw::local(OTHER), OURS, port).expect("a connection");
    world.wait(node.wait_connected(PEER));
    world.wait(node.wait_connected(OTHER));

    let sent = Arc::new(AtomicUsize::new(0));
    let sending = world.spawn(send_all(node.clone(), sent.clone()));
    let waiting = wait_busy(&world, &node);
    assert!(waiting <= LIMITS().max_waiting + SIZE + 200, "{waiting}");
    // The system may still take more for a while, and a call with it.
    standing_still(|| sent.load(Ordering::Relaxed));
    wait_busy(&world, &node);
    let to = (atom!("any"), Atom::from_static(PEER));
    let limit = Duration::from_millis(50);
    let late = world.wait(node.call::<Atom>(to, atom!("hello"), limit)).expect_err("it does not read");
    assert!(matches!(late, CallError::Timeout { .. }), "{late}");
    assert!(!sending.is_finished() && sent.load(Ordering::Relaxed) < MESSAGES);
    // Others do not notice.
    let to = (atom!("any"), Atom::from_static(OTHER));
    world.wait(node.send(to, atom!("hello"))).expect("it is sent");
    assert_eq!(Decoder::new(&next_message(&mut reads)).atom_name().expect("an atom"), "hello");

    let mut expected = 0;
    while expected < MESSAGES as u64 {
        let message = next_message(&mut stream);
        let mut decoder = Decoder::new(&message);
        // What `wait_busy` has sent lies between.
        if decoder.tuple().is_ok() {
            assert_eq!(u64::try_from(decoder.integer("number").expect("a number")), Ok(expected));
            expected += 1;
        }
    }
    world.wait(sending).expect("no panic").expect("all is sent");
    node.try_send((atom!("any"), Atom::from_static(PEER)), atom!("last")).expect("there is room again");
}

#[test]
fn many_senders_get_their_turns() {
    let (world, node, port) = start();
    let (mut stream, _) = raw::connect(raw::local(PEER), OURS, port).expect("a connection");
    world.wait(node.wait_connected(PEER));
    let filler = Bytes::from(vec![7; SIZE]);
    let senders: Vec<_> = (0..MESSAGES)
        .map(|_| {
            let (node, filler) = (node.clone(), filler.clone());
            world.spawn(async move { node.send((atom!("any"), Atom::from_static(PEER)), &filler).await })
        })
        .collect();
    wait_busy(&world, &node);
    // Who does not want to wait any longer takes nothing away from the others.
    senders.iter().step_by(2).for_each(|sender| sender.abort());
    std::thread::spawn(move || while raw::read(&mut stream, &mut [0; SIZE]) > 0 {});
    let mut sent = 0;
    for sender in senders {
        match world.wait(sender) {
            Ok(result) => {
                result.expect("it is sent");
                sent += 1;
            }
            Err(error) => assert!(error.is_cancelled()),
        }
    }
    assert!(sent >= MESSAGES / 2, "{sent}");
}

#[test]
fn the_end_of_the_connection_ends_the_waiting() {
    let (world, node, port) = start();
    let (stream, _) = raw::connect(raw::local(PEER), OURS, port).expect("a connection");
    world.wait(node.wait_connected(PEER));
    let sending: Vec<_> = (0..10).map(|_| world.spawn(send_all(node.clone(), Arc::default()))).collect();
    wait_busy(&world, &node);
    drop(stream);
    for sending in sending {
        let error = world.wait(sending).expect("no panic").expect_err("the connection is gone");
        // One that came to look for the connection later found that there is no such node.
        assert!(matches!(error, CallError::NoConnection | CallError::Connect(_)), "{error}");
    }
    let refused = node.try_send((atom!("any"), Atom::from_static(PEER)), atom!("more"));
    assert_eq!(refused, Err(SendError::NotConnected { node: Atom::from_static(PEER) }));
}

/// What nobody takes out of a mailbox is not read without end either.
#[test]
fn a_mailbox_that_nobody_empties() {
    let limit = 1024 * 1024;
    let world = World::new();
    let limits = LIMITS().max_in_flight_bytes(limit);
    let node = world.node(OURS, NodeBuilder::new().limits(limits));
    let (stream, _) = raw::connect(raw::local(PEER), OURS, world.port_of("ours")).expect("a connection");
    let mut mailbox = node.mailbox();
    let (mut pid, mut from) = (Encoder::new(), Encoder::new());
    pid.put_pid(&mailbox.pid());
    from.put_pid(&Pid { node: Atom::from_static(PEER), id: 1, serial: 0, creation: 77 });
    let (pid, from) = (pid.to_vec(), from.to_vec());
    let written = Arc::new(AtomicUsize::new(0));
    let counts = written.clone();
    std::thread::spawn(move || {
        let mut stream = stream;
        for number in 0..MESSAGES as u64 {
            let (mut message, mut frame) = (Encoder::new(), Encoder::new());
            (number, Bytes::from(vec![7; SIZE])).encode(&mut message).expect("a term");
            let send = Control::Send {
                from: PidTerm::new(&from),
                to: Target::Pid(PidTerm::new(&pid).expect("a pid")),
                token: None,
                priority: false,
                message: &message.to_vec(),
            };
            send.encode(Flags::HIDDEN, &mut frame).expect("a frame");
            stream.write_all(&frame.to_vec()).expect("it is read in the end");
            counts.fetch_add(1, Ordering::Relaxed);
        }
        stream
    });
    // It comes to a halt, with most of it not written.
    let before = standing_still(|| written.load(Ordering::Relaxed));
    assert!(before < MESSAGES, "{before}");
    for number in 0..MESSAGES as u64 {
        let message = world.wait(mailbox.receive());
        let mut decoder = Decoder::new(message.as_bytes());
        decoder.tuple().expect("a tuple");
        assert_eq!(u64::try_from(decoder.integer("number").expect("a number")), Ok(number));
    }
    assert!(mailbox.try_receive().is_none());
}

/// Output that is not a reply does not stop a node from reading, because two nodes could then wait for each other.
#[test]
fn two_nodes_that_send_all_they_can_to_each_other() {
    let world = World::new();
    let came = [Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0))];
    let node = |name: &'static str, came: &Arc<AtomicUsize>| {
        let came = came.clone();
        let take = move |filler: Bytes| {
            assert_eq!(filler.len(), SIZE);
            came.fetch_add(1, Ordering::Relaxed);
        };
        world.node(name, NodeBuilder::new().limits(LIMITS()).service(Functions::new().add("take", take)))
    };
    let nodes = [node(PEER, &came[0]), node(OTHER, &came[1])];
    world.wait(nodes[0].connect(OTHER)).expect("a connection");
    for (from, to) in [(0, OTHER), (1, PEER)] {
        for _ in 0..4 {
            let node = nodes[from].clone();
            world.spawn(async move {
                let filler = Bytes::from(vec![7; SIZE]);
                for _ in 0..MESSAGES / 2 {
                    let to = (atom!("any"), Atom::from_static(to));
                    node.cast(to, (atom!("take"), &filler)).await.expect("it is sent");
                }
            });
        }
    }
    let start = std::time::Instant::now();
    while came.iter().any(|came| came.load(Ordering::Relaxed) < 2 * MESSAGES) {
        assert!(start.elapsed() < DEADLINE, "{came:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
