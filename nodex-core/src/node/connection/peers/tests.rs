use std::pin::pin;

use futures::{FutureExt, future::join_all};

use super::*;
use crate::{
    net::{Outbox, WriteSide, in_memory},
    node::service::line::Line,
    protocol::{
        Flags,
        handshake::{self, Established},
    },
};

/// A connection with this node whose other end is gone.
fn peer(name: &'static str, creation: u32) -> Arc<Peer> {
    let said = handshake::PeerIdentity { name: name.into(), flags: Flags::HIDDEN, negotiated: Flags::HIDDEN, creation };
    let (connected, _) = in_memory(Established { peer: said, given: None, rest: Vec::new() }).unwrap();
    let (_, write) = connected.socket.into_split();
    let outbox = Arc::new(Outbox::new(WriteSide::Task(write), 0));
    Arc::new(Peer::new(Line::new(u64::from(creation), Atom::from_static(name), creation, Flags::HIDDEN, outbox)))
}

/// An attempt of ours.
fn start(peers: &Peers, name: &'static str) -> (watch::Sender<Option<Outcome>>, watch::Receiver<()>) {
    match peers.want(&Atom::from_static(name)) {
        Wanted::Start(outcome, gives_way) => (outcome, gives_way),
        _ => panic!("there is one already"),
    }
}

#[tokio::test]
async fn who_has_only_said_a_name_changes_nothing() {
    let peers = Peers::default();
    assert_eq!(peers.answer("m@h", "m@h"), Answer::NotAllowed);
    assert_eq!(peers.answer("m@h", "z@h"), Answer::Ok);
    let (_outcome, gives_way) = start(&peers, "z@h");
    assert_eq!(peers.answer("m@h", "z@h"), Answer::OkSimultaneous);
    let (_outcome, gives_way_to_lower) = start(&peers, "a@h");
    assert_eq!(peers.answer("m@h", "a@h"), Answer::OkSimultaneous);
    assert!(peers.speaks("a@h"));
    assert_eq!(peers.answer("m@h", "a@h"), Answer::Nok);
    peers.up(peer("p@h", 1));
    assert_eq!(peers.answer("m@h", "p@h"), Answer::Alive);
    assert!(!gives_way.has_changed().unwrap() && !gives_way_to_lower.has_changed().unwrap());
    assert!(peers.get("p@h").is_some() && peers.waiting.len() == 0);
}

#[tokio::test(start_paused = true)]
async fn of_two_attempts_that_of_the_greater_name_stays() {
    let peers = Peers::default();
    // Nothing of ours is in the way.
    assert!(peers.settle("m@h", &crate::atom!("y@h"), 1, 1).await);
    // Theirs is greater.
    let (_outcome, gives_way) = start(&peers, "z@h");
    peers.speaks("z@h");
    assert!(peers.settle("m@h", &crate::atom!("z@h"), 1, 1).await && gives_way.has_changed().unwrap());
    // Ours is greater, and they have not heard of it.
    let (_outcome, gives_way) = start(&peers, "a@h");
    assert!(peers.settle("m@h", &crate::atom!("a@h"), 1, 1).await && gives_way.has_changed().unwrap());
    // They have: what becomes of it is waited for.
    for (creation, stays) in [(1, false), (2, true)] {
        let (outcome, gives_way) = start(&peers, "b@h");
        peers.speaks("b@h");
        let name = crate::atom!("b@h");
        let mut settled = pin!(peers.settle("m@h", &name, 1, creation));
        assert!(settled.as_mut().now_or_never().is_none());
        let up = peer("b@h", 1);
        peers.up(up.clone());
        outcome.send_replace(Some(Ok(up.clone())));
        assert_eq!(settled.await, stays, "an earlier incarnation makes way");
        assert!(!matches!(gives_way.has_changed(), Ok(true)));
        // Nor does one that has only just heard of it.
        assert_eq!(peers.settle("m@h", &name, 2, creation).await, stays);
        peers.left("b@h", 1);
        peers.left("b@h", 2);
        peers.down(&up, LinkEnd::Shutdown);
    }
    let (outcome, _gives_way) = start(&peers, "c@h");
    peers.speaks("c@h");
    let name = crate::atom!("c@h");
    let mut settled = pin!(peers.settle("m@h", &name, 1, 1));
    assert!(settled.as_mut().now_or_never().is_none());
    peers.gave_up("c@h", &outcome.subscribe());
    outcome.send_replace(Some(Err(Arc::new(ConnectError::Itself("c".into())))));
    assert!(settled.await);
    // But not for long: another node may have answered our attempt.
    let (_outcome, gives_way) = start(&peers, "d@h");
    peers.speaks("d@h");
    assert!(peers.settle("m@h", &crate::atom!("d@h"), 1, 1).await && gives_way.has_changed().unwrap());
}

/// Between its proof and the moment at which it is there, a connection is as good as there.
#[tokio::test]
async fn no_attempt_begins_beside_a_connection_that_is_about_to_be_there() {
    let peers = Peers::default();
    let name = crate::atom!("a@h");
    assert!(peers.settle("m@h", &name, 1, 1).await);
    assert!(matches!(peers.want(&name), Wanted::Entering));
    assert_eq!(peers.answer("m@h", "a@h"), Answer::Alive);
    let mut entered = pin!(peers.wait_entered("a@h"));
    assert!(entered.as_mut().now_or_never().is_none());
    // Nothing comes of it; another one's number is not its own.
    peers.left("a@h", 2);
    assert!(entered.as_mut().now_or_never().is_none());
    peers.left("a@h", 1);
    assert!(matches!(entered.now_or_never(), Some(None)));
    // An attempt of ours that has given way continues then, and sends nothing before.
    let (_outcome, mut gives_way) = start(&peers, "a@h");
    assert!(peers.settle("m@h", &name, 3, 1).await && gives_way.changed().now_or_never().is_some());
    assert!(!peers.speaks("a@h") && matches!(peers.want(&name), Wanted::Wait(_)));
    peers.left("a@h", 3);
    assert!(gives_way.has_changed().is_ok() && peers.speaks("a@h"));
    // Or it comes up.
    let (_outcome, gives_way) = start(&peers, "b@h");
    let name = crate::atom!("b@h");
    assert!(peers.settle("m@h", &name, 4, 1).await);
    peers.up(peer("b@h", 1));
    peers.left("b@h", 4);
    assert!(peers.wait_entered("b@h").await.is_some() && gives_way.has_changed().is_err());
    assert_eq!(peers.waiting.len(), 0);
}

#[tokio::test]
async fn an_attempt_takes_no_other_one_back() {
    let peers = Peers::default();
    let (first, _) = start(&peers, "a@h");
    let up = peer("a@h", 1);
    peers.up(up.clone());
    peers.down(&up, LinkEnd::Shutdown);
    let (second, _) = start(&peers, "a@h");
    peers.gave_up("a@h", &first.subscribe());
    assert!(matches!(peers.want(&crate::atom!("a@h")), Wanted::Wait(_)));
    peers.gave_up("a@h", &second.subscribe());
    assert!(matches!(peers.want(&crate::atom!("a@h")), Wanted::Start(..)));
}

#[tokio::test]
async fn a_change_wakes_those_who_wait_for_that_node_and_leaves_nothing_behind() {
    let peers = Peers::default();
    let up = |name| peers.up(peer(name, 1));
    let mut a = pin!(join_all((0..3).map(|_| peers.wait_up("a@h"))));
    let mut b = pin!(peers.wait_up("b@h"));
    assert!(a.as_mut().now_or_never().is_none() && b.as_mut().now_or_never().is_none());
    assert_eq!(peers.waiting.len(), 2);
    up("a@h");
    assert_eq!(a.now_or_never().expect("all of them").len(), 3);
    assert!(b.as_mut().now_or_never().is_none());
    assert_eq!(peers.waiting.len(), 1);
    up("b@h");
    assert!(b.now_or_never().is_some());
    assert_eq!(peers.waiting.len(), 0);
    // Nor does a caller that gives up.
    assert!(peers.wait_up("c@h").now_or_never().is_none());
    assert_eq!(peers.waiting.len(), 0);
}
