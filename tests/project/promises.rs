//! Each promise of `docs/guarantees.md` names the tests that hold it, and they are there.

use std::{fs, path::Path};

fn read(path: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).ok()
}

/// The words in backticks.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// A function that is run: a test itself, or in the list of a macro that makes tests of it.
fn is_test(text: &str, name: &str) -> bool {
    // Of ExUnit.
    if text.contains(&format!("test \"{name}\"")) {
        return true;
    }
    let Some(at) = text.find(&format!("fn {name}(")) else { return false };
    let before: Vec<&str> = text[..at].lines().rev().take_while(|line| !line.is_empty()).collect();
    let attribute =
        before.iter().any(|line| ["#[test]", "#[tokio::test"].iter().any(|test| line.trim().starts_with(test)));
    let word = |text: &str| text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name);
    attribute || text.lines().any(|line| word(line) && !line.contains(&format!("fn {name}(")))
}

#[test]
fn every_promise_names_tests_that_are_there() {
    let page = read("docs/guarantees.md").expect("the page");
    let targets = read("fuzz/src/targets/mod.rs").expect("the targets");
    let (mut promises, mut tests, mut wrong, mut within) = (0, 0, Vec::new(), false);
    // Where the tests of a section are that names files without a folder.
    let mut folder = "nodex-host/tests";
    for line in page.lines() {
        if let Some((said, _)) = line.split_once("are in `").and_then(|(_, said)| said.split_once('`')) {
            folder = said;
        }
        within = line.starts_with('|') && (within || line == "| promise | held by |");
        if !within || line.starts_with("|---") || line == "| promise | held by |" {
            continue;
        }
        promises += 1;
        let held_by = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap_or_default();
        let (files, fuzzed) = held_by.split_once("fuzz target").unwrap_or((held_by, ""));
        let mut file: Option<(String, String)> = None;
        for word in code(files) {
            tests += 1;
            if word.ends_with(".rs") || word.ends_with(".exs") {
                let path = if word.contains('/') { word.to_owned() } else { format!("{folder}/{word}") };
                match read(&path) {
                    Some(text) => file = Some((path, text)),
                    None => wrong.push(format!("{path} is not there")),
                }
            } else if !file.as_ref().is_some_and(|(_, text)| is_test(text, word)) {
                wrong.push(format!("{word} is no test of {:?}", file.as_ref().map(|(path, _)| path)));
            }
        }
        for target in code(fuzzed) {
            tests += 1;
            if !targets.contains(&format!("(\"{target}\",")) {
                wrong.push(format!("{target} is no fuzz target"));
            }
        }
        if code(held_by).next().is_none() {
            wrong.push(format!("nothing holds: {line}"));
        }
    }
    assert!(promises > 20 && tests > promises, "{promises} promises and {tests} tests found");
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
