//! The rules of ARCHITECTURE.md and CONTRIBUTING.md that a program can check: what the layers of the core may name,
//! where `unsafe` may stand, how long a file may be, and what must not be anywhere.

mod api;
mod borders;
mod errors;
mod graph;
mod rules;
mod structure;
mod workspace;

use std::collections::BTreeSet;

use workspace::{File, files};

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

impl File {
    fn is_code(&self) -> bool {
        self.path.ends_with(".rs") && self.path.split('/').any(|folder| folder == "src")
    }

    /// In whatever language, tests and scripts included.
    pub(crate) fn is_program(&self) -> bool {
        let end = self.path.rsplit('.').next().unwrap_or_default();
        PROGRAMS.contains(&end) || self.text.starts_with("#!")
    }

    /// Its lines without comments, with their numbers. A `//` inside a string ends the line too early, which hides
    /// nothing that is looked for.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        self.text.lines().enumerate().map(|(i, line)| (i + 1, line.split("//").next().unwrap_or_default()))
    }
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
    for file in files {
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
