//! All parts that the project is built from can be used under the licence of the project.

use std::{collections::BTreeSet, path::Path, process::Command};

/// Licences that ask for no more than their own text (SPDX). One that is not here is looked at by a person first.
const PERMISSIVE: [&str; 9] = [
    "MIT",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Unlicense",
    "Zlib",
];

/// A choice needs one that is permissive, a sum all of them.
fn is_permissive(licence: &str) -> bool {
    let plain = licence.replace(" / ", " OR ").replace('/', " OR ");
    plain.split(" AND ").all(|part| {
        part.trim()
            .trim_matches(['(', ')'])
            .split(" OR ")
            .any(|choice| PERMISSIVE.contains(&choice.trim_matches(['(', ')'])))
    })
}

#[test]
fn every_crate_has_a_permissive_licence() {
    let tree = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--workspace",
            "--locked",
            "--edges",
            "normal,build,dev",
            "--prefix",
            "none",
            "--format",
            "{p}|{l}",
        ])
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")))
        .output()
        .expect("cargo");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let said = String::from_utf8(tree.stdout).expect("text");
    let crates: BTreeSet<(&str, &str)> = said
        .lines()
        .filter(|line| !line.is_empty())
        .map(|line| line.trim_end_matches(" (*)").rsplit_once('|').unwrap_or_else(|| panic!("{line}")))
        .collect();
    assert!(crates.len() > 50, "only {} crates found", crates.len());
    let wrong: Vec<_> = crates.iter().filter(|(_, licence)| !is_permissive(licence)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// `deny.toml` is for those who have cargo-deny; what it says is checked here without.
#[test]
fn deny_toml_says_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("deny.toml")).expect("deny.toml");
    let deny: toml::Table = text.parse().expect("TOML");
    let allowed = deny["licenses"]["allow"].as_array().expect("a list").iter().filter_map(|name| name.as_str());
    assert_eq!(allowed.collect::<BTreeSet<_>>(), BTreeSet::from(PERMISSIVE));
    for (table, key) in [("bans", "multiple-versions"), ("sources", "unknown-registry"), ("sources", "unknown-git")] {
        assert_eq!(deny[table][key].as_str(), Some("deny"), "{table}.{key}");
    }

    // What is built into programs is there in one version. Tests may need two.
    let tree = Command::new(env!("CARGO"))
        .args(["tree", "--workspace", "--locked", "--duplicates", "--all-features", "--depth", "0"])
        .args(["--edges", "normal,build,no-proc-macro", "--prefix", "none"])
        .current_dir(root)
        .output()
        .expect("cargo");
    assert!(tree.status.success(), "{}", String::from_utf8_lossy(&tree.stderr));
    let twice = String::from_utf8(tree.stdout).expect("text");
    let skipped = deny["bans"]["skip"].as_array().expect("a list").len();
    assert_eq!((twice.trim(), skipped), ("", 0), "in several versions");
}

#[test]
fn choices_and_sums_are_told_apart() {
    for licence in
        ["MIT", "MIT OR Apache-2.0", "GPL-3.0 OR MIT", "MIT/Apache-2.0", "(MIT OR Apache-2.0) AND Unicode-3.0"]
    {
        assert!(is_permissive(licence), "{licence}");
    }
    for licence in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND AGPL-3.0"] {
        assert!(!is_permissive(licence), "{licence}");
    }
}
