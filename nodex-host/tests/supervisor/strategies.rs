//! Which of several children are started anew, and in which order.

use super::*;

/// Three children, the events of whose start have been read.
async fn three(strategy: Strategy, net: &Distributed) -> (Supervisor, Subscription<SupervisorEvent>, Vec<u32>) {
    let builder = Supervisor::builder()
        .strategy(strategy)
        .backoff(quick())
        .children(["a", "b"].map(|id| spec(id, rust_node())))
        .child(spec("c", c_node()));
    let mut events = builder.subscribe();
    let supervisor = builder.start(net).await.unwrap();
    assert_eq!(until(&mut events, "c up").await, ["a starting", "a up", "b starting", "b up", "c starting", "c up"]);
    let pids = supervisor.which_children().await.iter().map(|child| child.pid.unwrap()).collect();
    (supervisor, events, pids)
}

#[tokio::test]
async fn one_for_one() {
    let net = up().await;
    let (supervisor, mut events, before) = three(Strategy::OneForOne, &net).await;
    signal(before[1], "KILL");
    until(&mut events, "b up").await;
    let after = pids(&supervisor).await;
    assert!(after[0] == before[0] && after[1] != before[1] && after[2] == before[2]);
    supervisor.stop().await;
    assert_eq!(
        until(&mut events, "ended").await,
        [
            "ending: it was stopped",
            "c stopping",
            "c stopped",
            "b stopping",
            "b stopped",
            "a stopping",
            "a stopped",
            "ended: it was stopped"
        ]
    );
    finish(net, before.into_iter().chain(after)).await;
}

#[tokio::test]
async fn one_for_all() {
    let net = up().await;
    let (supervisor, mut events, before) = three(Strategy::OneForAll, &net).await;
    signal(before[1], "KILL");
    let order: Vec<_> =
        until(&mut events, "c up").await.into_iter().filter(|line| !line.starts_with("b stop")).collect();
    assert_eq!(
        order,
        [
            "b down: its process ended: killed by SIGKILL",
            "b restarting",
            "c stopping",
            "c stopped",
            "a stopping",
            "a stopped",
            "a starting",
            "a up",
            "b starting",
            "b up",
            "c starting",
            "c up"
        ]
    );
    let after = pids(&supervisor).await;
    assert!(before.iter().all(|pid| !after.contains(pid)));
    supervisor.stop().await;
    finish(net, before.into_iter().chain(after)).await;
}

#[tokio::test]
async fn rest_for_one() {
    let net = up().await;
    let (supervisor, mut events, before) = three(Strategy::RestForOne, &net).await;
    signal(before[1], "KILL");
    until(&mut events, "c up").await;
    let after = pids(&supervisor).await;
    assert!(after[0] == before[0] && after[1] != before[1] && after[2] != before[2]);
    supervisor.stop().await;
    finish(net, before.into_iter().chain(after)).await;
}
