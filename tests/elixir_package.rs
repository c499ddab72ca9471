//! The Elixir package in `elixir/nodex_rs`: its own ExUnit tests, on each release of Elixir that it is for.

use std::{
    env,
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use nodex_testkit::{
    epmd::Epmd,
    executable::Executable,
    otp::{Folder, Otp},
    run::run,
};

/// Generous: it takes a minute, but the machine may be busy with others.
const DEADLINE: Duration = Duration::from_secs(1_200);

/// Fewer tests than this, and some have got lost.
const AT_LEAST: u32 = 100;

nodex_testkit::otp::release!(system = None; formatted, package);
nodex_testkit::otp::release!(otp_27 = Some("27"); package);
nodex_testkit::otp::release!(otp_29 = Some("29"); package);

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("elixir/nodex_rs")
}

/// Formatters of later releases know other rules; that of this machine is the one that counts.
fn formatted(otp: &Otp) {
    let mut mix = otp.command("mix");
    mix.args(["format", "--check-formatted"]).current_dir(source());
    let ended = run(mix, DEADLINE);
    assert_eq!(ended.code, Some(0), "{}{}", ended.stdout, ended.stderr);
}

fn package(otp: &Otp) {
    let epmd = Epmd::start();
    let folder = otp.folder(&format!("package-{}", epmd.port()));
    let package = folder.copy_all(&source(), &["_build", "tmp"]);
    copy_nodes(&folder);

    let mut mix = otp.script(r#"cd "$0" && exec mix test --warnings-as-errors --no-color"#);
    mix.arg(package)
        .env("ERL_EPMD_PORT", epmd.port().to_string())
        .env("MIX_ENV", "test")
        .env("NODEX_RS_TEST_NODES", &folder.inside);
    let with_cargo = otp.is_of_this_machine();
    if with_cargo {
        // Its home is another one in the test.
        for (variable, default) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
            let home = env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
            mix.env(variable, env::var_os(variable).map_or_else(|| home.join(default), PathBuf::from));
        }
    } else {
        // There is no Rust in there; what is left out is the compiler that runs cargo.
        mix.env("NODEX_RS_TEST_WITHOUT_CARGO", "1").env("HOME", &folder.inside);
    }
    let ended = run(mix, DEADLINE);

    let said = format!("{}{}", ended.stdout, ended.stderr);
    assert_eq!(ended.code, Some(0), "{said}");
    let counts = said.lines().rev().find(|line| line.contains("failure") || line.starts_with("Result: "));
    let counts = counts.unwrap_or_else(|| panic!("no counts\n{said}"));
    let number = counts.split(|c: char| !c.is_ascii_digit()).find_map(|word| word.parse::<u32>().ok());
    assert!(number.is_some_and(|number| number >= AT_LEAST), "{counts}\n{said}");
    assert_eq!(counts.contains("excluded"), !with_cargo, "{counts}");
    // This bypasses the capture of the test, so that the log shows that they were run.
    let _ = writeln!(io::stderr(), "elixir/nodex_rs with {otp}: {counts}");
}

/// The executables that its tests use, beside it in a folder.
fn copy_nodes(folder: &Folder) {
    for example in ["docs_calc", "docs_stock", "citizen_under_test", "no_macro"] {
        folder.copy(Executable::example(example).path());
    }
    for child in [
        "chatty",
        "crashes",
        "exits_before_ready",
        "flood",
        "ignores_sigterm",
        "never_ready",
        "not_utf8",
        "shows_itself",
    ] {
        folder.copy(Executable::child(child).path());
    }
    folder.copy(Executable::c_node("example_client").path());
    folder.rename("example_client", "c_node");
}
