//! How many instructions decoding and encoding cost, for each term of the codec's benchmark, typed and dynamic: counted
//! by valgrind, so that neither load nor the speed of the machine has a say. `benches/codec_instructions.toml` has the
//! figures that hold.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    num::NonZero,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Set to write the figures down in place of comparing them.
const UPDATE: &str = "UPDATE_INSTRUCTIONS";

/// By how many percent a figure may be off: the C library has other routines for other processors, and hash maps have
/// another order in each run.
const MARGIN: f64 = 15.0;

/// The terms of the corpus.
const TERMS: usize = 22;

#[test]
fn the_codec_costs_what_it_did() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let counted = count(&benchmark(&root));
    assert_eq!(counted.len(), 4 * TERMS, "typed and dynamic, to and fro");

    let path = root.join("benches/codec_instructions.toml");
    if std::env::var_os(UPDATE).is_some() {
        fs::write(&path, document(&counted)).expect("a file that can be written");
        return;
    }
    let known = read(&fs::read_to_string(&path).expect("the file of figures"));
    let mut wrong = String::new();
    for (what, now) in &counted {
        let then = *known.get(what).unwrap_or_else(|| panic!("{what:?} is not in {}", path.display()));
        let off = (now / then - 1.0) * 100.0;
        if off.abs() > MARGIN {
            let (term, work) = what;
            let _ = writeln!(wrong, "{term}, {work}: {now:.0} instructions, {then:.0} are known ({off:+.1} %)");
        }
    }
    assert_eq!(known.len(), counted.len(), "figures of terms that are gone are in {}", path.display());
    assert!(
        wrong.is_empty(),
        "\n{wrong}This is more than {MARGIN} % off benches/codec_instructions.toml. More: find what has made the way\n\
         longer. Less, or worth its cost: write the new figures down with\n\
         {UPDATE}=1 cargo test -p nodex-proto --test codec_instructions"
    );
}

/// The benchmark in its release build; only what has changed is built.
fn benchmark(root: &Path) -> PathBuf {
    let built = Command::new(env!("CARGO"))
        .args(["build", "--release", "--quiet", "-p", "nodex-proto", "--bench", "codec", "--message-format=json"])
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo starts");
    assert!(built.status.success(), "the benchmark does not build: {}", built.status);
    let messages = String::from_utf8(built.stdout).expect("JSON");
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "codec")
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable")
}

/// Instructions for once, by term and work. Each work has a process of its own: what an allocation costs depends on the
/// state of the allocator, which all works before it would have changed, and one that decodes hash maps differently each
/// time.
fn count(benchmark: &Path) -> BTreeMap<(String, String), f64> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("codec_instructions");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    let named = run(Command::new(benchmark).arg("--count"));
    let works: Vec<[&str; 3]> = named
        .lines()
        .map(|line| {
            let words: Vec<&str> = line.split(' ').collect();
            words.try_into().unwrap_or_else(|_| panic!("{line:?} names no work"))
        })
        .collect();
    let next = AtomicUsize::new(0);
    let counted = Mutex::new(BTreeMap::new());
    let count_some = || {
        while let Some([term, work, times]) = works.get(next.fetch_add(1, Ordering::Relaxed)) {
            let times: f64 = times.parse().expect("a number");
            let once = count_one(benchmark, &folder.join(format!("{term}_{work}")), term, work) as f64 / times;
            counted.lock().expect("the figures").insert(((*term).to_owned(), (*work).to_owned()), once);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(count_some);
        }
    });
    fs::remove_dir_all(&folder).expect("a folder that can be removed");
    counted.into_inner().expect("the figures")
}

/// The instructions of one work. Valgrind writes a part whenever a mark is passed, so the second part is the work.
fn count_one(benchmark: &Path, part: &Path, term: &str, work: &str) -> u64 {
    let mut counter = Command::new("valgrind");
    counter
        .args(["--quiet", "--tool=callgrind", "--dump-before=getppid"])
        .arg(format!("--callgrind-out-file={}", part.display()))
        .arg(benchmark)
        .args(["--count", term, work]);
    run(&mut counter);
    total(&PathBuf::from(format!("{}.2", part.display())))
}

/// What a command prints.
fn run(command: &mut Command) -> String {
    let output = command.stderr(Stdio::inherit()).output();
    let output = output.unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
    assert!(output.status.success(), "{command:?} has failed: {}", output.status);
    String::from_utf8(output.stdout).expect("text")
}

fn total(part: &Path) -> u64 {
    let text = fs::read_to_string(part).unwrap_or_else(|error| panic!("{}: {error}", part.display()));
    let total = text.lines().find_map(|line| line.strip_prefix("summary: ").or(line.strip_prefix("totals: ")));
    total.and_then(|total| total.trim().parse().ok()).expect("a total")
}

fn document(counted: &BTreeMap<(String, String), f64>) -> String {
    let mut text = String::from(
        "# Instructions for decoding and encoding one term of nodex-proto/benches/codec once, release build, x86-64; decoding\n\
         # includes freeing what was made. nodex-proto/tests/codec_instructions.rs compares them, and says how to write new\n\
         # ones.\n",
    );
    let mut last = "";
    for ((term, work), count) in counted {
        if term != last {
            let _ = writeln!(text, "\n[{term}]");
            last = term;
        }
        let _ = writeln!(text, "{work} = {count:.0}");
    }
    text
}

/// The lines that [`document`] writes.
fn read(text: &str) -> BTreeMap<(String, String), f64> {
    let mut known = BTreeMap::new();
    let mut term = "";
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            term = name;
        } else if let Some((work, count)) = line.split_once(" = ") {
            known.insert((term.to_owned(), work.to_owned()), count.parse().expect("a number"));
        } else {
            panic!("{line:?} is neither a term nor a figure");
        }
    }
    known
}
