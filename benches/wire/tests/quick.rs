//! The whole benchmark, with so little work that it is a test: it still runs, and its figures are
//! there. Nothing is said about durations.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

#[test]
fn every_work_gives_a_figure_for_every_node() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let c_node = target.join("c_src/example_client");
    assert!(c_node.is_file(), "{} is not there: make -C c_src builds it", c_node.display());
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick");

    let codec = Path::new(env!("CARGO_TARGET_TMPDIR")).join("quick_codec.json");
    std::fs::write(&codec, r#"{"ping": [1, 2]}"#).expect("a file of the codec");

    let output = Command::new(env!("CARGO_BIN_EXE_wire"))
        .args(["--node", &format!("c={}", c_node.display())])
        .args(["--node", &format!("floor={}", env!("CARGO_BIN_EXE_floor"))])
        .args(["--rounds", "1", "--messages", "200", "--big", "10", "--starts", "2"])
        .args(["--node", &format!("erl_dist={}", env!("CARGO_BIN_EXE_erl_dist_node"))])
        .args(["--node", &format!("async={}", env!("CARGO_BIN_EXE_async_client"))])
        .args(["--growth", env!("CARGO_BIN_EXE_bench_node")])
        .args(["--saturate", "50ms", "--glance", "10ms", "--left-out", "much <of it>"])
        .args(["--fleet", env!("CARGO_BIN_EXE_fleet"), "--fleet-of", "c,async", "--fleet-size", "6"])
        .args(["--many-node", &format!("more={}", floor_with_sender().display()), "--transfer", "200000"])
        .args(["--big-node", &format!("big={}", env!("CARGO_BIN_EXE_bench_node"))])
        .args(["--big-node", &format!("get={}", target.join("c_src/get_client").display())])
        .arg("--beam-node")
        .arg(format!("beam={}", beam_node(&root).display()))
        .arg("--codec")
        .arg(&codec)
        .arg("--report")
        .arg(&folder)
        .output()
        .expect("the benchmark starts");
    let table = String::from_utf8_lossy(&output.stdout);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{table}{said}");

    let text = std::fs::read_to_string(folder.join("bench.json")).expect("the JSON file");
    let report: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let figures = report["figures"].as_array().expect("figures");
    let has = |work: &str, row: &str, node: &str, points: usize| {
        let known = figures.iter().filter(|figure| {
            figure["work"].as_str().is_some_and(|known| known.starts_with(work))
                && figure["row"] == row
                && figure["node"] == node
                && matches!(figure["statistic"].as_str(), Some("p50" | "value"))
                && figure["rounds"].as_array().is_some_and(|rounds| rounds.len() == 1)
                && figure["best"].as_f64().is_some_and(|best| best >= 0.0)
        });
        assert!(known.count() >= points, "not {points} of {work} of {row} {node}\n{table}{said}");
    };
    let page = std::fs::read_to_string(folder.join("report.html")).expect("the page");
    let otp = report["about"]["BEAM"].as_str().and_then(|name| name.strip_prefix("Erlang/")).expect("a release");
    for node in ["c", "floor", "erl_dist", "async"] {
        for work in ["start", "<<\"hello\">>, one", "1 MB, one", "saturated, messages", "saturated, mixed m", "peak"] {
            has(work, "", node, 1);
        }
        has("one at a time, by bytes", "", node, 8);
        has("on schedule", "", node, 2);
        has("calls from a Rust host, all on one core", "", node, 5);
        has("calls from a Rust host, a thread for each core", "", node, 5);
    }
    // Whom it answers is only the raw generator.
    for work in ["start", "<<\"hello\">>, one", "1 MB, one", "saturated, messages", "peak"] {
        has(work, "", "beam", 1);
    }
    assert!(page.contains("<li>beam in the rows with many callers: "), "{page}");
    for what in ["all are ready", "memory of the host for each", "a tenth is killed", "all are stopped"] {
        has(&format!("6 supervised nodes: {what}"), "c, async", "", 1);
    }
    has("saturated, typed functions", "mixed", "many", 1);
    assert_eq!(report["codec"]["ping"][1], 2);
    has("saturated, messages, by handlers", "", "many", 4);
    has("one at a time over each connection", "", "many", 4);
    has("one at a time, beside", "beside", "many", 1);
    for place in ["a core for each side", "the same two cores"] {
        for node in ["c", "floor", "erl_dist", "async", "more", "remote BEAM"] {
            for what in ["calls", "one call", "processor time of the caller", "processor time of the node"] {
                has(&format!("many callers of a BEAM, {place}: {what}"), "plain", node, 5);
            }
        }
        for node in ["async", "more", "remote BEAM"] {
            has(&format!("many callers of a BEAM, {place}: calls"), "GenServer.call", node, 5);
        }
    }
    assert!(page.contains("GenServer.call from many callers to c: it does not answer one"), "{page}");
    for way in ["to", "from"] {
        for node in ["big", "get", "remote BEAM"] {
            let of = |work: &str| format!("{work} 200000 B {way} the node");
            has(&of("small calls beside transfers of"), otp, node, 3);
            has(&of("transfers of"), otp, node, 2);
        }
    }
    let rows = [("local", ""), ("remote", ""), ("cnode", "c"), ("cnode direct", "floor")];
    for (row, node) in rows {
        for work in ["from a BEAM: <<\"hello\">>", "from a BEAM: 1 MB"] {
            has(work, row, node, 1);
        }
    }
    assert!(page.contains("much &lt;of it&gt;") && page.matches("<svg").count() == 6);
    for word in ["src=", "href=", "url(", "NaN"] {
        assert!(!page.contains(word), "{word} in the page");
    }
    for picture in ["latency", "throughput", "scaling", "memory", "many", "big"] {
        let svg = std::fs::read_to_string(folder.join(picture).with_extension("svg")).expect("a picture");
        assert!(svg.contains("erl_dist") || matches!(picture, "scaling" | "big"), "{svg}");
    }
    assert!(table.contains("cnode direct    floor"), "{table}");
}

/// The BEAM as a node executable, as `scripts/bench` makes it.
fn beam_node(root: &Path) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("beam_node");
    let made = Command::new(root.join("benches/beam/make")).arg(&folder).status().expect("the script starts");
    assert!(made.success(), "{made}");
    folder.join("node")
}

/// A node executable that is the floor with something in its environment, as `scripts/bench` makes it.
fn floor_with_sender() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("floor_with_sender");
    let script = format!("#!/bin/sh\nexec env FLOOR_SENDER=1 '{}' \"$@\"\n", env!("CARGO_BIN_EXE_floor"));
    std::fs::write(&path, script).expect("a script");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).expect("an executable script");
    path
}
