//! The end of a connection whose driver is gone, for its users, and a stop without a time limit.
#![allow(clippy::unwrap_used)]

use std::{
    future::Future,
    io::{ErrorKind, Read},
    pin::Pin,
    task::{Context, Poll},
    thread,
    time::Duration,
};

use nodex_core::{
    atom,
    node::{
        CallError, Functions, Node, NodeBuilder,
        testing::{RawPeer, TestNode},
    },
    protocol::{Cookie, Flags},
};
use tokio::runtime::{Builder, Runtime};

const PEER: &str = "peer@127.0.0.1";

fn runtime() -> Runtime {
    Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

async fn node_and_peer() -> (Node, RawPeer) {
    let cookie = Cookie::new("secret").unwrap();
    let node = NodeBuilder::new().epmd_port(1).start("ours@127.0.0.1", cookie).await.unwrap();
    let peer = RawPeer::connect(&node, PEER, 9, Flags::NODE).unwrap();
    (node, peer)
}

#[test]
fn calls_end_with_the_runtime_that_drives_their_connection() {
    let (served, callers) = (runtime(), runtime());
    let (node, mut peer) = served.block_on(node_and_peer());
    let calls = [Duration::MAX, Duration::from_secs(3600)].map(|limit| {
        let node = node.clone();
        callers.spawn(async move { node.call::<i64>((atom!("server"), atom!(PEER)), 1, limit).await })
    });
    // Until both calls are running.
    let (mut came, mut chunk) = (Vec::new(), [0; 4096]);
    while came.windows(9).filter(|bytes| bytes == b"$gen_call").count() < 2 {
        match peer.socket().read(&mut chunk) {
            Ok(count) => came.extend_from_slice(&chunk[..count]),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
        thread::yield_now();
    }
    served.shutdown_background();
    for call in calls {
        let result = callers.block_on(call).unwrap();
        assert!(matches!(result, Err(CallError::NoConnection)), "{result:?}");
    }
    assert!(peer.ended().is_some() && node.peer(PEER).is_none());
}

/// Panics when it is dropped after it was ready.
struct Bomb(bool);

impl Future for Bomb {
    type Output = i64;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<i64> {
        if std::mem::replace(&mut self.0, true) {
            return Poll::Ready(5);
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 {
            panic!("on purpose");
        }
    }
}

#[tokio::test]
async fn a_connection_ends_with_a_driver_that_panics() {
    let node = TestNode::serve(Functions::new().add_async("bomb", || Bomb(false))).await.unwrap();
    let result = node.caller().request::<i64>(node.process("test"), atom!("bomb"), Duration::MAX).await;
    assert!(matches!(result, Ok(5) | Err(CallError::NoConnection)), "{result:?}");
}

#[tokio::test]
async fn a_stop_may_take_any_time() {
    let (node, peer) = node_and_peer().await;
    drop(peer);
    node.stop(Duration::MAX).await;
    assert!(node.peers().is_empty());
}
