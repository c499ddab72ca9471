//! Two hosts, as far as the network goes: a node on one, a BEAM on the other.

use std::{sync::atomic::Ordering, time::Duration};

use nodex::prelude::*;
use nodex_core::{
    net::{LinkEnd, LinkLimits},
    node::{Cookie, NodeBuilder, NodeEvent},
};

use super::{
    ledger::{Ledger, count_in, counter},
    namespaces::{LEFT, Networks, RIGHT, Side},
};
use nodex_testkit::{
    erl::Beam,
    free_port,
    otp::Otp,
    world::{COOKIE, LIMIT, World},
};

/// So long that a silence that is meant to be short is, when the machine is busy with others as well.
const TICK_TIME: Duration = Duration::from_secs(8);

/// The cable is pulled for a moment: calls take longer. The line is slow, and packets overtake each other if this kernel
/// can do that (`sch_netem`): no call notices. The cable stays out: after the tick time both sides give up, what was under
/// way fails with that cause, and when the cable is back so is the connection.
#[test]
fn a_network_that_is_cut_slow_and_out_of_order() {
    let networks = Networks::new();
    networks.inside(Side::Left, || between_hosts(&networks));
    assert!(networks.remove(), "a network is left");
}

fn between_hosts(networks: &Networks) {
    let port = free_port();
    let beam_name = format!("beam@{RIGHT}");
    let mut beam = networks.inside(Side::Right, || {
        let (interface, port) = (RIGHT.replace('.', ","), port.to_string());
        let interface = format!("{{{interface}}}");
        let arguments =
            [["-name", &beam_name], ["-setcookie", COOKIE], ["-start_epmd", "false"], ["-erl_epmd_port", &port]];
        let kernel = ["-kernel", "net_ticktime", "8", "inet_dist_use_interface", &interface];
        let all: Vec<&str> = arguments.as_flattened().iter().copied().chain(kernel).collect();
        Beam::start_with(&Otp::installed(None), &beam_name, 1, &all)
    });
    count_in(&mut beam);
    let world = World::new();
    let limits = LinkLimits::default().tick_time(TICK_TIME);
    let builder = NodeBuilder::new().limits(limits).dist_port(port);
    let cookie = Cookie::new(COOKIE).expect("a cookie");
    let node = world.wait(builder.start(&format!("ours@{LEFT}"), cookie)).expect("a node");
    let mut events = node.events();
    let (ledger, callers) = world.within(|| Ledger::start(&node, &beam_name, 8));
    ledger.wait_for(100);

    networks.cut();
    // For so long it is silent.
    std::thread::sleep(TICK_TIME / 12);
    networks.mend();
    ledger.wait_for(100);

    let out_of_order = networks.shape("netem delay 10ms 5ms reorder 30% 50%");
    if !out_of_order {
        println!("this kernel has no netem: nothing overtakes, and the line is slow by tbf");
        assert!(networks.shape("tbf rate 400kbit burst 2kb latency 20ms"), "it has no tbf either");
    }
    ledger.wait_for(100);
    assert!(networks.shape("pfifo"), "the usual queue");
    ledger.wait_for(100);
    let failed = ledger.failed.lock().expect("no panic in there").clone();
    assert!(failed.is_empty(), "nothing of this breaks a connection: {failed:?}");

    networks.cut();
    let down = loop {
        if let NodeEvent::Down { reason, .. } = world.wait(events.next()).expect("an event") {
            break reason;
        }
    };
    assert_eq!(down, LinkEnd::TickTimeout(TICK_TIME));
    beam.eventually("nodes(hidden)", "[]");
    networks.mend();
    ledger.wait_for(100);
    ledger.stop();
    for caller in callers {
        world.wait(caller).expect("a caller");
    }
    let counted: usize = world.wait(node.call(counter(&beam_name), atom!("count"), LIMIT)).expect("an answer");
    let failed = ledger.balance(counted);
    assert!(failed >= 8 && failed < ledger.sent.load(Ordering::Relaxed), "{failed}");
}
