//! Each monitor and link fires once, and its memory is freed.

use bytes::Bytes;

use super::*;
use crate::{
    etf::Encoder,
    net::LinkLimits,
    node::{
        api::{builder::NodeBuilder, monitor::Down},
        service::functions::Functions,
        testing::TestNode,
    },
    term::{Atom, Pid, Reference},
};

const P: Number = Number { id: 1, serial: 0 };
const Q: Number = Number { id: 2, serial: 0 };

fn pid(id: u32) -> Vec<u8> {
    let mut out = Encoder::new();
    out.put_pid(&Pid { node: crate::atom!("b@h"), id, serial: 0, creation: 9 });
    out.to_vec()
}

fn reference(word: u32) -> Vec<u8> {
    let mut out = Encoder::new();
    out.put_reference(&Reference::new(crate::atom!("b@h"), 9, &[word, 1, 2]).unwrap());
    out.to_vec()
}

fn atom(name: &str) -> Vec<u8> {
    let mut out = Encoder::new();
    out.put_atom(&Atom::new(name).unwrap());
    out.to_vec()
}

fn monitor(
    watches: &IncomingMonitors,
    process: Number,
    name: Option<&str>,
    word: u32,
    limit: usize,
) -> Result<(), LimitExceeded> {
    let name = name.map(atom);
    let name = name.as_deref().and_then(AtomTerm::new);
    let (pid, reference) = (pid(7), reference(word));
    watches.monitor(process, PidTerm::new(&pid).unwrap(), name, RefTerm::new(&reference).unwrap(), limit)
}

fn demonitor(watches: &IncomingMonitors, process: Number, word: u32) -> bool {
    watches.demonitor(process, RefTerm::new(&reference(word)).unwrap())
}

fn link(watches: &IncomingMonitors, process: Number, id: u32, limit: usize) -> Result<bool, LimitExceeded> {
    watches.link(process, PidTerm::new(&pid(id)).unwrap(), limit)
}

fn reason() -> RawTerm {
    RawTerm::from_slice(&atom("bye"), None)
}

#[test]
fn watchers_are_told_once_and_only_those_of_the_process() {
    let watches = IncomingMonitors::default();
    monitor(&watches, P, None, 1, 100).unwrap();
    monitor(&watches, P, Some("orders"), 2, 100).unwrap();
    monitor(&watches, Q, None, 3, 100).unwrap();
    assert_eq!(link(&watches, P, 5, 100), Ok(true));
    assert_eq!(link(&watches, P, 5, 100), Ok(false));
    assert_eq!(watches.counts(), (3, 1));
    assert!(!watches.has_news());

    assert!(watches.ended(P, &reason()));
    assert!(!watches.ended(P, &reason()));
    assert!(watches.has_news());
    assert_eq!(watches.counts(), (1, 0));
    let ended = watches.news().unwrap();
    assert_eq!((ended.process, &ended.reason), (P, &reason()));
    assert_eq!(ended.links().map(|pid| pid.as_bytes().to_vec()).collect::<Vec<_>>(), [pid(5)]);
    let mut told: Vec<_> = ended
        .monitors()
        .map(|(reference, pid, name)| {
            (reference.as_bytes().to_vec(), pid.as_bytes().to_vec(), name.map(|name| name.as_bytes().to_vec()))
        })
        .collect();
    told.sort();
    assert_eq!(told, [(reference(1), pid(7), None), (reference(2), pid(7), Some(atom("orders")))]);
    assert!(watches.news().is_none() && !watches.has_news());
    assert_eq!((watches.waiting(), watches.lock().cost), (0, 1));
}

#[test]
fn a_crowd_is_told_in_steps_and_counts_until_it_is_told() {
    let watches = IncomingMonitors::default();
    for word in 0..100 {
        monitor(&watches, P, None, word, usize::MAX).unwrap();
        link(&watches, P, word, usize::MAX).unwrap();
    }
    let long = RawTerm::from_slice(&[b"\x6d\0\0\x40\0".as_slice(), &[7; 16 * 1024]].concat(), None);
    assert!(watches.ended(P, &long) && !watches.ended(P, &long));
    assert_eq!(watches.waiting(), 0);
    monitor(&watches, Q, None, 1, usize::MAX).unwrap();
    assert!(watches.ended(Q, &long) && watches.waiting() > 16 * 1024);
    let (mut told, mut steps) = (0, 0);
    while told < 200 {
        let news = watches.news().unwrap();
        assert_eq!((news.process, &news.reason), (P, &long));
        let some = news.links().count() + news.monitors().count();
        assert!((1..=4).contains(&some), "{some}");
        (told, steps) = (told + some, steps + 1);
        assert_eq!(watches.lock().cost, 201 - told);
    }
    assert_eq!((watches.waiting(), watches.news().unwrap().process), (0, Q));
    assert_eq!((watches.lock().reasons, watches.has_news()), (0, false));
    assert!(steps >= 50);
}

#[test]
fn what_was_taken_away_is_not_told() {
    let watches = IncomingMonitors::default();
    monitor(&watches, P, None, 1, 100).unwrap();
    link(&watches, P, 5, 100).unwrap();
    assert!(!demonitor(&watches, P, 2));
    assert!(!demonitor(&watches, Q, 1));
    assert!(demonitor(&watches, P, 1));
    assert!(!demonitor(&watches, P, 1));
    assert!(!watches.unlink(P, PidTerm::new(&pid(6)).unwrap()));
    assert!(watches.unlink(P, PidTerm::new(&pid(5)).unwrap()));
    assert!(!watches.ended(P, &reason()));
    assert_eq!(watches.counts(), (0, 0));
}

#[test]
fn the_limit_holds_for_both_together_and_a_monitor_set_twice_counts_once() {
    let watches = IncomingMonitors::default();
    for _ in 0..5 {
        monitor(&watches, P, None, 1, 3).unwrap();
    }
    link(&watches, P, 5, 3).unwrap();
    monitor(&watches, Q, None, 2, 3).unwrap();
    assert_eq!(monitor(&watches, Q, None, 3, 3), Err(LimitExceeded));
    assert_eq!(link(&watches, Q, 6, 3), Err(LimitExceeded));
    assert!(demonitor(&watches, P, 1));
    assert_eq!(link(&watches, Q, 6, 3), Ok(true));
    assert_eq!(watches.counts(), (1, 2));
}

#[test]
fn long_names_weigh_more() {
    let watches = IncomingMonitors::default();
    let long = "\u{e9}".repeat(255);
    let fits = (0..).take_while(|&word| monitor(&watches, P, Some(&long), word, 90).is_ok()).count();
    assert_eq!(fits, 30);
    assert!(watches.ended(P, &reason()));
    while watches.news().is_some() {}
    assert_eq!(watches.lock().cost, 0);
}

#[test]
fn a_closed_connection_gives_its_links_back_and_takes_nothing_any_more() {
    let watches = IncomingMonitors::default();
    monitor(&watches, P, None, 1, 100).unwrap();
    link(&watches, P, 5, 100).unwrap();
    link(&watches, Q, 6, 100).unwrap();
    let mut links = watches.close();
    links.sort();
    assert_eq!(links, [(P, pid(5).into()), (Q, pid(6).into())]);
    assert_eq!(link(&watches, Q, 6, 100), Ok(false));
    monitor(&watches, P, None, 1, 100).unwrap();
    assert_eq!(watches.counts(), (0, 0));
    assert!(!watches.ended(P, &reason()));
}

#[test]
fn memory_that_a_crowd_took_is_given_back() {
    let watches = IncomingMonitors::default();
    for word in 0..10_000 {
        monitor(&watches, P, None, word, usize::MAX).unwrap();
    }
    for word in 0..10_000 {
        assert!(demonitor(&watches, P, word));
    }
    assert!(watches.lock().by_process[&P].monitors.capacity() <= 4 * KEEP);
}

#[tokio::test]
async fn a_peer_that_reads_is_told_a_reason_that_is_longer_than_what_may_wait() {
    let limits = LinkLimits::default().max_in_flight_bytes(1000);
    let node = TestNode::start(NodeBuilder::new().limits(limits)).await.unwrap();
    let service = node.node().spawn(Functions::new()).unwrap();
    let watching = node.caller().monitor(service.clone()).await.unwrap();
    while node.caller().peers()[0].line.outbox.waiting() > 0 || node.node().peers()[0].watches.counts() != (1, 0) {
        tokio::task::yield_now().await;
    }
    let reason = Bytes::from(vec![7; 5000]);
    assert!(node.node().stop_service(&service, &reason).unwrap());
    let Down::Exit { reason: told } = watching.await else { panic!("the connection was ended") };
    assert_eq!(told.decode::<Bytes>().unwrap(), reason);
}
