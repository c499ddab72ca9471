//! BEAMs of several releases and a C node connected to one Rust node at once, all of them sending and answering.

use nodex_core::atom;
use nodex_core::node::{Context, Functions, Node, NodeBuilder};
use nodex_core::term::{Atom, RawTerm};

use nodex_testkit::executable::Executable;
use nodex_testkit::otp::Otp;
use nodex_testkit::world::{LIMIT, OURS, World, beam_name};

/// Senders on each side of each connection, and messages of each of them.
const SENDERS: usize = 16;
const MESSAGES: usize = 200;

mod system {
    use super::*;

    #[test]
    fn two_beams_and_a_c_node() {
        nothing_is_lost_or_misrouted(&[Otp::installed(None), Otp::installed(None)]);
    }
}

mod otp_23_to_29 {
    use super::*;

    #[test]
    fn a_beam_of_every_release_and_a_c_node() {
        let others = ["23", "27", "29"].map(|folder| Otp::installed(Some(folder)));
        nothing_is_lost_or_misrouted(&[&[Otp::installed(None)], &others[..]].concat());
    }
}

fn nothing_is_lost_or_misrouted(releases: &[Otp]) {
    let world = World::new();
    let ping = |term: RawTerm, cx: Context| (atom!("pong"), term, cx.peer().clone());
    let node = world.node(OURS, NodeBuilder::new().register("ping", Functions::new().add("ping", ping)));
    let mut beams: Vec<_> = (1..)
        .zip(releases)
        .map(|(number, otp)| {
            let mut beam = world.beam(otp, &format!("beam{number}@127.0.0.1"), &[]);
            beam.load("traffic.erl");
            assert_eq!(beam.eval("traffic:start()"), "ok");
            beam
        })
        .collect();
    let _c_node = world.drop_in(&Executable::c_node("example_client"), "c_node", "ours");
    world.wait(node.wait_connected("c_node@127.0.0.1"));
    // Half of them are connected to, and half connect.
    for (number, beam) in beams.iter_mut().enumerate() {
        match number % 2 {
            0 => drop(world.wait(node.connect(beam.name())).expect("a connection")),
            _ => assert_eq!(beam.eval(&format!("net_kernel:connect_node('{OURS}')")), "true"),
        }
    }
    // A BEAM that connects may be done with the handshake before our node is.
    for beam in &beams {
        world.wait(node.wait_connected(beam.name()));
    }
    assert_eq!(node.peers().len(), beams.len() + 1);

    for beam in &mut beams {
        beam.begin(&format!("traffic:run('{OURS}', {SENDERS}, {MESSAGES})"));
    }
    let mut ours = Vec::new();
    for sender in 0..SENDERS {
        ours.extend(beams.iter().map(|beam| world.spawn(call_beam(node.clone(), beam_name(beam), sender))));
        ours.push(world.spawn(ask_c_node(node.clone(), sender)));
    }
    for task in ours {
        world.wait(task).expect("every answer is the one to its question");
    }
    for beam in &mut beams {
        assert_eq!(beam.answer(), (SENDERS * MESSAGES).to_string(), "{}", beam.name());
        beam.eventually("traffic:sunk()", &(SENDERS * MESSAGES).to_string());
        assert_eq!(beam.eval("nodes(hidden)"), format!("['{OURS}']"));
    }
    assert_eq!(node.peers().len(), beams.len() + 1);
}

/// Calls a process of a BEAM, and casts to another one in between.
async fn call_beam(node: Node, beam: Atom, sender: usize) {
    for number in 1..=MESSAGES {
        let filler = vec![b'x'; if number % 100 == 0 { 100_000 } else { number }];
        let filler = bytes::Bytes::from(filler);
        node.cast((atom!("sink"), beam.clone()), (sender as u64, number as u64, filler.clone()))
            .await
            .expect("it is sent");
        let question = (sender as u64, number as u64, filler);
        let (from, answer): (Atom, (u64, u64, bytes::Bytes)) =
            node.call((atom!("echo"), beam.clone()), &question, LIMIT).await.expect("an answer");
        assert_eq!((from, answer), (beam.clone(), question));
    }
}

/// The C node knows no tags: an answer is told by the pid that it comes to.
async fn ask_c_node(node: Node, sender: usize) {
    let to = (atom!("any"), Atom::from_static("c_node@127.0.0.1"));
    for number in 0..MESSAGES {
        let question = (sender as u64, number as u64, "C".repeat(number));
        let (pong, answer): (Atom, (u64, u64, String)) =
            node.request(to.clone(), (atom!("ping"), &question), LIMIT).await.expect("an answer");
        assert_eq!((pong.as_str(), answer), ("pong", question));
    }
}
