//! What `ei_connect_SUITE` and `ei_accept_SUITE` of OTP ask of a C node, with a Rust node in its place. The table in
//! docs/protocol.md says which case is where; those that are not here are beside other tests of the same thing.

use bytes::Bytes;
use nodex_core::atom;
use nodex_core::node::{Functions, Node, NodeBuilder};
use nodex_core::term::{Atom, Pid, RawTerm};

use nodex_testkit::erl::Beam;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, OURS, World};

for_each_release!(
    sends_by_pid_and_by_name,
    sends_large_messages,
    sends_funs,
    links_and_unlinks,
    pids_and_references_are_new,
    accepts_in_many_nodes_at_once,
    messages_while_the_connection_comes_up,
);

fn pings() -> NodeBuilder {
    NodeBuilder::new().register("ping", Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term)))
}

/// A node and a BEAM whose shell is registered as `shell`.
fn start(otp: &Otp) -> (World, Beam, Node) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    let node = world.node(OURS, pings());
    world.wait(node.connect(BEAM)).expect("a connection");
    beam.eval("register(shell, self())");
    (world, beam, node)
}

fn shell() -> (Atom, Atom) {
    (atom!("shell"), Atom::from_static(BEAM))
}

/// `ei_send`, `ei_reg_send`.
fn sends_by_pid_and_by_name(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let pid: Pid = world
        .wait(node.rpc(BEAM, "erlang", "whereis", &[&atom!("shell")], nodex_testkit::world::LIMIT))
        .expect("a pid");
    for number in 0..100 {
        world.wait(node.send(pid.clone(), (atom!("by_pid"), number))).expect("it is sent");
        world.wait(node.send(shell(), (atom!("by_name"), number))).expect("it is sent");
    }
    // Nobody has this name, and this process is long gone; neither is a reason to complain.
    world.wait(node.send((atom!("nobody"), Atom::from_static(BEAM)), 1)).expect("it is sent");
    world.wait(node.send(Pid { id: 30_000, ..pid }, 1)).expect("it is sent");
    let all = "(fun() -> [receive {How, N} -> {How, N} after 60000 -> lost end || _ <- lists:seq(1, 200)] end)()";
    let expected = "lists:append([[{by_pid, N}, {by_name, N}] || N <- lists:seq(0, 99)])";
    assert_eq!(beam.eval(&format!("{all} =:= {expected}")), "true");
    assert_eq!(beam.eval("receive Any -> Any after 0 -> nothing end"), "nothing");
}

/// `ei_reg_send_large`: sizes around those at which buffers grow and frames are cut, both ways.
fn sends_large_messages(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    for size in [0, 1, 63, 64, 65, 65_534, 65_535, 65_536, 1 << 20, (1 << 20) + 1, 10_000_000] {
        let bytes: Bytes = (0..size).map(|i: usize| i as u8).collect::<Vec<_>>().into();
        world.wait(node.send(shell(), &bytes)).expect("it is sent");
        let same = format!(
            "(fun() -> receive B -> B =:= binary:part(binary:copy(<<(list_to_binary(lists:seq(0, 255)))/binary>>, {size} div 256 + 1), 0, {size}) after 60000 -> lost end end)()"
        );
        assert_eq!(beam.eval(&same), "true", "{size}");
        let back = format!(
            "(fun() -> B = binary:copy(<<7>>, {size}), {{ping, '{OURS}'}} ! {{ping, B}}, receive {{pong, B}} -> same after 60000 -> lost end end)()"
        );
        assert_eq!(beam.eval(&back), "same", "{size}");
    }
}

/// `ei_send_funs`.
fn sends_funs(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let mut mailbox = node.mailbox();
    world.wait(mailbox.send(shell(), mailbox.pid())).expect("it is sent");
    beam.eval("Mailbox = receive Pid -> Pid after 60000 -> lost end");
    beam.eval("X = make_ref(), Funs = {fun lists:map/2, fun(A) -> {A, X} end, fun() -> X end}, Mailbox ! Funs");
    let funs = world.wait(mailbox.receive());
    world.wait(node.send(shell(), (funs.clone(), &funs))).expect("it is sent");
    assert_eq!(beam.eval("receive {Funs, Funs} -> (element(2, Funs))(1) =:= {1, X} after 60000 -> lost end"), "true");
}

/// `ei_link_unlink`, with both sides linking and unlinking all the time.
fn links_and_unlinks(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    for round in 0..20 {
        let service = node.spawn(Functions::new().add("hello", || ())).expect("a service");
        beam.eval("Other = spawn(fun() -> receive stop -> ok end end), register(other, Other)");
        let other: Pid = world
            .wait(node.rpc(BEAM, "erlang", "whereis", &[&atom!("other")], nodex_testkit::world::LIMIT))
            .expect("a pid");
        world.wait(node.send(shell(), &service)).expect("it is sent");
        beam.eval("Service = receive P -> P after 60000 -> lost end");
        let linking = {
            let (node, service, other) = (node.clone(), service.clone(), other.clone());
            world.spawn(async move {
                for _ in 0..50 {
                    node.link(&service, &other).await.expect("a link");
                    node.unlink(&service, &other);
                }
            })
        };
        beam.eval(
            "process_flag(trap_exit, true), [begin link(Service), unlink(Service) end || _ <- lists:seq(1, 50)], ok",
        );
        world.wait(linking).expect("no panic");
        // Nothing is left on either side: the end of one is nothing to the others.
        beam.eventually("element(2, process_info(whereis(other), links))", "[]");
        assert_eq!(beam.eval("lists:member(Service, element(2, process_info(self(), links)))"), "false");
        let kept = round % 2 == 0;
        if kept {
            world.wait(node.link(&service, &other)).expect("a link");
            beam.eventually("length(element(2, process_info(whereis(other), links)))", "1");
        }
        beam.eval("M = monitor(process, other)");
        assert!(node.stop_service(&service, &atom!("over")).expect("a term"));
        if kept {
            assert_eq!(beam.eval("receive {'DOWN', M, process, _, Why} -> Why after 60000 -> nothing end"), "over");
        } else {
            assert_eq!(
                beam.eval("other ! stop, receive {'DOWN', M, process, _, Why} -> Why after 60000 -> nothing end"),
                "normal"
            );
        }
        assert_eq!(beam.eval("receive {'EXIT', Service, _} = Exit -> Exit after 20 -> nothing end"), "nothing");
        beam.forget();
    }
}

/// `ei_make_pid`, `ei_make_ref`.
fn pids_and_references_are_new(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let mailboxes: Vec<_> = (0..500).map(|_| node.mailbox()).collect();
    let aliases: Vec<_> = mailboxes.iter().flat_map(|mailbox| [mailbox.alias(), mailbox.alias()]).collect();
    let pids: Vec<_> = mailboxes.iter().map(|mailbox| mailbox.pid()).collect();
    drop(mailboxes);
    let more: Vec<_> = (0..500).map(|_| node.mailbox()).collect();
    let more: Vec<_> = more.iter().map(|mailbox| mailbox.pid()).collect();
    world.wait(node.send(shell(), (pids, more, aliases))).expect("it is sent");
    beam.eval("{Pids, More, Refs} = receive All -> All after 60000 -> lost end, ok");
    assert_eq!(beam.eval("length(lists:usort(Pids ++ More))"), "1000");
    assert_eq!(beam.eval("length(lists:usort(Refs))"), "1000");
    assert_eq!(beam.eval("lists:usort([is_pid(P) || P <- Pids ++ More] ++ [is_reference(R) || R <- Refs])"), "[true]");
    assert_eq!(beam.eval("lists:usort([node(T) || T <- Pids ++ More ++ Refs])"), format!("['{OURS}']"));
}

/// `ei_accept`, `ei_threaded_accept`: many nodes in one program, to which two BEAMs connect at the same time.
fn accepts_in_many_nodes_at_once(otp: &Otp) {
    let world = World::new();
    let nodes: Vec<_> = (0..8).map(|number| world.node(&format!("ours{number}@127.0.0.1"), pings())).collect();
    let mut beams = [world.beam(otp, BEAM, &[]), world.beam(otp, "second@127.0.0.1", &[])];
    let names: Vec<_> = nodes.iter().map(|node| format!("'{}'", node.name())).collect();
    let names = format!("[{}]", names.join(", "));
    for beam in &mut beams {
        beam.begin(&format!(
            "Self = self(),
            [spawn(fun() -> {{ping, N}} ! {{ping, {{self(), N, T}}}},
                Self ! receive {{pong, {{P, N, T}}}} when P =:= self() -> ok after 60000 -> lost end end)
                || N <- {names}, T <- lists:seq(1, 20)],
            lists:usort([receive R -> R end || _ <- lists:seq(1, 160)])"
        ));
    }
    for beam in &mut beams {
        assert_eq!(beam.answer(), "[ok]");
        assert_eq!(beam.eval(&format!("lists:sort(nodes(hidden)) =:= lists:sort({names})")), "true");
    }
    assert!(nodes.iter().all(|node| node.peers().len() == 2));
}

/// `hopeful_random` of `ei_accept_SUITE`, `hopefull_data_encoding` and `hopefull_export_fun_bug` of `distribution_SUITE`:
/// messages are sent while the connection comes up, by whichever side makes it.
fn messages_while_the_connection_comes_up(otp: &Otp) {
    let world = World::new();
    let node = world.node(OURS, pings());
    let mut beam = world.beam(otp, BEAM, &[]);
    beam.load("hopeful.erl");
    // OTP 23.2.6 loses messages or ends when bit strings wait for a connection, also beside another OTP 23: docs/protocol.md.
    let kinds = if otp.release() == 23 { "no_bit_strings" } else { "all" };
    if kinds != "all" {
        println!("{otp}: sent without bit strings, which its emulator does not stand while a connection comes up");
    }
    for round in 0..20_u64 {
        beam.begin(&format!("hopeful:run('{OURS}', 8, 25, {kinds})"));
        if round % 2 == 1 {
            // The BEAM needs some hundred microseconds to begin.
            std::thread::sleep(std::time::Duration::from_micros(100 * round));
            world.wait(node.connect(BEAM)).expect("a connection");
        }
        assert_eq!(beam.answer(), "[]", "round {round}");
        // Some rounds begin before our side knows of the end.
        beam.eval(&format!("erlang:disconnect_node('{OURS}')"));
        if round % 3 == 0 {
            world.wait(node.wait_disconnected(BEAM));
        }
    }
}
