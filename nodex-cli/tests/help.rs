//! What `--help` says of each command.

use crate::support;

use support::{nodex, shot::compare};

#[test]
fn of_every_command() {
    let commands = [
        "demo",
        "run",
        "check",
        "doctor",
        "listen",
        "names",
        "epmd",
        "ping",
        "info",
        "call",
        "cast",
        "send",
        "rpc",
        "term",
        "completions",
        "man",
    ];
    let all = nodex(["--help"]).run();
    assert_eq!((all.code, all.stderr.as_str()), (Some(0), ""), "{all}");
    for command in commands {
        let listed = all.stdout.lines().any(|line| line.split_whitespace().next() == Some(command));
        assert!(listed, "{command} is not listed\n{all}");
        let help = nodex([command, "--help"]).run();
        assert_eq!((help.code, help.stderr.as_str()), (Some(0), ""), "{help}");
        compare(&format!("help_{command}"), &help.stdout);
    }
}
