//! What one node takes of its host, the others do not wait for.

use crate::support;

use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

use nodex_core::{atom, node::Backoff};
use nodex_host::{
    CnodeBuilder, NodeDown,
    supervisor::{Change, ChildSpec, Health, Supervisor},
};
use support::{
    net::{finish, ping, rust_node, up},
    signal, within,
};

/// A check that holds its thread, as one that computes or reads a disk that hangs, and meanwhile the restart of another node.
#[tokio::test]
async fn a_check_that_holds_its_thread() {
    let net = up().await;
    let (entered, has_entered) = mpsc::channel();
    let (release, released) = mpsc::channel::<()>();
    let (entered, released) = (Mutex::new(entered), Mutex::new(released));
    let health = Health::check(move |_| {
        let _ = entered.lock().expect("no panic in there").send(());
        // Until the end of the test.
        let _ = released.lock().expect("no panic in there").recv();
        async { Ok(()) }
    });
    let child = |name: &str| ChildSpec::new(name, CnodeBuilder::new(rust_node()).sname(name));
    let supervisor = Supervisor::builder()
        .backoff(Backoff::new(Duration::from_millis(1), Backoff::default().max))
        .children([
            child("held").health(health.every(Duration::from_millis(1)).within(Duration::from_secs(600))),
            child("free"),
        ])
        .start(&net)
        .await
        .expect("a supervisor");
    tokio::task::spawn_blocking(move || has_entered.recv()).await.expect("a thread").expect("a check");
    let (held, free) = (supervisor.child("held").await.expect("held"), supervisor.child("free").await.expect("free"));
    let before = free.cnode().expect("it is up");
    let mut pids =
        vec![before.pid().expect("a process"), held.cnode().and_then(|cnode| cnode.pid()).expect("a process")];
    signal(pids[0], "KILL");
    let again = within(60, "the restart", async {
        loop {
            match free.up(Duration::from_secs(60)).await {
                Ok(cnode) if cnode.pid() != before.pid() => break cnode,
                _ => tokio::time::sleep(Duration::from_millis(1)).await,
            }
        }
    });
    let again = again.await;
    ping(&again, "again").await;
    pids.push(again.pid().expect("a process"));
    drop(release);
    drop((again, before, held, free));
    supervisor.stop().await;
    finish(net, pids).await;
}

/// It used to end the supervisor.
#[tokio::test]
async fn a_check_that_panics_costs_its_node() {
    let net = up().await;
    let health = Health::check(|_| async { panic!("no check") }).every(Duration::from_millis(1));
    let spec = ChildSpec::new("one", CnodeBuilder::new(rust_node()).sname("one")).health(health);
    let supervisor = Supervisor::builder().at_most(0, Duration::from_secs(60)).start(&net).await.expect("a supervisor");
    let mut changes = supervisor.subscribe();
    let one = supervisor.start_child(spec).await.expect("a child");
    let pid = one.cnode().and_then(|cnode| cnode.pid());
    let down = within(60, "the end of the node", async {
        loop {
            if let Some(Change::Down { down, .. }) = changes.next().await.map(|event| event.change) {
                break down;
            }
        }
    });
    let down = down.await;
    let NodeDown::Unhealthy { problem } = &down else { panic!("{down:?}") };
    assert_eq!(problem.to_string(), "its check panicked");
    drop(one);
    supervisor.stop().await;
    finish(net, pid).await;
}

/// Any answer will do, so none is read: this one would be a valid term for no type.
#[tokio::test]
async fn a_health_answer_of_any_size_will_do() {
    let net = up().await;
    let health = Health::request((atom!("big"), 2)).every(Duration::from_millis(1)).within(Duration::from_secs(60));
    let (tell, told) = mpsc::channel();
    let tell = Mutex::new(tell);
    let counted = Health::check(move |cnode| {
        let _ = tell.lock().expect("no panic in there").send(());
        async move { cnode.ping(Duration::from_secs(60)).await.map_err(Into::into) }
    });
    let child = |name: &str, health: Health| {
        ChildSpec::new(name, CnodeBuilder::new(rust_node()).sname(name)).health(health.failures(1))
    };
    let children = [child("big", health), child("counted", counted.every(Duration::from_millis(1)))];
    let supervisor = Supervisor::builder().children(children).start(&net).await.expect("a supervisor");
    tokio::task::spawn_blocking(move || (0..200).for_each(|_| told.recv().expect("a check"))).await.expect("a thread");
    let infos = supervisor.which_children().await;
    assert!(infos.iter().all(|info| info.restarts == 0 && info.pid.is_some()), "{infos:?}");
    supervisor.stop().await;
    finish(net, infos.into_iter().filter_map(|info| info.pid)).await;
}
