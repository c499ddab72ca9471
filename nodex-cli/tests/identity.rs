//! Who is who among the nodes: the command leaves others of its name in peace, costs a BEAM next to nothing, and prints
//! pids, ports and references that can be read back as what they are.

use crate::support;

use std::time::{Duration, Instant};

use nodex_testkit::otp::{Otp, for_each_release};
use support::{Ended, world::World};

for_each_release!(a_peer_of_its_name, two_commands_of_one_name, costs_few_atoms, identifiers_can_be_given_back);

/// Gives to `got` the nodes that have come and gone, the newest last.
const WATCH: &str = "
    Watch = fun Watch(Got) ->
        receive
            {'$gen_call', {P, T}, got} -> P ! {T, lists:reverse(Got)}, Watch(Got);
            Other -> Watch([Other | Got])
        end
    end,
    register(watch, spawn(fun() -> net_kernel:monitor_nodes(true), Watch([]) end)),
    net_kernel:connect_node('beam@127.0.0.1')";

const UP: &str = "nodeup: :\"beam@127.0.0.1\"";

#[track_caller]
fn ends(ended: &Ended, code: i32, stderr: &str) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), stderr), "{ended}");
}

/// A visible BEAM and another one that is connected with it: the command has the name of that one.
fn a_peer_of_its_name(otp: &Otp) {
    let world = World::of(otp);
    let _other = world.beam(otp, "other@127.0.0.1", WATCH);
    let seen = |events: &str| {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let ended = world.nodex(&["call", "other", "watch", "got"]);
            if ended.stdout == format!("[{events}]\n") {
                return;
            }
            assert!(Instant::now() < deadline, "not {events} but {ended}");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    seen(UP);
    let words = "error: beam is connected with another node of the name other@127.0.0.1, and keeps it\n  hint: --name \
                 chooses another name; --take-over takes the place of that node, which loses its connection\n";
    for args in
        [&["ping", "beam"][..], &["rpc", "beam", "erlang", "node"], &["send", "beam", "echo", "hi"], &["info", "beam"]]
    {
        ends(&world.nodex(&[args, &["--name", "other@127.0.0.1"]].concat()), 4, words);
    }
    let doctor = world.nodex(&["doctor", "beam", "--name", "other@127.0.0.1"]);
    assert_eq!(doctor.code, Some(4), "{doctor}");
    assert!(doctor.stdout.contains("FAIL  the name is free"), "{doctor}");
    assert!(doctor.stdout.contains("it is connected with another node of the name other@127.0.0.1"), "{doctor}");
    seen(UP);
    assert_eq!(world.nodex(&["rpc", "beam", "erlang", "nodes"]).stdout, "[:\"other@127.0.0.1\"]\n");
    // On request it does. OTP 23 goes on with nobody before the other connection is gone.
    let ended = world.nodex(&["rpc", "beam", "erlang", "node", "--name", "other@127.0.0.1", "--take-over"]);
    if otp.release() < 25 {
        assert_eq!(ended.code, Some(5), "{ended}");
        return seen(UP);
    }
    ends(&ended, 0, "");
    seen(&format!("{UP}, nodedown: :\"beam@127.0.0.1\""));
}

/// The second one is refused, and the first one gets its answer.
fn two_commands_of_one_name(otp: &Otp) {
    let world = World::of(otp);
    let waiting = world.command(&["rpc", "beam", "timer", "sleep", "4000", "--name", "me", "--timeout", "60s"]).start();
    let deadline = Instant::now() + Duration::from_secs(60);
    while !world.nodex(&["rpc", "beam", "erlang", "nodes", "hidden"]).stdout.contains("me@") {
        assert!(Instant::now() < deadline, "it is not connected");
    }
    let second = world.nodex(&["ping", "beam", "--name", "me"]);
    assert_eq!((second.code, second.stdout.as_str()), (Some(4), ""), "{second}");
    let first = waiting.end(Duration::from_secs(60));
    assert_eq!((first.code, first.stdout.as_str()), (Some(0), ":ok\n"), "{first}");
    // One after the other they have the name in turn.
    for _ in 0..5 {
        assert_eq!(world.nodex(&["rpc", "beam", "erlang", "node", "--name", "me"]).code, Some(0));
    }
    // At one moment each is answered or refused, also where the BEAM gives up a connection that it has not entered yet.
    for _ in 0..10 {
        let one = || world.command(&["call", "beam", "echo", "x", "--name", "me"]).start();
        let all: Vec<_> = [(); 4].map(|()| one()).into_iter().map(|one| one.end(Duration::from_secs(60))).collect();
        assert!(all.iter().any(|one| one.code == Some(0)), "{}", all[0]);
        for one in all {
            assert!(matches!((one.code, &*one.stdout), (Some(0), "{:ok, :x}\n") | (Some(4), "")), "{one}");
        }
    }
}

/// A BEAM keeps every atom for ever, and the name of a node is one.
fn costs_few_atoms(otp: &Otp) {
    let world = World::of(otp);
    let atoms = || {
        let ended = world.nodex(&["rpc", "beam", "erlang", "system_info", "atom_count"]);
        ended.stdout.trim().parse::<u32>().unwrap_or_else(|error| panic!("{error}: {ended}"))
    };
    let commands: [&[&str]; 6] = [
        &["ping", "beam@127.0.0.1"],
        &["call", "beam", "echo", "x"],
        &["send", "beam", "echo", "x"],
        &["rpc", "beam", "erlang", "node"],
        &["info", "beam"],
        &["doctor", "beam"],
    ];
    let run = |args: &[&str]| {
        let ended = world.nodex(args);
        assert_eq!(ended.code, Some(0), "{ended}");
    };
    // The first of each has the BEAM load code.
    commands.iter().for_each(|args| run(args));
    let before = atoms();
    for round in 0..60 {
        run(commands[round % commands.len()]);
    }
    let after = atoms();
    assert!(after <= before + 8, "{before} atoms, and {after} after 60 runs");
}

/// What a BEAM gives is what it gets when it is given back, in either language.
fn identifiers_can_be_given_back(otp: &Otp) {
    let world = World::of(otp);
    let rpc = |args: &[&str]| {
        let ended = world.nodex(&[&["rpc", "beam", "erlang"], args].concat());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
        ended.stdout.trim().to_owned()
    };
    for syntax in ["elixir", "erlang"] {
        let given = |args: &[&str]| rpc(&[args, &["--syntax", syntax]].concat());
        let pid = given(&["whereis", "rex"]);
        assert_eq!(rpc(&["is_process_alive", &pid]), "true", "{pid}");
        let (rest, creation) = pid.trim_end_matches('>').rsplit_once('/').expect("a creation");
        // It prints what it was given, and the bytes say which incarnation that was.
        let reference = given(&["make_ref"]);
        assert!(reference.ends_with(&format!("/{creation}>")), "{reference} and {pid}");
        assert_eq!(given(&["hd", &format!("[{reference}]")]), reference);
        let bytes = creation.parse::<u32>().expect("a number").to_be_bytes().map(|byte| byte.to_string()).join(", ");
        assert!(rpc(&["term_to_binary", &reference]).contains(&bytes), "{reference}");
        let ports = given(&["ports"]);
        let port = ports.trim_matches(['[', ']']).split([' ', '>']).next().expect("a port");
        let port = format!("{port}>");
        assert_eq!(given(&["hd", &format!("[{port}]")]), port);
        assert_ne!(rpc(&["port_info", &port, "name"]), ":undefined", "{port}");
        // As a part of something, and as a request.
        let ended = world.nodex(&["call", "beam", "echo", &format!("{{{pid}, #{{k => [{pid} | {pid}]}}}}")]);
        assert_eq!(ended.stdout.matches("beam@127.0.0.1").count(), 3, "{ended}");

        // As the process that is meant.
        let echo = given(&["whereis", "echo"]);
        for process in [&echo, &format!("{}>", echo.split_once('/').expect("a creation").0)] {
            let ended = world.nodex(&["call", "beam", process, "{hello, 1}"]);
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "{:ok, {:hello, 1}}\n"), "{ended}");
        }
        let dead = given(&["list_to_pid", "[$<, $0, $., $9, $9, $9, $9, $., $0, $>]"]);
        for command in [&["call", "beam", &dead, "x"], &["call", "beam", &echo.replace("beam@", "other@"), "x"]] {
            let ended = world.nodex(command);
            assert!(ended.code == Some(6) && ended.stdout.is_empty(), "{ended}");
        }
        assert_eq!(world.nodex(&["send", "beam", &echo, "hello"]).code, Some(0));
        for command in ["call", "cast", "send"] {
            let ended = world.nodex(&[command, "beam", "<0.91.0>", "x"]);
            assert!(ended.code == Some(7) && ended.stderr.starts_with("error: this is no term: "), "{ended}");
        }

        // Of another incarnation it is another process; without one, that of the node that is asked.
        let creation: u32 = creation.parse().expect("a number");
        assert_eq!(rpc(&["is_process_alive", &format!("{rest}>")]), "true");
        let ended = world.nodex(&["rpc", "beam", "erlang", "is_process_alive", &format!("{rest}/{}>", creation ^ 1)]);
        assert!(!ended.stdout.contains("true"), "{ended}");
    }
    for (text, words) in [
        (
            "#PID<'other@127.0.0.1'.91.0>",
            "#PID<'other@127.0.0.1'.91.0> does not say which incarnation of its node is meant",
        ),
        ("{x, [#Ref<a@b.1.2.3>]}", "#Reference<a@b.1.2.3> does not say which incarnation of its node is meant"),
        ("<0.91.0>", "this is no term: this number stands for a node that only the one who printed it knows"),
    ] {
        let ended = world.nodex(&["rpc", "beam", "erlang", "is_process_alive", text]);
        assert!(ended.code == Some(7) && ended.stderr.starts_with(&format!("error: {words}")), "{ended}");
    }
}
