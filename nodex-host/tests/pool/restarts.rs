//! A restart of all members costs no call and no message.

use nodex_core::error::Chain;

use super::*;

for_each_node!(
    no_call_fails_for_a_restart_of_all,
    no_call_fails_for_a_restart_of_the_only_member,
    restart_of_all_while_members_are_killed,
);

async fn no_call_fails_for_a_restart_of_all(exec: PathBuf) {
    let net = up().await;
    let pool = pool(exec).size(3).start(&net).await.unwrap();
    let mut groups = pids(&pool);
    let load = Load::start(&pool, 16, |_| false);
    for _ in 0..3 {
        load.run(100).await;
        let before = pids(&pool);
        let restarted = within(60, "the restart", pool.restart()).await.unwrap();
        assert_eq!((restarted.members, restarted.cut_short), (3, 0));
        groups.extend(all_up(&pool, &before).await);
    }
    load.run(100).await;
    let (right, failed) = load.end(&pool).await;
    assert!(right >= 400 && failed == 0, "{right} right, {failed} failed");
    pool.stop().await;
    finish(net, groups).await;
}

async fn no_call_fails_for_a_restart_of_the_only_member(exec: PathBuf) {
    let net = up().await;
    let pool = pool(exec).start(&net).await.unwrap();
    let mut groups = pids(&pool);
    let load = Load::start(&pool, 4, |_| false);
    load.run(10).await;
    assert_eq!(pool.restart().await.unwrap().members, 1);
    groups.extend(all_up(&pool, &groups).await);
    load.run(10).await;
    assert_eq!(load.end(&pool).await.1, 0);
    pool.stop().await;
    finish(net, groups).await;
}

async fn restart_of_all_while_members_are_killed(exec: PathBuf) {
    let net = up().await;
    let pool = pool(exec).size(3).start(&net).await.unwrap();
    let mut events = pool.subscribe();
    let before = pids(&pool);
    let load = Load::start(&pool, 8, killed);
    load.run(50).await;
    let restart = tokio::spawn({
        let pool = pool.clone();
        async move { pool.restart().await }
    });
    // The one that is being emptied, and one that waits for its turn.
    within(60, "the restart", async {
        while !matches!(events.next().await.unwrap().change, Change::Draining { .. }) {}
    })
    .await;
    for pid in [before[0], before[2]] {
        // It may be gone already.
        if !support::members(pid).is_empty() {
            signal(pid, "KILL");
        }
    }
    assert_eq!(within(60, "the restart", restart).await.unwrap().unwrap().members, 3);
    let after = all_up(&pool, &before).await;
    load.run(50).await;
    load.end(&pool).await;
    pool.stop().await;
    finish(net, before.into_iter().chain(after)).await;
}

#[tokio::test]
async fn a_restart_waits_for_slow_calls_and_cuts_off_those_without_end() {
    let net = up().await;
    let pool = pool(rust_node()).size(2).drain_timeout(Duration::from_millis(1500)).start(&net).await.unwrap();
    let mut events = pool.subscribe();
    let before = pids(&pool);
    let endless = busy(&pool);
    let slow = tokio::spawn({
        let pool = pool.clone();
        async move { pool.request_timeout::<String>((atom!("slowly"), 300, "slow"), LONG).await }
    });
    under_way(&pool, 2).await;
    let restarted = within(60, "the restart", pool.restart()).await.unwrap();
    assert_eq!((restarted.members, restarted.cut_short), (2, 1));
    assert_eq!(slow.await.unwrap().unwrap(), "slow");
    let error = endless.await.unwrap().unwrap_err();
    assert!(matches!(error, CnodeError::Down { down: NodeDown::Stopped, .. }), "{error:?}");
    let mut told = Vec::new();
    while told.len() < 4 {
        match within(60, "events", events.next()).await.unwrap().change {
            Change::Draining { .. } => told.push("draining".to_owned()),
            Change::Drained { left } => told.push(format!("left {left}")),
            _ => {}
        }
    }
    told.sort();
    assert_eq!(told, ["draining", "draining", "left 0", "left 1"]);
    let after = all_up(&pool, &before).await;
    pool.stop().await;
    finish(net, before.into_iter().chain(after)).await;
}

#[tokio::test]
async fn a_restart_loses_no_casts() {
    let net = up().await;
    let notes = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("notes-{}", std::process::id()));
    let pool = pool(rust_node()).size(2).start(&net).await.unwrap();
    let before = pids(&pool);
    let note = |line: String| (atom!("note"), notes.to_str().unwrap().to_owned(), line);
    for number in 0..500 {
        pool.cast(note(format!("cast {number}"))).await.unwrap();
        pool.send(note(format!("message {number}"))).await.unwrap();
    }
    pool.restart().await.unwrap();
    let mut lines: Vec<_> = std::fs::read_to_string(&notes).unwrap().lines().map(str::to_owned).collect();
    std::fs::remove_file(&notes).unwrap();
    lines.sort();
    let mut expected: Vec<_> = (0..500).flat_map(|n| [format!("cast {n}"), format!("message {n}")]).collect();
    expected.sort();
    assert!(lines == expected, "{} lines of {}", lines.len(), expected.len());
    let after = all_up(&pool, &before).await;
    pool.stop().await;
    finish(net, before.into_iter().chain(after)).await;
}

#[tokio::test]
async fn two_restarts_follow_each_other_and_nobody_has_to_wait_for_them() {
    let net = up().await;
    let pool = pool(rust_node()).size(2).start(&net).await.unwrap();
    let before = pids(&pool);
    let mut events = pool.subscribe();
    // Nobody waits for the first one.
    assert!(tokio::time::timeout(Duration::from_millis(1), pool.restart()).await.is_err());
    assert_eq!(within(60, "the second", pool.restart()).await.unwrap().members, 2);
    let mut order = Vec::new();
    while order.len() < 4 {
        let event = within(60, "events", events.next()).await.unwrap();
        if matches!(event.change, Change::Drained { .. }) {
            order.push(event.child.to_string());
        }
    }
    assert_eq!(order, ["calc1", "calc2", "calc1", "calc2"]);
    let after = all_up(&pool, &before).await;
    pool.stop().await;
    let error = pool.restart().await.unwrap_err();
    assert_eq!(Chain(&error).to_string(), "the pool calc has ended");
    finish(net, before.into_iter().chain(after)).await;
}

#[tokio::test]
async fn a_version_that_does_not_start_stops_the_restart() {
    let net = up().await;
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("version-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let exec = folder.join("node");
    std::os::unix::fs::symlink(rust_node(), &exec).unwrap();
    let pool = pool(&exec).size(3).start(&net).await.unwrap();
    let before = pids(&pool);
    std::fs::remove_file(&exec).unwrap();
    std::os::unix::fs::symlink(child("exits_before_ready"), &exec).unwrap();
    let error = pool.restart().await.unwrap_err();
    let RestartError::Start { member, restarted: 0, error: why } = &error else { panic!("{error:?}") };
    assert_eq!(&**member, "calc1");
    assert!(matches!(&**why, SpawnError::UnexpectedExit { exit: Exit::Status(3), .. }), "{why}");
    assert!(
        Chain(&error).to_string().starts_with("calc1 did not start again, after 0 others had: calc1@127.0.0.1 ended")
    );
    // The others have not been touched.
    let members = pool.members();
    assert!(matches!(&members[0].state, MemberState::Down { .. }), "{members:?}");
    assert_eq!(pids(&pool), before[1..]);
    for number in 0..10 {
        let sname: String = pool.request(atom!("sname")).await.unwrap();
        assert_ne!(sname, "calc1", "{number}");
    }
    std::fs::remove_file(&exec).unwrap();
    std::os::unix::fs::symlink(rust_node(), &exec).unwrap();
    assert_eq!(pool.restart().await.unwrap().members, 3);
    let after = all_up(&pool, &before).await;
    pool.stop().await;
    std::fs::remove_dir_all(&folder).unwrap();
    finish(net, before.into_iter().chain(after)).await;
}
