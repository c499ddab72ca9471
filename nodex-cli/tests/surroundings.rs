//! The command where files, descriptors or its own streams are short: a line and a status, and no signal or panic.

use std::process::{Command, Output, Stdio};

/// What the command does, started by a shell with this in front of it and behind it.
fn nodex(before: &str, args: &str, behind: &str) -> Output {
    let script = format!("{before}; exec \"$0\" {args} {behind}");
    let mut shell = Command::new("/bin/sh");
    // No epmd listens on this port.
    shell.args(["-c", &script, env!("CARGO_BIN_EXE_nodex")]).env("ERL_EPMD_PORT", "1").stdin(Stdio::null());
    shell.output().expect("a shell")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn few_descriptors_are_told() {
    let mut told = 0;
    for limit in 4..20 {
        for args in ["names", "ping a@127.0.0.1", "run /bin/true"] {
            let output = nodex(&format!("ulimit -n {limit}"), args, "");
            let said = stderr(&output);
            assert!(output.status.code().is_some_and(|code| code != 0 && code != 101), "{limit} {args}: {output:?}");
            assert!(!said.contains("panicked"), "{limit} {args}: {said}");
            told += usize::from(said.contains(&format!("error: the limit of {limit} open files (RLIMIT_NOFILE)")));
        }
    }
    assert!(told >= 24, "{told}");
}

#[test]
fn a_limit_on_the_size_of_files_ends_nothing() {
    let file = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("limit-{}", std::process::id()));
    let output = nodex("ulimit -f 0", "term '{a, 1}'", &format!(">'{}'", file.display()));
    std::fs::remove_file(&file).expect("the file");
    // That it cannot be written is a failure like others.
    assert!(output.status.code().is_some(), "{output:?}");
}

#[test]
fn closed_streams_do_no_harm() {
    for behind in ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"] {
        let output = nodex(":", "term '{a, 1}'", behind);
        assert_eq!(output.status.code(), Some(0), "{behind}: {output:?}");
        let output = nodex(":", "ping a@127.0.0.1", behind);
        assert!(output.status.code().is_some_and(|code| code != 0 && code != 101), "{behind}: {output:?}");
    }
}
