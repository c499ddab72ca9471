//! `nodex run`, as its user sees it: a node that is up, crashes and comes back; one answer and out; starts that fail.

use crate::support;

use std::{path::Path, time::Duration};

use support::{Ended, Running, c_program, example, nodex, shot::compare};

/// Longer than any start takes on a machine with much else to do.
const PATIENT: [&str; 2] = ["--ready-timeout", "60s"];

const DEADLINE: Duration = Duration::from_secs(60);

fn start(exe: &Path, args: &[&str]) -> Running {
    nodex(["run"]).arg(exe).args(&PATIENT).args(args).start()
}

fn run(exe: &Path, args: &[&str]) -> Ended {
    let ended = start(exe, args).end(DEADLINE);
    ended.left_nothing();
    ended
}

/// The process in the last line about a node that is up.
fn process(running: &Running) -> u32 {
    let stdout = running.stdout();
    let (_, rest) = stdout.rsplit_once(", process ").unwrap_or_else(|| panic!("no process in {stdout}"));
    rest.split(',').next().and_then(|pid| pid.parse().ok()).unwrap_or_else(|| panic!("no process in {stdout}"))
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(pid.cast_signed()).expect("a process id");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is there");
}

#[test]
fn up_killed_up_again_and_stopped() {
    let running = start(&example("example_client"), &["--sname", "calc"]);
    running.wait_for_stdout(", process ");
    kill(process(&running));
    running.wait_for_stdout("killed by SIGKILL");
    running.wait_until(|stdout| stdout.matches(", process ").count() == 2);
    running.interrupt();
    let ended = running.end(DEADLINE);
    assert_eq!(ended.code, Some(130), "{ended}");
    // When the old process is gone for good is told at some time while the new one is started.
    let shot: String =
        ended.shot().lines().filter(|line| !line.contains(" stop")).map(|line| format!("{line}\n")).collect();
    compare("run_killed", &shot);
    assert!(ended.stdout.ends_with("stopped   nothing is left of it\n"), "{ended}");
    ended.left_nothing();
}

#[test]
fn terminated_is_a_good_end() {
    let running = start(&c_program("example_client"), &["--json"]);
    running.wait_for_stdout("\"event\":\"up\"");
    running.terminate();
    let ended = running.end(DEADLINE);
    assert_eq!(ended.code, Some(0), "{ended}");
    let events = ended.json();
    let words: Vec<_> = events.iter().map(|event| event["event"].as_str().expect("a word")).collect();
    assert_eq!(words, ["start", "line", "line", "line", "up", "stop", "stopped"], "{ended}");
    assert!(events.iter().all(|event| event["seconds"].is_f64()) && events[4]["pid"].is_u64(), "{ended}");
    ended.left_nothing();
}

/// Its one service has a name, and nothing was said about it.
#[test]
fn one_answer_of_a_node_with_names() {
    for gen_call in [&[][..], &["--gen"]] {
        let ended = run(&example("counter"), &[&["--call", ":value", "--timeout", "50s"], gen_call].concat());
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(6), ""), "{ended}");
        assert!(ended.stderr.starts_with("error: no process named 'nil' on "), "{ended}");
        assert!(ended.stderr.ends_with("\n  it has: counter\n  hint: --to counter\n"), "{ended}");
    }
    let ended = run(&example("counter"), &["--call", ":value", "--to", "counter", "--timeout", "50s"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "0\n"), "{ended}");
}

#[test]
fn one_answer_and_out() {
    for exe in [example("example_client"), c_program("example_client")] {
        let ended = run(&exe, &["--call", "{:ping, [1, \"a\", ~c\"b\"]}", "--timeout", "60s"]);
        assert_eq!(
            (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
            (Some(0), "{:pong, [1, \"a\", ~c\"b\"]}\n", ""),
            "{ended}"
        );
    }
    let rust = example("functions");
    let ended = run(&rust, &["--call", "{divide, 1, 0}", "--gen", "--timeout", "60s"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), "{:error, :division_by_zero}\n"), "{ended}");
    let ended = run(&rust, &["--call", "nope", "--json", "--timeout", "60s"]);
    assert_eq!(ended.code, Some(6), "{ended}");
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
    assert_eq!(json["reply"], "{:error, :unknown_call}");
    // Nobody answers this one.
    let ended = run(&rust, &["--call", "{swallow, 1}", "--timeout", "300ms"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(5), ""), "{ended}");
    assert!(ended.stderr.contains("  hint: --timeout gives it more time"), "{ended}");
    let ended = run(&rust, &["--call", "{a,"]);
    assert_eq!(ended.code, Some(7), "{ended}");
}

#[test]
fn starts_that_fail() {
    let ended = run(Path::new("/bin/true"), &[]);
    compare("run_true", &ended.shot());
    assert_eq!(ended.code, Some(8), "{ended}");
    let ended = run(Path::new("/nowhere"), &["--call", "x"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (
            Some(2),
            "error: the executable /nowhere does not exist\n  hint: give the path of an executable; it is not looked up in PATH\n"
        ),
        "{ended}"
    );
    let never = nodex(["run", "--ready-timeout", "200ms"]).arg(c_program("children/never_ready")).run();
    assert_eq!(never.code, Some(5), "{never}");
    never.left_nothing();
    let ended = run(Path::new("/bin/true"), &["--protocol", "plain"]);
    assert_eq!(ended.code, Some(2), "{ended}");
    assert!(ended.stderr.ends_with("hint: --sname says which name it will have\n"), "{ended}");
}

#[test]
fn gives_up_on_what_crashes_again_and_again() {
    let ended = run(&c_program("children/exits_after_ready"), &["--max-restarts", "1", "--max-seconds", "1m"]);
    assert_eq!(ended.code, Some(8), "{ended}");
}

/// Ctrl-C before the node is ready.
#[test]
fn interrupted_while_it_starts() {
    let running = start(&c_program("children/never_ready"), &[]);
    running.wait_for_stdout("start");
    running.interrupt();
    let ended = running.end(DEADLINE);
    assert_eq!(ended.code, Some(130), "{ended}");
    ended.left_nothing();
}

/// `nodex listen` as a node that listens and is connected to.
#[test]
fn a_plain_executable() {
    let listen = format!("exec {} listen plain --reply yes", env!("CARGO_BIN_EXE_nodex"));
    let args = ["--protocol", "plain", "--sname", "plain", "--call", "hello", "--timeout", "60s", "--", "-c", &listen];
    let ended = nodex(["run", "/bin/sh"]).args(&PATIENT).args(&args).env("NODEX_COOKIE", "a_cookie_of_tests").run();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ":yes\n"), "{ended}");
    ended.left_nothing();
}
