//! What `distribution_SUITE` of OTP asks of two BEAMs, with a Rust node in place of one. The table in docs/protocol.md says
//! which case is where.

use std::io::Write;
use std::time::Duration;

use nodex_core::net::LinkEnd;
use nodex_core::node::{Functions, Node, NodeBuilder, NodeEvent};
use nodex_core::term::{Atom, Pid, RawTerm};
use nodex_core::{atom, error::Chain};

use crate::interop::raw;
use nodex_testkit::erl::Beam;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, LIMIT, OURS, World};

for_each_release!(no_exit_is_lost, signals_to_a_busy_node, who_breaks_the_rules, reasons_for_nodedown);

fn start(otp: &Otp) -> (World, Beam, Node) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    let service = Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term)).add("block", |ms: u64| {
        std::thread::sleep(Duration::from_millis(ms));
    });
    let node = world.node(OURS, NodeBuilder::new().register("service", service));
    world.wait(node.connect(BEAM)).expect("a connection");
    beam.eval("register(shell, self())");
    (world, beam, node)
}

fn session(node: &Node) -> Pid {
    node.spawn(Functions::new().add("hello", || ())).expect("a service")
}

/// `lost_exit`: a link over a connection that is lost at that very moment ends both processes all the same.
fn no_exit_is_lost(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    for round in 0..20 {
        let shell = (atom!("shell"), Atom::from_static(BEAM));
        // A service of ours ends, and so does the connection.
        let service = session(&node);
        world.wait(node.send(shell, &service)).expect("it is sent");
        let linked = beam.eval(
            "Self = self(), Service = receive P -> P after 60000 -> lost end,
            {Watcher, Watching} = spawn_monitor(fun() ->
                process_flag(trap_exit, true), link(Service), Self ! linked,
                receive {'EXIT', Service, Reason} -> exit({told, Reason}) end end),
            receive linked -> linked end",
        );
        assert_eq!(linked, "linked");
        // What is answered after the link was handled comes after it.
        beam.eval(&format!("gen_server:call({{service, '{OURS}'}}, {{ping, 1}}, 60000)"));
        assert!(node.stop_service(&service, &atom!("over")).expect("a term"));
        if round % 2 == 0 {
            node.peer(BEAM).expect("it is connected").disconnect();
        } else {
            beam.eval(&format!("erlang:disconnect_node('{OURS}')"));
        }
        let told =
            beam.eval("receive {'DOWN', Watching, process, Watcher, {told, Why}} -> Why after 60000 -> lost end");
        assert!(["over", "noconnection"].contains(&&*told), "round {round}: {told}");
        world.wait(node.wait_disconnected(BEAM));
        beam.eventually("nodes(hidden)", "[]");

        // A process of the BEAM ends, and so does the connection.
        world.wait(node.connect(BEAM)).expect("a connection");
        beam.eval("register(other, spawn(fun() -> receive stop -> exit(stopped) end end))");
        let other: Pid = world.wait(node.rpc(BEAM, "erlang", "whereis", &[&atom!("other")], LIMIT)).expect("a pid");
        let service = session(&node);
        world.wait(node.link(&service, &other)).expect("a link");
        beam.eventually("length(element(2, process_info(whereis(other), links)))", "1");
        if round % 2 == 0 {
            beam.eval(&format!("other ! stop, erlang:disconnect_node('{OURS}')"));
        } else {
            beam.begin("catch other ! stop");
            node.peer(BEAM).expect("it is connected").disconnect();
            beam.answer();
        }
        world.wait(async {
            // It has no more aliases to give once it has ended.
            while let Some(alias) = node.alias(&service) {
                node.unalias(&alias);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        });
        world.wait(node.wait_disconnected(BEAM));
        beam.eventually("whereis(other)", "undefined");
        world.wait(node.connect(BEAM)).expect("a connection");
        beam.eventually("nodes(hidden)", &format!("['{OURS}']"));
        beam.forget();
    }
}

/// `link_to_busy`, `exit_to_busy`: signals wait behind messages that the node does not take in for now, and are not lost.
fn signals_to_a_busy_node(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let service = session(&node);
    world.wait(node.send((atom!("shell"), Atom::from_static(BEAM)), &service)).expect("it is sent");
    beam.eval("process_flag(trap_exit, true), Busy = receive P -> P after 60000 -> lost end");
    // Far more than both systems keep for a connection, so that senders over there are suspended.
    beam.eval(&format!(
        "{{service, '{OURS}'}} ! {{block, 1000}},
        Filler = binary:copy(<<7>>, 1000000), Self = self(),
        [spawn(fun() -> {{service, '{OURS}'}} ! {{ping, Filler}}, Self ! {{sent, receive {{pong, Filler}} -> ok end}} end)
            || _ <- lists:seq(1, 40)], ok"
    ));
    assert_eq!(beam.eval("Monitor = monitor(process, Busy), link(Busy), exit(Busy, enough), ok"), "ok");
    assert_eq!(beam.eval("receive {'EXIT', Busy, Linked} -> Linked after 60000 -> lost end"), "enough");
    assert_eq!(beam.eval("receive {'DOWN', Monitor, process, Busy, Seen} -> Seen after 60000 -> lost end"), "enough");
    assert_eq!(
        beam.eval("lists:usort([receive {sent, Sent} -> Sent after 60000 -> lost end || _ <- lists:seq(1, 40)])"),
        "[ok]"
    );
    assert_eq!(node.peers().len(), 1);
}

/// `bad_dist_structure` and similar cases with us as the victim: the connection of the offender ends, and no other peer
/// notices. `tests/hostile_listen.rs` has every offence.
fn who_breaks_the_rules(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let port = world.port_of("ours");
    beam.eval(&format!("Monitor = monitor(process, {{service, '{OURS}'}})"));
    let mut events = node.events();
    let frames: [(&[u8], &str); 4] = [
        (&[112, 131, 104, 0], "control"),
        (&[112, 131, 104, 2, 97, 2, 119, 0, 131, 106], "SEND"),
        (&[112, 131, 104, 3, 97, 1, 106, 106], "LINK"),
        (&[131, 68, 0, 104, 1, 97, 1], "distribution header"),
    ];
    for (number, (frame, words)) in frames.into_iter().enumerate() {
        let name = format!("bad{number}@127.0.0.1");
        let (mut stream, _) = raw::connect(raw::local(&name), OURS, port).expect("a connection");
        let length = frame.len() as u32;
        stream.write_all(&[&length.to_be_bytes(), frame].concat()).expect("it is taken");
        raw::wait_closed(&mut stream);
        let Some(NodeEvent::Up { node: up }) = world.wait(events.next()) else { panic!("it comes") };
        let Some(NodeEvent::Down { node: down, reason }) = world.wait(events.next()) else { panic!("it goes") };
        assert_eq!((&*up, &*down), (&*name, &*name));
        assert!(matches!(&reason, LinkEnd::Protocol(cause) if Chain(cause).to_string().contains(words)), "{reason}");
        let call = format!("gen_server:call({{service, '{OURS}'}}, {{ping, {number}}}, 60000)");
        assert_eq!(beam.eval(&call), format!("{{pong,{number}}}"));
    }
    assert_eq!(events.try_next(), None);
    assert_eq!(beam.eval("receive {'DOWN', Monitor, process, _, Why} -> Why after 0 -> holds end"), "holds");
}

/// `nodedown_reason` of `erl_distribution_SUITE`, and `applied_monitor_node`.
fn reasons_for_nodedown(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    beam.eval("net_kernel:monitor_nodes(true, [{node_type, hidden}, nodedown_reason])");
    beam.eval(&format!("apply(erlang, monitor_node, ['{OURS}', true])"));
    node.peer(BEAM).expect("it is connected").disconnect();
    let down =
        "receive {nodedown, N, Info} -> {N, proplists:get_value(nodedown_reason, Info)} after 60000 -> nothing end";
    assert_eq!(beam.eval(&format!("(fun() -> {down} end)()")), format!("{{'{OURS}',connection_closed}}"));
    assert_eq!(beam.eval(&format!("receive {{nodedown, '{OURS}'}} -> told after 60000 -> nothing end")), "told");
    world.wait(node.connect(BEAM)).expect("a connection");
    assert_eq!(beam.eval(&format!("receive {{nodeup, '{OURS}', _}} -> told after 60000 -> nothing end")), "told");
    beam.eval(&format!("erlang:disconnect_node('{OURS}')"));
    assert_eq!(beam.eval(&format!("(fun() -> {down} end)()")), format!("{{'{OURS}',disconnect}}"));
}
