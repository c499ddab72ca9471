//! `nodex check`, as its user sees it: Rust nodes, C nodes, programs that are none, BEAMs.

use crate::support;

use std::path::Path;

use support::{Ended, c_program, example, nodex, shot::compare};

/// Longer than any answer takes on a machine with much else to do.
const PATIENT: [&str; 4] = ["--wait", "60s", "--ready-timeout", "60s"];

fn check(exe: &Path, args: &[&str]) -> Ended {
    let ended = nodex(["check"]).arg(exe).args(args).run();
    ended.left_nothing();
    ended
}

/// The line about a check.
#[track_caller]
fn line<'a>(ended: &'a Ended, name: &str) -> &'a str {
    ended.stdout.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("no line with {name:?}\n{ended}"))
}

#[test]
fn a_rust_node_passes_all() {
    let ended = check(&example("example_client"), &PATIENT);
    compare("check_rust", &ended.shot());
    assert!(ended.stdout.lines().count() >= 35 && ended.stdout.lines().all(|line| line.starts_with("PASS")), "{ended}");
}

/// The snapshot is what a C node on `ei` honestly gets. What it does not do is waited for in vain, so not for long.
#[test]
fn a_c_node_is_told_what_it_lacks() {
    let ended = check(&c_program("example_client"), &["--ready-timeout", "60s", "--wait", "6s"]);
    compare("check_c", &ended.shot());
    assert_eq!(ended.code, Some(1), "{ended}");
}

#[test]
fn json_has_all_of_it() {
    let ended = check(&c_program("example_client"), &["--json", "--ready-timeout", "60s", "--wait", "6s"]);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(1), ""), "{ended}");
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
    let checks = json["checks"].as_array().expect("a list");
    let count = |verdict| checks.iter().filter(|check| check["verdict"] == verdict).count();
    assert_eq!(
        [count("pass"), count("warn"), count("fail"), count("skip")].map(serde_json::Value::from),
        ["passed", "warned", "failed", "skipped"].map(|name| json[name].clone())
    );
    let stdin = checks.iter().find(|check| check["id"] == "stdin").expect("the check of stdin");
    assert_eq!(
        (&stdin["name"], &stdin["verdict"], &stdin["found"], &stdin["means"]),
        (
            &"exits on end of stdin".into(),
            &"fail".into(),
            &"still alive after 6 s".into(),
            &"its supervisor would leave it running".into()
        )
    );
    assert!(checks.iter().all(|check| check["milliseconds"].is_u64()), "{json}");
}

/// A node with functions of its own, one of which takes long.
#[test]
fn other_calls_and_busy_handlers() {
    let mut args = PATIENT.to_vec();
    args.extend(["--call", "{:add, 1, 2}", "--busy", "{:primes_below, 40000000}"]);
    let ended = check(&example("functions"), &args);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert_eq!(line(&ended, "answers a plain message").split_whitespace().last(), Some("3"), "{ended}");
    assert!(line(&ended, "ticks while a handler is busy").contains(" ticks in "), "{ended}");
}

/// Its one service has a name, and nothing was said about it.
#[test]
fn a_node_with_names() {
    let ended = check(&example("counter"), &PATIENT);
    let found = "there is no process 'nil', which is asked without --to; it has: counter: name it with --to counter";
    assert!(line(&ended, "has a process to ask").starts_with("FAIL") && ended.stdout.contains(found), "{ended}");
    assert_eq!(ended.stdout.lines().filter(|line| line.starts_with("FAIL")).count(), 1, "{ended}");
    assert!(line(&ended, "all other checks").contains("it has to be told whom to ask"), "{ended}");
    assert_eq!(ended.code, Some(1), "{ended}");
    let mut args = PATIENT.to_vec();
    args.extend(["--to", "counter", "--call", ":value"]);
    let ended = check(&example("counter"), &args);
    assert_eq!(ended.code, Some(0), "{ended}");
}

#[test]
fn programs_that_are_no_nodes() {
    let ended = check(Path::new("/bin/true"), &[]);
    compare("check_true", &ended.shot());
    let ended = check(&c_program("children/never_ready"), &["--ready-timeout", "300ms", "--wait", "300ms"]);
    assert_eq!(ended.code, Some(1), "{ended}");
    let ready = line(&ended, "says that it is ready in time");
    assert!(ready.starts_with("FAIL") && ready.contains("in 300 ms"), "{ended}");
    let ended = check(&c_program("children/flood"), &["--ready-timeout", "300ms", "--wait", "300ms"]);
    assert_eq!(ended.code, Some(1), "{ended}");
    for (exe, words) in [("/nowhere", "does not exist"), ("/", "is no file"), ("/etc/passwd", "cannot be started")] {
        let ended = check(Path::new(exe), &[]);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(words), "{ended}");
    }
}

/// A node that listens and is told its name in a way of its own: another command of ours.
#[test]
fn nodes_that_listen() {
    let listen =
        format!("NODEX_COOKIE={{cookie}} exec {} listen {{sname}} --reply '{{:pong, 1}}'", env!("CARGO_BIN_EXE_nodex"));
    let mut args = vec!["--protocol", "plain", "--call", "hello", "--wait", "6s", "--ready-timeout", "60s"];
    args.extend(["--", "-c", &listen]);
    let ended = check(Path::new("/bin/sh"), &args);
    for name in
        ["answers a plain message", "answers GenServer.call", "can be connected to again", "refuses a wrong cookie"]
    {
        assert!(line(&ended, name).starts_with("PASS"), "{ended}");
    }
}

/// On a terminal, made by script(1): what is being tried is shown and taken away again, and there is colour.
#[test]
fn progress_on_a_terminal() {
    let command = format!("{} check /bin/true", env!("CARGO_BIN_EXE_nodex"));
    let mut script = std::process::Command::new("script");
    script.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
    let ended = support::Nodex::new(script).run();
    assert_eq!(ended.code, Some(1), "{ended}");
    let progress = "\r\x1b[K\x1b[2m…     usage on wrong arguments, exit 0\x1b[0m\r\x1b[K";
    assert!(ended.stdout.contains(progress), "{:?}", ended.stdout);
    assert!(ended.stdout.contains("\x1b[1;31mFAIL\x1b[0m"), "{:?}", ended.stdout);
}

#[test]
fn interrupted() {
    let running = nodex(["check", "--wait", "60s"]).arg(c_program("children/never_ready")).start();
    running.wait_for_stdout("usage on wrong arguments");
    running.interrupt();
    let ended = running.end(std::time::Duration::from_secs(20));
    assert_eq!(ended.code, Some(130), "{ended}");
    ended.left_nothing();
}
