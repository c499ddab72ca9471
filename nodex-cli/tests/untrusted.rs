//! What others say never acts on a terminal, and never forges a line: names, answers, reasons, printed lines, and
//! arguments that are quoted in errors.

use crate::support;

use std::{path::Path, sync::mpsc, thread, time::Duration};

use nodex_core::{node::NodeBuilder, protocol::Cookie, term::Atom, text::is_visible};
use support::{
    Ended, Nodex, example,
    hostile::{EVIL, Hostile, NODE, evil_line, evil_program, evil_term},
    nodex,
    world::COOKIE,
};

/// Both outputs show all that is in them, and `FORGED`, which they quote, is at the beginning of no line.
#[track_caller]
fn is_clean(ended: &Ended, quotes: bool) {
    for (name, output) in [("stdout", &ended.stdout), ("stderr", &ended.stderr)] {
        if let Some(c) = output.chars().find(|&c| c != '\n' && !is_visible(c)) {
            panic!("{c:?} in {name}\n{output:?}");
        }
        assert!(!output.lines().any(|line| line.trim_start().starts_with("FORGED")), "{ended}");
    }
    assert_eq!(ended.stdout.contains("FORGED") || ended.stderr.contains("FORGED"), quotes, "{ended}");
}

/// The same, as a program reads it: each line is an object.
#[track_caller]
fn is_clean_json(ended: &Ended, quotes: bool) {
    is_clean(ended, quotes);
    let errors = ended.stderr.lines().filter(|line| line.starts_with('{'));
    for line in ended.stdout.lines().chain(errors) {
        let json: serde_json::Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} {ended}"));
        assert!(json.is_object(), "{ended}");
    }
}

fn both(command: impl Fn(&[&str]) -> Nodex, args: &[&str], code: i32, quotes: bool) {
    let ended = command(args).run();
    is_clean(&ended, quotes);
    assert_eq!(ended.code, Some(code), "{args:?} {ended}");
    let ended = command(&[args, &["--json"]].concat()).run();
    is_clean_json(&ended, quotes);
    assert_eq!(ended.code, Some(code), "{args:?} {ended}");
}

#[test]
fn names_and_answers_of_a_node() {
    let hostile = Hostile::start();
    let port = hostile.epmd_port().to_string();
    let command =
        |args: &[&str]| nodex(args).args(&["--timeout", "60s"]).env("ERL_EPMD_PORT", &port).env("NODEX_COOKIE", COOKIE);
    // Codes: what is answered is no error, no `yes`, no reply.
    let cases: [(&[&str], i32); 14] = [
        (&["names"], 0),
        (&["names", "127.0.0.1"], 0),
        (&["doctor"], 0),
        (&["doctor", NODE], 0),
        (&["doctor", "nobody"], 3),
        (&["ping", NODE], 1),
        (&["ping", "nobody"], 3),
        (&["info", NODE], 0),
        (&["call", NODE, "any", "hello"], 0),
        (&["call", NODE, "any", "hello", "--plain"], 0),
        (&["call", NODE, "nobody", "hello"], 6),
        (&["call", NODE, "mortal", "hello"], 1),
        (&["rpc", NODE, "any", "any"], 0),
        (&["rpc", NODE, "erlang", "error"], 1),
    ];
    for (args, code) in cases {
        // A short line of all names is what a search for "FORGED" finds nothing in.
        both(command, args, code, true);
        both(command, &[args, &["--syntax", "erlang"]].concat(), code, true);
    }
    // The log of the library quotes as well.
    for args in [&["call", NODE, "mortal", "x", "-vvv"][..], &["ping", NODE, "-vvv"], &["names", "-vvv"]] {
        is_clean(&command(args).run(), true);
    }
    for args in [&["cast", NODE, "any", "hello"][..], &["send", NODE, "any", "hello"]] {
        both(command, args, 0, false);
    }
}

#[test]
fn what_was_given_is_quoted() {
    let line = evil_line();
    let hostile = Hostile::start();
    let port = hostile.epmd_port().to_string();
    let command = |args: &[&str]| nodex(args).env("ERL_EPMD_PORT", &port).env("NODEX_COOKIE", COOKIE);
    let (node, quoted) = (format!("{line}@127.0.0.1"), format!("'{EVIL}'"));
    let cases: [(&[&str], i32); 16] = [
        (&["ping", EVIL], 2),
        (&["ping", &node], 2),
        (&["doctor", EVIL], 2),
        (&["names", EVIL], 3),
        (&["listen", EVIL], 2),
        (&["ping", NODE, "--name", EVIL], 2),
        (&["call", NODE, EVIL, "{"], 7),
        (&["call", NODE, "nobody", &format!("{{{EVIL}")], 7),
        (&["rpc", NODE, EVIL, EVIL, EVIL], 7),
        (&["term", EVIL], 7),
        (&["run", EVIL], 3),
        (&["check", EVIL], 2),
        (&["demo", EVIL], 2),
        (&["bench", EVIL], 2),
        (&["up", "--file", EVIL], 2),
        (&["man", EVIL], 2),
    ];
    for (args, code) in cases {
        let ended = command(args).run();
        is_clean(&ended, ended.stderr.contains("FORGED") || ended.stdout.contains("FORGED"));
        assert_eq!(ended.code, Some(code), "{args:?} {ended}");
    }
    for args in [&[EVIL][..], &["ping", "--timeout", EVIL, "x"], &["ping", "x", EVIL], &["--syntax", EVIL, "term", "a"]]
    {
        let ended = command(args).run();
        is_clean(&ended, true);
        assert_eq!(ended.code, Some(2), "{args:?} {ended}");
    }
    is_clean(&command(&["term", &quoted]).run(), true);
    is_clean_json(&command(&["term", &quoted, "--json"]).run(), true);
    for variable in ["ERL_EPMD_PORT", "ERL_DIST_PORT", "ERL_EPMD_ADDRESS", "NODEX_SYNTAX"] {
        for args in [&["ping", NODE][..], &["doctor", NODE], &["names"], &["ping", "--help"]] {
            let ended = command(args).env(variable, EVIL).run();
            is_clean(&ended, ended.stderr.contains("FORGED") || ended.stdout.contains("FORGED"));
        }
    }
}

#[test]
fn what_is_sent_to_a_listener() {
    let port = nodex_testkit::free_port();
    for json in [false, true] {
        let args: &[&str] = if json { &["listen", "dbg", "--all", "--json"] } else { &["listen", "dbg", "--all"] };
        let listening = nodex(args).env("NODEX_COOKIE", COOKIE).env("ERL_EPMD_PORT", &port.to_string()).start();
        listening.wait_for_stderr("listens on");
        let (sent, is_sent) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let cookie = Cookie::new(COOKIE).expect("a cookie");
                let node = NodeBuilder::new().epmd_port(port).start("sends@127.0.0.1", cookie).await.expect("a node");
                let evil = Atom::new(EVIL).expect("an atom");
                let dbg = Atom::new("dbg@127.0.0.1").expect("an atom");
                let to = || (evil.clone(), dbg.clone());
                node.connect(&dbg).await.expect("a connection");
                node.send(to(), &evil_term()).await.expect("a connection");
                node.cast(to(), &evil_term()).await.expect("a connection");
                let _monitor = node.monitor(to()).await.expect("a connection");
                let late = node.call::<nodex_core::term::Term>(to(), &evil_term(), Duration::from_millis(100)).await;
                assert!(late.is_err());
                node.stop(Duration::from_secs(60)).await;
            });
            sent.send(()).expect("somebody waits");
        });
        is_sent.recv_timeout(Duration::from_secs(120)).expect("all is sent");
        listening.wait_for_stderr("sends@127.0.0.1 is gone");
        listening.wait_until(|stdout| stdout.matches("FORGED").count() > 3 && stdout.contains("call"));
        listening.terminate();
        let ended = listening.end(Duration::from_secs(60));
        assert_eq!(ended.code, Some(0), "{ended}");
        is_clean(&ended, true);
        let lines = ended.stdout.lines().count();
        assert_eq!(lines, 5, "{ended}");
        if json {
            let kinds: Vec<_> = ended.json().iter().map(|line| line["kind"].clone()).collect();
            assert_eq!(kinds, ["plain", "cast", "monitor", "monitor", "call"], "{ended}");
            assert!(ended.json().iter().all(|line| line["to"] == EVIL), "{ended}");
        }
    }
}

/// Programs that print what could harm, and have names that could, where nodes are started.
#[test]
fn what_is_printed_by_a_program() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("evil-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let fails = evil_program(&folder, "exit 3");
    let command = |args: &[&str]| nodex(args).env("EVIL", EVIL);
    let fails = fails.to_str().expect("UTF-8");
    let quick = ["--ready-timeout", "60s"];
    is_clean(&command(&["run", EVIL]).run(), true);
    both(command, &[&["run", fails, "--max-restarts", "0"][..], &quick].concat(), 8, true);
    both(command, &[&["run", fails, "--call", "x"][..], &quick].concat(), 8, true);
    both(command, &[&["check", fails][..], &quick].concat(), 1, true);
    both(command, &["demo", fails], 8, true);
    let ended = command(&["bench", "--quick", "--rounds", "1", fails]).run();
    is_clean(&ended, true);

    // One that is a node all the same.
    let speaks = evil_program(&folder, &format!("exec {} \"$@\"", example("functions").display()));
    let speaks = speaks.to_str().expect("UTF-8");
    both(command, &[&["run", speaks, "--call", "{add, 1, 2}"][..], &quick].concat(), 0, false);
    let ended = command(&[&["check", speaks, "--call", "{add, 1, 2}", "--wait", "60s"][..], &quick].concat()).run();
    is_clean(&ended, false);
    for json in [&[][..], &["--json"]] {
        let running = command(&[&["run", speaks][..], &quick, json].concat()).start();
        running.wait_until(|stdout| stdout.contains("process ") || stdout.contains("\"up\""));
        running.interrupt();
        let ended = running.end(Duration::from_secs(60));
        is_clean(&ended, true);
        ended.left_nothing();
    }
    std::fs::remove_dir_all(&folder).expect("the folder");
}
