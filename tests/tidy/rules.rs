//! How the code is laid out: what stands above what, that nothing goes round in circles, and how much there may be in one
//! place.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    graph::{Graph, circles},
    workspace::{files, graph},
};

/// A folder, and what is in it from top to bottom: each floor knows what is below it, and its own names nothing of each
/// other. `.` are the files right in the folder that are not named. Every sub-folder has to be named.
struct Tower {
    folder: &'static str,
    floors: &'static [&'static [&'static str]],
}

const TOWERS: &[Tower] = &[
    Tower {
        folder: "nodex-proto/src",
        floors: &[
            &["macros"],
            &["protocol", "reply.rs"],
            &["convert"],
            &["describe"],
            &["text"],
            &["dynamic"],
            &["etf"],
            &["term"],
            &["."],
        ],
    },
    Tower {
        folder: "nodex-proto/src/protocol",
        floors: &[&["channel"], &["names.rs"], &["control", "handshake"], &["."]],
    },
    Tower { folder: "nodex-core/src", floors: &[&["node"], &["net"], &["epmd"], &["limits", "socket"], &["."]] },
    Tower { folder: "nodex-core/src/net", floors: &[&["raw"], &["conn"], &["setup"], &["."]] },
    Tower { folder: "nodex-testkit/src", floors: &[&["peer"], &["."]] },
    Tower {
        folder: "benches/wire/src",
        floors: &[
            &["main.rs", "bin"],
            &["round.rs"],
            &["report"],
            &["parts"],
            &["load"],
            &["figures", "generator"],
            &["."],
        ],
    },
    Tower {
        folder: "nodex-core/src/node",
        floors: &[
            &["executable"],
            &["testing"],
            &["api"],
            &["system"],
            &["inbound"],
            &["connection"],
            &["process"],
            &["service"],
            &["."],
        ],
    },
    Tower {
        folder: "nodex-host/src",
        floors: &[&["pool"], &["supervisor"], &["distributed"], &["cnode"], &["process"], &["."]],
    },
    Tower { folder: "nodex-macros/src", floors: &[&["lib.rs"], &["handler", "term"], &["."]] },
    Tower {
        folder: "nodex-cli/src",
        floors: &[
            &["main.rs"],
            &["cli.rs"],
            &["command"],
            &["fleet", "raw"],
            &["client"],
            &["lifetime", "report.rs", "terms"],
            &["options.rs"],
            &["failure.rs"],
            &["output"],
        ],
    },
];

/// The most files of code in a folder, those of its sub-folders aside.
const MAX_FILES: usize = 20;

/// Whether a file is Rust, and no test.
pub(crate) fn is_source(path: &str) -> bool {
    path.ends_with(".rs") && path.split('/').any(|folder| folder == "src" || folder == "benches")
}

/// Which of the floors of a tower a file is on; `Err` with the name of its sub-folder if that is on none.
fn floor<'a>(tower: &Tower, file: &'a str) -> Option<Result<(usize, &'a str), &'a str>> {
    let inner = file.strip_prefix(tower.folder)?.strip_prefix('/')?;
    let name = inner.split('/').next().unwrap_or_default();
    let find = |name: &str| tower.floors.iter().position(|floor| floor.contains(&name));
    match find(name) {
        Some(floor) => Some(Ok((floor, name))),
        None if name == inner => Some(find(".").map(|floor| (floor, ".")).ok_or(name)),
        None => Some(Err(name)),
    }
}

/// Which file uses which other one that is above it, or beside it on the same floor, with the places.
pub(crate) fn imports_up(graph: &Graph) -> BTreeMap<(usize, usize), Vec<String>> {
    let mut findings: BTreeMap<(usize, usize), Vec<String>> = BTreeMap::new();
    for used in &graph.uses {
        let (from, to) = (&graph.modules[used.from].file, &graph.modules[used.to].file);
        for tower in TOWERS {
            let (Some(Ok(lower)), Some(Ok(upper))) = (floor(tower, from), floor(tower, to)) else { continue };
            if upper.0 < lower.0 || (upper.0 == lower.0 && upper.1 != lower.1) {
                findings.entry((used.from, used.to)).or_default().push(format!("{}:{}", used.line, used.name));
            }
        }
    }
    findings
}

/// All that is against the rules.
fn findings(graph: &Graph) -> BTreeSet<String> {
    let mut findings = BTreeSet::new();
    for krate in 0..graph.crates.len() {
        for circle in circles(&graph.edges(krate)) {
            findings.extend(circle.iter().map(|&module| format!("in a circle: {}", graph.modules[module].file)));
        }
    }
    for (from, to) in imports_up(graph).into_keys() {
        findings.insert(format!("up: {} -> {}", graph.modules[from].file, graph.modules[to].file));
    }
    for file in files().iter().filter(|file| is_source(&file.path)) {
        for tower in TOWERS {
            if let Some(Err(name)) = floor(tower, &file.path) {
                findings.insert(format!("on no floor: {}/{name}", tower.folder));
            }
        }
    }
    let mut folders: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files().iter().filter(|file| is_source(&file.path)) {
        *folders.entry(file.path.rsplit_once('/').map_or("", |(folder, _)| folder)).or_default() += 1;
    }
    let crowded = folders.into_iter().filter(|(_, count)| *count > MAX_FILES);
    findings.extend(crowded.map(|(folder, _)| format!("more than {MAX_FILES} files: {folder}")));
    findings
}

#[test]
fn the_layout_is_as_it_is_said_to_be() {
    let findings = findings(graph());
    assert!(
        findings.is_empty(),
        "{findings:#?}\n`cargo test -p nodex --test tidy -- --nocapture structure` shows the places"
    );
}

/// A floor for what is gone would be a hole for what comes.
#[test]
fn every_floor_is_there() {
    let is_there =
        |path: &str| files().iter().any(|file| file.path == path || file.path.starts_with(&format!("{path}/")));
    for tower in TOWERS {
        for name in tower.floors.iter().copied().flatten().filter(|name| **name != ".") {
            assert!(is_there(&format!("{}/{name}", tower.folder)), "{} has no {name}", tower.folder);
        }
    }
}

/// Otherwise uses could be missing.
#[test]
fn every_name_leads_somewhere() {
    let problems = &graph().problems;
    assert!(problems.is_empty(), "{problems:#?}");
}
