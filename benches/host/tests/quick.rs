//! The whole benchmark, with so little work that it is a test: it still runs, and its figures are there. Nothing is said
//! about durations.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

#[test]
fn every_work_gives_a_figure() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let c_node = target.join("c_src/example_client");
    assert!(c_node.is_file(), "{} is not there: make -C c_src builds it", c_node.display());
    let rust_node = Path::new(env!("CARGO_BIN_EXE_bench-host")).with_file_name("examples").join("example_client");
    assert!(rust_node.is_file(), "{} is not there: cargo build --examples builds it", rust_node.display());
    let json: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick_host.json");

    let output = Command::new(env!("CARGO_BIN_EXE_bench-host"))
        .args(["--c-node".as_ref(), c_node.as_os_str(), "--rust-node".as_ref(), rust_node.as_os_str()])
        .args(["--rounds", "1", "--calls", "100", "--callers", "4", "--seconds", "0.05"])
        .args(["--fleet", "6", "--killed", "3", "--beam"])
        .arg(root.join("benches/beam.exs"))
        .arg("--json")
        .arg(&json)
        .output()
        .expect("the benchmark starts");
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}{}", String::from_utf8_lossy(&output.stderr));
    let text = std::fs::read_to_string(&json).expect("the JSON file");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let figures = report["figures"].as_array().expect("figures");
    for (work, statistic) in [
        ("one call at a time, C node, one thread", "p50"),
        ("one call at a time, C node, from a BEAM, cnode", "mean"),
        ("one call at a time, Rust node, two threads", "p99"),
        ("4 callers, Rust node, two threads", "calls"),
        ("6 supervised nodes", "all ready after"),
        ("6 supervised nodes", "memory of the host for each"),
        ("6 supervised nodes", "all stopped after"),
        ("3 of them killed at once", "all back after"),
    ] {
        let known = figures.iter().find(|figure| figure["work"] == work && figure["statistic"] == statistic);
        let best = known.and_then(|figure| figure["best"].as_f64());
        assert!(best.is_some_and(|best| best >= 0.0), "no {statistic} of {work}\n{table}");
        assert!(table.contains(work), "{table}");
    }
}
