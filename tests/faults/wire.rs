//! A line between two nodes that is slow, silent or broken.

use std::time::Duration;

use nodex::prelude::*;
use nodex_core::{
    net::{LinkEnd, LinkLimits},
    node::{CallError, Cookie, Node, NodeBuilder, NodeEvent},
};

use super::{
    ledger::{Ledger, count_in, counter},
    proxy::Proxy,
};
use nodex_testkit::{
    erl::Beam,
    otp::Otp,
    world::{BEAM, COOKIE, LIMIT, OURS, World},
};

/// So long that a silence that is meant to be short is, when the machine is busy with others as well.
const TICK_TIME: Duration = Duration::from_secs(6);

/// A BEAM that counts, and a node that finds it behind a proxy.
struct Scene {
    world: World,
    beam: Beam,
    proxy: Proxy,
    node: Node,
}

impl Scene {
    fn set() -> Self {
        let world = World::new();
        let mut beam = world.beam(&Otp::installed(None), BEAM, &[]);
        count_in(&mut beam);
        let proxy = Proxy::to(world.port_of("beam"));
        let limits = LinkLimits::default().tick_time(TICK_TIME);
        let builder = NodeBuilder::new().limits(limits).dist_port(proxy.port());
        let node = world.wait(builder.start(OURS, Cookie::new(COOKIE).expect("a cookie"))).expect("a node");
        Scene { world, beam, proxy, node }
    }

    fn counted(&self) -> usize {
        self.world.wait(self.node.call(counter(BEAM), atom!("count"), LIMIT)).expect("an answer")
    }

    fn finish(&self, callers: Vec<tokio::task::JoinHandle<()>>) {
        for caller in callers {
            self.world.wait(caller).expect("a caller");
        }
    }
}

/// Late, and in pieces of any size: everything arrives, each answer at its caller.
#[test]
fn a_slow_line() {
    let scene = Scene::set();
    let (ledger, callers) = scene.world.within(|| Ledger::start(&scene.node, BEAM, 8));
    ledger.wait_for(50);
    scene.proxy.slow();
    ledger.wait_for(30);
    scene.proxy.open();
    ledger.wait_for(50);
    ledger.stop();
    scene.finish(callers);
    assert_eq!(ledger.balance(scene.counted()), 0);
}

/// A line that is silent for less than the tick time costs time. One that stays silent costs the connection, after the
/// tick time, and all that is under way fails with that cause.
#[test]
fn a_cut_line() {
    let mut scene = Scene::set();
    let mut events = scene.node.events();
    let (ledger, callers) = scene.world.within(|| Ledger::start(&scene.node, BEAM, 8));
    ledger.wait_for(50);
    scene.proxy.cut();
    // For so long it is silent.
    std::thread::sleep(TICK_TIME / 12);
    scene.proxy.open();
    ledger.wait_for(50);
    assert_eq!(ledger.failed.lock().expect("no panic in there").len(), 0, "a short silence broke something");
    scene.proxy.cut();
    let down = loop {
        match scene.world.wait(events.next()).expect("an event") {
            NodeEvent::Down { reason, .. } => break reason,
            _ => continue,
        }
    };
    assert_eq!(down, LinkEnd::TickTimeout(TICK_TIME));
    ledger.stop();
    scene.proxy.reset();
    scene.proxy.open();
    scene.finish(callers);
    // The BEAM hears of it by the end of the connection, and lets the node come back.
    scene.beam.eventually("nodes(hidden)", "[]");
    let failed = ledger.balance(scene.counted());
    assert!(failed >= 8, "all that was under way: {failed}");
    let failed = ledger.failed.lock().expect("no panic in there");
    assert!(failed.contains_key(&CallError::NoConnection.to_string()), "{failed:?}");
}

/// A line that breaks again and again in the middle of things.
#[test]
fn a_line_that_breaks() {
    let scene = Scene::set();
    let (ledger, callers) = scene.world.within(|| Ledger::start(&scene.node, BEAM, 8));
    for _ in 0..5 {
        ledger.wait_for(40);
        scene.proxy.reset();
    }
    ledger.wait_for(40);
    ledger.stop();
    scene.finish(callers);
    let failed = ledger.balance(scene.counted());
    assert!(failed > 0, "nothing was under way");
}
