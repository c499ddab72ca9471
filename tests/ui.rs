//! What the macros and the host accept, and what is said about mistakes: each file in a folder `fail` beside its `.stderr`.
//!
//! `TRYBUILD=overwrite cargo test --test it ui::` writes the messages anew; read them before they are kept.

use std::path::Path;

/// Every folder of cases, `pass` and `fail`.
const FOLDERS: [&str; 5] = ["derive", "handler", "host", "main", "signature"];

#[test]
fn cases() {
    let cases = trybuild::TestCases::new();
    for name in FOLDERS {
        cases.pass(format!("tests/ui/{name}/pass/*.rs"));
        cases.compile_fail(format!("tests/ui/{name}/fail/*.rs"));
    }
}

/// An empty folder or a misspelled name would otherwise pass in silence.
#[test]
fn every_folder_has_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut folders: Vec<_> = root.read_dir().unwrap().map(|entry| entry.unwrap().file_name()).collect();
    folders.sort();
    assert_eq!(folders, FOLDERS, "the folders of tests/ui and the list in tests/ui.rs differ");
    for name in FOLDERS {
        for kind in ["pass", "fail"] {
            let folder = root.join(name).join(kind);
            let sources: Vec<_> = folder
                .read_dir()
                .unwrap_or_else(|error| panic!("{}: {error}", folder.display()))
                .map(|entry| entry.unwrap().path())
                .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
                .collect();
            assert!(!sources.is_empty(), "{} has no case", folder.display());
            for source in sources.iter().filter(|_| kind == "fail") {
                assert!(source.with_extension("stderr").exists(), "{} has no .stderr", source.display());
            }
        }
    }
}
