//! The public API of each library crate, one line for each item, as it was last agreed on: `tests/api/CRATE.txt`.
//!
//! A change of the API changes these files, which everybody can read: `UPDATE=1 cargo test -p nodex --test tidy api`
//! writes them anew. Items are found by reading the sources, through re-exports; what is `doc(hidden)` is no API.

mod crates;
mod print;
mod walk;

use std::{collections::BTreeSet, fs, sync::OnceLock};

use crates::Crate;

use crate::workspace::root;

/// The library crates: the name in paths, and where the sources are.
const LIBRARIES: [(&str, &str); 5] = [
    ("nodex_proto", "nodex-proto/src/lib.rs"),
    ("nodex_core", "nodex-core/src/lib.rs"),
    ("nodex_macros", "nodex-macros/src/lib.rs"),
    ("nodex_host", "nodex-host/src/lib.rs"),
    ("nodex", "src/lib.rs"),
];

/// Crates whose types stand in no signature: whoever has another version of them could not use ours.
const FOREIGN: [&str; 5] = ["erl_dist", "futures", "num_bigint", "tokio", "tokio_util"];

/// Where they do stand, and why.
const ALLOWED: [(&str, &str); 3] = [
    ("nodex_core::net::raw::Connection::new", "tools bring a socket of their own"),
    ("nodex_core::net::raw::accept", "tools bring a socket of their own"),
    ("nodex_proto::etf::Encoder::put_bigint", "integers of any size"),
];

/// The lines of each library.
fn lines() -> &'static [(&'static str, Vec<String>)] {
    static LINES: OnceLock<Vec<(&str, Vec<String>)>> = OnceLock::new();
    LINES.get_or_init(|| {
        let of = |(name, path)| (name, walk::lines(&Crate::load(name, &root().join(path))));
        LIBRARIES.into_iter().map(of).collect()
    })
}

#[test]
fn the_public_api_is_what_was_agreed_on() {
    let mut differences = Vec::new();
    for (name, lines) in lines() {
        let path = root().join(format!("tests/api/{name}.txt"));
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        assert!(!lines.is_empty(), "{name} has no API");
        if std::env::var_os("UPDATE").is_some() {
            fs::write(&path, text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            continue;
        }
        let agreed = fs::read_to_string(&path).unwrap_or_default();
        let (now, before): (BTreeSet<_>, BTreeSet<_>) = (text.lines().collect(), agreed.lines().collect());
        differences.extend(before.difference(&now).map(|line| format!("- {line}")));
        differences.extend(now.difference(&before).map(|line| format!("+ {line}")));
    }
    assert!(
        differences.is_empty(),
        "the public API is another one; if that is meant, run `UPDATE=1 cargo test -p nodex --test tidy api`:\n{}",
        differences.join("\n"),
    );
}

#[test]
fn no_type_of_another_crate_stands_in_a_signature() {
    let mut found: Vec<&str> = Vec::new();
    for (_, lines) in lines() {
        found.extend(
            lines
                .iter()
                .filter(|line| {
                    let names = FOREIGN.iter().any(|foreign| line.contains(&format!("{foreign}::")));
                    names && !ALLOWED.iter().any(|(allowed, _)| line.starts_with(allowed))
                })
                .map(String::as_str),
        );
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// What `nodex_core` offers can be named through the facade, so a user of `nodex` needs no second crate to name a type.
#[test]
fn the_facade_has_all_of_the_core() {
    let top = |name: &str| -> BTreeSet<String> {
        let (_, path) = LIBRARIES.into_iter().find(|(known, _)| *known == name).expect("a library");
        walk::top(&Crate::load(name, &root().join(path)))
    };
    let (core, facade) = (top("nodex_core"), top("nodex"));
    assert!(core.len() > 5, "{core:?}");
    let missing: Vec<_> = core.difference(&facade).collect();
    assert!(missing.is_empty(), "nodex does not re-export {missing:?} of nodex_core");
}
