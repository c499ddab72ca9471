//! What is there for those who work on this project and those who publish it: the recipes of `justfile`, the workflows,
//! what the manifests tell registries, and the release of Rust that is promised.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::Command,
};

use yaml_rust2::{Yaml, YamlLoader};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn manifest() -> toml::Table {
    read("Cargo.toml").parse().expect("TOML")
}

/// What cargo says of the crates of the workspace.
fn packages() -> Vec<serde_json::Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--locked", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()
        .expect("cargo starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    told["packages"].as_array().expect("packages").clone()
}

/// A recipe of `justfile`.
struct Recipe {
    comment: String,
    parameters: Vec<String>,
    after: Vec<String>,
    lines: Vec<String>,
}

/// The part of just's language that is used: comments, and recipes with parameters and dependencies.
fn recipes() -> BTreeMap<String, Recipe> {
    let text = read("justfile");
    let mut all: BTreeMap<String, Recipe> = BTreeMap::new();
    let (mut comment, mut current) = (String::new(), String::new());
    for line in text.lines() {
        if let Some(command) = line.strip_prefix("    ") {
            let recipe = all.get_mut(&current).unwrap_or_else(|| panic!("no recipe for {line:?}"));
            recipe.lines.push(command.to_owned());
        } else if let Some(words) = line.strip_prefix("# ") {
            comment = words.to_owned();
        } else if line.is_empty() {
            comment.clear();
        } else {
            let (head, after) = line.split_once(':').unwrap_or_else(|| panic!("{line:?} is no recipe"));
            assert!(!after.starts_with('='), "{line:?}: variables are not read here");
            let mut words = head.split_whitespace();
            current = words.next().expect("a name").to_owned();
            let name = |word: &str| word.trim_start_matches(['*', '+']).split('=').next().map(str::to_owned);
            let parameters = words.filter_map(name).collect();
            let after = after.split_whitespace().map(str::to_owned).collect();
            let recipe = Recipe { comment: std::mem::take(&mut comment), parameters, after, lines: Vec::new() };
            assert!(all.insert(current.clone(), recipe).is_none(), "{current} is there twice");
        }
    }
    all
}

#[test]
fn recipes_call_what_is_there() {
    let recipes = recipes();
    for daily in ["build", "test", "quick", "full", "lint", "fmt", "docs", "bench", "package", "msrv", "fuzz-replay"] {
        assert!(recipes.contains_key(daily), "no recipe {daily}");
    }
    let packages = packages();
    for (name, recipe) in &recipes {
        assert!(recipe.comment.ends_with('.'), "{name} has no sentence about it");
        assert!(!recipe.lines.is_empty() || !recipe.after.is_empty(), "{name} does nothing");
        for other in &recipe.after {
            assert!(recipes.contains_key(other), "{name}: no recipe {other}");
        }
        for line in &recipe.lines {
            let mut rest = line.as_str();
            while let Some((_, inside)) = rest.split_once("{{") {
                let (value, behind) = inside.split_once("}}").unwrap_or_else(|| panic!("{name}: {line}"));
                assert!(recipe.parameters.iter().any(|known| known == value), "{name}: {value} is no parameter");
                rest = behind;
            }
            check_command(line.trim_start_matches('@'), &packages)
                .unwrap_or_else(|why| panic!("{name}: {line}: {why}"));
        }
    }
}

/// That a line of a shell starts something that there is.
fn check_command(line: &str, packages: &[serde_json::Value]) -> Result<(), String> {
    let (command, into) = line.split_once(" > ").unwrap_or((line, ""));
    if !root().join(into).exists() {
        return Err(format!("no {into}"));
    }
    let is_setting = |word: &&str| word.contains('=') && !word.starts_with('-');
    let words: Vec<&str> = command.split_whitespace().skip_while(is_setting).collect();
    match words.as_slice() {
        [] => Err("no command".to_owned()),
        ["cargo", words @ ..] => check_cargo(words, packages),
        ["make", "-C", folder, ..] if root().join(folder).join("Makefile").is_file() => Ok(()),
        ["just" | "rustup", ..] => Ok(()),
        [script, options @ ..] if script.contains('/') => {
            let mode = fs::metadata(root().join(script)).map_err(|error| error.to_string())?.permissions().mode();
            if mode & 0o111 == 0 {
                return Err("not executable".to_owned());
            }
            let known = read(script);
            match options.iter().find(|option| option.starts_with("--") && !known.contains(*option)) {
                Some(option) => Err(format!("the script does not know {option}")),
                None => Ok(()),
            }
        }
        [program, ..] => Err(format!("{program} is no part of this project")),
    }
}

/// The crates and programs of tests that a command of cargo names are there.
fn check_cargo(words: &[&str], packages: &[serde_json::Value]) -> Result<(), String> {
    let known = ["build", "test", "fmt", "doc", "bench", "clippy", "check"];
    if !words.first().is_some_and(|command| known.contains(command)) {
        return Err("a command of cargo that is not known here".to_owned());
    }
    let value = |option: &str| words.iter().skip_while(|word| **word != option).nth(1);
    let Some(name) = value("-p") else { return Ok(()) };
    let package = packages.iter().find(|package| package["name"] == **name).ok_or(format!("no crate {name}"))?;
    for kind in ["test", "bench", "example"] {
        let Some(wanted) = value(&format!("--{kind}")) else { continue };
        let targets = package["targets"].as_array().into_iter().flatten();
        let is_it = |target: &serde_json::Value| target["name"] == **wanted && target["kind"][0] == kind;
        if !targets.into_iter().any(is_it) {
            return Err(format!("{name} has no {kind} {wanted}"));
        }
    }
    Ok(())
}

#[test]
fn commands_that_are_not_there_are_found() {
    let packages = packages();
    for line in ["scripts/lint", "A=b cargo test -p nodex-proto --bench codec", "scripts/bench --keep > README.md"] {
        assert_eq!(check_command(line, &packages), Ok(()), "{line}");
    }
    for line in [
        "",
        "scripts/lin",
        "justfile/",
        "scripts/test --no-such-option",
        "cargo publish",
        "cargo test -p nodex-cor",
        "cargo test -p nodex --test no_such_test",
        "scripts/lint > no/such/file",
        "make -C docs",
        "curl",
    ] {
        assert!(check_command(line, &packages).is_err(), "{line}");
    }
}

/// The jobs of all workflows, by their names.
fn jobs() -> Vec<(String, Yaml)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(root().join(".github/workflows")).expect("the folder of workflows") {
        let path = entry.expect("an entry").path();
        let text = fs::read_to_string(&path).expect("text");
        let documents = YamlLoader::load_from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let [workflow] = &documents[..] else { panic!("{}: one document", path.display()) };
        assert!(!workflow["on"].is_badvalue(), "{}: never run", path.display());
        assert_eq!(workflow["permissions"]["contents"].as_str(), Some("read"), "{}", path.display());
        for (name, job) in workflow["jobs"].as_hash().expect("jobs") {
            all.push((name.as_str().expect("a name").to_owned(), job.clone()));
        }
    }
    all
}

#[test]
fn workflows_call_the_same_scripts() {
    let packages = packages();
    let mut called = BTreeSet::new();
    for (name, job) in jobs() {
        assert!(job["runs-on"].as_str().is_some(), "{name} runs nowhere");
        let steps = job["steps"].as_vec().unwrap_or_else(|| panic!("{name}: no steps"));
        for step in steps {
            match (step["uses"].as_str(), step["run"].as_str()) {
                (Some(action), None) => assert!(action.starts_with("actions/checkout@"), "{name}: {action}"),
                (None, Some(line)) => {
                    check_command(line, &packages).unwrap_or_else(|why| panic!("{name}: {line}: {why}"));
                    called.insert(line.to_owned());
                }
                _ => panic!("{name}: a step either uses or runs"),
            }
        }
    }
    for script in [".ci/run", "scripts/lint", "scripts/msrv", "scripts/package"] {
        assert!(called.contains(script), "no workflow calls {script}");
    }
}

/// The release of a Rust image, as `rust:1.88-bookworm`.
fn image_of(job: &Yaml) -> Option<&str> {
    let image = job["container"].as_str().or(job["container"]["image"].as_str())?;
    image.strip_prefix("rust:")?.split('-').next()
}

/// The releases that a page names, as `1.88` in `Rust 1.88 or later`.
fn releases_in(page: &str) -> BTreeSet<String> {
    let release = |rest: &str| format!("1.{}", rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    read(page).split("Rust 1.").skip(1).map(release).collect()
}

/// The one that the crates promise, and the one that the tests need.
#[test]
fn releases_of_rust_agree() {
    let promised = manifest()["workspace"]["package"]["rust-version"].as_str().expect("a release").to_owned();
    let mut tests_need = BTreeSet::new();
    for (name, job) in jobs() {
        let release = image_of(&job).unwrap_or_else(|| panic!("{name} says no release of Rust"));
        match name.as_str() {
            "msrv" => assert_eq!(release, promised, "{name}"),
            _ => {
                tests_need.insert(release.to_owned());
            }
        }
    }
    assert_eq!(releases_in("docs/elixir.md"), BTreeSet::from([promised.clone()]), "docs/elixir.md");
    assert_eq!(releases_in("README.md"), tests_need, "README.md");
    tests_need.insert(promised);
    assert_eq!(releases_in("CONTRIBUTING.md"), tests_need, "CONTRIBUTING.md");
}

/// What registries and docs.rs want to know of a crate.
#[test]
fn crates_say_what_registries_ask() {
    let version = manifest()["workspace"]["package"]["version"].as_str().expect("a version").to_owned();
    let mut seen = BTreeSet::new();
    for package in packages() {
        let name = package["name"].as_str().expect("a name");
        let path = Path::new(package["manifest_path"].as_str().expect("a path"));
        let text = fs::read_to_string(path).expect("a manifest");
        assert_eq!(
            package["publish"],
            serde_json::json!([]),
            "{name}: its name is taken, it must not be published as it is"
        );
        if !text.contains("\npublish.workspace = true\n") {
            continue;
        }
        seen.insert(name.to_owned());
        let folder = path.parent().expect("a folder");
        assert_eq!(package["version"], version.as_str(), "{name}");
        for field in ["description", "license", "repository", "rust_version"] {
            assert!(package[field].as_str().is_some_and(|text| !text.is_empty()), "{name}: no {field}");
        }
        let list = |field: &str| -> Vec<&str> {
            package[field].as_array().into_iter().flatten().filter_map(|word| word.as_str()).collect()
        };
        let (keywords, categories) = (list("keywords"), list("categories"));
        assert!((1..=5).contains(&keywords.len()) && (1..=5).contains(&categories.len()), "{name}");
        let is_keyword = |word: &&str| word.len() <= 20 && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        assert!(keywords.iter().all(is_keyword), "{name}: {keywords:?}");
        let readme = package["readme"].as_str().unwrap_or_else(|| panic!("{name}: no readme"));
        let page = fs::read_to_string(folder.join(readme)).unwrap_or_else(|error| panic!("{name}: {readme}: {error}"));
        assert!(page.starts_with(&format!("# {name}\n")), "{name}: its page has another title");
        for licence in ["LICENSE-MIT", "LICENSE-APACHE"] {
            let own =
                fs::read_to_string(folder.join(licence)).unwrap_or_else(|error| panic!("{name}: {licence}: {error}"));
            assert_eq!(own, read(licence), "{name}: {licence}");
        }
        let is_library = package["targets"].as_array().into_iter().flatten().any(|target| target["kind"][0] != "bin");
        let documented = package["metadata"]["docs"]["rs"]["targets"].is_array();
        assert!(documented || !is_library || name == "nodex-cli", "{name}: nothing for docs.rs");
    }
    for name in ["nodex", "nodex-core", "nodex-macros", "nodex-host", "nodex-cli"] {
        assert!(seen.contains(name), "{name} is not published");
    }
}
