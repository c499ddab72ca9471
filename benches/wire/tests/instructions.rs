//! How many instructions a message costs `examples/example_client`, from the read to the write, and how many a call costs
//! the Rust host that makes it: counted by valgrind, so that neither load nor the speed of the machine has a say.
//! `benches/instructions.toml` has the figures that hold.

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

/// What a node does while it waits is not what a message costs: how often it looks depends on the machine.
const WAITING: &str = "*linger::moment*";

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

/// A figure of a Rust host: how its tasks call a node.
struct HostFigure {
    name: &'static str,
    /// `request` or `call`.
    form: &'static str,
    /// How many call at once.
    callers: usize,
    /// Calls in all, twice; the difference counts.
    counts: [usize; 2],
}

const HOST_FIGURES: [HostFigure; 4] = [
    HostFigure { name: "requests_one_at_a_time", form: "request", callers: 1, counts: [500, 3_000] },
    HostFigure { name: "requests_of_64_callers", form: "request", callers: 64, counts: [6_400, 32_000] },
    HostFigure { name: "calls_one_at_a_time", form: "call", callers: 1, counts: [500, 3_000] },
    HostFigure { name: "calls_of_64_callers", form: "call", callers: 64, counts: [6_400, 32_000] },
];

/// The tables of the file of figures, and what each of their figures is of.
const TABLES: [(&str, &str); 2] =
    [("instructions_per_message", "message"), ("instructions_per_host_call", "host call")];

#[test]
fn a_message_and_a_call_cost_what_they_did() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let [client, host] = release_programs(&root);
    let counted = [
        FIGURES.iter().map(|figure| (figure.name, per_message(&client, figure))).collect(),
        HOST_FIGURES.iter().map(|figure| (figure.name, per_host_call(&host, &client, figure))).collect(),
    ];

    let path = root.join("benches/instructions.toml");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, document(&counted)).expect("a file that can be written");
        return;
    }
    let text = fs::read_to_string(&path).expect("the file of figures");
    let known: toml::Table = text.parse().expect("TOML");
    let mut wrong = String::new();
    for ((table, unit), counted) in TABLES.iter().zip(&counted) {
        for (name, now) in counted {
            let then = known[*table][name].as_integer().expect("a whole number") as f64;
            let off = (now / then - 1.0) * 100.0;
            println!("{name}: {now:.0} instructions per {unit}, {off:+.1} % of {then}");
            if off.abs() > MARGIN {
                let _ = writeln!(wrong, "{name}: {now:.0} instructions per {unit}, {then} are known ({off:+.1} %)");
            }
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

/// The node in a release build, and the host, both with the names of their functions. Only changed crates are built.
fn release_programs(root: &Path) -> [PathBuf; 2] {
    for program in [["-p", "nodex", "--example", "example_client"], ["-p", "wire", "--bin", "host_calls"]] {
        let built = Command::new(env!("CARGO"))
            .args(["build", "--profile", "bench", "--quiet"])
            .args(program)
            .current_dir(root)
            .status()
            .expect("cargo starts");
        assert!(built.success(), "{program:?} does not build: {built}");
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    ["examples/example_client", "host_calls"].map(|program| target.join("release").join(program))
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
        "#!/bin/sh\nexec valgrind --quiet --tool=callgrind --toggle-collect='{WAITING}' --collect-atstart=yes \
         --callgrind-out-file='{}' '{}' \"$@\"\n",
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
    total(&counted)
}

fn per_host_call(host: &Path, client: &Path, figure: &HostFigure) -> f64 {
    let [few, many] = figure.counts.map(|count| host_instructions(host, client, figure, count));
    (many - few) as f64 / (figure.counts[1] - figure.counts[0]) as f64
}

/// All that a host executes, on one thread, while its tasks make so many calls. The node runs as fast as ever, so those who
/// call at once are answered at once.
fn host_instructions(host: &Path, client: &Path, figure: &HostFigure, count: usize) -> u64 {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let counted = folder.join(format!("host_{}_{count}.callgrind", figure.name));
    let output = Command::new("valgrind")
        .args(["--quiet", "--tool=callgrind"])
        .arg(format!("--callgrind-out-file={}", counted.display()))
        .args([host, client])
        .args([figure.form, &figure.callers.to_string(), &count.to_string()])
        .output()
        .expect("valgrind, which has to be installed");
    assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    total(&counted)
}

/// All that callgrind has counted.
fn total(counted: &Path) -> u64 {
    let text = fs::read_to_string(counted).expect("what callgrind has written");
    let summary = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    summary.and_then(|total| total.trim().parse().ok()).expect("a total")
}

fn document(counted: &[Vec<(&str, f64)>; 2]) -> String {
    let mut text = format!(
        "# Instructions that examples/example_client executes for each `{{ping, <<\"hello\">>}}`, in user space, release\n\
         # build, x86-64; a call is the same in what GenServer.call sends, and with fragments agreed on every frame has a\n\
         # header. benches/wire/tests/instructions.rs compares them, and says how to write new ones.\n\
         #\n\
         # Those of a host are what benches/wire/src/bin/host_calls executes for a call of the same by nodex-host, on one\n\
         # thread; a request is a plain message and its answer.\n\
         rustc = \"{}\"\n",
        rustc()
    );
    for ((table, _), counted) in TABLES.iter().zip(counted) {
        let _ = writeln!(text, "\n[{table}]");
        for (name, count) in counted {
            let _ = writeln!(text, "{name} = {count:.0}");
        }
    }
    text
}

fn rustc() -> String {
    let output = Command::new("rustc").arg("--version").output().expect("rustc starts");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}
