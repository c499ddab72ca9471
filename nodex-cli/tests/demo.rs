//! `nodex demo`, as its user sees it.

use crate::support;

use std::{fs, net::TcpListener, path::Path, process::Command, time::Duration};

use support::{Nodex, c_program, nodex};

#[test]
fn works_alone() {
    let ended = nodex(["demo", "--calls", "200"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    for part in [
        "a node starts and says so\n  initialising calc@127.0.0.1\n",
        "calc@127.0.0.1 ready\n",
        "{:ping, \"hello\"}                {:pong, \"hello\"} ",
        "{:error, :unknown_call}",
        "{:ok, 42}",
        "{:error, :overflow}",
        "{:error, {:badarg, \"add: argument 2: expected integer, got binary\"}}",
        "calc.add(1, 2)",
        "{:error, {:panic, \"crash: on purpose\"}}",
        "down    its process ended: killed by SIGKILL, seen after ",
        "up      process ",
        "{:pong, :again}",
        "one at a time                 200",
        "64 at a time                2,048",
    ] {
        assert!(ended.stdout.contains(part), "{part:?} is missing\n{ended}");
    }
    for part in ["epmd  embedded", "host  demo@127.0.0.1", "node  ", "end   stopped, "] {
        assert!(ended.stderr.contains(part), "{part:?} is missing\n{ended}");
    }
    assert!(!ended.stdout.contains('\x1b') && !ended.stderr.contains('\x1b'), "no colour in a pipe\n{ended}");
    ended.left_nothing();
}

/// On a fresh machine nothing but the command is built: it is its own node.
#[test]
fn works_without_the_example() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("alone-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let alone = folder.join("nodex");
    // A link and no copy: a file that is still open for writing somewhere cannot be executed.
    fs::hard_link(env!("CARGO_BIN_EXE_nodex"), &alone).expect("a link");
    let mut command = Command::new(&alone);
    command.args(["demo", "--calls", "50"]);
    let ended = Nodex::new(command).run();
    fs::remove_dir_all(&folder).expect("the folder");
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stderr.contains("nodex demo-node, process "), "{ended}");
    assert!(ended.stdout.contains("{:pong, \"hello\"}"), "{ended}");
    ended.left_nothing();
}

#[test]
fn shows_any_node_executable() {
    let ended = nodex(["demo", "--calls", "50"]).arg(c_program("example_client")).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stderr.contains("c_src/example_client, process "), "{ended}");
    assert!(ended.stdout.contains("{:pong, \"hello\"}"), "{ended}");
    ended.left_nothing();
}

#[test]
fn columns_are_aligned() {
    let ended = nodex(["demo", "--calls", "50"]).run();
    let lines: Vec<_> = ended.stdout.lines().collect();
    let width = |line: &str| line.chars().count();
    let start = lines.iter().position(|line| line.starts_with("round trips ")).expect("a heading");
    let table: Vec<_> = lines[start..].iter().take_while(|line| !line.is_empty()).collect();
    assert!(table.len() >= 4, "{ended}");
    assert!(table.iter().all(|line| width(line) == width(table[0])), "{table:#?}");
}

#[test]
fn json_is_an_object_a_line() {
    let ended = nodex(["demo", "--calls", "50", "--json"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    let steps = ended.json();
    for step in ["line", "ready", "call", "kill", "down", "up", "round_trips"] {
        assert!(steps.iter().any(|found| found["step"] == step), "{step}\n{ended}");
    }
    let rpc = steps.iter().find(|step| step["kind"] == ":rpc.call").expect("a call of a function");
    assert_eq!((&rpc["call"], &rpc["answer"]), (&"calc.add(1, 2)".into(), &"{:ok, 3}".into()));
}

#[test]
fn quiet_leaves_the_data() {
    let ended = nodex(["demo", "--calls", "50", "--quiet"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
    assert!(ended.stdout.contains("round trips"), "{ended}");
}

#[test]
fn verbose_logs_to_stderr() {
    let ended = nodex(["demo", "--calls", "50", "-vv"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stderr.contains("DEBUG nodex_host"), "{ended}");
    assert!(!ended.stdout.contains("DEBUG"), "{ended}");
}

/// On a terminal, made by script(1), and there only if NO_COLOR does not forbid it.
#[test]
fn colour_on_a_terminal() {
    let on_a_terminal = |no_color: Option<&str>| {
        let command = format!("{} demo --calls 50", env!("CARGO_BIN_EXE_nodex"));
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm").env_remove("NO_COLOR");
        script.envs(no_color.map(|value| ("NO_COLOR", value)));
        Nodex::new(script).run()
    };
    for (no_color, colour) in [(None, true), (Some(""), true), (Some("1"), false)] {
        let ended = on_a_terminal(no_color);
        assert_eq!(ended.code, Some(0), "{ended}");
        assert!(ended.stdout.contains("{:pong,"), "{ended}");
        assert_eq!(ended.stdout.contains("\x1b["), colour, "{no_color:?} {ended}");
    }
}

#[test]
fn another_program_on_the_port_of_epmd_is_no_hindrance() {
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = other.local_addr().expect("its address").port().to_string();
    let ended = nodex(["demo", "--calls", "50"]).env("ERL_EPMD_PORT", &port).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(!ended.stderr.contains(&format!(":{port}\n")), "{ended}");
    ended.left_nothing();
}

#[test]
fn executables_that_are_none() {
    for (path, code, words) in [
        ("/nowhere/at/all", 2, "error: the executable /nowhere/at/all does not exist\n"),
        ("/usr", 2, "error: the executable /usr is a directory\n"),
        ("/etc/passwd", 2, "error: /etc/passwd is not executable: set its mode with chmod +x\n"),
    ] {
        let ended = nodex(["demo", path]).run();
        assert_eq!(ended.code, Some(code), "{ended}");
        assert!(ended.stderr.contains(words), "{ended}");
        assert_eq!(ended.stdout, "");
    }
}

#[test]
fn a_program_that_is_no_node() {
    let ended = nodex(["demo"]).arg(c_program("children/exits_before_ready")).run();
    assert_eq!(ended.code, Some(8), "{ended}");
    for part in ["ended before it was ready: exit status 3", "stderr: cannot go on", "hint: a node takes the arguments"]
    {
        assert!(ended.stderr.contains(part), "{part:?} is missing\n{ended}");
    }
    ended.left_nothing();
}

#[test]
fn usage() {
    for args in [vec![], vec!["demo", "--calls", "0"], vec!["demo", "a", "b"], vec!["nonsense"]] {
        let ended = nodex(&args).run();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{args:?} {ended}");
        assert!(ended.stderr.contains("--help"), "{args:?} {ended}");
    }
    let ended = nodex(["--help"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
    assert!(ended.stdout.contains("demo ") && !ended.stdout.contains("demo-node"), "{ended}");
}

#[test]
fn a_reader_that_has_enough() {
    let mut script = Command::new("sh");
    script.args(["-c", &format!("{} demo --calls 1000 | head -n 1", env!("CARGO_BIN_EXE_nodex"))]);
    let ended = Nodex::new(script).run();
    assert!(!ended.stderr.contains("error") && !ended.stderr.contains("panic"), "{ended}");
    ended.left_nothing();
}

#[test]
fn interrupted() {
    let running = nodex(["demo", "--calls", "10000000"]).start();
    running.wait_for_stdout("round trips ");
    running.interrupt();
    let ended = running.end(Duration::from_secs(20));
    assert_eq!(ended.code, Some(130), "{ended}");
    assert!(ended.stderr.ends_with("error: interrupted\n"), "{ended}");
    ended.left_nothing();
}

/// The node of the demo is one like any other.
#[test]
fn the_hidden_node_keeps_the_contract() {
    for args in [vec!["demo-node"], vec!["demo-node", "-h"], vec!["demo-node", "a", "b", "c", "d", "e"]] {
        let ended = nodex(&args).run();
        assert_eq!(ended.code, Some(0), "{args:?} {ended}");
        assert!(ended.stdout.contains("<sname> <hostname> <cookie> <tname>"), "{args:?} {ended}");
    }
    let ended = nodex(["demo-node", "-x", "127.0.0.1", "c", "nobody"]).run();
    assert_eq!(ended.code, Some(1), "{ended}");
    assert!(ended.stdout.starts_with("initialising -x@127.0.0.1\n"), "{ended}");
    assert_eq!(ended.stderr.lines().count(), 1, "{ended}");
}
