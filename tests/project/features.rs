//! Optional parts of the libraries: each set of features that makes sense builds without a warning.

use std::{collections::BTreeSet, path::Path, process::Command};

/// The packages, and sets of features beside the default ones.
const SETS: &[(&str, &[&str])] = &[
    ("nodex-proto", &["", "protocol", "num-bigint", "eetf", "serde", "protocol,serde"]),
    ("nodex-core", &["", "num-bigint", "eetf", "serde"]),
    ("nodex", &["", "eetf,serde"]),
];

/// The most crates that a program needs to read terms.
const DECODER: usize = 14;

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

#[test]
fn a_decoder_is_few_crates() {
    let tree = ["tree", "--package", "nodex-proto", "--no-default-features", "--edges", "normal", "--prefix", "none"];
    let (done, said, errors) = cargo(&tree);
    assert!(done, "{errors}");
    let crates: BTreeSet<&str> = said.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(crates.contains("nodex-proto") && crates.contains("bytes"), "{said}");
    assert!(crates.len() <= DECODER, "{} crates: {crates:?}", crates.len());
    assert!(!crates.contains("tokio"), "{crates:?}");
}
