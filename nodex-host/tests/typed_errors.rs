//! A call that expects a value of one type and is answered with an error is told that error, in the node's own words.

// The cases are functions that the tests of a macro call.
#![allow(clippy::unwrap_used)]

use crate::support;

use std::{error::Error, time::Duration};

use nodex_core::{
    atom,
    convert::IntoTerm,
    error::Chain,
    node::{CallError, RpcError},
    term::{Atom, RawTerm},
};
use nodex_host::{Cnode, CnodeError};
use support::net::{Pong, c_node, finish, rust_node, up};

const LONG: Duration = Duration::from_secs(60);

/// The errors of a call for an integer, as a plain message and as a `GenServer.call`.
async fn refused(cnode: &Cnode, message: impl IntoTerm + Clone) -> Vec<(CallError, String)> {
    let errors = [
        cnode.request_timeout::<i64>(message.clone(), LONG).await.unwrap_err(),
        cnode.call::<i64>(message, LONG).await.unwrap_err(),
    ];
    let refusal = |error: CnodeError| {
        let text = Chain(&error).to_string();
        let CnodeError::Call { source, .. } = error else { panic!("{error:?}") };
        // What came, and what was expected, are there as well.
        let (tag, _): (Atom, RawTerm) = source.reply().unwrap().decode().unwrap();
        assert_eq!(tag, "error");
        assert_eq!(source.source().unwrap().to_string(), "expected integer, got tuple");
        (source, text)
    };
    errors.into_iter().map(refusal).collect()
}

#[tokio::test]
async fn errors_of_rust_nodes() {
    let net = up().await;
    let cnode = Cnode::builder(rust_node()).sname("one").spawn(&net).await.unwrap();
    for (refusal, text) in refused(&cnode, (atom!("no_such_function"), 1)).await {
        assert!(matches!(refusal, CallError::UnknownFunction { .. }), "{refusal:?}");
        assert_eq!(
            text,
            "a call to one@127.0.0.1 failed: it answered with an error: it has no such function (unknown_call): \
             expected integer, got tuple"
        );
    }
    for (refusal, text) in refused(&cnode, (atom!("slowly"), atom!("x"), 1)).await {
        let CallError::BadArgument { text: words, .. } = &refusal else { panic!("{refusal:?}") };
        assert!(words.contains("argument 1: expected integer, got atom"), "{words}");
        assert_eq!(
            text,
            format!(
                "a call to one@127.0.0.1 failed: it answered with an error: badarg: {words}: expected integer, got tuple"
            )
        );
    }
    for (refusal, text) in refused(&cnode, (atom!("panic"), "\u{1b}[31mno\n")).await {
        let CallError::Panic { text: words, .. } = &refusal else { panic!("{refusal:?}") };
        assert_eq!(&**words, "panic: \u{1b}[31mno\n");
        assert_eq!(
            text,
            "a call to one@127.0.0.1 failed: it answered with an error: panic: panic: \\u{1b}[31mno\\n: expected integer, got tuple"
        );
    }
    // A caller that expects errors gets them as before.
    let reply: Result<i64, RawTerm> = cnode.request((atom!("no_such_function"), 1)).await.unwrap();
    assert_eq!(reply.unwrap_err().to_string(), "unknown_call");
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

#[tokio::test]
async fn errors_of_nodes_on_ei() {
    let net = up().await;
    let cnode = Cnode::builder(c_node()).sname("one").spawn(&net).await.unwrap();
    let error = cnode.request::<i64>((atom!("no_such_function"), 1)).await.unwrap_err();
    let CnodeError::Call { source: CallError::UnknownFunction { .. }, .. } = &error else { panic!("{error:?}") };
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

#[tokio::test]
async fn a_reply_that_is_not_what_was_expected_is_carried() {
    let net = up().await;
    let cnode = Cnode::builder(rust_node()).sname("one").spawn(&net).await.unwrap();
    for error in [
        cnode.request::<i64>((atom!("ping"), "x")).await.unwrap_err(),
        cnode.call::<i64>((atom!("ping"), "x"), LONG).await.unwrap_err(),
    ] {
        assert_eq!(
            Chain(&error).to_string(),
            "a call to one@127.0.0.1 failed: the reply cannot be read: expected integer, got tuple"
        );
        // The chain goes down to what was wrong with the term.
        let deepest = std::iter::successors(error.source(), |error| (*error).source()).last().unwrap();
        assert_eq!(deepest.to_string(), "expected integer, got tuple");
        let CnodeError::Call { source: CallError::Reply { reply, .. }, .. } = &error else { panic!("{error:?}") };
        assert_eq!(reply.decode::<Pong>().unwrap(), (atom!("pong"), "x".to_owned()));
    }
    // However large it is.
    let error = cnode.request_timeout::<i64>((atom!("big"), 4), LONG).await.unwrap_err();
    let CnodeError::Call { source: CallError::Reply { reply, .. }, .. } = &error else { panic!("{error:.100?}") };
    assert!(reply.as_bytes().len() > 4 << 20 && format!("{error:?}").len() < 10_000, "{error}");
    let (node, arguments) = (cnode.node().to_string(), "x".to_owned());
    let error = net.rpc::<i64>(&node, "pong", "ping", &[&arguments], LONG).await.unwrap_err();
    let RpcError::Result { value, .. } = &error else { panic!("{error:?}") };
    assert_eq!(value.decode::<Pong>().unwrap().1, "x");
    let pid = cnode.pid().unwrap();
    cnode.stop().await;
    finish(net, [pid]).await;
}

/// From what a caller is told down to what the system or epmd said.
#[tokio::test]
async fn chains_of_errors_go_down_to_the_cause() {
    let net = up().await;
    let unknown = format!("no node named one is registered with epmd at 127.0.0.1:{}", net.epmd_port());
    let error = net.node().connect("one@127.0.0.1").await.unwrap_err();
    assert_eq!(error.source().unwrap().to_string(), unknown);
    let node = atom!("one@127.0.0.1");
    let source = net.node().call::<i64>((atom!("one"), node.clone()), 1, LONG).await.unwrap_err();
    let error = CnodeError::Call { node, source };
    let deepest = std::iter::successors(error.source(), |error| (*error).source()).last().unwrap();
    assert_eq!(deepest.to_string(), unknown);
    let error = nodex_core::node::CookieSource::with_file("/nowhere/to/be/found").read().unwrap_err();
    assert!(error.source().unwrap().is::<std::io::Error>());
    finish(net, []).await;
}
