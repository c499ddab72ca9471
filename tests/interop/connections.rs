//! How connections with a BEAM come to be, and how they end.

use std::net::Ipv4Addr;
use std::time::Duration;

use nodex_core::error::Chain;
use nodex_core::net::LinkEnd;
use nodex_core::node::{Backoff, Functions, Node, NodeBuilder, NodeEvent};
use nodex_core::protocol::Cookie;
use nodex_core::protocol::Flags;
use nodex_core::protocol::handshake::HandshakeError;
use nodex_core::{atom, term::Atom};

use crate::interop::raw;
use nodex_testkit::erl::Beam;
use nodex_testkit::executable::Executable;
use nodex_testkit::free_port;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::run::Run;
use nodex_testkit::world::{BEAM, COOKIE, DEADLINE, LIMIT, OURS, World, beam_name};

for_each_release!(
    both_ways,
    a_connection_that_the_beam_still_has,
    at_the_same_time,
    named_by_a_beam,
    naming_a_beam,
    wrong_cookies,
    mandatory_flags,
    published_again,
    without_epmd,
    over_ipv6,
    kept_connected,
    visible,
    visible_executable,
);

fn adds() -> NodeBuilder {
    NodeBuilder::new().service(Functions::new().add("add", |a: i64, b: i64| a.checked_add(b)))
}

/// Each side has the other do something.
fn assert_works(world: &World, node: &Node, beam: &mut Beam) {
    let sum = format!("gen_server:call({{sum, '{}'}}, {{add, 1, 2}}, 60000)", node.name());
    assert_eq!(beam.eval(&sum), "3");
    let kernel = (atom!("net_kernel"), beam_name(beam));
    let yes: Atom = world.wait(node.call(kernel, (atom!("is_auth"), node.name()), LIMIT)).expect("an answer");
    assert_eq!(yes, "yes");
}

fn both_ways(otp: &Otp) {
    let world = World::new();
    let node = world.node(OURS, adds());
    let mut events = node.events();
    let mut beam = world.beam(otp, BEAM, &[]);
    assert_eq!(beam.eval("list_to_integer(erlang:system_info(otp_release))"), otp.release().to_string());
    assert_eq!(beam.eval(&format!("net_kernel:connect_node('{OURS}')")), "true");
    assert_eq!(beam.eval("{nodes(), nodes(hidden)}"), format!("{{[],['{OURS}']}}"));
    assert_works(&world, &node, &mut beam);
    let peer = world.wait(node.wait_connected(BEAM));
    peer.disconnect();
    beam.eventually("nodes(hidden)", "[]");
    world.wait(node.connect(BEAM)).expect("a connection");
    beam.eventually("nodes(hidden)", &format!("['{OURS}']"));
    assert_works(&world, &node, &mut beam);
    assert_eq!(beam.eval(&format!("net_adm:ping('{OURS}')")), "pong");
    beam.eval(&format!("erlang:disconnect_node('{OURS}')"));
    world.wait(node.wait_disconnected(BEAM));
    assert_eq!(beam.eval(&format!("net_adm:ping('{OURS}')")), "pong");
    beam.kill();

    let node_name = Atom::from_static(BEAM);
    let up = NodeEvent::Up { node: node_name.clone() };
    for reason in [LinkEnd::Shutdown, LinkEnd::Closed, LinkEnd::Closed] {
        let down = NodeEvent::Down { node: node_name.clone(), reason };
        assert_eq!(world.wait(events.next()).expect("an event"), up);
        assert_eq!(world.wait(events.next()).expect("an event"), down);
    }
}

/// `alive`: a connection that was lost on our side only. OTP 23 wants it to end first.
fn a_connection_that_the_beam_still_has(otp: &Otp) {
    let world = World::new();
    let node = world.node(OURS, adds());
    let mut beam = world.beam(otp, BEAM, &[]);
    let port = world.port_of("beam");
    let (mut old, _) = raw::connect(raw::local(OURS), BEAM, port).expect("a connection");
    beam.eventually("nodes(hidden)", &format!("['{OURS}']"));

    let connecting = node.clone();
    let attempt = world.spawn(async move { connecting.connect(BEAM).await });
    if otp.release() < 25 {
        std::thread::sleep(Duration::from_millis(100));
        assert!(raw::is_open(&mut old));
        assert!(!attempt.is_finished());
        drop(old);
    } else {
        raw::wait_closed(&mut old);
    }
    world.wait(attempt).expect("no panic").expect("a connection");
    assert_works(&world, &node, &mut beam);
}

/// Both connect at the same moment, again and again, with our name before theirs and behind it.
fn at_the_same_time(otp: &Otp) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    for name in ["a@127.0.0.1", "z@127.0.0.1"] {
        let node = world.node(name, adds());
        for round in 0..25_u64 {
            beam.begin(&format!("net_kernel:connect_node('{name}')"));
            // The BEAM needs some hundred microseconds to begin.
            std::thread::sleep(Duration::from_micros(100 * (round % 10)));
            world.wait(node.connect(BEAM)).unwrap_or_else(|error| panic!("{name} {round}: {error}"));
            assert_eq!(beam.answer(), "true", "{name} {round}");
            assert_works(&world, &node, &mut beam);
            assert_eq!(node.peers().len(), 1);
            beam.eval(&format!("erlang:disconnect_node('{name}')"));
            world.wait(node.wait_disconnected(BEAM));
        }
        world.wait(node.stop(Duration::ZERO));
    }
}

/// Our node has no name and receives one.
fn named_by_a_beam(otp: &Otp) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    let cookie = Cookie::new(COOKIE).expect("a cookie");
    let builder = adds().epmd_port(world.epmd_port());
    let node = world.wait(builder.start_unnamed("127.0.0.1", BEAM, cookie.clone())).expect("a name");
    assert!(node.name().ends_with("@127.0.0.1") && node.creation() > 3, "{} {}", node.name(), node.creation());
    beam.eventually("nodes(hidden)", &format!("['{}']", node.name()));
    assert_works(&world, &node, &mut beam);

    let second = adds().epmd_port(world.epmd_port()).start_unnamed("127.0.0.1", BEAM, cookie);
    let second = world.wait(second).expect("a name");
    assert_ne!(node.name(), second.name());
    assert_works(&world, &second, &mut beam);

    // The name stays when the connection is lost.
    node.peer(BEAM).expect("it is connected").disconnect();
    beam.eventually("nodes(hidden)", &format!("['{}']", second.name()));
    world.wait(node.connect(BEAM)).expect("a connection");
    assert_works(&world, &node, &mut beam);
}

/// A BEAM has no name and receives one.
fn naming_a_beam(otp: &Otp) {
    let world = World::new();
    let node = world.node(OURS, adds());
    let mut beam = world.beam(otp, "undefined@127.0.0.1", &["-dist_listen", "false"]);
    assert_eq!(beam.eval(&format!("net_kernel:connect_node('{OURS}')")), "true");
    let name = beam.eval("node()");
    assert!(name.ends_with("@127.0.0.1'") && !name.contains("undefined"), "{name}");
    // The BEAM may be done with the handshake before our node is.
    let peer = world.wait(node.wait_connected(name.trim_matches('\'')));
    assert_eq!(node.peers().len(), 1);
    assert_eq!(beam.eval(&format!("gen_server:call({{sum, '{OURS}'}}, {{add, 1, 2}}, 60000)")), "3");
    let kernel = (atom!("net_kernel"), peer.name().clone());
    let yes: Atom = world.wait(node.call(kernel, (atom!("is_auth"), node.name()), LIMIT)).expect("an answer");
    assert_eq!(yes, "yes");
}

fn wrong_cookies(otp: &Otp) {
    let world = World::new();
    let node = world.node(OURS, adds());
    let mut beam = world.beam(otp, BEAM, &[]);
    assert_eq!(beam.eval("erlang:set_cookie(node(), guess)"), "true");
    assert_eq!(beam.eval(&format!("net_kernel:connect_node('{OURS}')")), "false");
    let error = world.wait(node.connect(BEAM)).expect_err("the wrong cookie");
    assert!(Chain(&error).to_string().contains("the cookies differ"), "{error}");
    assert_eq!(beam.eval(&format!("net_adm:ping('{OURS}')")), "pang");
    assert_eq!((beam.eval("nodes(hidden)").as_str(), node.peers().len()), ("[]", 0));
    // The right one, for this node only.
    assert_eq!(beam.eval(&format!("erlang:set_cookie('{OURS}', {COOKIE})")), "true");
    assert_eq!(beam.eval(&format!("net_adm:ping('{OURS}')")), "pong");
    assert_works(&world, &node, &mut beam);
}

/// `erl_distribution_wb_SUITE:missing_compulsory_dflags`: what the BEAM says is mandatory is what it refuses us for
/// when it is missing, and we have all of it.
fn mandatory_flags(otp: &Otp) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    let port = world.port_of("beam");
    let mandatory: u64 = beam.eval("element(3, erts_internal:get_dflags())").parse().expect("flags");
    assert!(Flags::HIDDEN.contains(Flags::from_bits(mandatory)));
    for bit in (0..64).map(|bit| 1 << bit).filter(|bit| Flags::HIDDEN.bits() & bit != 0) {
        let flag = Flags::from_bits(bit);
        if flag == Flags::MANDATORY_25_DIGEST {
            continue;
        }
        match raw::connect(raw::local_without(OURS, flag), BEAM, port) {
            Ok((stream, _)) => {
                assert_eq!(mandatory & bit, 0, "{flag}");
                drop(stream);
                beam.eventually("nodes(hidden)", "[]");
            }
            Err(error) => {
                if mandatory & bit == 0 {
                    // OTP 23 then continues the earlier handshake, and we do not.
                    assert!(otp.release() < 25 && flag == Flags::HANDSHAKE_23, "{flag}: {error}");
                    continue;
                }
                assert_eq!(error, HandshakeError::NotAllowed { peer: BEAM.into() }, "{flag}");
            }
        }
    }
}

/// epmd goes and comes back. OTP 23 does not register again, and finds others nevertheless.
fn published_again(otp: &Otp) {
    let mut world = World::new();
    let node = world.node(OURS, adds());
    let mut beam = world.beam(otp, BEAM, &[]);
    assert_works(&world, &node, &mut beam);
    world.stop_epmd();
    // Connections do not need it.
    assert_works(&world, &node, &mut beam);
    node.peer(BEAM).expect("it is connected").disconnect();
    beam.eventually("nodes(hidden)", "[]");
    let error = world.wait(node.connect(BEAM)).expect_err("no epmd");
    assert!(Chain(&error).to_string().contains("epmd"), "{error}");
    world.start_epmd();
    world.wait_registered("ours");
    if otp.release() >= 25 {
        world.wait_registered("beam");
    }
    assert_eq!(beam.eval(&format!("net_adm:ping('{OURS}')")), "pong");
    assert_works(&world, &node, &mut beam);
    // A node that stops is not published any more.
    world.wait(node.stop(Duration::ZERO));
    world.wait_unregistered("ours");
}

/// One port for all nodes, each at an address of its own.
fn without_epmd(otp: &Otp) {
    let world = World::new();
    let port = free_port();
    let builder = adds().dist_port(port).listen((Ipv4Addr::new(127, 0, 0, 2), 0).into());
    let cookie = Cookie::new(COOKIE).expect("a cookie");
    let node = world.wait(builder.start("ours@127.0.0.2", cookie)).expect("a node");
    let mut beam = Beam::start(otp, BEAM, COOKIE, 1, &["-erl_epmd_port", &port.to_string()]);
    assert_eq!(beam.eval("net_adm:ping('ours@127.0.0.2')"), "pong");
    assert_works(&world, &node, &mut beam);
    node.peer(BEAM).expect("it is connected").disconnect();
    beam.eventually("nodes(hidden)", "[]");
    world.wait(node.connect(BEAM)).expect("a connection");
    assert_works(&world, &node, &mut beam);
    // An executable receives it in its environment.
    let mut command = world.drop_in_command(&Executable::example("no_macro"), "drop_in", "beam");
    command.env("ERL_EPMD_PORT", "1").env("ERL_DIST_PORT", port.to_string());
    let drop_in = Run::new(command).any_bytes().start();
    beam.eventually("lists:member('drop_in@127.0.0.1', nodes(hidden))", "true");
    assert_eq!(beam.eval("gen_server:call({any, 'drop_in@127.0.0.1'}, {add, 1, 2}, 60000)"), "3");
    beam.kill();
    assert!(drop_in.end(DEADLINE).code == Some(0));
}

fn over_ipv6(otp: &Otp) {
    let world = World::new();
    let node = world.start("ours@::1", adds().listen("[::1]:0".parse().expect("an address")));
    let mut beam = world.beam(otp, "beam@::1", &["-proto_dist", "inet6_tcp"]);
    assert_eq!(beam.eval("net_adm:ping('ours@::1')"), "pong");
    assert_works(&world, &node, &mut beam);
    node.peer("beam@::1").expect("it is connected").disconnect();
    beam.eventually("nodes(hidden)", "[]");
    world.wait(node.connect("beam@::1")).expect("a connection");
    assert_works(&world, &node, &mut beam);
}

fn kept_connected(otp: &Otp) {
    let world = World::new();
    let node = world.start(OURS, adds());
    let mut events = node.events();
    let name = Atom::from_static(BEAM);
    // It is not there yet.
    let backoff = Backoff::new(Duration::from_millis(20), Duration::from_millis(100));
    let kept = world.within(|| node.keep_connected(&name, backoff)).expect("a node name");
    for _ in 0..2 {
        let mut beam = world.beam(otp, BEAM, &[]);
        let up = NodeEvent::Up { node: name.clone() };
        assert_eq!(world.wait(events.next()).expect("an event"), up);
        beam.eventually("nodes(hidden)", &format!("['{OURS}']"));
        beam.eval(&format!("erlang:disconnect_node('{OURS}')"));
        assert!(matches!(world.wait(events.next()).expect("an event"), NodeEvent::Down { .. }));
        assert_eq!(world.wait(events.next()).expect("an event"), up);
        assert_works(&world, &node, &mut beam);
        beam.kill();
        assert!(matches!(world.wait(events.next()).expect("an event"), NodeEvent::Down { .. }));
    }
    drop(kept);
    let mut beam = world.beam(otp, BEAM, &[]);
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(beam.eval("nodes(hidden)"), "[]");
    assert_eq!(events.try_next(), None);
}

/// A visible node is in `nodes()`, and `global` works beside it. What answers any name says nothing for `global`.
fn visible(otp: &Otp) {
    let named = NodeBuilder::new().register("sum", Functions::new().add("add", |a: i64, b: i64| a.checked_add(b)));
    for builder in [adds(), named] {
        let world = World::new();
        let node = world.node(OURS, builder.visible(true));
        let mut first = world.beam(otp, BEAM, &[]);
        let mut second = world.beam(otp, "second@127.0.0.1", &[]);
        assert_eq!(first.eval("net_adm:ping('second@127.0.0.1')"), "pong");
        assert_eq!(first.eval("global:sync()"), "ok");
        assert_eq!(first.eval(&format!("net_kernel:connect_node('{OURS}')")), "true");
        world.wait(node.connect("second@127.0.0.1")).expect("a connection");
        for beam in [&mut first, &mut second] {
            beam.eventually(&format!("lists:member('{OURS}', nodes()) andalso length(nodes())"), "2");
            assert_eq!(beam.eval("nodes(hidden)"), "[]");
            assert_works(&world, &node, beam);
            let down = format!(
                "(fun(M) -> receive {{'DOWN', M, process, _, Why}} -> Why end end)
                    (monitor(process, {{global_name_server, '{OURS}'}}))"
            );
            assert_eq!(beam.eval(&down), "noproc");
            assert_eq!(beam.eval("global:set_lock({lock, self()}, [node() | nodes()], 2)"), "true");
            assert_eq!(beam.eval("global:del_lock({lock, self()})"), "true");
            assert_eq!(beam.eval("global:trans({lock, self()}, fun() -> done end)"), "done");
            let name = beam.name().replace(['@', '.'], "_");
            assert_eq!(beam.eval(&format!("global:register_name({name}, self())")), "yes");
        }
        assert_eq!(second.eval("is_pid(global:whereis_name(beam_127_0_0_1))"), "true");
        // Whoever connected, and as often as one does. A BEAM that keeps out of `global` has nothing to wait for either.
        let mut apart = world.beam(otp, "apart@127.0.0.1", &["-connect_all", "false"]);
        assert_eq!(apart.eval(&format!("net_kernel:connect_node('{OURS}')")), "true");
        for beam in [&mut first, &mut second, &mut apart] {
            assert_eq!(beam.eval("global:sync()"), "ok");
            beam.eval(&format!("erlang:disconnect_node('{OURS}')"));
            world.wait(node.wait_disconnected(&beam_name(beam)));
            assert_eq!(beam.eval(&format!("net_kernel:connect_node('{OURS}')")), "true");
            assert_eq!(beam.eval("global:sync()"), "ok");
            assert_eq!(beam.eval(&format!("lists:member('{OURS}', nodes())")), "true");
        }
        drop(apart);

        // Its loss is not taken for a partition.
        world.wait(node.stop(Duration::ZERO));
        first.eventually("nodes()", "['second@127.0.0.1']");
        std::thread::sleep(Duration::from_millis(100));
        assert_eq!(first.eval("nodes()"), "['second@127.0.0.1']");
        assert_eq!(second.eval("nodes()"), format!("['{BEAM}']"));
        for beam in [first, second] {
            assert_eq!(beam.said(), "");
        }
    }
}

/// The same for a node whose connection has a thread of its own.
fn visible_executable(otp: &Otp) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    let mut command = world.drop_in_command(&Executable::example("citizen_under_test"), "citizen", "beam");
    command.env("CITIZEN_VISIBLE", "yes");
    let _running = Run::new(command).any_bytes().start();
    beam.eventually("nodes()", "['citizen@127.0.0.1']");
    assert_eq!(beam.eval("global:sync()"), "ok");
    assert_eq!(beam.eval("global:trans({lock, self()}, fun() -> done end)"), "done");
    assert_eq!(beam.said(), "");
}
