//! What nodes and fleets say never acts on the terminal, the log or the script that it comes to: escape sequences, C1,
//! line feeds and marks of direction are written out, in JSON too.

use crate::support;

use std::{
    fs,
    io::{BufRead as _, BufReader, Write as _},
    os::unix::{fs::PermissionsExt as _, net::UnixListener},
    time::Duration,
};

use serde_json::json;
use support::{
    Ended,
    fleet::{Fleet, HOST, script},
};

const LONG: Duration = Duration::from_secs(60);

/// A terminal would turn red, clear itself, go back in its line, go on in a new one, and write to the left.
const EVIL: &str = "\u{1b}[31mred\u{9b}2J\r\nforged\u{202e}\u{2028}\u{7f}\u{85}";

/// Nothing of it is in what a command printed, line feeds at the ends of its own lines aside.
fn is_harmless(ended: &Ended) {
    [&ended.stdout, &ended.stderr].into_iter().for_each(|text| nothing_acts(text));
}

fn nothing_acts(text: &str) {
    let acts = |c: char| c != '\n' && (c.is_control() || matches!(c, '\u{202e}' | '\u{2028}'));
    assert!(!text.contains(acts), "{:?} in\n{text}", text.chars().find(|c| acts(*c)));
    assert!(!text.lines().any(|line| line.starts_with("forged")), "a forged line\n{text}");
}

/// A server that is no `nodex up`, behind the control socket of this fleet: answers each of `asks` requests with these lines.
fn forged(fleet: &Fleet, asks: usize, answers: Vec<serde_json::Value>) -> std::thread::JoinHandle<()> {
    let folder = fleet.folder.join(".nodex");
    fs::create_dir(&folder).expect("a folder");
    fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("a mode");
    let path = fs::canonicalize(fleet.folder.join("nodex.toml")).expect("the fleet file");
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3);
    let id = path.as_os_str().as_encoded_bytes().iter().fold(0xcbf2_9ce4_8422_2325, hash);
    // The path may be longer than that of a socket can be.
    let short = std::env::temp_dir().join(format!("nodex-escapes-{}-{id:016x}", std::process::id()));
    let listener = UnixListener::bind(&short).expect("a socket");
    fs::rename(&short, folder.join(format!("{id:016x}.sock"))).expect("the socket in its place");
    std::thread::spawn(move || {
        for _ in 0..asks {
            let (mut stream, _) = listener.accept().expect("a request");
            let mut ask = String::new();
            BufReader::new(&stream).read_line(&mut ask).expect("a request");
            for answer in &answers {
                let mut line = answer.to_string();
                line.push('\n');
                stream.write_all(line.as_bytes()).expect("an answer");
            }
        }
    })
}

fn node() -> serde_json::Value {
    json!({
        "nodex": 1, "is": "node", "name": EVIL, "node": EVIL, "state": EVIL, "pid": 7, "uptime_ms": 1, "restarts": 0,
        "last_cause": EVIL, "memory_bytes": 1, "cpu_ms": 1,
    })
}

#[test]
fn columns_of_ps_top_restart_and_stop() {
    let fleet = Fleet::new("");
    let about = json!({
        "nodex": 1, "is": "fleet", "file": EVIL, "state": EVIL, "host": EVIL, "pid": 1, "epmd_port": 1, "uptime_ms": 1,
    });
    let runs: [&[&str]; 8] = [
        &["ps"],
        &["ps", "--json"],
        &["top"],
        &["top", "--json"],
        &["restart", "x"],
        &["restart", "x", "--json"],
        &["stop", "x"],
        &["stop", "x", "--json"],
    ];
    // `top` asks twice.
    let server = forged(&fleet, runs.len() + 2, vec![about, node(), json!({ "nodex": 1, "is": "done" })]);
    for run in runs {
        let ended = fleet.run(run);
        assert_eq!(ended.code, Some(0), "{run:?} {ended}");
        assert!(ended.stdout.contains("31mred"), "{run:?} {ended}");
        is_harmless(&ended);
        match run.contains(&"--json") {
            // A script gets what was sent.
            true => {
                let line: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
                let node = if run[0] == "ps" || run[0] == "top" { &line["nodes"][0] } else { &line };
                assert_eq!(node["name"], EVIL, "{ended}");
                assert!(ended.stdout.contains("\\u009b2J") && ended.stdout.contains("\\u0085"), "{ended}");
            }
            false => assert!(ended.stdout.contains("\\u{1b}[31mred\\u{9b}2J\\r\\nforged\\u{202e}"), "{ended}"),
        }
    }
    server.join().expect("the server");
}

#[test]
fn lines_and_refusals() {
    let line = json!({ "nodex": 1, "is": "line", "time": EVIL, "name": EVIL, "stream": EVIL, "text": EVIL });
    let fleet = Fleet::new("");
    let server = forged(&fleet, 2, vec![line, json!({ "nodex": 1, "is": "done" })]);
    for run in [&["logs"][..], &["logs", "--json"]] {
        let ended = fleet.run(run);
        assert_eq!(ended.code, Some(0), "{ended}");
        assert!(ended.stdout.contains("31mred"), "{ended}");
        assert_eq!(ended.stdout.lines().count(), 1, "{ended}");
        is_harmless(&ended);
    }
    server.join().expect("the server");

    let fleet = Fleet::new("");
    let error = json!({ "nodex": 1, "is": "error", "kind": "not_now", "message": EVIL, "hint": EVIL });
    let server = forged(&fleet, 2, vec![error]);
    for run in [&["ps"][..], &["ps", "--json"]] {
        let ended = fleet.run(run);
        assert_eq!(ended.code, Some(1), "{ended}");
        assert!(ended.stderr.contains("31mred"), "{ended}");
        is_harmless(&ended);
    }
    server.join().expect("the server");
}

/// As a shell prints it.
fn printed() -> String {
    EVIL.bytes().map(|byte| format!("\\{byte:03o}")).collect()
}

#[test]
fn lines_of_a_node_that_does_not_start() {
    let evil = printed();
    let fails = format!("printf '{evil}\\n{evil}\\n' >&2; printf '{evil}\\n'; exit 3");
    for json in [false, true] {
        let fleet = Fleet::new(&format!("{HOST}log_dir = \"log\"\n{}", script("bad", &fails)));
        let ended = fleet.run(if json { &["up", "--json"] } else { &["up"] });
        assert_eq!(ended.code, Some(8), "{ended}");
        assert!(ended.stdout.contains("31mred") && ended.stderr.contains("31mred"), "{ended}");
        is_harmless(&ended);
        let log = fs::read_to_string(fleet.folder.join("log/bad.log")).expect("the log");
        nothing_acts(&log);
    }
}

#[test]
fn lines_of_a_node_that_runs() {
    let fleet = Fleet::new(&format!("{HOST}{}", script("loud", &format!("printf '{}\\n'", printed()))));
    let up = fleet.up();
    for run in [&["logs"][..], &["logs", "--json"], &["ps"], &["logs", EVIL], &["restart", EVIL], &["stop", EVIL]] {
        let ended = fleet.run(run);
        is_harmless(&ended);
        assert!(run[0] != "logs" || ended.stdout.contains("31mred") || ended.stderr.contains("31mred"), "{ended}");
    }
    up.terminate();
    let ended = up.end(LONG);
    assert!(ended.stdout.contains("\\u{1b}[31mred"), "{ended}");
    is_harmless(&ended);
    fleet.left_nothing(&ended);
}
