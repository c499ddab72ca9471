//! Fleet files that are wrong: each error says where and what, and what to do.

use crate::support;

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path};

use support::fleet::{Fleet, HOST, rust};

/// What `nodex up --check` says of a file; `{file}` and `{folder}` stand for its path and its folder.
#[track_caller]
fn says(file: &str, words: &str) {
    let fleet = Fleet::new(file);
    for args in [&["up", "--check"][..], &["up"]] {
        let ended = fleet.run(args);
        let words = words.replace("{folder}", &fleet.folder.display().to_string());
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(2), "", words.as_str()), "{file}");
        fleet.left_nothing(&ended);
    }
    // For programs, the same.
    let ended = fleet.run(&["up", "--check", "--json"]);
    assert_eq!(ended.code, Some(2), "{ended}");
    let text = if ended.stdout.is_empty() { &ended.stderr } else { &ended.stdout };
    let _: serde_json::Value = serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} {ended}"));
}

/// A node whose file has this line more, which is line 5.
fn with(line: &str) -> String {
    format!("\n[[node]]\nname = \"calc\"\nexec = \"/bin/sh\"\n{line}\n")
}

#[test]
fn keys() {
    says(
        &with("restrat = \"permanent\""),
        "error: nodex.toml:5:1: there is no key `restrat`\n  5 | restrat = \"permanent\"\n    | ^^^^^^^\n  \
         key node.restrat of node calc\n  hint: did you mean restart? the keys here are: name, count, exec, args, protocol, \
         hostname, registered_name, ready_line, ready_timeout, start_timeout, cookie_in_env, env, cwd, restart, \
         max_restarts, max_seconds, backoff, stop, drain, health\n",
    );
    says(
        &with("stop = { grace = \"1s\", singal = \"SIGINT\" }"),
        "error: nodex.toml:5:24: there is no key `singal`\n  5 | stop = { grace = \"1s\", singal = \"SIGINT\" }\n    \
         |                        ^^^^^^\n  key node.stop.singal of node calc\n  \
         hint: did you mean signal? the keys here are: signal, grace, group\n",
    );
    says(
        "[nodes]\n",
        "error: nodex.toml:1:2: there is no key `nodes`\n  1 | [nodes]\n    |  ^^^^^\n  key nodes\n  \
         hint: did you mean node? the keys here are: host, supervisor, node\n",
    );
    says(
        "[[node]]\nname = \"calc\"\n",
        "error: nodex.toml:1:1: the key `exec` is missing\n  1 | [[node]]\n    | ^^^^^^^^\n  key node of node calc\n",
    );
    says(&with("exec = \"/bin/sh\""), "error: nodex.toml:5:1: duplicate key\n  5 | exec = \"/bin/sh\"\n    | ^^^^\n");
}

#[test]
fn values() {
    for (line, column, words, mark, key) in [
        ("ready_timeout = 5", 17, "\"5\" has no unit: write 5s for seconds (units: ms, s, m, h)", 1, "ready_timeout"),
        (
            "ready_timeout = \"5 apples\"",
            17,
            "\"5 apples\" is not a duration: expected a whole number and a unit (ms, s, m or h), such as 500ms, 10s or 2m",
            10,
            "ready_timeout",
        ),
        (
            "max_seconds = -1",
            15,
            "invalid value: integer `-1`, expected a number of seconds, or a duration, such as \"500ms\", \"5s\" or \"2m\"",
            2,
            "max_seconds",
        ),
        ("backoff = { jitter = 1.5 }", 22, "1.5 is no number from 0.0 to 1.0", 3, "backoff.jitter"),
        (
            "stop = { signal = \"SIGSTOP\" }",
            19,
            "\"SIGSTOP\" is none of the signals SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1 and SIGUSR2",
            9,
            "stop.signal",
        ),
        ("count = 0", 9, "0 is no number of nodes from 1 to 1000", 1, "count"),
        ("env = { A = 1 }", 13, "invalid type: integer `1`, expected a string", 1, "env.A"),
    ] {
        let number = " ".repeat(column - 1);
        let mark = "^".repeat(mark);
        says(
            &with(line),
            &format!(
                "error: nodex.toml:5:{column}: {words}\n  5 | {line}\n    | {number}{mark}\n  key node.{key} of node calc\n"
            ),
        );
    }
    says(
        &with("protocol = \"nodes\""),
        "error: nodex.toml:5:12: there is no `nodes`\n  5 | protocol = \"nodes\"\n    |            ^^^^^^^\n  \
         key node.protocol of node calc\n  hint: did you mean nodex? it is one of: nodex, bundlex, plain\n",
    );
    says(
        &with("health = { call = \"{ping, \" }"),
        "error: nodex.toml:5:19: \"{ping, \" is no term: this tuple has no end: } is missing\n  5 | health = { call = \"{ping, \" }\n    \
         |                   ^^^^^^^^^\n  key node.health.call of node calc\n",
    );
}

#[test]
fn names() {
    says(
        "[[node]]\nname = \"a@b\"\nexec = \"/bin/sh\"\n",
        "error: nodex.toml:2:8: \"a@b\" cannot be a name: it takes 1 to 100 letters, digits, _ and -, without the @ and the \
         host\n  2 | name = \"a@b\"\n    |        ^^^^^\n  key node.name of node a@b\n",
    );
    for name in ["a.b", "a/b", "a:b", "a+b", "", "calc.bin"] {
        let fleet = Fleet::new(&format!("[[node]]\nname = \"{name}\"\nexec = \"/bin/sh\"\n"));
        let ended = fleet.run(&["up"]);
        let told =
            format!("error: nodex.toml:2:8: \"{name}\" cannot be a name: it takes 1 to 100 letters, digits, _ and -");
        assert!(ended.code == Some(2) && ended.stderr.starts_with(&told), "{ended}");
        assert!(ended.stderr.contains("key node.name"), "{ended}");
    }
    says(
        "[host]\nname = \"a.b\"\n",
        "error: nodex.toml:2:8: \"a.b\" cannot be a name: it takes 1 to 100 letters, digits, _ and -, without the @ and the \
         host\n  2 | name = \"a.b\"\n    |        ^^^^^\n  key host.name\n",
    );
    says(
        &format!("{}{}", rust("one"), rust("one")),
        "error: nodex.toml:6:8: a second node is named one; the first is in line 2\n  6 | name = \"one\"\n    |        ^^^^^\n  \
         key node.name of node one\n",
    );
    says(
        "[[node]]\nname = \"fleet\"\nexec = \"/bin/sh\"\n",
        "error: nodex.toml:2:8: fleet is the name of the host itself\n  2 | name = \"fleet\"\n    |        ^^^^^^^\n  \
         key node.name of node fleet\n  hint: name = \"..\" in [host] gives the host another one\n",
    );
    says(
        HOST,
        "error: nodex.toml: there is no node in it\n  hint: a node is a table [[node]] with a name and an exec\n",
    );
}

#[test]
fn executables() {
    says(
        "[[node]]\nname = \"a\"\nexec = \"./nope\"\n\n[[node]]\nname = \"b\"\nexec = \"no-such-program\"\n\n\
         [[node]]\nname = \"c\"\nexec = \"/bin/sh\"\ncwd = \"gone\"\n",
        "error: nodex.toml:3:8: the executable {folder}/nope does not exist\n  3 | exec = \"./nope\"\n    |        ^^^^^^^^\n  \
         key node.exec of node a\n  nodex.toml:7:8: there is no executable no-such-program in PATH\n  \
         7 | exec = \"no-such-program\"\n    |        ^^^^^^^^^^^^^^^^^\n  key node.exec of node b\n  \
         nodex.toml:12:7: the working directory {folder}/gone of /bin/sh cannot be used: No such file or directory (os \
         error 2)\n  12 | cwd = \"gone\"\n     |       ^^^^^^\n  key node.cwd of node c\n",
    );
    let fleet = Fleet::new("[[node]]\nname = \"a\"\nexec = \"nodex.toml\"\n");
    let ended = fleet.run(&["up", "--check"]);
    assert!(
        ended.stderr.ends_with("  hint: for a file beside the fleet file, write exec = \"./nodex.toml\"\n"),
        "{ended}"
    );
    let fleet = Fleet::new("[[node]]\nname = \"a\"\nexec = \"./nodex.toml\"\n");
    let ended = fleet.run(&["up", "--check", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!((ended.code, &json["ok"], &json["faults"][0]["line"]), (Some(2), &false.into(), &3.into()), "{ended}");
    assert!(json["faults"][0]["message"].as_str().is_some_and(|words| words.contains("chmod +x")), "{ended}");
}

#[test]
fn what_is_no_fleet_file() {
    says(
        "[[node]\nname = 1",
        "error: nodex.toml:1:8: unclosed array table, expected `]`\n  1 | [[node]\n    |        ^\n",
    );
    let fleet = Fleet::new("");
    fs::write(fleet.folder.join("nodex.toml"), [0xff, 0xfe, 0]).expect("a file");
    let ended = fleet.run(&["up"]);
    assert_eq!(ended.code, Some(2), "{ended}");
    assert!(ended.stderr.starts_with("error: the fleet file nodex.toml cannot be read: "), "{ended}");
    assert!(ended.stderr.ends_with("  hint: a fleet file is TOML, in UTF-8\n"), "{ended}");
    fs::remove_file(fleet.folder.join("nodex.toml")).expect("a file");
    let ended = fleet.run(&["up"]);
    assert_eq!(ended.code, Some(2), "{ended}");
    assert!(
        ended.stderr.ends_with("  hint: -f names the fleet file; the default is nodex.toml in this folder\n"),
        "{ended}"
    );
    let ended = fleet.run(&["up", "-f", "/dev/zero"]);
    assert_eq!(ended.code, Some(2), "{ended}");
    let ended = fleet.run(&["up", "-f", "."]);
    assert!(ended.stderr.starts_with("error: the fleet file . cannot be read: "), "{ended}");
}

#[test]
fn what_is_in_order() {
    let fleet = Fleet::new(&format!("{HOST}{}{}", rust("one"), rust("two")));
    let ended = fleet.run(&["up", "--check"]);
    assert_eq!(
        (ended.code, ended.stdout.as_str()),
        (Some(0), "nodex.toml is in order: 2 nodes: one, two\n"),
        "{ended}"
    );
    let json = fleet.json(&["up", "--check", "--json"]);
    assert_eq!(json, serde_json::json!({ "file": "nodex.toml", "ok": true, "nodes": ["one", "two"], "faults": [] }));
    fleet.left_nothing(&ended);
}

/// The page about fleets.
fn page() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/fleet.md");
    fs::read_to_string(path).expect("the page about fleets")
}

/// Fleet files on the page, with an executable wherever they name one beside them.
#[test]
fn the_files_of_the_page_are_in_order() {
    let page = page();
    let files: Vec<&str> =
        page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().expect("a block")).collect();
    assert!(files.len() >= 2, "{page}");
    for file in files {
        let fleet = Fleet::new(file);
        fleet.write("cookie", "a_cookie_of_a_page");
        fs::create_dir(fleet.folder.join("bin")).expect("a folder");
        for exec in file.lines().filter_map(|line| line.strip_prefix("exec = \"")) {
            let path = fleet.write(exec.trim_end_matches('"'), "#!/bin/sh\n");
            fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("a mode");
        }
        let ended = fleet.run(&["up", "--check"]);
        assert_eq!(ended.code, Some(0), "{file}\n{ended}");
    }
}

/// Every key that the file may have is in the tables of the page, and no other.
#[test]
fn the_page_has_every_key() {
    let page = page();
    let node = "[[node]]\nname = \"a\"\nexec = \"sh\"\n";
    for (table, heading) in
        [("[host]\n", "### `[host]`"), ("[supervisor]\n", "### `[supervisor]`"), (node, "### `[[node]]`")]
    {
        let ended = Fleet::new(&format!("{table}no_such_key = 1\n")).run(&["up", "--check"]);
        let (_, keys) = ended.stderr.split_once("the keys here are: ").unwrap_or_else(|| panic!("{ended}"));
        let mut keys: Vec<_> = keys.trim().split(", ").collect();
        let (_, section) = page.split_once(heading).unwrap_or_else(|| panic!("no heading {heading}"));
        let section = section.split("\n#").next().expect("a section");
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next().map(str::to_owned));
        let mut rows: Vec<String> = rows.collect();
        keys.sort_unstable();
        rows.sort_unstable();
        assert_eq!(rows, keys, "{heading}");
    }
    // Of the inner tables, the keys are in the text of their row.
    for (inner, start) in [
        ("stop = { x = 1 }", "| `stop` |"),
        ("health = { x = 1 }", "| `health` |"),
        ("backoff = { x = 1 }", "| `backoff` | |"),
    ] {
        let ended = Fleet::new(&format!("{node}{inner}\n")).run(&["up", "--check"]);
        let (_, keys) = ended.stderr.split_once("the keys here are: ").unwrap_or_else(|| panic!("{ended}"));
        let row = page.lines().find(|line| line.starts_with(start)).unwrap_or_else(|| panic!("no row {start}"));
        for key in keys.trim().split(", ") {
            assert!(row.contains(&format!("`{key}`")) || row.contains(&format!("`{key} = ")), "{key} is not in {row}");
        }
    }
}
