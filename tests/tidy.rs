//! The rules of ARCHITECTURE.md and CONTRIBUTING.md that a program can check: what the layers of the core may name,
//! where `unsafe` may stand, how long a file may be, and what must not be anywhere.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The layers of a crate, and what each may name of it.
type Layers = [(&'static str, &'static [&'static str])];

/// The folders of the sources of each crate with layers.
const LAYERS: [(&str, &Layers); 2] = [
    (
        "nodex-proto/src/",
        &[
            ("term", &["etf"]),
            ("etf", &["term"]),
            ("protocol", &["term", "etf", "convert"]),
            ("text", &["term", "etf"]),
            ("convert", &["term", "etf", "text"]),
            ("reply", &["etf", "convert"]),
            ("macros", &["term", "etf", "convert", "text"]),
        ],
    ),
    (
        "nodex-core/src/",
        &[
            ("limits", &[]),
            ("socket", &[]),
            ("epmd", &["limits", "socket"]),
            ("net", &["epmd"]),
            ("node", &["limits", "socket", "epmd", "net"]),
        ],
    ),
];

/// A runtime, a socket, a clock, randomness.
const IMPURE: [&str; 9] =
    ["tokio", "std::net", "std::thread", "std::fs", "Instant", "SystemTime", "rand", "getrandom", "Creation"];

/// The files of nodex-core that open sockets of a network.
const SOCKETS: [&str; 4] = [
    "nodex-core/src/socket/",
    "nodex-core/src/net/",
    "nodex-core/src/epmd/",
    "nodex-core/src/node/connection/listen.rs",
];

/// The modules with `unsafe`, and what for.
const UNSAFE: [(&str, &str); 3] = [
    (
        "nodex-core/src/net/conn/sys.rs",
        "reading into memory that is not initialised, and a descriptor known for writing only",
    ),
    ("nodex-core/src/node/executable/os_signals.rs", "handlers of signals that lose none"),
    ("nodex-host/src/process/before_exec.rs", "what a child does between fork and exec"),
];

/// The longest file of code, tests included.
const MAX_LINES: usize = 500;

/// The ends of names of programs.
const PROGRAMS: [&str; 10] = ["rs", "ex", "exs", "erl", "escript", "c", "h", "java", "py", "sh"];

/// Files that are longer, and why they are not two.
const LONG: [(&str, &str); 0] = [];

/// Registries and mirrors of packages, in two parts so that they do not stand here either.
const REGISTRIES: [(&str, &str); 8] = [
    ("crates", ".io"),
    ("hex", ".pm"),
    ("npmjs", ".com"),
    ("npmjs", ".org"),
    ("pypi", ".org"),
    ("rubygems", ".org"),
    ("proxy.golang", ".org"),
    ("debian", ".org"),
];

/// Words of work that is not done, in two parts as well.
const UNDONE: [(&str, &str); 6] =
    [("TO", "DO"), ("FIX", "ME"), ("XX", "X"), ("to", "do!"), ("unimple", "mented!"), ("#[ig", "nore")];

/// A file of the repository.
struct File {
    /// From the root, with `/`.
    path: String,
    text: String,
}

impl File {
    fn is_code(&self) -> bool {
        self.path.ends_with(".rs") && self.path.split('/').any(|folder| folder == "src")
    }

    /// In whatever language, tests and scripts included.
    fn is_program(&self) -> bool {
        let end = self.path.rsplit('.').next().unwrap_or_default();
        PROGRAMS.contains(&end) || self.text.starts_with("#!")
    }

    /// Its lines without comments, with their numbers. A `//` inside a string ends the line too early, which hides
    /// nothing that is looked for.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
    }
}

/// Every text file of the repository, build folders aside.
fn files() -> Vec<File> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path: PathBuf = entry.expect("an entry").path();
            let name = path.file_name().expect("a name").to_string_lossy();
            // A build folder holds whole systems (scripts/otp), and has cargo's tag only if cargo has made it; mix has
            // `_build`, and `tmp` for its tests.
            let is_built = [".git", "target", "_build", "tmp"].contains(&&*name);
            if path.is_symlink() || is_built || path.join("CACHEDIR.TAG").exists() {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else if path.is_file()
                && let Ok(text) = fs::read_to_string(&path)
            {
                let path = path.strip_prefix(root).expect("a path below the root").to_string_lossy().into_owned();
                all.push(File { path, text });
            }
        }
    }
    assert!(all.len() > 100, "only {} files found", all.len());
    all
}

/// Fails with all findings at once.
fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// True if `word` stands in `text` and is no part of a longer name.
fn names(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

/// The modules that follow `crate::`, also in `crate::{a, b::{c, d}}`.
fn crate_paths(code: &str) -> BTreeSet<String> {
    let ident = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
    let mut found = BTreeSet::new();
    for (at, path) in code.match_indices("crate::") {
        let rest = &code[at + path.len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(ident(rest));
            continue;
        };
        let mut depth = 0;
        let mut starts = true;
        for (i, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' if depth == 0 => break,
                '}' => depth -= 1,
                ',' if depth == 0 => starts = true,
                c if starts && !c.is_whitespace() => {
                    found.insert(ident(&group[i..]));
                    starts = false;
                }
                _ => {}
            }
        }
    }
    found
}

#[test]
fn paths_of_a_crate_are_found() {
    let code = "use crate::{atom, etf::{Decoder, tag},\n    term::Atom};\nlet x = crate::protocol::Flags::EMPTY;";
    let found: Vec<String> = crate_paths(code).into_iter().collect();
    assert_eq!(found, ["atom", "etf", "protocol", "term"]);
}

#[test]
fn layers_name_only_what_they_may_know() {
    let mut findings = Vec::new();
    let mut seen = 0;
    for file in files() {
        let found = LAYERS.iter().find_map(|(crate_, layers)| Some((file.path.strip_prefix(crate_)?, layers)));
        let Some((inner, layers)) = found else { continue };
        let is_of = |layer: &str| inner.split(['/', '.']).next() == Some(layer);
        let Some((layer, knows)) = layers.iter().find(|(layer, _)| is_of(layer)) else {
            assert_eq!(inner, "lib.rs", "{inner} is in no layer");
            continue;
        };
        if inner.ends_with("tests.rs") {
            continue;
        }
        seen += 1;
        let code: String = file.code().map(|(_, line)| format!("{line}\n")).collect();
        for path in crate_paths(&code) {
            let is_layer = layers.iter().any(|(layer, _)| *layer == path);
            if is_layer && path != *layer && !knows.contains(&path.as_str()) {
                findings.push(format!("{}: {layer} does not know {path}", file.path));
            }
        }
    }
    assert!(seen > 50, "only {seen} files with layers found");
    none(findings);
}

#[test]
fn nodex_proto_names_no_runtime_socket_clock_or_randomness() {
    let mut findings = Vec::new();
    for file in files() {
        if !file.path.starts_with("nodex-proto/src/") {
            continue;
        }
        for (number, line) in file.code() {
            for word in IMPURE {
                if names(line, word) {
                    findings.push(format!("{}:{number}: {word}", file.path));
                }
            }
        }
    }
    none(findings);
}

#[test]
fn sockets_are_opened_in_few_places() {
    let mut findings = Vec::new();
    for file in files() {
        if !file.path.starts_with("nodex-core/src/") || SOCKETS.iter().any(|place| file.path.starts_with(place)) {
            continue;
        }
        for (number, line) in file.code() {
            for word in ["TcpListener", "TcpStream", "UdpSocket"] {
                if names(line, word) {
                    findings.push(format!("{}:{number}: {word}", file.path));
                }
            }
        }
    }
    none(findings);
}

/// `unsafe_code` is denied for the workspace; so this finds every exception.
#[test]
fn unsafe_code_is_where_it_is_said_to_be() {
    let mut findings = Vec::new();
    let mut found = BTreeSet::new();
    for file in files() {
        if file.path.ends_with("Cargo.toml") && file.text.contains("[package]") && !file.path.starts_with("fuzz/") {
            let inherits = file.text.contains("[lints]\nworkspace = true");
            if !inherits {
                findings.push(format!("{}: does not take the lints of the workspace", file.path));
            }
        }
        if !file.is_code() {
            continue;
        }
        for (number, line) in file.code() {
            if names(line, "unsafe_code") && !line.contains("deny") && !line.contains("forbid") {
                found.insert(file.path.clone());
                if !UNSAFE.iter().any(|(path, _)| *path == file.path) {
                    findings.push(format!("{}:{number}: {}", file.path, line.trim()));
                }
            }
        }
    }
    for (path, reason) in UNSAFE {
        if !found.contains(path) {
            findings.push(format!("{path}: no unsafe code any more ({reason}): take it off the list"));
        }
    }
    none(findings);
}

#[test]
fn no_file_is_too_long() {
    let mut findings = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files().iter().filter(|file| file.is_program()) {
        seen.insert(file.path.split('/').next().unwrap_or_default().to_owned());
        let lines = file.text.lines().count();
        let listed = LONG.iter().any(|(path, _)| *path == file.path);
        match (lines > MAX_LINES, listed) {
            (true, false) => findings.push(format!("{}: {lines} lines, the limit is {MAX_LINES}", file.path)),
            (false, true) => findings.push(format!("{}: {lines} lines, take it off the list", file.path)),
            _ => {}
        }
    }
    for folder in ["nodex-core", "tests", "elixir", "c_src", "scripts"] {
        assert!(seen.contains(folder), "no program found in {folder}");
    }
    none(findings);
}

/// The executables that all cases of `tests/elixir.rs` run with are listed in `tests/support/mod.rs`.
#[test]
fn every_example_is_tested_under_elixir() {
    let files = files();
    let text = |path: &str| &files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("no {path}")).text;
    let tests = format!("{}{}", text("tests/elixir.rs"), text("tests/support/mod.rs"));
    let mut findings = Vec::new();
    let mut seen = 0;
    for file in &files {
        let Some(example) = file.path.strip_prefix("examples/").and_then(|name| name.strip_suffix(".rs")) else {
            continue;
        };
        seen += 1;
        if !tests.contains(&format!("example(\"{example}\")")) {
            findings.push(format!("{}: no test in tests/elixir.rs", file.path));
        }
    }
    assert!(seen > 0, "no example found");
    none(findings);
}

#[test]
fn no_registry_is_named() {
    let mut findings = Vec::new();
    // Cargo writes the index that it uses into its lock file.
    for file in files().iter().filter(|file| !file.path.ends_with("Cargo.lock")) {
        for (number, line) in file.text.lines().enumerate() {
            for (name, domain) in REGISTRIES {
                if line.contains(&format!("{name}{domain}")) {
                    findings.push(format!("{}:{}: {name}{domain}", file.path, number + 1));
                }
            }
        }
    }
    none(findings);
}

#[test]
fn nothing_is_left_undone() {
    let mut findings = Vec::new();
    for file in files() {
        for (number, line) in file.text.lines().enumerate() {
            for (start, end) in UNDONE {
                if line.contains(&format!("{start}{end}")) {
                    findings.push(format!("{}:{}: {start}{end}", file.path, number + 1));
                }
            }
        }
    }
    none(findings);
}
