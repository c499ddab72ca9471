//! Who the command is among the nodes: it leaves others of its name in peace, and costs a BEAM next to nothing.

mod support;

use std::time::{Duration, Instant};

use support::{
    Ended,
    world::{Beam, Release, World},
};

/// Gives to `got` the nodes that have come and gone, the newest last.
const WATCH: &str = "
    Watch = fun Watch(Got) ->
        receive
            {'$gen_call', {P, T}, got} -> P ! {T, lists:reverse(Got)}, Watch(Got);
            Other -> Watch([Other | Got])
        end
    end,
    register(watch, spawn(fun() -> net_kernel:monitor_nodes(true), Watch([]) end)),
    net_kernel:connect_node('beam@127.0.0.1').";

const UP: &str = "nodeup: :\"beam@127.0.0.1\"";

#[track_caller]
fn ends(ended: &Ended, code: i32, stderr: &str) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), stderr), "{ended}");
}

/// A visible BEAM and another one that is connected with it: the command has the name of that one.
fn a_peer_of_its_name(release: Release) {
    let world = World::of(release);
    let _other = Beam::start(release, "other@127.0.0.1", world.port(), WATCH);
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
    // On request it does.
    ends(&world.nodex(&["rpc", "beam", "erlang", "node", "--name", "other@127.0.0.1", "--take-over", "-q"]), 0, "");
    seen(&format!("{UP}, nodedown: :\"beam@127.0.0.1\""));
}

/// The second one is refused, and the first one gets its answer.
fn two_commands_of_one_name(release: Release) {
    let world = World::of(release);
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
    // At one moment each is answered or refused.
    let all: Vec<_> = (0..4).map(|_| world.command(&["call", "beam", "echo", "x", "--name", "me"]).start()).collect();
    let all: Vec<_> = all.into_iter().map(|one| one.end(Duration::from_secs(60))).collect();
    assert!(all.iter().any(|one| one.code == Some(0)), "{}", all[0]);
    for one in all {
        assert!(matches!((one.code, &*one.stdout), (Some(0), "{:ok, :x}\n") | (Some(4), "")), "{one}");
    }
}

/// A BEAM keeps every atom for ever, and the name of a node is one.
fn costs_few_atoms(release: Release) {
    let world = World::of(release);
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

macro_rules! releases {
    ($($module:ident $release:expr;)*) => {$(
        mod $module {
            #[test]
            fn a_peer_of_its_name() {
                super::a_peer_of_its_name($release);
            }

            #[test]
            fn two_commands_of_one_name() {
                super::two_commands_of_one_name($release);
            }

            #[test]
            fn costs_few_atoms() {
                super::costs_few_atoms($release);
            }
        }
    )*};
}

releases! {
    otp_23 Some("23");
    system None;
    otp_27 Some("27");
    otp_29 Some("29");
}
