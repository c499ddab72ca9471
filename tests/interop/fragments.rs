//! Long messages in fragments between BEAMs of every release and a Rust node, both ways.

use std::io::{Read, Write};
use std::time::Duration;

use bytes::Bytes;
use nodex_core::atom;
use nodex_core::net::{LinkEnd, LinkLimits};
use nodex_core::node::{Functions, Node, NodeBuilder, NodeEvent};
use nodex_core::protocol::Flags;
use nodex_core::protocol::control::{self, Control, Fragment, FrameForm};
use nodex_core::protocol::handshake::Local;
use nodex_core::term::{Atom, Pid, RawTerm};

use crate::interop::raw;
use nodex_testkit::erl::Beam;
use nodex_testkit::executable::Executable;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, LIMIT, OURS, World, beam_name};

for_each_release!(
    long_terms_go_both_ways,
    a_node_executable,
    many_processes_at_once,
    small_messages_go_past_long_ones,
    ends_with_long_reasons,
    who_is_killed_while_it_sends,
    forms_that_are_not_allowed,
    more_than_a_thousand_under_way,
    without_fragments,
    a_message_over_the_limit_of_its_own,
);

fn service() -> Functions {
    Functions::new()
        .add("ping", |term: RawTerm| (atom!("pong"), term))
        .add("size", |bytes: Bytes| bytes.len())
        .add("block", |ms: u64| std::thread::sleep(Duration::from_millis(ms)))
}

fn start_with(otp: &Otp, builder: NodeBuilder) -> (World, Beam, Node) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    let node = world.node(OURS, builder.register("service", service()));
    world.wait(node.connect(BEAM)).expect("a connection");
    beam.eval("register(shell, self())");
    (world, beam, node)
}

fn start(otp: &Otp) -> (World, Beam, Node) {
    let (world, beam, node) = start_with(otp, NodeBuilder::new());
    assert!(node.peer(BEAM).expect("it is connected").flags().contains(Flags::FRAGMENTS));
    (world, beam, node)
}

fn long_terms_go_both_ways(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    // Sizes around that of messages that are not cut, and far above.
    for size in [65_400, 65_535, 65_536, 65_537, 131_072, 200_000, 1_000_000, 64 << 20] {
        let call = format!(
            "gen_server:call({{service, '{OURS}'}}, {{ping, {{here, binary:copy(<<7>>, {size}), there}}}}, infinity)
                =:= {{pong, {{here, binary:copy(<<7>>, {size}), there}}}}"
        );
        assert_eq!(beam.eval(&call), "true", "{size} bytes");
        beam.eval(&format!("{{service, '{OURS}'}} ! {{ping, binary:copy(<<1, 2>>, {size} div 2)}}, ok"));
        let plain = format!("receive {{pong, Came}} -> Came =:= binary:copy(<<1, 2>>, {size} div 2) end");
        assert_eq!(beam.eval(&plain), "true", "{size} bytes");
        beam.forget();
        // Asked here, answered there.
        let (bytes, once) = (Bytes::from(vec![9; size]), 1);
        let copy: Bytes = world.wait(node.rpc(BEAM, "binary", "copy", &[&bytes, &once], LIMIT)).expect("a copy");
        assert!(copy == bytes, "{size} bytes");
    }
    // What is no binary, which is written and not shared.
    let numbers: Vec<u64> = (0..200_000).map(|number| number * 7_919).collect();
    let sum: u64 = world.wait(node.rpc(BEAM, "lists", "sum", &[&numbers], LIMIT)).expect("a sum");
    assert_eq!(sum, numbers.iter().sum::<u64>());
    assert_eq!(beam.eval(&format!("gen_server:call({{service, '{OURS}'}}, {{ping, lists:seq(1, 100000)}}, infinity) =:= {{pong, lists:seq(1, 100000)}}")), "true");
}

/// Its connection has a thread of its own.
fn a_node_executable(otp: &Otp) {
    let world = World::new();
    let mut beam = world.beam(otp, "host@127.0.0.1", &[]);
    let _node = world.drop_in(&Executable::example("example_client"), "drop_in", "host");
    beam.eventually("nodes(hidden)", "['drop_in@127.0.0.1']");
    let beside = "Self = self(),
        Ask = fun(Term) -> {any, 'drop_in@127.0.0.1'} ! {ping, Term}, receive {pong, Came} -> Came =:= Term end end,
        [spawn(fun() -> Self ! {long, Ask(binary:copy(<<N>>, 10000000 + N))} end) || N <- lists:seq(1, 6)],
        Small = fun Small(0, Count) -> Count;
                    Small(Left, Count) ->
                        true = Ask(<<Count:32>>),
                        receive {long, true} -> Small(Left - 1, Count + 1) after 0 -> Small(Left, Count + 1) end
                end,
        Small(6, 0) >= 6";
    assert_eq!(beam.eval(beside), "true");
}

/// Fragments of many messages come and go mixed.
fn many_processes_at_once(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let all = format!(
        "Self = self(), Call = fun(N) ->
            Term = {{N, binary:copy(<<N:32>>, 50000 + N)}},
            Self ! {{N, gen_server:call({{service, '{OURS}'}}, {{ping, Term}}, infinity) =:= {{pong, Term}}}}
        end,
        [spawn(fun() -> Call(N) end) || N <- lists:seq(1, 60)],
        lists:usort([receive {{N, Same}} -> Same end || N <- lists:seq(1, 60)])"
    );
    assert_eq!(beam.eval(&all), "[true]");
    world.wait(async {
        let mut calls = tokio::task::JoinSet::new();
        for number in 1..60_usize {
            let bytes = Bytes::from(vec![number as u8; 100_000 + number]);
            let node = node.clone();
            calls.spawn(async move {
                let copy: Bytes = node.rpc(BEAM, "binary", "copy", &[&bytes, &1], LIMIT).await.expect("a copy");
                assert!(copy == bytes, "{number}");
            });
        }
        assert_eq!(calls.join_all().await.len(), 59);
    });
    // One process to another: all in order, whatever their lengths.
    let order = format!(
        "[{{service, '{OURS}'}} ! {{ping, {{N, binary:copy(<<7>>, case N rem 3 of 0 -> 300000; _ -> N end)}}}}
            || N <- lists:seq(1, 100)],
        [receive {{pong, {{N, _}}}} -> N end || _ <- lists:seq(1, 100)] =:= lists:seq(1, 100)"
    );
    assert_eq!(beam.eval(&order), "true");
}

/// `message_latency_large_message` and similar cases: other processes are answered before a long message is complete,
/// in both directions.
fn small_messages_go_past_long_ones(otp: &Otp) {
    let (_world, mut beam, _node) = start(otp);
    let call = |term: &str| format!("gen_server:call({{service, '{OURS}'}}, {{ping, {term}}}, infinity)");
    let beside = format!(
        "Self = self(), Long = binary:copy(<<7>>, 32000000),
        Senders = [spawn_monitor(fun() -> {long} end) || _ <- lists:seq(1, 4)],
        Small = fun Small(Count) ->
            {small},
            case [P || {{P, _}} <- Senders, is_process_alive(P)] of [] -> Count; _ -> Small(Count + 1) end
        end,
        Small(0) > 4",
        long = call("Long"),
        small = call("small"),
    );
    assert_eq!(beam.eval(&beside), "true");
}

/// `exit_dist_fragments`: reasons for which one fragment is not enough, in both directions.
fn ends_with_long_reasons(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let shell = || (atom!("shell"), Atom::from_static(BEAM));
    let service = node.spawn(Functions::new().add("hello", || ())).expect("a service");
    world.wait(node.send(shell(), &service)).expect("it is sent");
    beam.eval(
        "process_flag(trap_exit, true), Service = receive P when is_pid(P) -> P end,
        link(Service), Monitor = monitor(process, Service)",
    );
    // What is answered after the link was handled comes after it.
    beam.eval(&format!("gen_server:call({{service, '{OURS}'}}, {{ping, 1}}, infinity)"));
    let long = || (atom!("long"), Bytes::from(vec![7; 500_000]));
    assert!(node.stop_service(&service, &long()).expect("a term"));
    beam.eval("Long = {long, binary:copy(<<7>>, 500000)}");
    assert_eq!(beam.eval("receive {'EXIT', Service, Exit} -> Exit =:= Long end"), "true");
    assert_eq!(beam.eval("receive {'DOWN', Monitor, process, Service, Down} -> Down =:= Long end"), "true");

    // The other way.
    let other: Pid = world.wait(node.rpc(BEAM, "erlang", "whereis", &[&atom!("shell")], LIMIT)).expect("a pid");
    let watched = node.spawn(Functions::new().add("hello", || ())).expect("a service");
    world.wait(node.send(other.clone(), &watched)).expect("it is sent");
    beam.eval(
        "Watched = receive W when is_pid(W) -> W end, Down2 = monitor(process, Watched), exit(Watched, Long), ok",
    );
    assert_eq!(beam.eval("receive {'DOWN', Down2, process, Watched, Why} -> Why =:= Long end"), "true");
    beam.eval("{Linked, _} = spawn_monitor(fun() -> receive go -> exit(Long) end end), register(linked, Linked)");
    let linked: Pid = world.wait(node.rpc(BEAM, "erlang", "whereis", &[&atom!("linked")], LIMIT)).expect("a pid");
    let ours = node.spawn(Functions::new().add("hello", || ())).expect("a service");
    world.wait(node.send(other, &ours)).expect("it is sent");
    beam.eval("Ours = receive O when is_pid(O) -> O end, Down3 = monitor(process, Ours)");
    world.wait(node.link(&ours, &linked)).expect("a link");
    beam.eventually("length(element(2, process_info(whereis(linked), links)))", "1");
    assert_eq!(beam.eval("linked ! go, receive {'DOWN', Down3, process, Ours, Same} -> Same =:= Long end"), "true");
    assert_eq!(node.peers().len(), 1);
}

/// If a sender is killed in the middle, its message is still completed, and nothing else is disturbed.
fn who_is_killed_while_it_sends(otp: &Otp) {
    let (_world, mut beam, node) = start(otp);
    for _ in 0..5 {
        let killed = format!(
            "{{Killed, Ref}} = spawn_monitor(fun() ->
                Big = binary:copy(<<7>>, 20000000), [{{service, '{OURS}'}} ! {{size, Big}} || _ <- lists:seq(1, 10)] end),
            gen_server:call({{service, '{OURS}'}}, {{ping, 1}}, infinity), exit(Killed, kill),
            receive {{'DOWN', Ref, process, Killed, _}} -> ok end,
            gen_server:call({{service, '{OURS}'}}, {{size, binary:copy(<<1>>, 300000)}}, infinity)"
        );
        assert_eq!(beam.eval(&killed), "300000");
        beam.forget();
    }
    assert_eq!(node.peers().len(), 1);
}

fn with_fragments(name: &str) -> Local {
    Local { flags: Flags::NODE, ..raw::local(name) }
}

fn with_length(frame: &[u8]) -> Vec<u8> {
    [&(frame.len() as u32).to_be_bytes()[..], frame].concat()
}

/// A fragment with numbers of one's choice.
fn fragment(first: bool, sequence: u64, number: u64, data: &[u8]) -> Vec<u8> {
    let tag = if first { control::FIRST_FRAGMENT } else { control::FRAGMENT };
    let references: &[u8] = if first { &[0] } else { &[] };
    with_length(&[&[131, tag][..], &sequence.to_be_bytes(), &number.to_be_bytes(), references, data].concat())
}

/// A pid of this node of which there is one, with a creation.
fn pid(node: &str, creation: u32) -> Vec<u8> {
    let name = [&[88, 119, node.len() as u8][..], node.as_bytes()].concat();
    [&name[..], &7_u32.to_be_bytes(), &0_u32.to_be_bytes(), &creation.to_be_bytes()].concat()
}

/// The control tuple of a message to the service, and `{size, Binary}`.
fn size_of(from: &str, length: usize) -> (Vec<u8>, Vec<u8>) {
    let control = [&[104, 4, 97, 6][..], &pid(from, 77), &[119, 0, 119, 7], b"service"].concat();
    let bytes = [&[104, 2, 119, 4][..], b"size", &[109], &(length as u32).to_be_bytes(), &vec![1; length]].concat();
    (control, bytes)
}

/// `bad_dist_fragments` with us as the victim: a peer that breaks the rules loses its connection, and no other peer
/// notices.
fn forms_that_are_not_allowed(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let port = world.port_of("ours");
    beam.eval(&format!("Monitor = monitor(process, {{service, '{OURS}'}})"));
    let mut events = node.events();
    let name = "bad@127.0.0.1";
    let (control, message) = size_of(name, 100);
    let whole = [&control[..], &message].concat();
    let first = |number| fragment(true, 5, number, &[&control[..], &message[..20]].concat());
    let with_references = with_length(&[&[131, 68, 1, 0, 0][..], &whole].concat());
    let cases: Vec<Vec<u8>> = vec![
        fragment(true, 5, 2, &control[..control.len() - 3]),
        [first(3), fragment(false, 5, 1, &message[20..])].concat(),
        [first(3), fragment(false, 5, 4, &message[20..])].concat(),
        [first(3), fragment(false, 6, 2, &message[20..])].concat(),
        [first(3), first(3)].concat(),
        fragment(true, 0, 2, &whole),
        fragment(true, 5, 0, &whole),
        with_length(&[&[112, 131][..], &control, &[131], &message].concat()),
        with_length(&[&[131, 68, 0, 131][..], &whole].concat()),
        with_length(&[&[131, 68, 0][..], &control, &[131], &message].concat()),
        with_references,
    ];
    for (number, case) in cases.into_iter().enumerate() {
        let (mut stream, established) = raw::connect(with_fragments(name), OURS, port).expect("a connection");
        assert!(established.peer.negotiated.contains(Flags::FRAGMENTS));
        stream.write_all(&case).expect("it is taken");
        raw::wait_closed(&mut stream);
        let Some(NodeEvent::Up { .. }) = world.wait(events.next()) else { panic!("it comes") };
        let Some(NodeEvent::Down { reason, .. }) = world.wait(events.next()) else { panic!("it goes") };
        assert!(matches!(&reason, LinkEnd::Protocol(_)), "case {number}: {reason}");
        let call = format!("gen_server:call({{service, '{OURS}'}}, {{ping, {number}}}, infinity)");
        assert_eq!(beam.eval(&call), format!("{{pong,{number}}}"));
    }
    assert_eq!(beam.eval("receive {'DOWN', Monitor, process, _, Why} -> Why after 0 -> holds end"), "holds");
}

/// A peer begins 1,100 messages and completes them all, while a BEAM continues its calls.
fn more_than_a_thousand_under_way(otp: &Otp) {
    const COUNT: u64 = 1100;
    let (world, mut beam, _node) = start(otp);
    let name = "many@127.0.0.1";
    let (mut stream, established) =
        raw::connect(with_fragments(name), OURS, world.port_of("ours")).expect("a connection");
    let (control, message) = size_of(name, 2000);
    let begun: Vec<u8> = (1..=COUNT)
        .flat_map(|sequence| fragment(true, sequence, 3, &[&control[..], &message[..20]].concat()))
        .collect();
    stream.write_all(&begun).expect("it is taken");
    assert_eq!(beam.eval(&format!("gen_server:call({{service, '{OURS}'}}, {{ping, 1}}, infinity)")), "{pong,1}");
    for sequence in 1..=COUNT {
        let rest = [fragment(false, sequence, 2, &message[20..1000]), fragment(false, sequence, 1, &message[1000..])];
        stream.write_all(&rest.concat()).expect("it is taken");
    }
    let (mut left, mut answers) = (established.rest, 0);
    let mut buffer = vec![0; 65_536];
    while answers < COUNT {
        let count = stream.read(&mut buffer).expect("answers");
        assert!(count > 0, "the connection ended after {answers} answers");
        left.extend_from_slice(&buffer[..count]);
        while let Some((length, rest)) = left.split_first_chunk::<4>()
            && let Some(frame) = rest.get(..u32::from_be_bytes(*length) as usize)
        {
            if !frame.is_empty() {
                let (_, Control::Send { message, .. }) =
                    control::decode_in(FrameForm::Header, frame).expect("a message")
                else {
                    panic!("no message")
                };
                assert_eq!(message, [98, 0, 0, 7, 208]);
                answers += 1;
            }
            left.drain(..4 + u32::from_be_bytes(*length) as usize);
        }
    }
}

/// A node that does without them is sent none, and sends none.
fn without_fragments(otp: &Otp) {
    let (world, mut beam, node) = start_with(otp, NodeBuilder::new().fragments(false));
    assert!(!node.peer(BEAM).expect("it is connected").flags().contains(Flags::FRAGMENTS));
    let call = format!(
        "byte_size(element(2, gen_server:call({{service, '{OURS}'}}, {{ping, binary:copy(<<7>>, 3000000)}}, infinity)))"
    );
    assert_eq!(beam.eval(&call), "3000000");
    let copy: Bytes =
        world.wait(node.rpc(BEAM, "binary", "copy", &[&Bytes::from(vec![1; 300_000]), &2], LIMIT)).expect("a copy");
    assert_eq!(copy.len(), 600_000);
    // A raw peer sees it in the output.
    let name = "plain@127.0.0.1";
    let (_, established) = raw::connect(with_fragments(name), OURS, world.port_of("ours")).expect("a connection");
    assert_eq!(FrameForm::of(established.peer.negotiated), FrameForm::PassThrough);
    assert!(Fragment::read(&fragment(true, 1, 1, &[])[4..]).is_some());
}

/// A message longer than a frame may be arrives; the sender of one over the limit of messages receives an error.
fn a_message_over_the_limit_of_its_own(otp: &Otp) {
    let limits = LinkLimits::default().max_frame(100_000).max_message(1_000_000);
    let (world, mut beam, node) = start_with(otp, NodeBuilder::new().limits(limits));
    let size = |bytes: usize| {
        format!("gen_server:call({{service, '{OURS}'}}, {{size, binary:copy(<<7>>, {bytes})}}, infinity)")
    };
    assert_eq!(beam.eval(&size(900_000)), "900000", "more than a frame may have");
    let refused = beam.eval(&size(2_000_000));
    assert!(refused.starts_with("{error,{message_too_big,") && refused.contains("limit of 1000000"), "{refused}");
    assert_eq!(beam.eval(&size(70_000)), "70000");
    let error = world
        .wait(node.rpc::<RawTerm>(BEAM, "binary", "copy", &[&Bytes::from_static(b"x"), &2_000_000], LIMIT))
        .expect_err("it is too long");
    assert!(error.to_string().contains("1000000"), "{error}");
    assert_eq!((node.peers().len(), beam_name(&beam).as_str()), (1, BEAM));
}
