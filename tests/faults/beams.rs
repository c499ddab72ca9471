//! BEAMs that are killed and stopped, and an epmd that is gone for a while.

use std::time::Duration;

use nodex::prelude::*;
use nodex_core::error::Chain;
use nodex_core::node::{CallError, NodeBuilder};
use rustix::process::{Signal, kill_process};

use super::ledger::{Ledger, count_in, counter};
use nodex_testkit::{
    otp::Otp,
    world::{BEAM, LIMIT, OURS, World},
};

fn otp() -> Otp {
    Otp::installed(None)
}

/// What was called when the BEAM died has failed with a cause; nothing waits. The next BEAM of the name is called as if
/// nothing had been.
#[test]
fn a_beam_is_killed() {
    let world = World::new();
    let node = world.node(OURS, NodeBuilder::new());
    let mut beam = world.beam(&otp(), BEAM, &[]);
    count_in(&mut beam);
    let (ledger, callers) = world.within(|| Ledger::start(&node, BEAM, 16));
    ledger.wait_for(500);
    // What it has answered already would be read before its end. A BEAM that stands still answers nothing.
    kill_process(beam.os_pid(), Signal::STOP).expect("it runs");
    ledger.wait_for_rest();
    kill_process(beam.os_pid(), Signal::KILL).expect("it is stopped");
    world.wait(node.wait_disconnected(BEAM));
    drop(beam);
    world.wait_unregistered("beam");
    ledger.stop();
    for caller in callers {
        world.wait(caller).expect("a caller");
    }
    let failed = ledger.failed.lock().expect("no panic in there").clone();
    // Those that were under way, and those that found nobody.
    assert!(failed.contains_key(&CallError::NoConnection.to_string()), "{failed:?}");
    ledger.balance(ledger.sent.load(std::sync::atomic::Ordering::Relaxed));

    let mut beam = world.beam(&otp(), BEAM, &[]);
    count_in(&mut beam);
    let (ledger, callers) = world.within(|| Ledger::start(&node, BEAM, 16));
    ledger.wait_for(500);
    ledger.stop();
    for caller in callers {
        world.wait(caller).expect("a caller");
    }
    let counted: usize = world.wait(node.call(counter(BEAM), atom!("count"), LIMIT)).expect("an answer");
    assert_eq!(ledger.balance(counted), 0);
    assert_eq!(counted, ledger.answered());
}

/// A BEAM that is stopped for less than the tick time costs only time.
#[test]
fn a_beam_is_stopped_and_goes_on() {
    let world = World::new();
    let node = world.node(OURS, NodeBuilder::new());
    let mut beam = world.beam(&otp(), BEAM, &[]);
    count_in(&mut beam);
    let (ledger, callers) = world.within(|| Ledger::start(&node, BEAM, 16));
    for _ in 0..3 {
        ledger.wait_for(100);
        kill_process(beam.os_pid(), Signal::STOP).expect("it runs");
        // It is stopped for this time.
        std::thread::sleep(Duration::from_millis(700));
        kill_process(beam.os_pid(), Signal::CONT).expect("it is stopped");
    }
    ledger.wait_for(100);
    ledger.stop();
    for caller in callers {
        world.wait(caller).expect("a caller");
    }
    let counted: usize = world.wait(node.call(counter(BEAM), atom!("count"), LIMIT)).expect("an answer");
    assert_eq!(ledger.balance(counted), 0);
}

/// Connections that are there need no epmd. New ones are refused with the cause, and made again when it is back; what
/// was registered is registered again, and both kinds of nodes find each other.
#[test]
fn epmd_is_killed_and_comes_back() {
    let mut world = World::new();
    let node = world.node(OURS, NodeBuilder::new());
    let mut beam = world.beam(&otp(), BEAM, &[]);
    let mut other = world.beam(&otp(), "other@127.0.0.1", &[]);
    count_in(&mut beam);
    count_in(&mut other);
    let (ledger, callers) = world.within(|| Ledger::start(&node, BEAM, 8));
    ledger.wait_for(200);
    world.stop_epmd();
    ledger.wait_for(200);
    let error = world.wait(node.call::<i64>(counter(other.name()), atom!("add"), LIMIT)).expect_err("nobody is found");
    assert!(matches!(error, CallError::Connect(_)) && Chain(&error).to_string().contains("epmd"), "{error}");
    ledger.wait_for(200);
    world.start_epmd();
    world.wait_registered("other");
    world.wait_registered("ours");
    let first: i64 = world.wait(node.call(counter(other.name()), atom!("add"), LIMIT)).expect("an answer");
    assert_eq!(first, 1);
    node.peer(other.name()).expect("it is connected").disconnect();
    other.eventually("net_adm:ping('ours@127.0.0.1')", "pong");
    ledger.wait_for(200);
    ledger.stop();
    for caller in callers {
        world.wait(caller).expect("a caller");
    }
    let counted: usize = world.wait(node.call(counter(BEAM), atom!("count"), LIMIT)).expect("an answer");
    assert_eq!(ledger.balance(counted), 0);
}
