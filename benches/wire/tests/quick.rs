//! The whole benchmark, with so little work that it is a test: it still runs, and its figures are
//! there. Nothing is said about durations.

use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn every_work_gives_a_figure_for_every_node() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let c_node = target.join("c_src/example_client");
    assert!(c_node.is_file(), "{} is not there: make -C c_src builds it", c_node.display());
    let json: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick.json");

    let output = Command::new(env!("CARGO_BIN_EXE_wire"))
        .args(["--node", &format!("c={}", c_node.display())])
        .args(["--node", &format!("floor={}", env!("CARGO_BIN_EXE_floor"))])
        .args(["--rounds", "1", "--messages", "200", "--big", "10", "--starts", "2"])
        .args(["--seconds", "0.05", "--beam"])
        .arg(root.join("benches/beam.exs"))
        .arg("--json")
        .arg(&json)
        .output()
        .expect("the benchmark starts");
    let table = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{table}{said}");

    let text = std::fs::read_to_string(&json).expect("the JSON file");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let figures = report["figures"].as_array().expect("figures");
    let has = |work: &str, row: &str, node: &str| {
        figures.iter().any(|figure| {
            figure["work"].as_str().is_some_and(|known| known.starts_with(work))
                && figure["row"] == row
                && figure["node"] == node
                && figure["rounds"].as_array().is_some_and(|rounds| rounds.len() == 1)
                && figure["best"].as_f64().is_some_and(|best| best >= 0.0)
        })
    };
    for node in ["c", "floor"] {
        for work in ["start", "<<\"hello\">>, one", "1 MB, one", "saturated, m", "peak"] {
            assert!(has(work, "", node), "no {work} of {node}\n{table}");
        }
    }
    let rows = [("local", ""), ("remote", ""), ("cnode", "c"), ("cnode direct", "floor")];
    for (row, node) in rows {
        for work in ["from a BEAM: <<\"hello\">>", "from a BEAM: 1 MB"] {
            assert!(has(work, row, node), "no {work} of {row} {node}\n{table}");
        }
    }
    assert!(table.contains("cnode direct  floor"), "{table}");
}
