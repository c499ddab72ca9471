//! Any sequence of signals, good and bad, from two peers to one node, against what a model says that it must answer.
//!
//! Every monitor fires at most once, and exactly once if what it watches ends; replies go to who asked, in order; what
//! the node keeps of a connection goes with it; what breaks the protocol ends that connection and no other; and at the
//! end the node answers both peers.

mod line;
mod model;
mod play;
mod wire;

use std::{cell::RefCell, sync::Arc};

use nodex_core::{
    net::LinkLimits,
    node::{Cookie, Functions, Node, NodeBuilder, ServiceOptions},
    term::RawTerm,
};
use tokio::{runtime::Runtime, sync::Notify};

const NODE: &str = "me@h";

/// Monitors and links that a peer may have.
const WATCHES: usize = 16;

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

pub(super) fn signals(input: &[u8]) {
    RUNTIME.with_borrow_mut(|runtime| {
        let build = || tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let runtime = runtime.get_or_insert_with(build);
        runtime.block_on(play::play(input));
    });
}

/// `echo(Term)` answers with the term, `hold(Term)` does once the gate has been opened.
fn functions(gate: &Arc<Notify>) -> Functions {
    let gate = gate.clone();
    Functions::new().add("echo", |term: RawTerm| term).add_async("hold", move |term: RawTerm| {
        let gate = gate.clone();
        async move {
            gate.notified().await;
            term
        }
    })
}

async fn node(gate: &Arc<Notify>, anonymous: bool) -> Node {
    let limits = LinkLimits::default().max_frame(1 << 16).max_watches(WATCHES);
    // The node continues when one of them is killed.
    let options = ServiceOptions::new().trap_exit(true).temporary();
    let mut builder = NodeBuilder::new().epmd_port(1).limits(limits).register_with("svc", options, functions(gate));
    if anonymous {
        builder = builder.service_with(options, functions(gate));
    }
    builder.start(NODE, Cookie::new("secret").expect("a cookie")).await.expect("a node")
}
