//! What a Rust node asks of BEAMs: functions, monitors, links; and that its callers are processes to them.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use nodex_core::convert::IntoTerm;
use nodex_core::error::Chain;
use nodex_core::node::{Destination, Down, Functions, Monitor, Node, NodeBuilder, RpcError};
use nodex_core::term::{Atom, Pid, RawTerm};

use nodex_testkit::erl::Beam;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, DEADLINE, OURS, World};

for_each_release!(functions, failures, monitors, connections_lost, links, callers_are_processes);

fn start(otp: &Otp) -> (World, Beam, Node) {
    let world = World::new();
    let beam = world.beam(otp, BEAM, &[]);
    let node = world.node(OURS, NodeBuilder::new());
    (world, beam, node)
}

/// A process of the BEAM that ends with the first message that it gets.
fn waiting(world: &World, beam: &mut Beam, node: &Node, name: &str) -> Pid {
    beam.eval(&format!("register({name}, spawn(fun() -> receive Reason -> exit(Reason) end end))"));
    world.wait(node.rpc(BEAM, "erlang", "whereis", &[&atom(name)], DEADLINE)).expect("the pid of the process")
}

fn atom(name: &str) -> Atom {
    Atom::new(name).expect("a short name")
}

fn functions(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let lists = |function: &'static str, list: Vec<i64>| {
        world.wait(async { node.rpc::<i64>(BEAM, "lists", function, &[&list], DEADLINE).await })
    };
    // Small numbers travel as a string, others do not.
    assert_eq!(lists("sum", vec![1, 2, 3]).expect("it succeeds"), 6);
    assert_eq!(lists("max", vec![1000, -5]).expect("it succeeds"), 1000);
    let this: Atom = world.wait(node.rpc(BEAM, "erlang", "node", &[], DEADLINE)).expect("it succeeds");
    assert_eq!(this, BEAM);
    let (left, right) = (vec![7u8; 1_000_000], "x".to_owned());
    let size: usize = world
        .wait(async {
            let joined: RawTerm = node.rpc(BEAM, "erlang", "list_to_tuple", &[&(vec![&left])], DEADLINE).await?;
            node.rpc(BEAM, "erlang", "external_size", &[&joined], DEADLINE).await
        })
        .expect("it succeeds");
    assert!(size > 1_000_000 && right == "x");
    // What is printed is nobody's, and printing does not hang.
    let printed: Atom =
        world.wait(node.rpc(BEAM, "io", "format", &[&vec![104u8, 105]], DEADLINE)).expect("it succeeds");
    assert_eq!(printed, "ok");
    let read: (Atom, Atom) =
        world.wait(node.rpc(BEAM, "io", "get_line", &[&vec![62u8]], DEADLINE)).expect("it succeeds");
    assert_eq!((&*read.0, &*read.1), ("error", "enotsup"));
    // Many at once, each with its own result.
    let sums: Vec<i64> = world.wait(async {
        let calls = (0..200i64).map(|n| {
            let node = node.clone();
            tokio::spawn(async move {
                node.rpc::<i64>(BEAM, "erlang", "+", &[&n, &n], DEADLINE).await.expect("it succeeds")
            })
        });
        let mut sums = Vec::new();
        for call in calls.collect::<Vec<_>>() {
            sums.push(call.await.expect("it succeeds"));
        }
        sums
    });
    assert_eq!(sums, (0..200).map(|n| 2 * n).collect::<Vec<_>>());
    assert_eq!(beam.eval("length(nodes(hidden))"), "1");
}

fn failures(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let call = |module: &str, function: &str, arguments: &[&(dyn IntoTerm + Sync)], limit: Duration| {
        world.wait(node.rpc::<RawTerm>(BEAM, module, function, arguments, limit)).expect_err("it fails")
    };
    match call("lists", "nothing", &[&1, &atom("a")], DEADLINE) {
        RpcError::Error { reason, stack } => {
            assert_eq!(reason.to_string(), "undef");
            assert_eq!(stack.to_string(), "[{lists,nothing,[1,a],[]}]");
        }
        other => panic!("{other}"),
    }
    match call("erlang", "atom_to_list", &[&1], DEADLINE) {
        RpcError::Error { reason, .. } => assert_eq!(reason.to_string(), "badarg"),
        other => panic!("{other}"),
    }
    match call("erlang", "exit", &[&(atom("bye"), 1)], DEADLINE) {
        RpcError::Exit { reason } => assert_eq!(reason.to_string(), "{bye,1}"),
        other => panic!("{other}"),
    }
    match call("erlang", "throw", &[&atom("ball")], DEADLINE) {
        RpcError::Throw { value } => assert_eq!(value.to_string(), "ball"),
        other => panic!("{other}"),
    }
    beam.eval(
        "K = spawn(fun F() -> receive after 20 -> ok end, [exit(P, stop) || P <- processes(),
        process_info(P, current_function) =:= {current_function, {timer, sleep, 1}}], F() end)",
    );
    match call("timer", "sleep", &[&60_000], DEADLINE) {
        RpcError::Signal { reason } => assert_eq!(reason.to_string(), "stop"),
        other => panic!("{other}"),
    }
    beam.eval("exit(K, kill)");
    let limit = Duration::from_millis(100);
    assert!(matches!(call("timer", "sleep", &[&1000], limit), RpcError::Timeout { limit: l } if l == limit));
    let wrong = world.wait(node.rpc::<i64>(BEAM, "erlang", "node", &[], DEADLINE)).expect_err("it fails");
    assert_eq!(Chain(&wrong).to_string(), "the result cannot be read: expected integer, got atom");
    let nobody =
        world.wait(node.rpc::<i64>("nobody@127.0.0.1", "erlang", "node", &[], DEADLINE)).expect_err("it fails");
    assert!(matches!(nobody, RpcError::Connect(_)), "{nobody}");
    // The late result of the sleep is nobody's.
    let slept: Atom = world.wait(node.rpc(BEAM, "timer", "sleep", &[&1000], DEADLINE)).expect("it succeeds");
    assert_eq!(slept, "ok");
    assert_eq!(world.wait(node.rpc::<i64>(BEAM, "erlang", "abs", &[&-1], DEADLINE)).expect("it succeeds"), 1);
}

/// Whether the process is still there.
fn holds(world: &World, monitor: &mut Monitor) -> bool {
    world.wait(poll_fn(|context| Poll::Ready(Pin::new(&mut *monitor).poll(context).is_pending())))
}

fn monitors(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let pid = waiting(&world, &mut beam, &node, "one");
    let named = Destination::try_from(("one", BEAM)).expect("a node name");
    let mut by_pid = world.wait(node.monitor(pid.clone())).expect("it succeeds");
    let mut by_name = world.wait(node.monitor(named.clone())).expect("it succeeds");
    let dropped = world.wait(node.monitor(pid.clone())).expect("it succeeds");
    assert_eq!((by_pid.process(), by_name.process()), (&Destination::from(pid.clone()), &named));
    beam.eventually("length(element(2, process_info(whereis(one), monitored_by)))", "3");
    drop(dropped);
    beam.eventually("length(element(2, process_info(whereis(one), monitored_by)))", "2");
    // What was sent before this answer has come.
    let _: Atom = world.wait(node.rpc(BEAM, "erlang", "node", &[], DEADLINE)).expect("it succeeds");
    assert!(holds(&world, &mut by_pid) && holds(&world, &mut by_name));
    beam.eval("one ! {all, \"done\"}");
    for monitor in [by_pid, by_name] {
        match world.wait(monitor) {
            Down::Exit { reason } => assert_eq!(reason.to_string(), "{all,\"done\"}"),
            other => panic!("{other}"),
        }
    }
    for gone in [Destination::from(pid), named] {
        let monitor = world.wait(node.monitor(gone)).expect("it succeeds");
        assert_eq!(world.wait(monitor), Down::NoProcess);
    }
}

fn connections_lost(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let pid = waiting(&world, &mut beam, &node, "one");
    let session = node.spawn(Functions::new().add("hello", || ())).expect("it succeeds");
    world.wait(node.link(&session, &pid)).expect("it succeeds");
    let monitor = world.wait(node.monitor(pid)).expect("it succeeds");
    let caller = node.clone();
    let call = world.spawn(async move { caller.rpc::<Atom>(BEAM, "timer", "sleep", &[&60_000], DEADLINE).await });
    beam.eventually(
        "length([P || P <- processes(), process_info(P, current_function) =:=
        {current_function, {timer, sleep, 1}}])",
        "1",
    );
    beam.kill();
    assert_eq!(world.wait(monitor), Down::NoConnection);
    assert!(matches!(world.wait(call).expect("it succeeds"), Err(RpcError::NoConnection)));
    // The service was linked to a process over there: it has ended with the connection.
    world.wait(async {
        while node.stop_service(&session, &atom("late")).expect("it succeeds") {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    let nobody = world.wait(node.monitor((atom("one"), atom(BEAM)))).expect_err("it fails");
    assert!(nobody.to_string().contains(BEAM), "{nobody}");
}

fn links(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let service = || node.spawn(Functions::new().add("hello", || ())).expect("it succeeds");
    // The process over there ends: so does the service.
    let (one, session) = (waiting(&world, &mut beam, &node, "one"), service());
    world.wait(node.link(&session, &one)).expect("it succeeds");
    world.wait(node.link(&session, &one)).expect("it succeeds");
    beam.eventually("length(element(2, process_info(whereis(one), links)))", "1");
    beam.eval("one ! over");
    ends_by_itself(&world, &mut beam, &node, &session);
    // The service ends: so does the process over there, with the same reason.
    let (two, session) = (waiting(&world, &mut beam, &node, "two"), service());
    world.wait(node.link(&session, &two)).expect("it succeeds");
    let monitor = world.wait(node.monitor(two)).expect("it succeeds");
    assert!(node.stop_service(&session, &(atom("bye"), 1)).expect("it succeeds"));
    match world.wait(monitor) {
        Down::Exit { reason } => assert_eq!(reason.to_string(), "{bye,1}"),
        other => panic!("{other}"),
    }
    // A link that was taken away does nothing.
    let (three, session) = (waiting(&world, &mut beam, &node, "three"), service());
    world.wait(node.link(&session, &three)).expect("it succeeds");
    node.unlink(&session, &three);
    beam.eventually("length(element(2, process_info(whereis(three), links)))", "0");
    assert!(node.stop_service(&session, &atom("bye")).expect("it succeeds"));
    assert_eq!(beam.eval("is_pid(whereis(three))"), "true");
    // One that cannot be made ends the service with noproc.
    let (gone, session) = (waiting(&world, &mut beam, &node, "four"), service());
    beam.eval("four ! over");
    beam.eventually("whereis(four)", "undefined");
    world.wait(node.link(&session, &gone)).expect("it succeeds");
    ends_by_itself(&world, &mut beam, &node, &session);
}

/// Waits until the BEAM sees no such service.
fn ends_by_itself(world: &World, beam: &mut Beam, node: &Node, service: &Pid) {
    beam.eval("register(watcher, spawn(fun W() -> receive {watch, P} -> monitor(process, P) end, W() end))");
    world.wait(node.send((atom("watcher"), atom(BEAM)), (atom("watch"), service.clone()))).expect("it succeeds");
    beam.eventually("[R || {'DOWN', _, _, _, R} <- element(2, process_info(whereis(watcher), messages))]", "[noproc]");
    beam.eval("exit(whereis(watcher), kill)");
}

/// Servers monitor their clients and forget those that are gone: a caller is there until it has its reply.
fn callers_are_processes(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    beam.eval(
        "register(server, spawn(fun Serve() -> receive {'$gen_call', {P, Tag}, Request} ->
            M = monitor(process, P),
            receive
                {'DOWN', M, process, P, Early} -> P ! {Tag, {early, Early}}
            after 100 ->
                P ! {Tag, Request},
                receive {'DOWN', M, process, P, R} -> server_log ! {down, R} after 10000 -> server_log ! nothing end
            end
        end, Serve() end))",
    );
    beam.eval("register(server_log, self())");
    let reply: Atom =
        world.wait(node.call((atom("server"), atom(BEAM)), atom("hello"), DEADLINE)).expect("it succeeds");
    assert_eq!(reply, "hello");
    assert_eq!(beam.eval("receive Said -> Said after 10000 -> none end"), "{down,normal}");
}
