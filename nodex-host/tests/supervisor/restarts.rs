//! Who is started anew, and how often.

use nodex_core::error::Chain;

use super::*;

#[tokio::test]
async fn permanent_transient_temporary() {
    let net = up().await;
    let types = [("p", RestartType::Permanent), ("t", RestartType::Transient), ("x", RestartType::Temporary)];
    let supervisor = Supervisor::builder()
        .backoff(quick())
        .at_most(100, Duration::from_secs(5))
        .children(types.map(|(id, restart)| spec(id, rust_node()).restart(restart)))
        .start(&net)
        .await
        .unwrap();
    let mut groups = pids(&supervisor).await;
    let exit = async |id: &str, status: i32| {
        let mut child = supervisor.child(id).await.unwrap();
        child.send((atom!("exit"), status)).await.unwrap();
        // Restarting or down; then whatever comes.
        assert!(!matches!(within(60, "the end", child.changed()).await, Some(ChildState::Up(_))));
        let state = match child.state() {
            ChildState::Restarting { .. } => within(60, "what follows", child.changed()).await,
            state => Some(state),
        };
        state.map(|state| matches!(state, ChildState::Up(_)))
    };
    assert_eq!(exit("p", 0).await, Some(true));
    assert_eq!(exit("t", 3).await, Some(true));
    groups.extend(pids(&supervisor).await);
    assert_eq!(exit("t", 0).await, Some(false));
    assert_eq!(exit("x", 3).await, Some(false));
    let ids: Vec<_> = within(60, "the end of x", async {
        loop {
            let ids: Vec<_> = supervisor.which_children().await.iter().map(|child| child.id.to_string()).collect();
            if ids.len() < 3 {
                break ids;
            }
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    })
    .await;
    assert_eq!(ids, ["p", "t"]);
    let counts = supervisor.count_children().await;
    assert_eq!((counts.specs, counts.active), (2, 1));
    supervisor.stop().await;
    finish(net, groups).await;
}

#[tokio::test]
async fn gives_up_after_too_many_restarts() {
    let net = up().await;
    let builder = Supervisor::builder()
        .backoff(quick())
        .at_most(2, Duration::from_secs(3600))
        .child(spec("good", c_node()))
        .child(spec("bad", rust_node()));
    let mut events = builder.subscribe();
    let supervisor = builder.start(&net).await.unwrap();
    let mut groups = pids(&supervisor).await;
    let bad = supervisor.child("bad").await.unwrap();
    for _ in 0..3 {
        until(&mut events, "bad up").await;
        groups.extend(pids(&supervisor).await);
        bad.send((atom!("exit"), 5)).await.unwrap();
    }
    let ended = within(60, "the end", supervisor.ended()).await;
    assert_eq!(
        Chain(&ended).to_string(),
        "there were more than 2 restarts within 3600s, the last one of bad: its process ended: exit status 5"
    );
    assert_eq!(until(&mut events, "ending").await.last().unwrap(), &format!("ending: {ended}"));
    let last = until(&mut events, "ended").await;
    assert!(last.contains(&"good stopped".to_owned()), "{last:?}");
    // Afterwards it knows nobody and starts nobody.
    assert!(supervisor.which_children().await.is_empty());
    let error = supervisor.start_child(spec("late", c_node())).await.unwrap_err();
    assert!(matches!(error, StartChildError::Stopped { .. }), "{error}");
    let error = supervisor.terminate_child("good").await.unwrap_err();
    assert!(matches!(error, ChildError::NotFound { .. }), "{error}");
    finish(net, groups).await;
}

#[tokio::test]
async fn a_limit_of_its_own() {
    let net = up().await;
    let own = Restart::permanent().at_most(0, Duration::from_secs(5));
    let builder = Supervisor::builder().child(spec("bad", rust_node()).restart(own)).child(spec("good", rust_node()));
    let mut events = builder.subscribe();
    let supervisor = builder.start(&net).await.unwrap();
    let groups = pids(&supervisor).await;
    signal(groups[0], "KILL");
    until(&mut events, "bad gave up").await;
    until(&mut events, "bad stopped").await;
    let (bad, good) = (supervisor.child("bad").await.unwrap(), supervisor.child("good").await.unwrap());
    pong(&good, "still there").await;
    let error = bad.request::<Pong>((atom!("ping"), "?")).await.unwrap_err();
    assert_eq!(Chain(&error).to_string(), "bad is not running: its process ended: killed by SIGKILL");
    let again = supervisor.restart_child("bad").await.unwrap();
    pong(&again, "by hand").await;
    let groups = groups.into_iter().chain(pids(&supervisor).await).collect::<Vec<_>>();
    supervisor.stop().await;
    finish(net, groups).await;
}
