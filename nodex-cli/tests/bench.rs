//! `nodex bench`, as its user sees it. Nothing is said about durations.

/// `scripts/test` builds the command with the benchmark; one without it says how to get it.
#[cfg(not(feature = "bench"))]
#[test]
fn a_command_without_it_says_how_to_get_it() {
    let ended = crate::support::nodex(["bench", "--quick", "/bin/true"]).run();
    ended.left_nothing();
    assert_eq!(ended.code, Some(2), "{ended}");
    assert!(ended.stderr.starts_with("error: this nodex was built without its benchmark\n  hint: "), "{ended}");
    assert!(ended.stderr.contains("cargo install --path nodex-cli --features bench"), "{ended}");
}

#[cfg(feature = "bench")]
mod with_it {
    use std::{fs, path::Path};

    use crate::support::{c_program, example, nodex};

    #[test]
    fn two_nodes_side_by_side() {
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("bench_report");
        let _ = fs::remove_dir_all(&folder);
        let c = format!("in C={}", c_program("example_client").display());
        let ended = nodex(["bench", "--json", "--quick", "--rounds", "2", "-o"])
            .arg(&folder)
            .arg(c)
            .arg(example("example_client"))
            .run();
        ended.left_nothing();
        assert_eq!(ended.code, Some(0), "{ended}");
        let json: serde_json::Value =
            serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
        for node in ["in C", "example_client"] {
            let figures = json["figures"].as_array().expect("figures").iter().filter(|figure| figure["node"] == node);
            let works: Vec<_> = figures.clone().map(|figure| figure["work"].as_str().expect("a work")).collect();
            for work in ["start to ready line", "saturated, messages", "saturated, mixed messages"] {
                assert!(works.contains(&work), "no {work} of {node}: {ended}");
            }
            for caller in ["calls from a Rust host", "from a BEAM"] {
                assert!(works.iter().any(|work| work.starts_with(caller)), "nothing {caller} of {node}: {ended}");
            }
            assert!(figures.clone().all(|figure| figure["rounds"].as_array().is_some_and(|rounds| rounds.len() == 2)));
        }
        let written = fs::read_to_string(folder.join("bench.json")).expect("the JSON file");
        assert_eq!(written.trim(), ended.stdout.trim());
        let page = fs::read_to_string(folder.join("report.html")).expect("the page");
        assert!(
            page.contains("in C") && page.contains("nodex bench") == ended.stdout.contains("nodex bench"),
            "{page}"
        );
    }

    #[test]
    fn a_beam_that_is_not_there_is_left_out_aloud() {
        let ended =
            nodex(["bench", "--quick", "--rounds", "1"]).env("PATH", "/nowhere").arg(example("example_client")).run();
        ended.left_nothing();
        assert_eq!(ended.code, Some(0), "{ended}");
        assert!(ended.stdout.contains("left out: a BEAM that calls: there is no erl on the PATH"), "{ended}");
        assert!(!ended.stdout.contains("from a BEAM"), "{ended}");
    }

    #[test]
    fn what_is_no_node_is_named() {
        let ended = nodex(["bench", "--quick", "--rounds", "1"]).arg(c_program("children/exits_before_ready")).run();
        ended.left_nothing();
        assert_eq!(ended.code, Some(1), "{ended}");
        assert!(ended.stderr.contains("exits_before_ready: start to ready line: it ended with exit status"), "{ended}");

        let ended = nodex(["bench", "/nowhere"]).run();
        assert_eq!(ended.code, Some(2), "{ended}");
        let c = c_program("example_client");
        let ended = nodex(["bench"]).arg(&c).arg(&c).run();
        assert!(ended.code == Some(2) && ended.stderr.contains("NAME=PATH"), "{ended}");
    }
}
