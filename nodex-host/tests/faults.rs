//! Nodes whose handlers take the whole process down: the caller is told, the supervisor starts it again, and others do not
//! notice.

#![allow(clippy::unwrap_used)]

use crate::support;

use std::time::Duration;

use nodex_core::{atom, error::Chain, node::Backoff, term::Term};
use nodex_host::{
    CnodeBuilder, Supervisor,
    supervisor::{Child, ChildSpec},
};
use support::{
    example, in_path,
    net::{Pong, finish, up},
};

/// For an answer on a machine that is busy with others.
const LONG: Duration = Duration::from_secs(60);

async fn pong(child: &Child, text: &str) {
    let (pong, back): Pong = child.request_timeout((atom!("ping"), text), LONG).await.unwrap();
    assert_eq!((pong.as_str(), back.as_str()), ("pong", text));
}

fn pid(child: &Child) -> u32 {
    child.cnode().and_then(|cnode| cnode.pid()).expect("it is up")
}

/// In a gibibyte of address space: a stack that overflows in safe code, memory without end at once and bit by bit. A
/// panic, by contrast, costs its call.
#[tokio::test]
async fn handlers_that_end_their_process() {
    let net = up().await;
    let spec = |id: &str| {
        let options = CnodeBuilder::new(in_path("prlimit")).leading_arg(format!("--as={}", 1 << 30));
        ChildSpec::new(id, options.leading_arg(example("target_under_test")).sname(id))
    };
    let backoff = Backoff::new(Duration::from_millis(1), Duration::from_millis(20));
    let builder = Supervisor::builder().at_most(10, Duration::from_secs(3600)).backoff(backoff);
    let supervisor = builder.children([spec("bad"), spec("good")]).start(&net).await.unwrap();
    let (bad, good) = (supervisor.child("bad").await.unwrap(), supervisor.child("good").await.unwrap());
    pong(&bad, "at first").await;
    pong(&good, "at first").await;
    let well = pid(&good);
    let mut pids = vec![well];

    let panicked: Term = bad.request_timeout((atom!("panic"), "on request"), LONG).await.unwrap();
    assert!(panicked.to_string().contains("panic"), "{panicked}");

    for message in [atom!("overflow"), atom!("allocate")] {
        pids.push(pid(&bad));
        let error = bad.request_timeout::<Term>(message.clone(), LONG).await.unwrap_err();
        let error = Chain(&error).to_string();
        assert!(error.contains("killed by SIG") || error.contains("connection was lost"), "{message}: {error}");
        // The call waits for the next one.
        pong(&bad, "again").await;
        assert!(!pids.contains(&pid(&bad)), "{message} did not end it");
        pong(&good, "all the time").await;
    }
    // A leak goes well for a while.
    pids.push(pid(&bad));
    let mut leaked = 0;
    let error = loop {
        match bad.request_timeout::<u64>((atom!("leak"), 100), LONG).await {
            Ok(mib) => leaked += mib,
            Err(error) => break Chain(&error).to_string(),
        }
        assert!(leaked < 2000, "{leaked} MiB in a gibibyte");
    };
    assert!(error.contains("killed by SIG") || error.contains("connection was lost"), "{error}");
    pong(&bad, "again").await;
    pids.push(pid(&bad));
    assert_eq!(pid(&good), well);
    assert_eq!(supervisor.which_children().await[0].restarts, 3);
    supervisor.stop().await;
    finish(net, pids).await;
}
