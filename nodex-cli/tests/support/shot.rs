//! Snapshots of what a run prints, with what differs from run to run taken out.

/// What is never the same twice, and what stands for it.
const FILTERS: [(&str, &str); 12] = [
    // Paths of this machine.
    (r"/[^\s]*/(target/)?debug/", "[bin]/"),
    (r"/[^\s]*/target/c_src/", "[c]/"),
    // Times and rates.
    (r"\b\d+(\.\d+)? (ns|µs|ms)\b|\b\d+\.\d+ s\b", "[time]"),
    (r"\b\d+\.\d+ MB\b", "[size]"),
    (r"[\d,]+/s", "[rate]/s"),
    (r#""(milliseconds|microseconds|seconds|after_milliseconds|pause_milliseconds)":[\d.]+"#, r#""$1":"[time]""#),
    // Ports and processes.
    (r"(127\.0\.0\.1:|port |process )\d+", "$1[number]"),
    (r#""pid":\d+"#, r#""pid":"[number]""#),
    // Names that are made up.
    (r"nodex-\d+@[a-z0-9.-]+", "nodex-[pid]@[host]"),
    (r"\b[0-9a-f]{8}@127", "[name]@127"),
    (r"#PID<[^>]*>", "#PID<..>"),
    // What is in columns moves with the width of what was replaced.
    (r" {2,}", "  "),
];

/// Compares a text with the snapshot of this name.
pub(crate) fn compare(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (pattern, replacement) in FILTERS {
        settings.add_filter(pattern, replacement);
    }
    settings.bind(|| insta::assert_snapshot!(name, text));
}
