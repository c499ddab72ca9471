//! What a crate may name of the world outside.

use std::collections::BTreeSet;

use crate::{
    graph::Graph,
    names, none,
    workspace::{files, graph, packages},
};

/// The crates that decide and touch nothing, whoever uses them handing in time, random numbers and bytes, and what they may
/// depend on.
const PURE: &[(&str, &[&str])] =
    &[("nodex-proto", &["bytes", "eetf", "md5", "num_bigint", "num_traits", "serde", "thiserror"])];

/// A runtime, the system, a clock, randomness: the beginnings of paths.
const IMPURE: [&str; 11] = [
    "tokio",
    "std::net",
    "std::thread",
    "std::fs",
    "std::process",
    "std::os",
    "std::time::Instant",
    "std::time::SystemTime",
    "std::hash::RandomState",
    "rand",
    "getrandom",
];

/// Words that mean the same, in whatever way they come into a file.
const IMPURE_WORDS: [&str; 5] = ["tokio", "Instant", "SystemTime", "getrandom", "Creation"];

/// What opens sockets of a network.
const SOCKETS: [&str; 6] = [
    "std::net::TcpListener",
    "std::net::TcpStream",
    "std::net::UdpSocket",
    "tokio::net::TcpListener",
    "tokio::net::TcpStream",
    "tokio::net::UdpSocket",
];

/// The places in nodex-core that may.
const SOCKET_PLACES: [&str; 5] = [
    "nodex-core/src/socket/",
    "nodex-core/src/net/",
    "nodex-core/src/epmd/",
    "nodex-core/src/node/listen.rs",
    "nodex-core/src/node/connection/listen.rs",
];

/// Where something outside is named that begins like one of these.
fn named(graph: &Graph, folder: &str, paths: &[&str]) -> Vec<String> {
    let begins = |path: &str, start: &str| {
        path.strip_prefix(start).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    };
    let outside = graph.outside.iter().filter(|outside| graph.modules[outside.from].file.starts_with(folder));
    outside
        .filter(|outside| paths.iter().any(|start| begins(&outside.path, start)))
        .map(|outside| format!("{}:{}: {}", graph.modules[outside.from].file, outside.line, outside.path))
        .collect()
}

#[test]
fn pure_crates_name_no_runtime_socket_clock_or_randomness() {
    let mut findings = Vec::new();
    for (name, may) in PURE {
        let folder = format!("{name}/src/");
        let package = packages().into_iter().find(|package| package.name() == *name);
        let package = package.unwrap_or_else(|| panic!("no package {name}"));
        let may: BTreeSet<String> = may.iter().map(|name| (*name).to_owned()).collect();
        let dependencies = package.dependencies(&["dependencies", "build-dependencies"]);
        findings.extend(dependencies.difference(&may).map(|dependency| format!("{name} depends on {dependency}")));
        findings.extend(named(graph(), &folder, &IMPURE));
        for file in files().iter().filter(|file| file.path.starts_with(&folder)) {
            for (number, line) in file.code() {
                let words = IMPURE_WORDS.iter().filter(|word| names(line, word));
                findings.extend(words.map(|word| format!("{}:{number}: {word}", file.path)));
            }
        }
    }
    none(findings);
}

#[test]
fn sockets_are_opened_in_few_places() {
    let findings = named(graph(), "nodex-core/src/", &SOCKETS);
    // Otherwise nobody would be seen who opens one.
    assert!(findings.len() > 5, "{findings:?}");
    none(
        findings.into_iter().filter(|finding| !SOCKET_PLACES.iter().any(|place| finding.starts_with(place))).collect(),
    );
}

/// What gives random numbers, or passes for it.
const RANDOM: [&str; 4] = ["getrandom", "rand", "std::hash::RandomState", "std::collections::hash_map::RandomState"];

#[test]
fn random_numbers_come_from_one_place() {
    let place = "nodex-core/src/random.rs";
    let findings: Vec<String> = ["nodex-core/", "nodex-host/", "nodex-cli/", "nodex-macros/"]
        .iter()
        .flat_map(|folder| named(graph(), folder, &RANDOM))
        .collect();
    assert!(findings.iter().any(|finding| finding.starts_with(place)), "{findings:?}");
    none(findings.into_iter().filter(|finding| !finding.starts_with(place)).collect());
    none(
        files()
            .iter()
            .filter(|file| file.path.ends_with(".rs") && file.path.contains("/src/"))
            .flat_map(|file| file.code().map(move |(number, line)| (file, number, line)))
            .filter(|(_, _, line)| line.contains("dev/urandom"))
            .map(|(file, number, _)| format!("{}:{number}: /dev/urandom", file.path))
            .collect(),
    );
}
