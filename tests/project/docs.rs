//! The pages for people: README.md and the others at the root, and docs/. Their Rust code is compiled as documentation
//! tests (`src/lib.rs`); here, Elixir runs against the nodes that it talks about, commands and links have to be there,
//! and tables have to say what the code says.
//!
//! A comment in front of a code block says what is done with it:
//!
//! | comment | the block |
//! |---|---|
//! | `<!-- file: path -->` | is that file |
//! | `<!-- from: path -->` | is a part of that file |
//! | `<!-- run: name -->` | Elixir, run where the node `docs_<name>` is the executable `./<name>` |
//! | `<!-- run with: name -->` | Elixir, run beside the node `docs_<name>`, named `<name>@127.0.0.1` |
//! | `<!-- project: path -->` | is that file in a project of `docs_project.rs` |
//! | `<!-- in project: name -->` | Elixir, run in that project |
//!
//! Elixir lines of the form `expression  #=> value` are checked. What the pages show for other programs is in
//! `docs_files.rs`.

use std::{
    collections::{BTreeSet, HashMap},
    fmt::Write as _,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use crate::support::pages::{PAGES, blocks, read};
use nodex::{
    convert::{Binary, BitString, Charlist},
    prelude::*,
};
use nodex_core::protocol::{Flags, control::Op};
use nodex_testkit::{
    epmd::Epmd,
    executable::{Executable, target},
    root,
    run::{Ended, run},
};

const DEADLINE: Duration = Duration::from_secs(120);

/// The rows of the table of a page whose head is this, as cells.
fn table(page: &str, head: &str) -> Vec<Vec<String>> {
    let text = read(page);
    let mut lines = text.lines().skip_while(|line| *line != head);
    assert!(lines.next().is_some(), "{page} has no table {head}");
    let rows: Vec<Vec<String>> = lines
        .skip(1)
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect())
        .collect();
    assert!(!rows.is_empty(), "{page}: the table {head} is empty");
    rows
}

/// Everything in a text that stands between backquotes.
fn code_in(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// Fails with all findings at once.
fn none(findings: Vec<String>) {
    assert!(findings.is_empty(), "\n{}", findings.join("\n"));
}

/// Tests that pages name as proof are there.
#[test]
fn cases_of_other_suites_have_their_tests() {
    let mut findings = Vec::new();
    for row in table("docs/protocol.md", "| case of `epmd_SUITE` | test |") {
        let words = code_in(&row[1]);
        let file = words.get(1).copied().unwrap_or("nodex-core/tests/epmd_server.rs");
        if !words.first().is_some_and(|test| read(file).contains(&format!("fn {test}("))) {
            findings.push(format!("{file} has no test {words:?}"));
        }
    }
    none(findings);
}

#[test]
fn every_page_is_looked_at() {
    let mut found = Vec::new();
    for folder in [
        "",
        "docs/",
        "src/",
        "nodex-proto/",
        "nodex-core/",
        "nodex-macros/",
        "nodex-host/",
        "nodex-cli/",
        "elixir/nodex_rs/",
    ] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            if name.ends_with(".md") {
                found.push(format!("{folder}{name}"));
            }
        }
    }
    found.retain(|page| !PAGES.contains(&page.as_str()));
    none(found);

    let facade = read("src/lib.rs");
    let compiled =
        |page: &&str| page.starts_with("docs/") || page.ends_with("README.md") && !page.starts_with("elixir/");
    for page in PAGES.iter().filter(|page| compiled(page)) {
        assert!(facade.contains(&format!("include_str!(\"../{page}\")")), "the code of {page} is not compiled");
    }
    for block in blocks().iter().filter(|block| block.language.starts_with("rust")) {
        assert!(
            PAGES.iter().filter(|page| compiled(page)).any(|page| block.place.starts_with(page)),
            "{}",
            block.place
        );
        assert!(!block.language.contains("ignore"), "{} is not compiled", block.place);
    }
}

#[test]
fn links_lead_somewhere() {
    let mut findings = Vec::new();
    let mut seen = 0;
    for page in PAGES {
        let folder = root().join(page).parent().expect("a folder").to_owned();
        for (number, line) in read(page).lines().enumerate() {
            for target in line.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
                if target.starts_with("https://") {
                    continue;
                }
                seen += 1;
                let (file, heading) = target.split_once('#').unwrap_or((target, ""));
                let path = if file.is_empty() { root().join(page) } else { folder.join(file) };
                if !path.exists() || !heading.is_empty() && !headings(&path).contains(heading) {
                    findings.push(format!("{page}:{}: {target}", number + 1));
                }
            }
        }
    }
    assert!(seen > 10, "only {seen} links found");
    none(findings);
}

/// The anchors of the headings of a page.
fn headings(path: &Path) -> BTreeSet<String> {
    let text = fs::read_to_string(path).unwrap_or_default();
    let anchor = |line: &str| {
        let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
        line.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-")
    };
    text.lines().filter(|line| line.starts_with('#')).map(anchor).collect()
}

/// Paths in the text, as `docs/types.md` or `nodex-core/src/net/`, are those of files and folders.
#[test]
fn files_that_are_named_are_there() {
    let mut findings = Vec::new();
    let mut seen = 0;
    for page in PAGES {
        for (number, line) in read(page).lines().enumerate() {
            for code in code_in(line) {
                let places = ["", "nodex-core/src/", "nodex-proto/src/"];
                let starts = ["nodex-", "scripts/", "tests/", "docs/", "examples/", "c_src/", "benches/", "elixir/"];
                let starts_in_core = [
                    "node/",
                    "net/",
                    "protocol/",
                    "dynamic/",
                    "etf/",
                    "convert/",
                    "epmd/",
                    "term/",
                    "text/",
                    "macros/",
                ];
                let is_path = starts.iter().chain(&starts_in_core).any(|start| code.starts_with(start))
                    && code.contains('/')
                    && !code.contains(['*', ' ', '<'])
                    && !code.contains("NAME");
                if is_path {
                    seen += 1;
                    if !places.iter().any(|place| root().join(place).join(code).exists()) {
                        findings.push(format!("{page}:{}: {code}", number + 1));
                    }
                }
            }
        }
    }
    assert!(seen > 30, "only {seen} paths found");
    none(findings);
}

/// Tests that pages name behind their files, as in `tests/ticks.rs`: `name`, are there.
#[test]
fn tests_that_are_named_are_there() {
    let mut findings = Vec::new();
    let mut seen = 0;
    for page in ["docs/guarantees.md", "docs/protocol.md"] {
        for (number, line) in read(page).lines().enumerate() {
            let cells = line.split('|').flat_map(|cell| cell.split("; "));
            for named in cells.filter_map(|part| part.trim().strip_prefix('`')?.split_once("`: ")) {
                let (file, names) = named;
                if !file.starts_with("tests/") && !file.starts_with("nodex-") {
                    continue;
                }
                let text = fs::read_to_string(root().join(file)).unwrap_or_default();
                for name in code_in(names) {
                    seen += 1;
                    let there = [format!("fn {name}("), format!("test \"{name}\"")];
                    if !there.iter().any(|there| text.contains(there)) {
                        findings.push(format!("{page}:{}: {name} is not in {file}", number + 1));
                    }
                }
            }
        }
    }
    assert!(seen > 60, "only {seen} tests found");
    none(findings);
}

#[test]
fn blocks_that_are_files_are_those_files() {
    let mut seen = 0;
    for block in blocks() {
        let Some((key, path)) = &block.comment else { continue };
        match key.as_str() {
            "file" => assert_eq!(block.text, read(path), "{} is not {path}", block.place),
            "from" => assert!(read(path).contains(&block.text), "{} is no part of {path}", block.place),
            _ => continue,
        }
        seen += 1;
    }
    assert!(seen > 2, "only {seen} such blocks");
}

#[test]
fn languages_are_those_that_are_checked() {
    for block in blocks() {
        let known = ["rust", "rust,no_run", "elixir", "sh", "c", "toml", "ini", "dockerfile", "yaml", "text"];
        assert!(known.contains(&block.language.as_str()), "{}: {:?}", block.place, block.language);
        match block.language.as_str() {
            "elixir" => assert!(
                block.comment.as_ref().is_some_and(
                    |(key, _)| ["run", "run with", "project", "in project", "from"].contains(&key.as_str())
                ),
                "{} says not what it runs with",
                block.place
            ),
            "c" => assert!(block.comment.is_some(), "{} says not where it is from", block.place),
            _ => {}
        }
    }
}

/// Programs that a shell block may use without being part of this project.
const PROGRAMS: [&str; 3] = ["cargo", "erl", "iex"];

#[test]
fn commands_are_there() {
    let mut seen = 0;
    for block in blocks().iter().filter(|block| block.language == "sh") {
        for line in block.text.lines().filter(|line| !line.starts_with('#')) {
            let is_setting = |word: &&str| word.contains('=') && !word.starts_with('-');
            let words: Vec<&str> = line.split_whitespace().skip_while(is_setting).collect();
            let program = words.first().unwrap_or_else(|| panic!("{}: {line}", block.place));
            seen += 1;
            if *program == "nodex" {
                check_nodex(&words[1..], &block.place);
            } else if *program == "cargo" {
                check_cargo(&words, &block.place);
            } else if let Some(example) = program.strip_prefix("target/release/examples/") {
                assert!(root().join("examples").join(example).with_extension("rs").exists(), "{}: {line}", block.place);
            } else if let Some(command) = program.strip_prefix("target/release/") {
                assert_eq!(command, "nodex", "{}: {line}", block.place);
                check_nodex(&words[1..], &block.place);
            } else if program.contains('/') {
                let mode = fs::metadata(root().join(program)).unwrap_or_else(|error| panic!("{program}: {error}"));
                assert!(mode.permissions().mode() & 0o111 != 0, "{program} is not executable");
            } else {
                assert!(PROGRAMS.contains(program), "{}: {line}", block.place);
            }
        }
    }
    assert!(seen > 3, "only {seen} commands found");
}

/// `cargo run .. -- COMMAND` runs a command of `nodex`.
fn check_cargo(words: &[&str], place: &str) {
    if words.get(1) == Some(&"run") {
        let after = words.iter().position(|word| *word == "--").unwrap_or_else(|| panic!("{place}: {words:?}"));
        check_nodex(&words[after + 1..], place);
    } else {
        assert!(["build", "test", "doc", "install"].contains(words.get(1).unwrap_or(&"")), "{place}: {words:?}");
    }
}

fn check_nodex(words: &[&str], place: &str) {
    let command = words.first().unwrap_or_else(|| panic!("{place}: no command"));
    let mut help = Command::new(nodex());
    help.args([command, "--help"]);
    let ended = run(help, DEADLINE);
    assert_eq!(ended.code, Some(0), "{place}: nodex {command}: {ended:?}");
}

/// The `nodex` command, which lies beside the folder of the examples.
fn nodex() -> PathBuf {
    let example = Executable::example("docs_calc");
    let path = example.path().ancestors().nth(2).expect("target/<profile>/examples/<example>").join("nodex");
    assert!(path.is_file(), "{} is not there: `cargo build --workspace --bins` builds it", path.display());
    path
}

#[test]
fn elixir_runs_and_gives_the_values_that_it_shows() {
    let mut checked = 0;
    for block in blocks().iter().filter(|block| block.language == "elixir") {
        let Some((key, name)) = block.comment.as_ref().filter(|(key, _)| key.starts_with("run")) else { continue };
        let mut script = String::new();
        if key == "run with" {
            let _ = write!(
                script,
                "port = Port.open({{:spawn_executable, \"./{name}\"}}, \
                 [:binary, line: 100, args: ~w({name} 127.0.0.1 secret host)])\n\
                 for _ <- 1..3, do: receive(do: ({{^port, {{:data, {{:eol, line}}}}}} -> line))\n"
            );
        }
        let (lines, values) = block.checked();
        checked += values;
        script += &lines;
        script += "IO.puts(\"all lines ran\")\n";
        let ended = elixir(&script, Some((name, &Executable::example(&format!("docs_{name}")))));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "all lines ran\n"), "{}\n{ended:?}", block.place);
    }
    assert!(checked > 5, "only {checked} values checked");
}

/// Runs Elixir as the node `host@127.0.0.1` with the cookie `secret`, where an executable lies by a name of its own.
fn elixir(script: &str, executable: Option<(&str, &Executable)>) -> Ended {
    let epmd = Epmd::start();
    let folder = target().join("tmp").join(format!("docs-{}-{}", std::process::id(), epmd.port()));
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("script.exs"), script).expect("the script");
    if let Some((name, executable)) = executable {
        std::os::unix::fs::symlink(executable.path(), folder.join(name)).expect("the executable");
    }
    let mut elixir = Command::new("elixir");
    elixir
        .args(["--name", "host@127.0.0.1", "--cookie", "secret"])
        .args(["--erl", "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"])
        .arg("script.exs")
        .current_dir(&folder)
        .env("ERL_EPMD_PORT", epmd.port().to_string());
    for variable in ["ERL_FLAGS", "ERL_AFLAGS", "ERL_ZFLAGS", "ERL_LIBS", "ELIXIR_ERL_OPTIONS", "ERL_EPMD_ADDRESS"] {
        elixir.env_remove(variable);
    }
    let ended = run(elixir, DEADLINE);
    fs::remove_dir_all(&folder).expect("the folder goes");
    ended
}

/// `docs/operating.md`: the limits of a connection and their defaults.
#[test]
fn limits_are_the_defaults() {
    let value = |text: &str| {
        let (number, unit) = text.split_once(' ').unwrap_or((text, ""));
        let number: u64 = number.replace(',', "").parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        match unit {
            "" => number.to_string(),
            "KiB" => (number << 10).to_string(),
            "MiB" => (number << 20).to_string(),
            "s" => format!("{number}s"),
            _ => panic!("{text}"),
        }
    };
    let rows = table("docs/operating.md", "| field | default | |");
    let shown: Vec<String> = rows.iter().map(|row| format!("{}: {}", code_in(&row[0])[0], value(&row[1]))).collect();
    assert_eq!(format!("LinkLimits {{ {} }}", shown.join(", ")), format!("{:?}", nodex::net::LinkLimits::default()));
}

/// `CONTRIBUTING.md`: every script that records known answers, and every file of them.
#[test]
fn known_answers_say_where_they_are_from() {
    let page = read("CONTRIBUTING.md");
    let mut files = BTreeSet::new();
    for folder in ["scripts/vectors", "nodex-proto/tests", "nodex-proto/tests/etf_vectors", "tests/macros"] {
        for entry in fs::read_dir(root().join(folder)).expect("a folder") {
            let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
            let records = folder == "scripts/vectors" && name.ends_with(".escript");
            if records || name.ends_with(".tsv") || name.ends_with("vectors.txt") {
                files.insert(format!("`{folder}/{name}`"));
            }
        }
    }
    assert!(files.len() > 4, "{files:?}");
    none(files.into_iter().filter(|file| !page.contains(file)).collect());
}

/// Text of Rust expressions and of the terms that they are.
macro_rules! values {
    ($($value:expr;)*) => {
        HashMap::from([$((
            stringify!($value).replace("vec! ", "vec!"),
            RawTerm::from_value(&$value).expect("a term").to_string(),
        )),*])
    };
}

/// `docs/types.md`: what stands in one row is one term in all three languages.
#[test]
fn values_are_the_same_in_all_languages() {
    let values: HashMap<String, String> = values! {
        42_i64;
        1.5;
        true;
        atom!("ready");
        "text";
        Binary::from(vec![0, 255]);
        BitString::new(vec![0b1010_0000], 3);
        Charlist::from("text");
        'x';
        vec![1, 2, 3];
        (atom!("add"), 2, 3);
        HashMap::from([("tea", 2)]);
        None::<i64>;
        Ok::<i64, Atom>(5);
        Err::<i64, Atom>(atom!("full"));
        Ok::<(), Atom>(());
        Err::<i64, ()>(());
    };
    let mut seen = 0;
    let mut script = String::from(
        "erlang = fn text ->\n  {:ok, tokens, _} = :erl_scan.string(to_charlist(text <> \".\"))\n  \
         {:ok, expressions} = :erl_parse.parse_exprs(tokens)\n  \
         {:value, value, _} = :erl_eval.exprs(expressions, [])\n  value\nend\n",
    );
    for row in table("docs/types.md", "| Erlang | Elixir | Rust value | Rust types |") {
        let [erlang, elixir, rust, _types] = &row[..] else { panic!("{row:?}") };
        if rust.is_empty() {
            continue;
        }
        let [erlang, elixir, rust] = [erlang, elixir, rust].map(|cell| code_in(cell)[0]);
        seen += 1;
        assert_eq!(values.get(rust).map(String::as_str), Some(erlang), "{rust}");
        let _ = writeln!(script, "true = erlang.(~S|{erlang}|) === ({elixir})");
    }
    assert_eq!(seen, values.len());
    script += "IO.puts(\"all are equal\")\n";
    let ended = elixir_alone(&script);
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), "all are equal\n"), "{ended:?}");
}

fn elixir_alone(script: &str) -> Ended {
    elixir(script, None)
}

/// `docs/protocol.md`: the flags that are offered, and those that are not.
#[test]
fn flags_are_those_that_are_offered() {
    let (mut offered, mut others) = (BTreeSet::new(), BTreeSet::new());
    for row in table("docs/protocol.md", "| flag | offered | |") {
        let set = match row[1].as_str() {
            "yes" => &mut offered,
            "no" => &mut others,
            other => panic!("{other}"),
        };
        set.extend(code_in(&row[0]).into_iter().map(str::to_owned));
    }
    let expected: BTreeSet<String> = Flags::NODE.names().map(str::to_owned).collect();
    assert_eq!(offered, expected);
    let known: BTreeSet<String> = Flags::from_bits(u64::MAX).names().map(str::to_owned).collect();
    assert!(others.is_subset(&known) && others.is_disjoint(&expected), "{others:?}");
}

/// `docs/protocol.md`: every operation, with its number and name.
#[test]
fn operations_have_their_numbers() {
    let mut found = BTreeSet::new();
    for row in table("docs/protocol.md", "| op | name | received | sent |") {
        let numbers: Vec<u8> = row[0].split(", ").map(|number| number.parse().expect("a number")).collect();
        let names = code_in(&row[1]);
        assert_eq!(numbers.len(), names.len(), "{row:?}");
        for (number, name) in numbers.into_iter().zip(names) {
            assert_eq!(Op::from_number(number).map(Op::name), Some(name));
            assert!(found.insert(number), "{number} is there twice");
        }
    }
    assert_eq!(found, Op::all().map(Op::number).collect());
}
