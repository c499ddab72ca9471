//! The commands that talk to nodes, as their user sees them: against a BEAM and a Rust node, by an epmd of the command.

use crate::support;

use support::{nodex, world::World};

/// The lines of both outputs and the exit code.
#[track_caller]
fn says(world: &World, args: &[&str], code: i32, stdout: &str, stderr: &str) {
    let ended = world.nodex(args);
    assert_eq!(
        (ended.code, ended.stdout.as_str(), ended.stderr.as_str()),
        (Some(code), stdout, stderr),
        "nodex {args:?}\n{ended}"
    );
}

/// That the outputs have these parts.
#[track_caller]
fn tells(world: &World, args: &[&str], code: i32, stdout: &[&str], stderr: &[&str]) {
    let ended = world.nodex(args);
    assert_eq!(ended.code, Some(code), "nodex {args:?}\n{ended}");
    for part in stdout {
        assert!(ended.stdout.contains(part), "{part:?} is missing: nodex {args:?}\n{ended}");
    }
    for part in stderr {
        assert!(ended.stderr.contains(part), "{part:?} is missing: nodex {args:?}\n{ended}");
    }
}

/// Both nodes are there for all of them: a BEAM takes a second to start.
#[test]
fn a_session() {
    let mut world = World::start();
    calls(&world);
    messages(&world);
    functions(&world);
    pings_and_infos(&world);
    failures(&world);
    names(&mut world);
    let epmd = world.end();
    assert_eq!(epmd.code, Some(0), "{epmd}");
}

fn calls(world: &World) {
    says(world, &["call", "beam", "echo", "{:add, 1, \"x\"}"], 0, "{:ok, {:add, 1, \"x\"}}\n", "");
    says(world, &["call", "beam@127.0.0.1", "echo", "{add, 1}", "--syntax", "erlang"], 0, "{ok,{add,1}}\n", "");
    says(world, &["call", "beam", "echo", "-1"], 0, "{:ok, -1}\n", "");
    says(world, &["call", "rust", "calc", "{add, 20, 22}"], 0, "42\n", "");
    says(world, &["call", "rust", "calc", "{:ping, %{a: ~c\"b\"}}", "--plain"], 0, "{:pong, %{a: ~c\"b\"}}\n", "");
    // Errors that the peer answers with.
    says(world, &["call", "beam", "echo", "bad"], 1, "{:error, :bad}\n", "");
    says(world, &["call", "rust", "calc", "nope", "--plain"], 6, "{:error, :unknown_call}\n", "");
    let ended = world.nodex(&["call", "rust", "calc", "{add, 20, 22}", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
    assert_eq!(
        (&json["node"], &json["name"], &json["reply"], &json["value"]),
        (&"rust@127.0.0.1".into(), &"calc".into(), &"42".into(), &42.into())
    );
    assert!(json["microseconds"].is_u64() && json.as_object().expect("an object").len() == 5, "{json}");
}

fn messages(world: &World) {
    says(world, &["send", "beam", "echo", "{hello, [1, 2]}"], 0, "", "");
    says(world, &["cast", "beam", "echo", "~c\"abc\""], 0, "", "");
    says(world, &["call", "beam", "echo", "got"], 0, "[hello: [1, 2], \"$gen_cast\": ~c\"abc\"]\n", "");
}

fn functions(world: &World) {
    says(world, &["rpc", "beam", "lists", "seq", "1", "3"], 0, "[1, 2, 3]\n", "");
    says(world, &["rpc", "beam", ":erlang", "node"], 0, ":\"beam@127.0.0.1\"\n", "");
    says(world, &["rpc", "rust", "calc", "add", "1", "2"], 0, "3\n", "");
    says(world, &["rpc", "beam", "lists", "nope"], 6, "", "error: there is no lists:nope/0 on beam@127.0.0.1\n");
    tells(
        world,
        &["rpc", "beam", "erlang", "error", "oops"],
        1,
        &[],
        &["error: erlang:error/1 on beam@127.0.0.1 failed: {:EXIT, {:oops, "],
    );
}

fn pings_and_infos(world: &World) {
    for node in ["beam", "rust", "beam@127.0.0.1"] {
        let full = format!("{}@127.0.0.1", node.split('@').next().expect("a name"));
        tells(
            world,
            &["ping", node, "-c", "3"],
            0,
            &[&format!("{full} let us in within "), &format!("pong 3 from {full}: "), "3 round trips: min "],
            &[],
        );
    }
    let ended = world.nodex(&["ping", "rust", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
    assert!(json["node"] == "rust@127.0.0.1" && json["count"] == 1 && json["microseconds"]["p99"].is_f64(), "{json}");
    tells(world, &["info", "beam"], 0, &["an Erlang VM\n", "otp release ", "both can ", "SPAWN", "net_kernel"], &[]);
    tells(
        world,
        &["info", "rust"],
        0,
        &["a Rust node\n", "it has      calc\n", "uptime      ", "calc ", " add/2"],
        &[],
    );
    let ended = world.nodex(&["info", "rust", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
    assert!(json["kind"] == "nodex" && json["creation"].is_u64() && json["functions"].is_array(), "{json}");
}

fn failures(world: &World) {
    tells(
        world,
        &["call", "beam", "nope", ":hi"],
        6,
        &[],
        &["error: no process named 'nope' on beam@127.0.0.1\n  it has: ", "  hint: nodex info beam\n"],
    );
    says(
        world,
        &["call", "beam", "mortal", "die"],
        1,
        "",
        "error: 'mortal' on beam@127.0.0.1 ended before it replied: :because\n",
    );
    tells(
        world,
        &["call", "beam", "echo", "silent", "--timeout", "300ms"],
        5,
        &[],
        &["error: 'echo' on beam@127.0.0.1 did not reply within 300ms\n  hint: --timeout"],
    );
    let epmd = format!("epmd at 127.0.0.1:{}", world.port());
    says(
        world,
        &["ping", "nobody"],
        3,
        "",
        &format!(
            "error: no node named nobody is registered with {epmd}\n  it has: beam, rust\n  hint: nodex doctor nobody looks for the reason\n"
        ),
    );
    tells(
        world,
        &["ping", "beam@localhost"],
        3,
        &[],
        &["there is no beam@localhost: the node that answers there is beam@127.0.0.1"],
    );
    tells(
        world,
        &["ping", "nobody@nowhere.invalid"],
        3,
        &[],
        &["error: the host nowhere.invalid of nobody@nowhere.invalid is unknown: "],
    );
    names_of_the_command(world);
    let ended = world.command(&["ping", "beam"]).env("NODEX_COOKIE", "another_cookie").run();
    assert_eq!(ended.code, Some(4), "{ended}");
    assert!(ended.stderr.starts_with("error: beam has another cookie\n  hint: set NODEX_COOKIE"), "{ended}");
    let ended = world.command(&["ping", "beam", "--json"]).env("ERL_EPMD_PORT", "1").run();
    let json: serde_json::Value = serde_json::from_str(&ended.stderr).unwrap_or_else(|error| panic!("{error} {ended}"));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(3), ""), "{ended}");
    assert!(json["error"]["exit"] == 3 && json["error"]["message"] == "no epmd is running at 127.0.0.1:1", "{json}");
}

/// What this command cannot be called is told before anything is dialled: the BEAM would notice.
fn names_of_the_command(world: &World) {
    for (name, words) in [
        ("a.b", "before the @ there can only be letters A-Z and a-z, digits, _ and -"),
        ("a/b@127.0.0.1", "before the @ there can only be letters"),
        ("a:b", "before the @ there can only be letters"),
        ("a+b", "before the @ there can only be letters"),
        ("", "before the @ there can only be letters"),
        ("a@b@c", "not of the form name@host"),
        ("beam@127.0.0.1", "is the name of the node that is to be talked to"),
    ] {
        for command in
            [&["ping", "beam@127.0.0.1"][..], &["rpc", "beam@127.0.0.1", "erlang", "node"], &["doctor", "beam"]]
        {
            let ended = world.nodex(&[command, &["--name", name]].concat());
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{name:?} {ended}");
            assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(words), "{name:?} {ended}");
            assert!(ended.stderr.contains("--name chooses"), "{name:?} {ended}");
        }
    }
    let ended = world.nodex(&["listen", "a.b"]);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended}");
    assert!(ended.stderr.contains("\"a.b@127.0.0.1\" is no node name: before the @"), "{ended}");
}

/// The BEAM does not live on.
fn names(world: &mut World) {
    let ended = world.nodex(&["names"]);
    let lines: Vec<_> = ended.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>()).collect();
    assert_eq!(lines[0], ["name", "port", "kind", "answers"], "{ended}");
    assert_eq!([lines[1][0], lines[1][2], lines[2][0], lines[2][2]], ["beam", "beam", "rust", "hidden"], "{ended}");
    world.kill_beam();
    let ended = world.nodex(&["names", "127.0.0.1", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
    assert!(
        json["nodes"]
            .as_array()
            .is_some_and(|nodes| nodes.iter().any(|node| node["name"] == "rust" && node["answers"] == true)),
        "{json}"
    );
}

#[test]
fn cookies_from_files() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("cookies-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join("cookie");
    std::fs::write(&file, "from_a_file\n").expect("a file");
    let path = file.to_str().expect("UTF-8");
    let ended = nodex(["ping", "x", "--cookie-file", path]).run();
    assert_eq!(ended.code, Some(3), "{ended}");
    assert!(
        ended.stderr.starts_with(&format!("warning: others can read the cookie in {path}: chmod 400 {path}\n")),
        "{ended}"
    );
    let ended = nodex(["ping", "x", "--quiet", "--cookie-file", path]).run();
    assert!(ended.stderr.starts_with("error: no epmd is running at "), "{ended}");
    let ended = nodex(["ping", "x", "--cookie-file", "/nowhere"]).run();
    assert_eq!(ended.code, Some(4), "{ended}");
    assert!(ended.stderr.contains("/nowhere"), "{ended}");
    let ended = nodex(["ping", "x"]).run();
    assert_eq!(ended.code, Some(4), "{ended}");
    assert!(ended.stderr.starts_with("error: no cookie: "), "{ended}");
    // Where a BEAM finds it too.
    std::fs::create_dir_all(folder.join(".config/erlang")).expect("a folder");
    std::fs::copy(&file, folder.join(".config/erlang/.erlang.cookie")).expect("a file");
    let ended = nodex(["ping", "x", "--quiet"]).env("HOME", folder.to_str().expect("UTF-8")).run();
    assert!(ended.stderr.starts_with("error: no epmd is running at "), "{ended}");
    std::fs::remove_dir_all(&folder).expect("the folder");
}

#[test]
fn terms() {
    let ended = nodex(["term", "#{a => \"b\", 'C d' => [~c\"x\"|y]}"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    let lines =
        "elixir  %{\"C d\": [~c\"x\" | :y], a: \"b\"}\nerlang  #{'C d' => [\"x\"|y],a => <<\"b\">>}\nbytes   32\n";
    assert_eq!(ended.stdout, lines);
    let ended = nodex(["term", "{a, \"x\"}", "--json", "--syntax", "erlang"]).run();
    assert_eq!(
        ended.stdout,
        "{\"bytes\":10,\"elixir\":\"{:a, ~c\\\"x\\\"}\",\"erlang\":\"{a,\\\"x\\\"}\",\"value\":[\"a\",[120]]}\n"
    );
    for (term, words) in [
        (
            "{add, [1, 2}",
            "error: this is no term: expected a comma, | or ], found '}'\n  {add, [1, 2}\n             ^\n",
        ),
        ("{a,\n é \"x}", "error: this is no term: expected a comma or }, found '\"'\n   é \"x}\n     ^\n"),
    ] {
        let ended = nodex(["term", term]).run();
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(7), "", words), "{term}");
    }
}

#[test]
fn shells_and_manual() {
    for shell in ["bash", "zsh", "fish"] {
        let ended = nodex(["completions", shell]).run();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
        assert!(ended.stdout.contains("ping") && ended.stdout.contains("cookie-file"), "{shell}");
    }
    let ended = nodex(["man"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.contains(".TH nodex") && ended.stdout.contains("ping"), "{ended}");
    let ended = nodex(["man", "call"]).run();
    assert!(ended.stdout.contains(".TH nodex\\-call") || ended.stdout.contains(".TH nodex-call"), "{ended}");
    let ended = nodex(["man", "nonsense"]).run();
    assert_eq!(
        (ended.code, ended.stderr.as_str()),
        (Some(2), "error: there is no command nonsense\n  hint: nodex --help lists them\n")
    );
}
