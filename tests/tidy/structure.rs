//! What the code is made of, as a table for people:
//!
//! ```text
//! cargo test -p nodex --test tidy -- --nocapture structure
//! ```
//!
//! `NODEX_TIDY_ROOT=FOLDER` looks at another checkout, `NODEX_TIDY_USES=a/file.rs` shows what a file, or all below a folder,
//! uses and by whom it is used.

use std::collections::BTreeMap;

use crate::{
    graph::{Graph, circles},
    rules,
    workspace::{files, graph},
};

/// Set to a file or folder of which all uses are shown.
const USES: &str = "NODEX_TIDY_USES";

#[test]
fn structure() {
    let graph = graph();
    println!("{}", crates(graph));
    println!("{}", folders());
    println!("{}", circles_of_all(graph));
    println!("{}", up(graph));
    if let Some(place) = std::env::var_os(USES) {
        println!("{}", uses(graph, &place.to_string_lossy()));
    }
    assert!(graph.modules.len() > 100, "{} modules", graph.modules.len());
}

/// Who uses what is above it.
fn up(graph: &Graph) -> String {
    let mut text = String::from("Up:\n");
    for ((from, to), places) in rules::imports_up(graph) {
        text += &arrow(graph, from, to, &places);
    }
    text
}

/// One file that uses another one, with the first few places.
fn arrow(graph: &Graph, from: usize, to: usize, places: &[String]) -> String {
    let shown = places[..places.len().min(4)].join(", ");
    format!("  {} -> {}  ({shown})\n", graph.modules[from].file, graph.modules[to].file)
}

fn crates(graph: &Graph) -> String {
    let mut text = format!(
        "{:<28} {:>7} {:>7} {:>7} {:>7} {:>10} {:>7}\n",
        "crate", "modules", "lines", "uses", "circles", "in circles", "up"
    );
    let up = rules::imports_up(graph);
    for (krate, known) in graph.crates.iter().enumerate() {
        let edges = graph.edges(krate);
        let circles = circles(&edges);
        let in_circles: usize = circles.iter().map(Vec::len).sum();
        let modules: Vec<&str> = graph.of(krate).map(|module| graph.modules[module].file.as_str()).collect();
        let lines: usize = modules.iter().map(|file| lines_of(file)).sum();
        let up = up.keys().filter(|(from, _)| graph.modules[*from].krate == krate).count();
        text += &format!(
            "{:<28} {:>7} {lines:>7} {:>7} {:>7} {in_circles:>10} {up:>7}\n",
            known.name,
            modules.len(),
            edges.len(),
            circles.len()
        );
    }
    text
}

fn lines_of(path: &str) -> usize {
    files().iter().find(|file| file.path == path).map_or(0, |file| file.text.lines().count())
}

/// Files and lines of each folder of code, tests aside.
fn folders() -> String {
    let mut all: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for file in files().iter().filter(|file| rules::is_source(&file.path)) {
        let folder = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
        all.entry(folder).or_default().push(file.text.lines().count());
    }
    let mut text = format!("{:<48} {:>5} {:>6} {:>7}\n", "folder", "files", "lines", "longest");
    for (folder, lines) in all {
        let (sum, longest): (usize, usize) = (lines.iter().sum(), lines.iter().copied().max().unwrap_or_default());
        text += &format!("{folder:<48} {:>5} {sum:>6} {longest:>7}\n", lines.len());
    }
    text
}

/// Each circle, and the uses that make it one.
fn circles_of_all(graph: &Graph) -> String {
    let mut text = String::new();
    for krate in 0..graph.crates.len() {
        let edges = graph.edges(krate);
        for circle in circles(&edges) {
            text += &format!("Circle of {} in {}:\n", circle.len(), graph.crates[krate].name);
            for (from, to) in edges.iter().filter(|(from, to)| circle.contains(from) && circle.contains(to)) {
                let places: Vec<String> =
                    graph.places(*from, *to).map(|place| format!("{}:{}", place.line, place.name)).collect();
                text += &arrow(graph, *from, *to, &places);
            }
        }
    }
    text
}

fn uses(graph: &Graph, place: &str) -> String {
    let is_there = |module: usize| graph.modules[module].file.starts_with(place);
    let mut text = String::new();
    for used in graph.uses.iter().filter(|used| is_there(used.from) != is_there(used.to) || place.ends_with(".rs")) {
        if is_there(used.from) || is_there(used.to) {
            let (from, to) = (&graph.modules[used.from].file, &graph.modules[used.to].file);
            text += &format!("  {from}:{}: {} of {to}\n", used.line, used.name);
        }
    }
    text
}
