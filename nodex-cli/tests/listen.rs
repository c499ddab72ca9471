//! `nodex listen`, as its user sees it: what a BEAM and what other commands send.

use crate::support;

use std::time::Duration;

use support::{nodex, shot::compare, world::World};

const DEADLINE: Duration = Duration::from_secs(60);

#[test]
fn shows_what_a_beam_sends() {
    let world = World::start();
    let listening = world.command(&["listen", "dbg", "--count", "5", "--reply", "{:ok, \"yes\"}"]).start();
    listening.wait_for_stderr("listens on");
    let rpc = |args: &[&str]| {
        let ended = world.nodex(&[&["rpc", "beam"], args].concat());
        assert_eq!(ended.code, Some(0), "{ended}");
        ended.stdout
    };
    let any = "{any, 'dbg@127.0.0.1'}";
    assert_eq!(rpc(&["net_adm", "ping", ":\"dbg@127.0.0.1\""]), ":pong\n");
    rpc(&["erlang", "send", any, "%{a: [1, 2.5], \"b\" => nil}"]);
    rpc(&["gen_server", "cast", any, "~c\"chars\""]);
    assert_eq!(rpc(&["gen_server", "call", any, "{:add, 1, 2}"]), "{:ok, \"yes\"}\n");
    let ended = world.nodex(&["call", "dbg", "other", "[1, 2 | 3]"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "{:ok, \"yes\"}\n"), "{ended}");
    let ended = world.nodex(&["call", "dbg", "other", "<<1, 2::size(3)>>", "--plain"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "{:ok, \"yes\"}\n"), "{ended}");
    let ended = listening.end(DEADLINE);
    compare("listen", &ended.stdout);
    for part in ["known to epmd on port", "+ beam@127.0.0.1 has connected\n", "is gone: it closed the connection\n"] {
        assert!(ended.stderr.contains(part), "{ended}");
    }
    assert!(!ended.stderr.contains("was not let in"), "a command that asks for a name comes again with one: {ended}");
    assert_eq!(ended.code, Some(0), "{ended}");
}

#[test]
fn json_and_signals() {
    let world = World::start();
    let listening = world.command(&["listen", "dbg", "--json", "--all", "--count", "1"]).start();
    listening.wait_for_stderr("listens on");
    // It monitors the process before it asks, and nobody answers.
    let ended = world.nodex(&["rpc", "beam", "gen_server", "call", "{any, 'dbg@127.0.0.1'}", "hi", "200"]);
    assert_eq!(ended.code, Some(1), "{ended}");
    let ended = listening.end(DEADLINE);
    assert_eq!(ended.code, Some(0), "{ended}");
    let events = ended.json();
    let kinds: Vec<_> = events.iter().map(|event| event["kind"].as_str().expect("a kind")).collect();
    assert_eq!(kinds, ["monitor", "call"], "{ended}");
    let call = &events[1];
    assert_eq!((&call["to"], &call["term"], &call["value"]), (&"any".into(), &":hi".into(), &"hi".into()), "{ended}");
    assert!(call["from"].as_str().is_some_and(|from| from.starts_with("#PID<'beam@127.0.0.1'.")), "{ended}");
}

#[test]
fn names_and_ends() {
    let cookie = |args: &[&str]| nodex(args).env("NODEX_COOKIE", "a_cookie_of_tests");
    let listening = cookie(&["listen", "alone"]).start();
    listening.wait_for_stderr("an epmd of its own");
    listening.interrupt();
    assert_eq!(listening.end(DEADLINE).code, Some(130));
    let listening = cookie(&["listen", "alone"]).start();
    listening.wait_for_stderr("an epmd of its own");
    listening.terminate();
    assert_eq!(listening.end(DEADLINE).code, Some(0));
    for (name, code, words) in [
        ("x@nowhere.invalid", 3, "error: the host nowhere.invalid of x@nowhere.invalid is unknown: "),
        ("two words", 2, "error: \"two words@127.0.0.1\" is no node name: "),
        (
            "x@192.0.2.1",
            2,
            "error: 192.0.2.1 is 192.0.2.1, where other machines can connect\n  hint: --address 192.0.2.1 ",
        ),
    ] {
        let ended = cookie(&["listen", name]).run();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{ended}");
        assert!(ended.stderr.starts_with(words), "{ended}");
    }
    let ended = nodex(["listen"]).run();
    assert_eq!(ended.code, Some(4), "{ended}");
    assert!(ended.stderr.starts_with("error: no cookie: "), "{ended}");
}

/// It goes while somebody waits for its answer.
#[test]
fn a_node_that_vanishes_during_a_call() {
    let port = nodex_testkit::free_port().to_string();
    let here = |args: &[&str]| nodex(args).env("NODEX_COOKIE", "a_cookie_of_tests").env("ERL_EPMD_PORT", &port);
    let listening = here(&["listen", "mortal"]).start();
    listening.wait_for_stderr("listens on");
    let calling = here(&["call", "mortal", "any", ":hello", "--timeout", "60s"]).start();
    listening.wait_for_stdout(":hello");
    listening.terminate();
    let ended = calling.end(DEADLINE);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended}");
    assert!(ended.stderr.starts_with("error: 'any' on mortal@127.0.0.1 did not reply: "), "{ended}");
    assert!(ended.stderr.contains("  hint: its node went down, or closed the connection"), "{ended}");
    assert_eq!(listening.end(DEADLINE).code, Some(0));
}

/// Others have all its descriptors for a while.
#[test]
fn it_runs_out_of_descriptors_and_goes_on() {
    let world = World::start();
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", "ulimit -n 24; exec \"$0\" listen dbg --count 1", env!("CARGO_BIN_EXE_nodex")]);
    let listening = support::Nodex::new(shell)
        .env("ERL_EPMD_PORT", &world.port().to_string())
        .env("NODEX_COOKIE", support::world::COOKIE)
        .start();
    listening.wait_for_stderr("listens on");
    let talk = listening.stderr();
    let (_, rest) = talk.split_once("listens on ").expect("an address");
    let address = rest.split(',').next().expect("an address");
    let open: Vec<_> =
        (0..40).map(|_| std::net::TcpStream::connect(address).expect("a place in the backlog")).collect();
    listening.wait_for_stderr("! somebody has to wait: ");
    drop(open);
    let ended = world.nodex(&["send", "dbg", "any", ":still_here", "--timeout", "60s"]);
    assert_eq!(ended.code, Some(0), "{ended}");
    let ended = listening.end(DEADLINE);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.contains("  :still_here\n"), "{ended}");
}

#[test]
fn a_name_that_is_taken() {
    let world = World::start();
    let ended = world.nodex(&["listen", "beam"]);
    assert_eq!(ended.code, Some(4), "{ended}");
    assert!(ended.stderr.starts_with("error: the name beam is taken: "), "{ended}");
    assert!(ended.stderr.contains("  hint: another node has this name"), "{ended}");
}
