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
    node::{Builder, Functions, Node, ServiceOptions, testing::RawPeer, testing::TestNode},
    protocol::{
        Cookie, Flags,
        control::{self, AtomTerm, Control, FRAGMENT_DATA, Fragment, FrameForm, PidTerm, RefTerm, Target},
    },
    term::{Atom, Pid, RawTerm},
};

const LIMIT: Duration = Duration::from_secs(120);

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
