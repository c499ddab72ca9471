//! Aliases: ours, which BEAMs send to, and those of BEAMs. Before OTP 24 there are none.

use nodex_core::atom;
use nodex_core::convert::FromTerm;
use nodex_core::etf::Decoder;
use nodex_core::node::{CallError, Context, Functions, Mailbox, Node, NodeBuilder, SendError};
use nodex_core::protocol::Flags;
use nodex_core::protocol::control::UnsupportedControl;
use nodex_core::term::{Atom, Pid, RawTerm, Reference};

use nodex_testkit::erl::Beam;
use nodex_testkit::otp::{Otp, for_each_release};
use nodex_testkit::world::{BEAM, LIMIT, OURS, World};

for_each_release!(of_mailboxes, of_services, of_beams, mailboxes_are_processes, late_replies);

/// A node, and a BEAM whose shell process is registered as `shell`.
fn start(otp: &Otp) -> (World, Beam, Node) {
    let world = World::new();
    let mut beam = world.beam(otp, BEAM, &[]);
    let service = Functions::new()
        .add("ping", |term: RawTerm| (atom!("pong"), term))
        .add("alias", |cx: Context| cx.alias())
        .add("unalias", |alias: Reference, cx: Context| cx.node().unalias(&alias));
    let node = world.node(OURS, NodeBuilder::new().register("service", service));
    world.wait(node.connect(BEAM)).expect("a connection");
    beam.eval("register(shell, self())");
    (world, beam, node)
}

/// Has the BEAM's shell bind a variable to a term of ours.
fn tell(world: &World, beam: &mut Beam, node: &Node, variable: &str, term: impl nodex_core::convert::IntoTerm) {
    world.wait(node.send((atom!("shell"), Atom::from_static(BEAM)), term)).expect("it is sent");
    let told = beam.eval(&format!("{variable} = receive Told_{variable} -> Told_{variable} end, told"));
    assert_eq!(told, "told");
}

fn read<T: FromTerm>(term: &RawTerm) -> T {
    T::decode(&mut Decoder::new(term.as_bytes())).expect("such a term")
}

/// Waits until all that the BEAM has sent so far has been handled.
fn settle(beam: &mut Beam) {
    let call = format!("gen_server:call({{service, '{OURS}'}}, {{ping, 1}}, 60000)");
    assert_eq!(beam.eval(&call), "{pong,1}");
}

fn of_mailboxes(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let mut mailbox = node.mailbox();
    let (first, second) = (mailbox.alias(), mailbox.alias());
    assert_ne!(first, second);
    tell(&world, &mut beam, &node, "First", &first);
    tell(&world, &mut beam, &node, "Second", &second);
    if otp.release() < 24 {
        assert_eq!(beam.eval("catch (First ! hello), element(1, element(2, (catch (First ! hello))))"), "badarg");
        return;
    }
    beam.eval("[First ! {N, binary:copy(<<N>>, 100 * N)} || N <- lists:seq(1, 200)], Second ! last");
    for number in 1..=200 {
        let (came, bytes): (usize, bytes::Bytes) = read(&world.wait(mailbox.receive()));
        assert_eq!((came, bytes.len()), (number, 100 * number));
    }
    assert_eq!(world.wait(mailbox.receive()).to_string(), "last");
    // With a trace token, which changes the operation.
    beam.eval("seq_trace:set_token(label, 17), First ! traced, seq_trace:set_token([])");
    assert_eq!(world.wait(mailbox.receive()).to_string(), "traced");

    assert!(node.unalias(&first) && !node.unalias(&first));
    assert_eq!(beam.eval("First ! dropped, Second ! taken"), "taken");
    assert_eq!(world.wait(mailbox.receive()).to_string(), "taken");
    settle(&mut beam);
    assert!(mailbox.try_receive().is_none());
    drop(mailbox);
    assert!(!node.unalias(&second));
    beam.eval("First ! dropped, Second ! dropped");
    settle(&mut beam);
    // What was never an alias of ours: a reference of the BEAM's, and one of an earlier node of this name.
    beam.eval(&format!(
        "Old = binary_to_term(<<131, 90, 3:16, 119, (length(\"{OURS}\")), \"{OURS}\", 77:32, 0:32, 1:32, 0:32>>),
        Old ! dropped"
    ));
    settle(&mut beam);
    assert_eq!(node.peers().len(), 1);
}

fn of_services(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let alias = beam.eval(&format!("Alias = gen_server:call({{service, '{OURS}'}}, alias), is_reference(Alias)"));
    assert_eq!(alias, "true");
    assert_eq!(beam.eval("node(Alias)"), format!("'{OURS}'"));
    let service = node.whereis("service").expect("it is registered");
    let session = node.spawn(Functions::new().add("ping", |term: RawTerm| (atom!("pong"), term))).expect("a service");
    let alias = node.alias(&session).expect("it is there");
    tell(&world, &mut beam, &node, "Session", &alias);
    assert_eq!(node.alias(&Pid { id: 4711, ..service }), None);
    if otp.release() < 24 {
        return;
    }
    let pong = "(fun() -> receive {pong, Got} -> Got after 60000 -> nothing end end)()";
    assert_eq!(beam.eval(&format!("Alias ! {{ping, 1}}, {pong}")), "1");
    assert_eq!(beam.eval(&format!("Session ! {{ping, 2}}, {pong}")), "2");
    assert_eq!(beam.eval(&format!("gen_server:call({{service, '{OURS}'}}, {{unalias, Alias}})")), "true");
    beam.eval("Alias ! {ping, dropped}");
    // The end of a service is the end of its aliases.
    assert!(node.stop_service(&session, &atom!("done")).expect("a term"));
    assert!(!node.unalias(&alias));
    assert_eq!(node.alias(&session), None);
    beam.eval("Session ! {ping, dropped}");
    settle(&mut beam);
    assert_eq!(beam.eval("receive Any -> Any after 0 -> nothing end"), "nothing");
}

fn of_beams(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let mut mailbox = node.mailbox();
    tell(&world, &mut beam, &node, "Mailbox", mailbox.pid());
    if otp.release() < 24 {
        beam.eval("Mailbox ! make_ref()");
        let reference: Reference = read(&world.wait(mailbox.receive()));
        let needed = UnsupportedControl::Peer { what: "a message to an alias", missing: Flags::ALIAS };
        assert_eq!(node.try_send(reference.clone(), atom!("hello")), Err(SendError::Unsupported(needed)));
        let error = world.wait(node.send(reference, atom!("hello"))).expect_err("it knows no aliases");
        assert!(matches!(error, CallError::Unsupported(found) if found == needed), "{error}");
        return;
    }
    beam.eval("Alias = alias(), Mailbox ! Alias");
    let alias: Reference = read(&world.wait(mailbox.receive()));
    world.wait(node.send(alias.clone(), (1, "one"))).expect("it is sent");
    node.try_send(alias.clone(), (2, "two")).expect("it is sent");
    world.wait(mailbox.send(alias.clone(), (3, "three"))).expect("it is sent");
    for number in ["{1,<<\"one\">>}", "{2,<<\"two\">>}", "{3,<<\"three\">>}"] {
        assert_eq!(beam.eval("(fun() -> receive {_, _} = Sent -> Sent after 60000 -> nothing end end)()"), number);
    }
    // What is no process cannot be watched.
    let error = world.wait(node.monitor(alias.clone())).expect_err("an alias");
    assert!(error.to_string().contains("a pid or a name"), "{error}");
    assert_eq!(beam.eval("unalias(Alias)"), "true");
    world.wait(node.send(alias, atom!("dropped"))).expect("it is sent");
    tell(&world, &mut beam, &node, "Next", atom!("next"));
    assert_eq!(beam.eval("receive Any -> Any after 0 -> {nothing_but, Next} end"), "{nothing_but,next}");
    // An alias that is gone with its first reply, as those of calls are.
    beam.eval("Once = alias([reply]), Mailbox ! Once");
    let once: Reference = read(&world.wait(mailbox.receive()));
    for message in [atom!("one"), atom!("dropped")] {
        world.wait(node.send(once.clone(), message)).expect("it is sent");
    }
    tell(&world, &mut beam, &node, "Last", atom!("one"));
    assert_eq!(beam.eval("receive Left -> Left after 60000 -> nothing end"), "one");
    assert_eq!(beam.eval("receive Other -> Other after 0 -> nothing end"), "nothing");
}

/// A mailbox is a process to others: they send to its pid, and watch it.
fn mailboxes_are_processes(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    let mailboxes: [Mailbox; 2] = [node.mailbox(), node.mailbox()];
    let [mut one, two] = mailboxes;
    assert_ne!(one.pid(), two.pid());
    tell(&world, &mut beam, &node, "One", one.pid());
    tell(&world, &mut beam, &node, "Two", two.pid());
    assert_eq!(beam.eval("node(One)"), format!("'{OURS}'"));
    beam.eval("process_flag(trap_exit, true), M = monitor(process, One), link(One), N = monitor(process, Two)");
    beam.eval("[One ! N1 || N1 <- lists:seq(1, 1000)], exit(One, kill)");
    for number in 1..=1000 {
        assert_eq!(read::<i64>(&world.wait(one.receive())), number);
    }
    // Whom it writes to can answer.
    world.wait(one.send((atom!("shell"), Atom::from_static(BEAM)), (one.pid(), 5))).expect("it is sent");
    beam.eval("receive {From, Five} when is_pid(From) -> From ! Five * 2 after 60000 -> nothing end");
    assert_eq!(world.wait(one.receive()).to_string(), "10");
    drop(one);
    assert_eq!(beam.eval("receive {'DOWN', M, process, One, Why} -> Why after 60000 -> nothing end"), "normal");
    assert_eq!(beam.eval("receive {'EXIT', One, Also} -> Also after 60000 -> nothing end"), "normal");
    beam.eval("One ! late");
    node.peer(BEAM).expect("it is connected").disconnect();
    assert_eq!(beam.eval("receive {'DOWN', N, process, Two, Lost} -> Lost after 60000 -> nothing end"), "noconnection");
}

/// A reply that comes when nobody waits for it any more is not taken for the reply to another call.
fn late_replies(otp: &Otp) {
    let (world, mut beam, node) = start(otp);
    beam.eval(
        "Serve = fun Serve(Held) -> receive
            {'$gen_call', From, hold} -> Serve([From | Held]);
            {'$gen_call', From, Question} ->
                [gen_server:reply(H, late) || H <- Held],
                gen_server:reply(From, {answer, Question}), Serve(Held)
        end end, register(slow, spawn(fun() -> Serve([]) end))",
    );
    let server = || (atom!("slow"), Atom::from_static(BEAM));
    for _ in 0..3 {
        let limit = std::time::Duration::from_millis(20);
        let error = world.wait(node.call::<RawTerm>(server(), atom!("hold"), limit)).expect_err("it holds it");
        assert!(matches!(error, CallError::Timeout { .. }), "{error}");
    }
    for question in 0..500_u32 {
        let answer: (Atom, u32) = world.wait(node.call(server(), question, LIMIT)).expect("an answer");
        assert_eq!((answer.0.as_str(), answer.1), ("answer", question));
    }
}
