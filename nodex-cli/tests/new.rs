//! `nodex new`: the projects that it makes are built, tested and run as their user would do it.

use crate::support;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Mutex,
    time::Duration,
};

use support::{Ended, Nodex, nodex};

/// A build of nodex in a fresh folder, on a machine with much else to do.
const BUILD: Duration = Duration::from_secs(900);

/// A folder that is empty at the start and gone at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("new-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).expect("a folder");
        Folder(path)
    }

    fn path(&self, below: &str) -> String {
        self.0.join(below).to_str().expect("UTF-8").to_owned()
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).expect("the folder");
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A program in a project. What the projects need of nodex is built once for all of them and kept for the next time.
fn program(program: &str, args: &[&str], folder: &str) -> Nodex {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-target");
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env("CARGO_TARGET_DIR", target).env("CARGO_NET_OFFLINE", "true");
    // The home of the run has no toolchain in it.
    for (variable, default) in [("CARGO_HOME", ".cargo"), ("RUSTUP_HOME", ".rustup")] {
        let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
        command.env(variable, std::env::var_os(variable).map_or_else(|| home.join(default), PathBuf::from));
    }
    for variable in ["MIX_ENV", "ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ELIXIR_ERL_OPTIONS", "ERL_EPMD_ADDRESS"] {
        command.env_remove(variable);
    }
    Nodex::new(command)
}

/// Nothing in a new project says where it was made.
fn tells_no_place(dir: &Path, folder: &Path) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository");
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            tells_no_place(dir, &path);
            continue;
        }
        let text = fs::read_to_string(&path).expect("text");
        for place in [dir, root] {
            assert!(!text.contains(place.to_str().expect("UTF-8")), "{} tells {}", path.display(), place.display());
        }
    }
}

/// Waits for a run of [`program`], one at a time: cargo would wait for the folder anyway.
fn succeeds(run: Nodex) -> Ended {
    static ONE: Mutex<()> = Mutex::new(());
    let _one = ONE.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    let ended = run.start().end(BUILD);
    assert_eq!(ended.code, Some(0), "{ended}");
    ended
}

#[test]
fn a_node_project_is_built_tested_and_run() {
    let folder = Folder::new("node");
    let dir = folder.path("my-calc");
    let ended = nodex(["new", &dir]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    let files: Vec<&str> = ended.stdout.lines().map(|path| path.strip_prefix(&dir).unwrap_or(path)).collect();
    assert_eq!(files, ["/README.md", "/Cargo.toml", "/src/main.rs", "/.gitignore"], "{ended}");
    let ask = r#"nodex run target/release/my-calc --call '{:hello, "Ada"}'"#;
    for part in [ask, "my-calc is ready", &format!("cd {dir}"), "cargo test", "cargo build --release"] {
        assert!(ended.stderr.contains(part), "{ended}");
    }

    tells_no_place(Path::new(&dir), Path::new(&dir));
    let ended = succeeds(program("cargo", &["test"], &dir));
    assert!(ended.stdout.contains("test tests::answers ... ok"), "{ended}");
    let ended = succeeds(program("cargo", &["fmt", "--check"], &dir));
    assert_eq!(ended.stdout, "");
    succeeds(program("cargo", &["clippy", "--all-targets", "--", "-D", "warnings"], &dir));

    // As its README has it, but for the place of the executable.
    let built = Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-target/debug/my-calc");
    succeeds(program("cargo", &["build"], &dir));
    let readme = fs::read_to_string(folder.0.join("my-calc/README.md")).expect("the README");
    assert!(readme.contains(ask), "{readme}");
    let ended = nodex(["run", built.to_str().expect("UTF-8"), "--call", r#"{:hello, "Ada"}"#]).run();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "\"Hello, Ada!\"\n"), "{ended}");
    ended.left_nothing();
    let script = elixir_of(&readme).replace("target/release/my-calc", built.to_str().expect("UTF-8"));
    let epmd = Epmd::start();
    let erl = "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}";
    let args = ["--name", "iex@127.0.0.1", "--cookie", "secret", "--erl", erl, "-e", &script];
    let ended = succeeds(program("elixir", &args, &dir).env("ERL_EPMD_PORT", &epmd.port));
    assert_eq!(ended.stdout, "2 values\n", "{ended}");
    ended.left_nothing();
}

/// The Elixir code of a page, whose lines `expression  #=> value` are checked.
fn elixir_of(page: &str) -> String {
    let block = page.split("```elixir\n").nth(1).and_then(|rest| rest.split("```").next()).expect("Elixir code");
    let mut values = 0;
    let mut script = String::new();
    for line in block.lines() {
        match line.split_once("  #=> ") {
            Some((expression, value)) => {
                values += 1;
                script += &format!("true = ({expression}) == ({value})\n");
            }
            None => script += &format!("{line}\n"),
        }
    }
    script + &format!("IO.puts(\"{values} values\")\n")
}

#[test]
fn a_mix_project_is_built_tested_and_run() {
    let folder = Folder::new("elixir");
    let dir = folder.path("tea_shop");
    let ended = nodex(["new", &dir, "--elixir"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(ended.stdout.contains("tea_shop/native/tea_shop/src/main.rs\n"), "{ended}");
    assert!(ended.stderr.contains("mix test") && ended.stderr.contains("iex -S mix"), "{ended}");

    tells_no_place(Path::new(&dir), Path::new(&dir));
    let epmd = Epmd::start();
    let mix = |args: &[&str]| succeeds(program("mix", args, &dir).env("ERL_EPMD_PORT", &epmd.port));
    let ended = mix(&["test", "--warnings-as-errors"]);
    assert!(ended.stdout.contains("2 tests, 0 failures"), "{ended}");
    ended.left_nothing();
    mix(&["format", "--check-formatted"]);
    let page = fs::read_to_string(folder.0.join("tea_shop/README.md")).expect("the README");
    let ended = mix(&["run", "-e", &elixir_of(&page)]);
    assert!(ended.stdout.ends_with("2 values\n"), "{ended}");
    ended.left_nothing();
}

/// A release of a project as it was made is a node of its own, beside the Rust node that it starts.
#[test]
fn a_release_boots() {
    let folder = Folder::new("release");
    let dir = folder.path("calc");
    let ended = nodex(["new", &dir, "--elixir", "--quiet"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    let epmd = Epmd::start();
    let in_project = |program_name: &str, args: &[&str]| {
        program(program_name, args, &dir)
            .env("ERL_EPMD_PORT", &epmd.port)
            .env("MIX_ENV", "prod")
            // The machine has better to do than to build what runs for a second.
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16")
            .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "0")
            .env("ERL_AFLAGS", "-kernel inet_dist_use_interface {127,0,0,1}")
    };
    succeeds(in_project("mix", &["release", "--quiet"]));

    let release = format!("{dir}/_build/prod/rel/calc/bin/calc");
    let booted = in_project(&release, &["start"]).start();
    let rpc = |expression: &str| in_project(&release, &["rpc", expression]).run();
    let deadline = std::time::Instant::now() + BUILD;
    let mut ended = rpc("IO.inspect(Calc.divide(7, 2))");
    while ended.code != Some(0) {
        assert!(std::time::Instant::now() < deadline, "{ended}");
        ended = rpc("IO.inspect(Calc.divide(7, 2))");
    }
    assert_eq!(ended.stdout, "{:ok, 3}\n", "{ended}");
    let ended = rpc(
        "[node(), NodexRs.node(Calc.Node)] |> Enum.map(&(&1 |> to_string() |> String.split(\"@\"))) |> IO.inspect()",
    );
    let names: Vec<&str> = ended.stdout.split('"').skip(1).step_by(2).collect();
    assert!(matches!(names[..], ["calc", host, "calc_node", same] if host == same), "{ended}");
    // Another program of the release, which is no node.
    let ended = in_project(&release, &["eval", "IO.puts(\"evaluated\")"]).run();
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "evaluated\n"), "{ended}");
    let ended = in_project(&release, &["stop"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    let ended = booted.end(BUILD);
    assert_eq!(ended.code, Some(0), "{ended}");
    ended.left_nothing();
}

/// An epmd for the nodes of a project.
struct Epmd {
    port: String,
    running: Option<support::Running>,
}

impl Epmd {
    fn start() -> Epmd {
        let port = nodex_testkit::free_port().to_string();
        let running = nodex(["epmd", "--port", &port]).start();
        running.wait_for_stdout(&format!("epmd on 127.0.0.1:{port}\n"));
        Epmd { port, running: Some(running) }
    }
}

impl Drop for Epmd {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            running.terminate();
            running.end(Duration::from_secs(60));
        }
    }
}

#[test]
fn json() {
    let folder = Folder::new("json");
    let dir = folder.path("calc");
    let ended = nodex(["new", &dir, "--json", "--nodex", "https://host/nodex.git"]).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
    let told: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
    assert_eq!((&told["name"], &told["dir"]), (&"calc".into(), &dir.as_str().into()));
    assert_eq!(told["files"][1], format!("{dir}/Cargo.toml"));
    let manifest = fs::read_to_string(folder.0.join("calc/Cargo.toml")).expect("a manifest");
    assert!(manifest.contains("nodex = { git = \"https://host/nodex.git\" }\n"), "{manifest}");
    // Its versions are of another nodex, maybe.
    assert!(!folder.0.join("calc/Cargo.lock").exists());
}

/// What is packaged by `scripts/package` has other names; a project builds against it in `tests/project/packages.rs` of the facade.
#[test]
fn crates_come_from_a_registry_under_other_names() {
    let folder = Folder::new("registry");
    let line = format!("nodex = {{ package = \"erlnode\", version = \"{}\" }}\n", env!("CARGO_PKG_VERSION"));
    let dir = folder.path("calc");
    let ended = nodex(["new", &dir, "--registry", "erlnode"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    let read = |path: &str| fs::read_to_string(folder.path(path)).expect("a file");
    assert!(read("calc/Cargo.toml").contains(&line), "{}", read("calc/Cargo.toml"));
    let readme = read("calc/README.md");
    assert!(readme.contains("`erlnode`, `erlnode-host`"), "{readme}");
    assert!(!folder.0.join("calc/Cargo.lock").exists(), "its crates have other names");

    let dir = folder.path("shop");
    let ended = nodex(["new", &dir, "--elixir", "--registry", "erlnode", "--nodex", "https://host/nodex.git"]).run();
    assert_eq!(ended.code, Some(0), "{ended}");
    assert!(read("shop/native/shop/Cargo.toml").contains(&line));
    assert!(read("shop/mix.exs").contains("git: \"https://host/nodex.git\", subdir"), "{}", read("shop/mix.exs"));
    assert!(ended.stderr.contains("mix deps.get"), "{ended}");
}

#[test]
fn an_empty_folder_will_do() {
    let folder = Folder::new("empty");
    let dir = folder.path("calc");
    fs::create_dir(&dir).expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_nodex"));
    command.args(["new", ".", "--quiet"]).current_dir(&dir);
    let ended = Nodex::new(command).run();
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
    assert!(fs::read_to_string(folder.path("calc/Cargo.toml")).is_ok_and(|text| text.contains("name = \"calc\"")));
}

/// With the exit code for wrong use, words about what is wrong, and nothing written.
#[test]
fn what_cannot_be_made_is_refused() {
    let folder = Folder::new("refused");
    let path = |name: &str| folder.path(name);
    fs::create_dir(path("full")).expect("a folder");
    fs::write(path("full/file"), "").expect("a file");
    fs::write(path("file"), "").expect("a file");
    let before = folder.names();
    let elsewhere = path("");
    for (dir, more, words) in [
        ("full", &[][..], "/full is not empty"),
        ("file", &[], "/file is there, and is no folder that can be read"),
        ("file/below", &[], "/file/below cannot be made: Not a directory"),
        ("Calc", &[], "\"Calc\" is no name for a crate: lower-case letters"),
        ("a b", &[], "\"a b\" is no name for a crate"),
        ("match", &[], "\"match\" has a meaning of its own"),
        ("string", &["--elixir"], "Elixir has a module String"),
        ("calc", &["--nodex", "/no/such/folder"], "--nodex /no/such/folder: No such file or directory"),
        ("calc", &["--nodex", &elsewhere], "there is no Cargo.toml"),
        ("calc", &["--nodex", env!("CARGO_MANIFEST_DIR")], "that is not nodex"),
        ("calc", &["--nodex", "https://host/\"x\""], "is no URL"),
        ("calc", &["--registry", "Erl node"], "--registry \"Erl node\" is no beginning of the name of a crate"),
        ("calc", &["--registry", "erlnode", "--nodex", "https://host/x"], "--registry and --nodex both say"),
    ] {
        let dir = path(dir);
        let ended = nodex(["new", dir.as_str()].iter().chain(more)).run();
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{dir}\n{ended}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(words), "{words}\n{ended}");
    }
    assert_eq!(folder.names(), before);
}
