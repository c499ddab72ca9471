//! `nodex up` and the commands that look after it, as their user sees them.

use crate::support;

use std::{
    fs,
    os::unix::{fs::PermissionsExt as _, net::UnixDatagram},
    time::Duration,
};

use support::fleet::{Fleet, HOST, c, child, kill, normal, rust, script, signal};

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_life() {
    let fleet = Fleet::new(&format!("{HOST}{}{}", rust("one"), c("two")));
    let up = fleet.up();

    let ended = fleet.run(&["ps"]);
    assert_eq!(ended.code, Some(0), "{ended}");
    let rows: Vec<Vec<_>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0][..3], ["name", "state", "node"], "{ended}");
    assert_eq!([rows[1][0], rows[1][1], rows[1][2]], ["one", "up", "one@127.0.0.1"], "{ended}");
    assert_eq!([rows[2][0], rows[2][1], rows[2][2]], ["two", "up", "two@127.0.0.1"], "{ended}");
    assert!(ended.stderr.contains(&format!("nodex.toml: up, host fleet@127.0.0.1, process {}, ", up.pid())), "{ended}");

    let before = fleet.node("two");
    assert!(before["memory_bytes"].as_u64().is_some_and(|bytes| bytes > 100_000), "{before}");
    let ended = fleet.run(&["restart", "two"]);
    assert_eq!((ended.code, normal(&ended.stdout).as_str()), (Some(0), "two is up as two@127.0.0.1, process PID"));
    let after = fleet.node("two");
    assert!(after["pid"] != before["pid"] && after["restarts"] == 1, "{before} {after}");

    let ended = fleet.run(&["stop", "one"]);
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "one is stopped\n", ""));
    assert_eq!(fleet.node("one")["state"], "stopped");
    assert_eq!(fleet.run(&["restart", "one"]).code, Some(0));

    let ended = fleet.run(&["stop"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "the fleet of nodex.toml has ended\n"), "{ended}");
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    let words = normal(&ended.stdout);
    let story = [
        "TIME one is being started",
        "TIME one | initialising one@127.0.0.1",
        "TIME one | connecting to fleet@127.0.0.1",
        "TIME one | one@127.0.0.1 ready",
        "TIME one is up as one@127.0.0.1, process PID after SOME TIME",
        "TIME two is being started",
    ];
    let mut rest = words.as_str();
    for line in story {
        let (_, after) = rest.split_once(line).unwrap_or_else(|| panic!("{line:?} is missing in\n{words}"));
        rest = after;
    }
    let end = "TIME     all nodes are being stopped\nTIME one is being stopped\nTIME one has been stopped\n\
               TIME two is being stopped\nTIME two has been stopped\nTIME     all nodes are down";
    let order: Vec<_> = end.lines().collect();
    // One was restarted by hand, and is still before two: the last one is stopped first.
    let end = [order[0], order[3], order[4], order[1], order[2], order[5]].join("\n");
    assert!(words.ends_with(&end), "{words}");
    fleet.left_nothing(&ended);
}

#[test]
fn a_node_that_fails_is_restarted() {
    let backoff = "[supervisor]\nbackoff = { first = \"10ms\", max = \"10ms\" }\n";
    let fleet = Fleet::new(&format!("{HOST}{backoff}{}", rust("calc")));
    let up = fleet.up();
    kill(&fleet.node("calc")["pid"]);
    let node = fleet.wait("calc", |node| node["state"] == "up" && node["restarts"] == 1);
    assert_eq!(node["last_cause"], "its process ended: killed by SIGKILL");
    let ended = fleet.run(&["ps"]);
    assert!(ended.stdout.ends_with("its process ended: killed by SIGKILL\n"), "{ended}");
    up.terminate();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.contains("calc is down: its process ended: killed by SIGKILL\n"), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn a_supervisor_that_gives_up() {
    let fleet = Fleet::new(&format!("{HOST}[supervisor]\nmax_restarts = 0\nmax_seconds = 7\n{}{}", rust("a"), c("b")));
    let up = fleet.up();
    kill(&fleet.node("b")["pid"]);
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(8), "{ended}");
    let words = "error: the supervisor gave up: there were more than 0 restarts within 7s, the last one of b: \
                 its process ended: killed by SIGKILL\n";
    assert!(ended.stderr.contains(words), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn a_node_that_does_not_start() {
    let fleet = Fleet::new(&format!("{HOST}{}{}", rust("fine"), child("bad", "exits_before_ready")));
    let ended = fleet.run(&["up"]);
    assert_eq!(ended.code, Some(8), "{ended}");
    for part in [
        "error: bad did not start: bad@127.0.0.1 ended before it was ready: exit status 3; its last line was \"",
        "  it printed:\n",
        "    stderr: cannot go on\n",
        "  hint: a node takes the arguments",
    ] {
        assert!(ended.stderr.contains(part), "{part:?} is missing\n{ended}");
    }
    assert!(normal(&ended.stdout).contains("TIME fine has been stopped\n"), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn interrupted_at_any_moment() {
    // While a node is being started, which would take for ever.
    let patient = "ready_timeout = \"1h\"\nstart_timeout = \"1h\"\n";
    let fleet = Fleet::new(&format!("{HOST}{}{}{patient}", rust("fine"), child("slow", "never_ready")));
    let up = fleet.nodex(&["up"]).start();
    up.wait_for_stdout("initialising slow@127.0.0.1");
    assert_eq!(fleet.node("slow")["state"], "starting");
    let ended = fleet.run(&["restart", "fine"]);
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(1), "error: not all nodes of the fleet have been started yet\n")
    );
    up.interrupt();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(130), "{ended}");
    assert!(ended.stderr.ends_with("stopping; once more to kill what is left\nerror: interrupted\n"), "{ended}");
    fleet.left_nothing(&ended);
    // The same by the control socket, and right from the start.
    let up = fleet.nodex(&["up"]).start();
    up.wait_for_stdout("initialising slow@127.0.0.1");
    assert_eq!(fleet.run(&["stop"]).code, Some(0));
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    fleet.left_nothing(&ended);
    for wait in [0, 2, 5, 10, 20, 40] {
        let up = fleet.nodex(&["up"]).start();
        std::thread::sleep(Duration::from_millis(wait));
        up.terminate();
        // Before the very first thing that it does, the signal ends it.
        let ended = up.end(LONG);
        assert!(matches!(ended.code, Some(0) | None), "{ended}");
        fleet.left_nothing(&ended);
    }
}

#[test]
fn a_second_signal_means_now() {
    let node = script("deaf", "trap '' TERM; (trap '' TERM; while :; do sleep 0.1; done) &");
    let fleet = Fleet::new(&format!("{HOST}{node}stop = {{ grace = \"1h\" }}\n"));
    let up = fleet.up();
    up.interrupt();
    up.wait_for_stdout("deaf is being stopped");
    up.interrupt();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(130), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn how_a_node_is_stopped_is_its_own() {
    let asked = "(trap 'echo USR1 > asked; exit' USR1; : > waits; while :; do sleep 0.02; done) &
        until [ -e waits ]; do sleep 0.02; done";
    let stop = "stop = { signal = \"SIGUSR1\", grace = \"1h\" }\n";
    let fleet = Fleet::new(&format!("{HOST}{}{stop}", script("own", asked)));
    let up = fleet.up();
    up.terminate();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    fleet.left_nothing(&ended);
    assert_eq!(fs::read_to_string(fleet.folder.join("asked")).expect("a file"), "USR1\n");
}

#[test]
fn logs() {
    let fleet =
        Fleet::new(&format!("{HOST}log_dir = \"logs\"\n{}{}", rust("a"), script("b", "printf '\\033[31mred\\n' >&2")));
    let up = fleet.up();
    let ended = fleet.run(&["logs", "b"]);
    assert_eq!(ended.code, Some(0), "{ended}");
    let words = normal(&ended.stdout);
    assert!(words.starts_with("TIME b is being started\nTIME b | "), "{words}");
    assert!(words.contains("TIME b | \\u{1b}[31mred\n") && !words.contains(" a "), "{words}");
    assert_eq!(fleet.run(&["logs", "-n", "1"]).stdout.lines().count(), 1);
    let follower = fleet.nodex(&["logs", "-f", "--json"]).start();
    follower.wait_for_stdout("\"is up as b@127.0.0.1");
    assert_eq!(fleet.run(&["restart", "a"]).code, Some(0));
    assert_eq!(fleet.run(&["stop"]).code, Some(0));
    let ended = follower.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    let lines = ended.json();
    let said = |name: &str, stream: &str, text: &str| {
        lines.iter().filter(|line| line["name"] == name && line["stream"] == stream && line["text"] == text).count()
    };
    assert_eq!((said("a", "stdout", "a@127.0.0.1 ready"), said("a", "event", "has been stopped")), (2, 2), "{ended}");
    assert_eq!(said("b", "stderr", "\x1b[31mred"), 1, "{ended}");
    let ended = up.end(LONG);
    fleet.left_nothing(&ended);
    let file = fs::read_to_string(fleet.folder.join("logs/b.log")).expect("a log file");
    assert!(file.contains(" stderr \\u{1b}[31mred\n") && file.contains(" event has been stopped\n"), "{file}");
}

#[test]
fn for_programs() {
    let fleet = Fleet::new(&format!("{HOST}{}", rust("a")));
    let up = fleet.nodex(&["up", "--json", "-q"]).start();
    up.wait_for_stdout("\"event\":\"up\"");
    let node = fleet.json(&["restart", "a", "--json"]);
    assert!(node["name"] == "a" && node["state"] == "up" && node["pid"].is_u64(), "{node}");
    assert_eq!(fleet.json(&["stop", "a", "--json"])["state"], "stopped");
    let told = fleet.json(&["ps", "--json"]);
    assert!(told["state"] == "up" && told["host"] == "fleet@127.0.0.1" && told["pid"] == up.pid(), "{told}");
    assert_eq!(fleet.json(&["stop", "--json"])["state"], "ended");
    let ended = up.end(LONG);
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
    let lines = ended.json();
    let events: Vec<_> =
        lines.iter().filter_map(|line| line["event"].as_str()).filter(|event| *event != "line").collect();
    let expected =
        ["starting", "up", "stopping", "stopped", "starting", "up", "stopping", "stopped", "ending", "ended"];
    assert_eq!(events, expected, "{ended}");
    assert!(lines.iter().any(|line| line["event"] == "line" && line["text"] == "a@127.0.0.1 ready"), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn a_temporary_node_comes_back_by_hand() {
    let fleet = Fleet::new(&format!("{HOST}{}restart = \"temporary\"\n{}", rust("once"), rust("always")));
    let up = fleet.up();
    kill(&fleet.node("once")["pid"]);
    fleet.wait("once", |node| node["state"] == "ended");
    let ended = fleet.run(&["restart", "once"]);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert_eq!(fleet.node("once")["state"], "up");
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
}

#[test]
fn health_checks_and_their_failures() {
    let backoff = "[supervisor]\nbackoff = { first = \"10ms\", max = \"10ms\" }\n";
    let checks = "health = { interval = \"20ms\", timeout = \"30s\", failures = 1, call = \"{ping, 1}\" }\n";
    let sick = "health = { interval = \"50ms\", timeout = \"2s\", failures = 1 }\n";
    let fleet = Fleet::new(&format!("{HOST}{backoff}{}{checks}", c("well")));
    let up = fleet.up();
    assert_eq!(fleet.node("well")["state"], "up");
    up.terminate();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(!ended.stdout.contains("health check"), "{ended}");
    // One that hangs is as good as dead.
    let fleet = Fleet::new(&format!("{HOST}[supervisor]\nmax_restarts = 0\n{}{sick}", rust("sick")));
    let up = fleet.up();
    signal(&fleet.node("sick")["pid"], rustix::process::Signal::STOP);
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(8), "{ended}");
    assert!(ended.stderr.contains("it failed its health check"), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn a_service_manager_is_told() {
    let show = "echo \"manager: ${NOTIFY_SOCKET:-none}\"";
    let fleet = Fleet::new(&format!("{HOST}{}", script("a", show)));
    let path = fleet.folder.join("notify");
    let manager = UnixDatagram::bind(&path).expect("a socket");
    manager.set_read_timeout(Some(LONG)).expect("a time-out");
    let up = fleet.nodex(&["up"]).env("NOTIFY_SOCKET", path.to_str().expect("UTF-8")).start();
    let next = || {
        let mut buffer = [0; 1000];
        let length = manager.recv(&mut buffer).expect("a message");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let ready = next();
    assert!(ready.lines().any(|line| line == "READY=1") && ready.contains("STATUS=1 up"), "{ready}");
    assert_eq!(fleet.node("a")["state"], "up");
    up.terminate();
    assert!(next().lines().any(|line| line == "STOPPING=1"));
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.contains("manager: none\n"), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn nodes_of_the_other_protocols() {
    let beam = "[[node]]\nname = \"beam\"\nexec = \"erl\"\nprotocol = \"plain\"\nready_line = \"here\"\nargs = [\"-noinput\", \
                \"-name\", \"beam@127.0.0.1\", \"-setcookie\", \"a_cookie_of_a_fleet\", \"-start_epmd\", \"false\", \
                \"-kernel\", \"inet_dist_use_interface\", \"{127,0,0,1}\", \"-eval\", \"io:format(\\\"here~n\\\").\"]\n\
                health = { interval = \"50ms\", timeout = \"30s\" }\nready_timeout = \"1m\"\n";
    let fleet = Fleet::new(&format!(
        "{HOST}cookie_file = \"cookie\"\nip = \"127.0.0.1\"\n{beam}{}cookie_in_env = true\n",
        rust("a")
    ));
    let cookie = fleet.write("cookie", "a_cookie_of_a_fleet\n");
    fs::set_permissions(cookie, fs::Permissions::from_mode(0o600)).expect("a mode");
    let up = fleet.up();
    let node = fleet.node("a");
    let arguments = fs::read(format!("/proc/{}/cmdline", node["pid"])).expect("its arguments");
    assert!(arguments.ends_with(b"\0a\x00127.0.0.1\0-\0fleet\0"), "{}", String::from_utf8_lossy(&arguments));
    assert_eq!(fleet.node("beam")["node"], "beam@127.0.0.1");
    assert_eq!(fleet.run(&["restart", "beam", "--timeout", "60s"]).code, Some(0));
    up.terminate();
    let ended = up.end(LONG);
    assert_eq!(ended.code, Some(0), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn nodes_that_are_alike() {
    let fleet = Fleet::new(&format!("{HOST}{}count = 2\n{}", rust("calc"), rust("store")));
    let up = fleet.up();
    let names = |json: &serde_json::Value| {
        let nodes = json["nodes"].as_array().expect("nodes");
        nodes.iter().filter_map(|node| node["node"].as_str().map(str::to_owned)).collect::<Vec<_>>()
    };
    let all = ["calc-1@127.0.0.1", "calc-2@127.0.0.1", "store@127.0.0.1"];
    assert_eq!(names(&fleet.json(&["ps", "--json"])), all);
    let ended = fleet.run(&["restart", "calc"]);
    let words = "calc-1 is up as calc-1@127.0.0.1, process PID\ncalc-2 is up as calc-2@127.0.0.1, process PID";
    assert_eq!((ended.code, normal(&ended.stdout).as_str()), (Some(0), words), "{ended}");
    let restarts = |name| fleet.node(name)["restarts"].as_u64();
    assert_eq!([restarts("calc-1"), restarts("calc-2"), restarts("store")], [Some(1), Some(1), Some(0)]);
    assert_eq!(fleet.run(&["stop", "calc-2"]).stdout, "calc-2 is stopped\n");
    assert_eq!(names(&fleet.json(&["ps", "--json"])), [all[0], all[2]]);
    let ended = fleet.run(&["logs", "calc"]);
    assert!(ended.stdout.contains("calc-1 | ") && ended.stdout.contains("calc-2 | "), "{ended}");
    assert!(!ended.stdout.contains("store"), "{ended}");
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
}

#[test]
fn top() {
    let fleet = Fleet::new(&format!("{HOST}{}{}", rust("one"), c("two")));
    let up = fleet.up();
    assert_eq!(fleet.run(&["stop", "two"]).code, Some(0));
    // In a pipe, once.
    let ended = fleet.run(&["top", "-i", "50ms"]);
    let rows: Vec<Vec<_>> = ended.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert!(ended.code == Some(0) && rows.len() == 4 && !ended.stdout.contains('\x1b'), "{ended}");
    assert!(ended.stdout.contains("nodex.toml: up, 1 of 2 up, host fleet@127.0.0.1, for "), "{ended}");
    assert_eq!([&rows[1][..2], &rows[2][..2], &rows[3][..2]], [["name", "state"], ["one", "up"], ["two", "stopped"]]);
    assert_eq!(rows[2][rows[2].len() - 4], "%", "{ended}");
    let json = fleet.json(&["top", "-i", "50ms", "--json"]);
    assert!(json["nodes"][0]["cpu_percent"].is_f64() && json["nodes"][1]["cpu_percent"].is_null(), "{json}");
    // On a terminal, on its other screen, which is left again.
    let mut script = std::process::Command::new("script");
    let command = format!("{} top -i 50ms -n 2", env!("CARGO_BIN_EXE_nodex"));
    script.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
    let ended = support::Nodex::new(script).cwd(&fleet.folder).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.starts_with("\x1b[?1049h\x1b[?25l\x1b[H"), "{ended}");
    assert!(ended.stdout.ends_with("\x1b[?25h\x1b[?1049l"), "{ended}");
    assert_eq!(ended.stdout.matches("\x1b[1;31mtwo").count(), 2, "{ended}");
    up.terminate();
    fleet.left_nothing(&up.end(LONG));
    assert_eq!(fleet.run(&["top"]).code, Some(3));
}
