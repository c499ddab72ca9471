//! Elixir scripts, each on a BEAM that is a node of its own little world: private epmd, loopback
//! only.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use crate::epmd::Epmd;
use crate::executable::Executable;
use crate::root;
use crate::run::{Ended, run};

/// Generous: a script takes seconds, but the machine may be busy with others.
const DEADLINE: Duration = Duration::from_secs(1_200);

/// Runs the ExUnit script `tests/elixir/<script>` against a node executable, whose path is the
/// script's argument, and checks that each of its tests has run and passed.
pub fn run_script(script: &str, executable: &Executable) {
    let epmd = Epmd::start();
    let path = path_of(script);
    let mut elixir = Command::new("elixir");
    elixir
        .args(["--name", "host@127.0.0.1", "--cookie", "a_cookie"])
        .args(["--erl", "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"])
        .arg(&path)
        .arg(executable.path())
        .env("ERL_EPMD_PORT", epmd.port().to_string());
    for variable in ["ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ERL_LIBS", "ELIXIR_ERL_OPTIONS", "ERL_EPMD_ADDRESS"] {
        elixir.env_remove(variable);
    }
    let ended = run(elixir, DEADLINE);

    assert_passed(script, &ended);
}

/// Where a script is.
pub fn path_of(script: &str) -> PathBuf {
    root().join("tests/elixir").join(script)
}

/// Checks that each test that the script declares has run and passed.
pub fn assert_passed(script: &str, ended: &Ended) {
    let path = path_of(script);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let declared = text.lines().filter(|line| line.trim_start().starts_with("test \"")).count();
    assert!(declared > 0, "{script} declares no test");

    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code, Some(0), "{script}\n{said}");
    // As Elixir says it before 1.20, and since.
    let before = format!("{declared} test{}, 0 failures", if declared == 1 { "" } else { "s" });
    let since = format!("Result: {declared} passed");
    let passed = said.lines().any(|line| line == before || line == since);
    assert!(passed, "neither {before:?} nor {since:?} from {script}\n{said}");
}
