//! Durations on the command line: one grammar for all options.

use crate::support::nodex;

#[test]
fn every_option_reads_them_alike() {
    let options: [&[&str]; 9] = [
        &["names", "--timeout"],
        &["ping", "nobody", "-i"],
        &["top", "-i"],
        &["run", "/nowhere", "--ready-timeout"],
        &["run", "/nowhere", "--health"],
        &["run", "/nowhere", "--stop-grace"],
        &["run", "/nowhere", "--max-seconds"],
        &["check", "/nowhere", "--ready-timeout"],
        &["check", "/nowhere", "--wait"],
    ];
    for option in options {
        for (text, told) in [
            ("5", "\"5\" has no unit: write 5s for seconds (units: ms, s, m, h)"),
            ("0.5s", "\"0.5s\" is not a duration: expected a whole number and a unit"),
            ("1m 30s", "\"1m 30s\" is not a duration: expected a whole number and a unit"),
            ("25h", "\"25h\" is too long: the longest duration is 24h"),
            ("\u{1b}[2J", "\"\\u{1b}[2J\" is not a duration: expected a whole number and a unit"),
        ] {
            if text == "5" && option.contains(&"--max-seconds") {
                continue;
            }
            let ended = nodex(option).arg(text).run();
            assert_eq!((ended.code, ended.stdout.as_str()), (Some(2), ""), "{ended}");
            let words = ended.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(words.contains(told) && !ended.stderr.contains('\u{1b}'), "{option:?} {text:?}: {ended}");
        }
    }
}

#[test]
fn an_option_with_its_unit_in_its_name_takes_a_number() {
    for text in ["5", "5s", "1m"] {
        let ended = nodex(["run", "/nowhere", "--max-seconds", text]).run();
        assert!(ended.code == Some(2) && ended.stderr.contains("/nowhere"), "{ended}");
        assert!(!ended.stderr.contains("unit"), "{ended}");
    }
    for text in ["0", "0s", "-1"] {
        let ended = nodex(["run", "/nowhere", &format!("--max-seconds={text}")]).run();
        assert!(ended.code == Some(2) && ended.stderr.contains("--max-seconds"), "{ended}");
    }
    let ended = nodex(["names", "--timeout", "0s"]).run();
    assert!(ended.code == Some(2) && ended.stderr.contains("it has to be more than nothing"), "{ended}");
}
