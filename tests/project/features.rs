//! Optional parts of the libraries: each set of features that makes sense builds without a warning.

use std::{collections::BTreeSet, path::Path, process::Command};

/// The packages, and sets of features beside the default ones.
const SETS: &[(&str, &[&str])] = &[
    ("nodex-proto", &["", "protocol", "num-bigint", "eetf", "serde", "protocol,serde"]),
    ("nodex-core", &["", "num-bigint", "eetf", "erl_dist", "serde"]),
    ("nodex", &["", "erl_dist", "eetf,serde"]),
    ("nodex-host", &[""]),
];

/// The most crates that a program needs to read terms.
const DECODER: usize = 14;

/// The most crates of a node without its optional parts, of which a third are tokio's and the standard derives'.
const LEAN_NODE: usize = 46;

fn cargo(arguments: &[&str]) -> (bool, String, String) {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let output = Command::new(env!("CARGO"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .expect("cargo starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.success(), text(&output.stdout), text(&output.stderr))
}

#[test]
fn each_set_of_features_builds() {
    for (package, sets) in SETS {
        for features in *sets {
            let check =
                ["check", "--quiet", "--lib", "--no-default-features", "--package", package, "--features", features];
            let (done, _, said) = cargo(&check);
            assert!(done && said.is_empty(), "{package} with {features:?}:\n{said}");
        }
    }
}

/// What a package needs without its optional parts.
fn crates_of(package: &str) -> BTreeSet<String> {
    let tree = ["tree", "--package", package, "--no-default-features", "--edges", "normal", "--prefix", "none"];
    let (done, said, errors) = cargo(&tree);
    assert!(done, "{errors}");
    let crates: BTreeSet<String> = said.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
    assert!(crates.contains(package) && crates.contains("bytes"), "{said}");
    crates
}

#[test]
fn a_decoder_is_few_crates() {
    let crates = crates_of("nodex-proto");
    assert!(crates.len() <= DECODER, "{} crates: {crates:?}", crates.len());
    assert!(!crates.contains("tokio"), "{crates:?}");
}

#[test]
fn a_lean_node_does_without_what_is_optional() {
    let crates = crates_of("nodex-core");
    assert!(crates.len() <= LEAN_NODE, "{} crates: {crates:?}", crates.len());
    for optional in ["eetf", "erl_dist", "num-bigint", "serde"] {
        assert!(!crates.contains(optional), "{crates:?}");
    }
}
