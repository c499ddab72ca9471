//! What keeps the tests honest and cheap, as far as a program can tell: none is left out of a program, the peer that is
//! written by hand shares nothing with what it is to judge, and nobody waits by sleeping.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use nodex_testkit::{
    processes::{Pack, stat},
    root,
    run::Run,
};

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All files with these extensions below a folder, but for builds.
fn files(folder: &Path, extensions: &[&str], found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        let is = |name: &str| path.file_name().is_some_and(|own| own == name);
        if path.is_dir() {
            if !["target", "_build", "deps"].into_iter().any(is) {
                files(&path, extensions, found);
            }
        } else if path.extension().is_some_and(|own| extensions.iter().any(|extension| own == *extension)) {
            found.insert(path);
        }
    }
}

/// Where the programs of a package start that cargo builds out of its folder `tests`.
fn starts(package: &Path) -> Vec<PathBuf> {
    let manifest: toml::Table = read(&package.join("Cargo.toml")).parse().expect("TOML");
    let tests = package.join("tests");
    let named = |kind: &str| {
        let targets = manifest.get(kind).and_then(toml::Value::as_array).into_iter().flatten();
        let text = |target: &toml::Value, key: &str| target.get(key).and_then(toml::Value::as_str).map(str::to_owned);
        let path = |target: &toml::Value| {
            let name = text(target, "name").expect("a name");
            let usual = [tests.join(format!("{name}.rs")), tests.join(&name).join("main.rs")];
            let named = text(target, "path").map(|path| package.join(path));
            let found = named.or_else(|| usual.into_iter().find(|path| path.is_file()));
            found.unwrap_or_else(|| panic!("{}: no file for {name}", package.display()))
        };
        targets.filter(move |target| kind == "test" || text(target, "path").is_some()).map(path).collect::<Vec<_>>()
    };
    let mut starts = named("test");
    starts.extend(named("example").into_iter().filter(|path| path.starts_with(&tests)));
    let found = manifest["package"].get("autotests").and_then(toml::Value::as_bool).unwrap_or(true);
    if found && tests.is_dir() {
        let entries = fs::read_dir(&tests).expect("a folder").map(|entry| entry.expect("an entry").path());
        let files = entries.map(|path| if path.is_dir() { path.join("main.rs") } else { path });
        starts.extend(files.filter(|path| path.is_file() && path.extension().is_some_and(|own| own == "rs")));
    }
    starts
}

/// Adds a file and the modules in it, as rustc looks for them.
fn reach(file: &Path, starts: bool, reached: &mut BTreeSet<PathBuf>) {
    if !reached.insert(file.to_owned()) {
        return;
    }
    let folder = file.parent().expect("a folder");
    let own = match file.file_stem() {
        Some(stem) if !starts && stem != "mod" => folder.join(stem),
        _ => folder.to_owned(),
    };
    let mut path = None;
    for line in read(file).lines() {
        if let Some(given) = line.strip_prefix("#[path = \"").and_then(|rest| rest.strip_suffix("\"]")) {
            path = Some(folder.join(given));
            continue;
        }
        let words = match line.strip_prefix("pub") {
            Some(rest) => rest.split_once(") ").map_or(rest, |(_, rest)| rest).trim_start(),
            None => line,
        };
        let Some(name) = words.strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';')) else { continue };
        let usual =
            || [own.join(format!("{name}.rs")), own.join(name).join("mod.rs")].into_iter().find(|path| path.is_file());
        let module = path.take().or_else(usual);
        reach(&module.unwrap_or_else(|| panic!("{}: mod {name}", file.display())), false, reached);
    }
}

fn packages() -> Vec<PathBuf> {
    let workspace: toml::Table = read(&root().join("Cargo.toml")).parse().expect("TOML");
    let members = workspace["workspace"]["members"].as_array().expect("a list");
    members.iter().map(|member| root().join(member.as_str().expect("a folder"))).collect()
}

/// `autotests = false` would let a file lie there that nobody compiles.
#[test]
fn every_file_of_tests_is_part_of_a_program() {
    let (mut reached, mut there) = (BTreeSet::new(), BTreeSet::new());
    for package in packages() {
        starts(&package).iter().for_each(|start| reach(start, true, &mut reached));
        let tests = package.join("tests");
        if tests.is_dir() {
            files(&tests, &["rs"], &mut there);
        }
    }
    let ui = root().join("tests/ui");
    let left: Vec<_> = there.iter().filter(|path| !reached.contains(*path) && !path.starts_with(&ui)).collect();
    assert!(there.len() > 100, "only {} files found", there.len());
    assert!(left.is_empty(), "no program has these: {left:#?}");
}

/// What a folder `src` or `benches` begins with, as far as cargo looks for it by itself.
fn roots(package: &Path) -> Vec<PathBuf> {
    let src = package.join("src");
    let mut roots = vec![src.join("lib.rs"), src.join("main.rs")];
    for folder in [src.join("bin"), package.join("benches")] {
        let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path());
        roots.extend(entries.map(|path| if path.is_dir() { path.join("main.rs") } else { path }));
    }
    roots.retain(|path| path.is_file() && path.extension().is_some_and(|own| own == "rs"));
    roots
}

/// A module that has moved may have left a copy behind, which nobody compiles and everybody finds.
#[test]
fn every_file_of_a_crate_is_a_module_of_it() {
    let (mut reached, mut there) = (BTreeSet::new(), BTreeSet::new());
    for package in packages() {
        roots(&package).iter().for_each(|start| reach(start, true, &mut reached));
        files(&package.join("src"), &["rs"], &mut there);
        // That of the whole repository has the benchmark's crates in it.
        if package != root() && package.join("benches").is_dir() {
            files(&package.join("benches"), &["rs"], &mut there);
        }
    }
    let left: Vec<_> = there.iter().filter(|path| !reached.contains(*path)).collect();
    assert!(there.len() > 400, "only {} files found", there.len());
    assert!(left.is_empty(), "no crate has these: {left:#?}");
}

#[test]
fn the_peer_that_is_written_by_hand_shares_nothing_with_the_library() {
    let mut peer = BTreeSet::new();
    files(&root().join("nodex-testkit/src/peer"), &["rs"], &mut peer);
    assert!(peer.len() > 3, "only {} files found", peer.len());
    for file in peer {
        for line in read(&file).lines().filter(|line| !line.trim_start().starts_with("//")) {
            let foreign = ["nodex", "eetf", "erl_dist", "erltf"].into_iter().find(|name| line.contains(name));
            assert!(foreign.is_none(), "{}: {line}", file.display());
        }
    }
}

/// The longest that anybody may sleep without saying why.
const LONGEST_MS: u64 = 100;

/// How many milliseconds a line sleeps for, if a number or a constant stands there; none if it is computed or does not sleep.
fn sleeps(line: &str, constants: &BTreeMap<String, u64>) -> Option<u64> {
    let argument = ["thread::sleep(", "time::sleep(", "Process.sleep(", "timer:sleep(", " sleep("]
        .into_iter()
        .find_map(|call| line.split_once(call))?
        .1;
    let constant: String = argument.chars().take_while(|c| c.is_ascii_uppercase() || *c == '_').collect();
    if constant.len() > 1 {
        Some(constants.get(&constant).copied().unwrap_or(u64::MAX))
    } else {
        milliseconds(argument)
    }
}

/// What a `Duration`, or a number, comes to.
fn milliseconds(text: &str) -> Option<u64> {
    let digits = |text: &str| {
        let digits: String =
            text.chars().take_while(|c| c.is_ascii_digit() || *c == '_').filter(|c| *c != '_').collect();
        digits.parse::<u64>().ok()
    };
    let argument = text.trim_start_matches("std::time::");
    let argument = argument.strip_prefix("Duration::").unwrap_or(argument);
    for (unit, factor) in [("from_secs(", 1000), ("from_millis(", 1)] {
        if let Some(rest) = argument.strip_prefix(unit) {
            return digits(rest).map(|number| number * factor);
        }
    }
    digits(argument)
}

/// Whoever waits for something waits for it, and not for time to pass. Where a silence or a pause is what is tested, or
/// where nothing is to happen, a comment in front says so.
#[test]
fn nobody_sleeps_long_without_a_reason() {
    let mut all = BTreeSet::new();
    for package in packages() {
        let tests = package.join("tests");
        if tests.is_dir() {
            files(&tests, &["rs", "exs", "erl"], &mut all);
        }
    }
    files(&root().join("nodex-testkit/src"), &["rs"], &mut all);
    files(&root().join("elixir/nodex_rs/test"), &["ex", "exs"], &mut all);
    // Of one name the longest.
    let mut constants = BTreeMap::new();
    for line in all.iter().flat_map(|file| read(file).lines().map(str::to_owned).collect::<Vec<_>>()) {
        if let Some((name, value)) = line.split_once(": Duration = ")
            && let Some(name) = name.trim_start_matches("pub ").strip_prefix("const ")
        {
            let known: &mut u64 = constants.entry(name.to_owned()).or_default();
            *known = milliseconds(value).unwrap_or(u64::MAX).max(*known);
        }
    }
    let (mut seen, mut findings) = (0, Vec::new());
    // Its own examples are none.
    for file in all.iter().filter(|file| !file.ends_with("tests/project/habits.rs")) {
        let mut before = String::new();
        for (number, line) in read(file).lines().enumerate() {
            if let Some(milliseconds) = sleeps(line, &constants) {
                seen += 1;
                let said = ["//", "#", "%"].iter().any(|mark| before.trim_start().starts_with(mark));
                if milliseconds > LONGEST_MS && !said {
                    findings.push(format!("{}:{}: {}", file.display(), number + 1, line.trim()));
                }
            }
            before = line.to_owned();
        }
    }
    assert!(seen > 50, "only {seen} sleeps found");
    assert!(findings.is_empty(), "no comment says why these sleep:\n{}", findings.join("\n"));
}

#[test]
fn a_sleep_is_found() {
    let constants = BTreeMap::from([("POLL_INTERVAL".to_owned(), 5), ("TICK_TIME".to_owned(), 8000)]);
    for (line, milliseconds) in [
        ("    thread::sleep(Duration::from_millis(1_500));", Some(1500)),
        ("std::thread::sleep(std::time::Duration::from_secs(2));", Some(2000)),
        ("tokio::time::sleep(Duration::from_millis(5)).await;", Some(5)),
        ("thread::sleep(TICK_TIME / 12);", Some(8000)),
        ("    sleep(POLL_INTERVAL);", Some(5)),
        ("thread::sleep(UNKNOWN);", Some(u64::MAX)),
        ("Process.sleep(9_000)", Some(9000)),
        (":timer.sleep(ms)", None),
        ("thread::sleep(Duration::from_millis(ms));", None),
        ("Process.sleep(:infinity)", None),
        ("no sleep at all", None),
    ] {
        assert_eq!(sleeps(line, &constants), milliseconds, "{line}");
    }
}

/// The hunter finds whom nobody waits for any more, by either sign, and what it has killed is gone.
#[test]
fn what_a_run_leaves_behind_is_found() {
    let mut shell = Command::new("setsid");
    shell.args(["--wait", "sh", "-c", "sleep 1000 & echo $!"]);
    let ended = Run::new(shell).run();
    let left: u32 = ended.stdout.trim().parse().expect("the number of a process");
    let by_mark = ended.processes();
    // The shell is at its end before its child has become what it is to run.
    let is_it = || by_mark.members().iter().any(|process| process.command == "sleep 1000 ").then_some(());
    assert!(
        nodex_testkit::poll(std::time::Duration::from_secs(60), is_it).is_some(),
        "{by_mark}: {:?}",
        by_mark.members()
    );
    let by_group = Pack::group(stat(left).expect("it sleeps").group);
    for pack in [&by_mark, &by_group] {
        let found = pack.members();
        assert_eq!(found.iter().map(|process| process.pid).collect::<Vec<_>>(), [left], "{pack}: {found:?}");
        assert_eq!(found[0].command, "sleep 1000 ");
    }
    by_group.kill();
    by_mark.is_gone();
    by_group.is_gone();
    ended.left_nothing();
}
