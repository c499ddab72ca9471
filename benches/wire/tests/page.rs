//! The tables of `docs/performance.md` are those of the figures beside it.

use std::{fs, path::Path};

#[test]
fn the_tables_of_the_page_are_those_of_the_figures() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let read = |path: &str| fs::read_to_string(docs.join(path)).expect("a file of the documentation");
    let json = |path: &str| serde_json::from_str(&read(path)).expect("JSON");
    let page = read("performance.md");
    let made = wire::with_tables(&page, &json("benchmark/bench.json"), &json("benchmark/codec.json")).expect("tables");
    for name in ["aims", "codec", "many callers", "big transfers"] {
        assert!(page.contains(&format!("<!-- table: {name} -->")), "{name}");
    }
    assert!(made == page, "the page has other figures: scripts/bench --tables puts those of docs/benchmark into it");
}
