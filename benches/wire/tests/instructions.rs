//! How many instructions a message costs `examples/example_client`, from the read to the write: counted by valgrind, so
//! that neither load nor the speed of the machine has a say. `benches/instructions.toml` has the figures that hold.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
    process::Command,
};

use wire::{
    host::Host,
    round_trips::{Form, in_batches, in_batches_with_header},
};

/// Set to write the figures down in place of comparing them.
const UPDATE: &str = "UPDATE_INSTRUCTIONS";

/// By how many percent a figure may be off: the C library has other routines for other processors.
const MARGIN: f64 = 5.0;

/// A figure: how often a message of a kind is sent.
struct Figure {
    name: &'static str,
    form: Form,
    /// Whether fragments were agreed on, and every frame has a header.
    fragments: bool,
    /// Messages in one write.
    batch: usize,
    /// Messages in all, twice; the difference counts. What a process does only once is in both.
    counts: [usize; 2],
}

const fn figure(name: &'static str, form: Form, fragments: bool, batch: usize) -> Figure {
    let counts = if batch == 1 { [500, 3_000] } else { [10_000, 60_000] };
    Figure { name, form, fragments, batch, counts }
}

const FIGURES: [Figure; 8] = [
    figure("batches_of_100", Form::Plain, false, 100),
    figure("one_at_a_time", Form::Plain, false, 1),
    figure("calls_in_batches_of_100", Form::GenCall, false, 100),
    figure("calls_one_at_a_time", Form::GenCall, false, 1),
    figure("fragments_batches_of_100", Form::Plain, true, 100),
    figure("fragments_one_at_a_time", Form::Plain, true, 1),
    figure("fragments_calls_in_batches_of_100", Form::GenCall, true, 100),
    figure("fragments_calls_one_at_a_time", Form::GenCall, true, 1),
];

#[test]
fn a_message_costs_what_it_did() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let client = release_example(&root);
    let counted: Vec<(&str, f64)> = FIGURES.iter().map(|figure| (figure.name, per_message(&client, figure))).collect();

    let path = root.join("benches/instructions.toml");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, document(&counted)).expect("a file that can be written");
        return;
    }
    let text = fs::read_to_string(&path).expect("the file of figures");
    let known: toml::Table = text.parse().expect("TOML");
    let mut wrong = String::new();
    for (name, now) in &counted {
        let then = known["instructions_per_message"][name].as_integer().expect("a whole number") as f64;
        let off = (now / then - 1.0) * 100.0;
        println!("{name}: {now:.0} instructions per message, {off:+.1} % of {then}");
        if off.abs() > MARGIN {
            let _ = writeln!(wrong, "{name}: {now:.0} instructions per message, {then} are known ({off:+.1} %)");
        }
    }
    assert!(
        wrong.is_empty(),
        "\n{wrong}This is more than {MARGIN} % off benches/instructions.toml (made with {}, this is {}).\n\
         More: find what has made the way of a message longer. Less, or worth its cost: write the new figures down with\n\
         {UPDATE}=1 cargo test -p wire --test instructions",
        known["rustc"].as_str().unwrap_or("unknown"),
        rustc(),
    );
}

/// The executable that people would run; only what has changed is built.
fn release_example(root: &Path) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "-p", "nodex", "--example", "example_client"])
        .current_dir(root)
        .status()
        .expect("cargo starts");
    assert!(built.success(), "the example does not build: {built}");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    target.join("release/examples/example_client")
}

fn per_message(client: &Path, figure: &Figure) -> f64 {
    let [few, many] = figure.counts.map(|count| instructions(client, figure, count));
    (many - few) as f64 / (figure.counts[1] - figure.counts[0]) as f64
}

/// All that the node executes while it answers `count` messages; the next batch is sent when all of one are answered,
/// so that every read finds the same.
fn instructions(client: &Path, figure: &Figure, count: usize) -> u64 {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let counted = folder.join(format!("{}_{count}.callgrind", figure.name));
    let counter = folder.join(format!("{}_{count}.sh", figure.name));
    let command = format!(
        "#!/bin/sh\nexec valgrind --quiet --tool=callgrind --callgrind-out-file='{}' '{}' \"$@\"\n",
        counted.display(),
        client.display()
    );
    fs::write(&counter, command).expect("a script");
    fs::set_permissions(&counter, fs::Permissions::from_mode(0o755)).expect("an executable script");

    let host = Host::start().expect("a host");
    let host = if figure.fragments { host.with_fragments() } else { host };
    let (mut node, _) = host.spawn(&counter).expect("the node under valgrind, which has to be installed");
    let send = if figure.fragments { in_batches_with_header } else { in_batches };
    send(&mut node.stream, figure.form, figure.batch, count).expect("answers");
    node.stop().expect("a good end");

    let text = fs::read_to_string(&counted).expect("what callgrind has written");
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    summary.and_then(|total| total.trim().parse().ok()).expect("a total")
}

fn document(counted: &[(&str, f64)]) -> String {
    let mut text = format!(
        "# Instructions that examples/example_client executes for each `{{ping, <<\"hello\">>}}`, in user space, release\n\
         # build, x86-64; a call is the same in what GenServer.call sends, and with fragments agreed on every frame has a\n\
         # header. benches/wire/tests/instructions.rs compares them, and says how to write new ones.\n\
         rustc = \"{}\"\n\n[instructions_per_message]\n",
        rustc()
    );
    for (name, count) in counted {
        let _ = writeln!(text, "{name} = {count:.0}");
    }
    text
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("rustc starts");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
