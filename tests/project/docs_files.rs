//! What the pages show for other programs: manifests of cargo, a unit of systemd, an image, a pod. They are read as
//! those programs read them, and what they start is started.

use std::{
    collections::BTreeMap,
    process::{Command, Stdio},
    time::Duration,
};

use crate::support::pages::{Block, blocks, read};
use nodex_testkit::{erl::Beam, executable::Executable, free_port, otp::Otp, run::run};
use yaml_rust2::{Yaml, YamlLoader};

const DEADLINE: Duration = Duration::from_secs(120);

fn blocks_of(language: &str) -> Vec<Block> {
    let found: Vec<Block> = blocks().into_iter().filter(|block| block.language == language).collect();
    assert!(!found.is_empty(), "no page has {language}");
    found
}

/// The arguments of a node executable are the four of the contract: with no host there, it says what it looked for.
fn are_of_a_node(arguments: &[&str], place: &str) {
    let mut node = Command::new(Executable::example("docs_calc").path());
    node.args(arguments).env("NODEX_COOKIE", "secret").env("ERL_EPMD_PORT", free_port().to_string());
    let ended = run(node, DEADLINE);
    assert_eq!(ended.code, Some(1), "{place}: {arguments:?} {ended:?}");
    let [sname, hostname, _, tname] = arguments else { panic!("{place}: {arguments:?}") };
    assert!(ended.stdout.contains(&format!("initialising {sname}@{hostname}\n")), "{place}: {ended:?}");
    assert!(ended.stderr.contains(&format!("{tname}@{hostname} cannot be found")), "{place}: {ended:?}");
}

/// Environment variables that nodes, Erlang or releases of Elixir look at.
fn is_a_variable(name: &str) -> bool {
    let ours =
        ["nodex-core/src/node/executable/cookie.rs", "nodex-core/src/node/executable/log.rs", "docs/operating.md"];
    let otp = ["ERL_AFLAGS", "RELEASE_DISTRIBUTION", "RELEASE_NODE", "RELEASE_COOKIE"];
    otp.contains(&name) || ours.iter().any(|file| read(file).contains(name))
}

#[test]
fn manifests_are_valid_and_name_crates_that_are_there() {
    let members = ["nodex", "nodex-core", "nodex-host", "nodex-macros", "nodex-proto"];
    for block in blocks_of("toml") {
        let manifest: toml::Table = block.text.parse().unwrap_or_else(|error| panic!("{}: {error}", block.place));
        // A fleet; what stands in it is checked where fleets are read.
        if manifest.contains_key("node") || manifest.contains_key("nodes") {
            continue;
        }
        let known = ["package", "dependencies", "dev-dependencies", "workspace", "profile"];
        for section in manifest.keys() {
            assert!(known.contains(&section.as_str()), "{}: {section}", block.place);
        }
        let dependencies = manifest["dependencies"].as_table().expect("a table");
        assert!(dependencies.contains_key("nodex"), "{}", block.place);
        for (name, how) in dependencies {
            let from_here = how.get("git").is_some() || how.get("path").is_some();
            assert_eq!(from_here, members.contains(&name.as_str()), "{}: {name}", block.place);
        }
    }
}

/// systemd.unit(5), systemd.service(5) and systemd.exec(5).
#[test]
fn units_are_of_systemd() {
    let known: BTreeMap<&str, &[&str]> = BTreeMap::from([
        ("Unit", &["Description", "After", "Wants", "Requires", "BindsTo", "StartLimitIntervalSec"][..]),
        (
            "Service",
            &[
                "Type",
                "NotifyAccess",
                "ExecStart",
                "LoadCredential",
                "Environment",
                "Restart",
                "RestartSec",
                "DynamicUser",
                "TimeoutStopSec",
                "NoNewPrivileges",
                "KillMode",
                "RuntimeDirectory",
                "RuntimeDirectoryMode",
            ],
        ),
        ("Install", &["WantedBy"]),
    ]);
    for block in blocks_of("ini") {
        let mut section = "";
        let mut values = BTreeMap::new();
        for line in block.text.lines().filter(|line| !line.is_empty()) {
            if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
                section = name;
                assert!(known.contains_key(section), "{}: {line}", block.place);
                continue;
            }
            let (key, value) = line.split_once('=').unwrap_or_else(|| panic!("{}: {line}", block.place));
            assert!(known[section].contains(&key), "{}: [{section}] {line}", block.place);
            values.entry(key).or_insert(value);
        }
        let (program, arguments) = values["ExecStart"].split_once(' ').expect("a program and arguments");
        assert!(program.starts_with('/'), "{}: systemd wants an absolute path", block.place);
        // A fleet is no node; what its command takes is tested with the commands.
        match program.ends_with("/nodex") {
            true => assert!(arguments.starts_with("up -f /"), "{}: {arguments}", block.place),
            false => are_of_a_node(&arguments.split(' ').collect::<Vec<_>>(), &block.place),
        }

        // The file that systemd makes is the one that the node reads.
        let (variable, path) = values["Environment"].split_once('=').expect("a variable");
        assert!(is_a_variable(variable), "{}: {variable}", block.place);
        let (credential, _) = values["LoadCredential"].split_once(':').expect("a name and a file");
        assert_eq!(path, format!("%d/{credential}"), "{}", block.place);
    }
}

#[test]
fn images_start_what_they_have_built() {
    for block in blocks_of("dockerfile") {
        let mut stages = Vec::new();
        let (mut copied, mut entrypoint, mut arguments) = (None, None, Vec::new());
        for line in block.text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let list = || -> Vec<String> {
                let rest = line.split_once(' ').map_or("", |(_, rest)| rest);
                let list: Vec<serde_json::Value> =
                    serde_json::from_str(rest).unwrap_or_else(|error| panic!("{line}: {error}"));
                list.iter().map(|word| word.as_str().expect("a string").to_owned()).collect()
            };
            match words[..] {
                ["FROM", image] => assert!(image.contains(':'), "{}: {line} has no version", block.place),
                ["FROM", _, "AS", stage] => stages.push(stage),
                ["WORKDIR", folder] => assert!(folder.starts_with('/'), "{line}"),
                ["RUN", "cargo", "build", ..] => assert!(words.contains(&"--release"), "{line}"),
                ["COPY", from, _, to] if from.starts_with("--from=") => {
                    assert!(stages.contains(&&from["--from=".len()..]), "{}: {line}", block.place);
                    copied = Some(to.to_owned());
                }
                ["COPY", ".", "."] => {}
                ["USER", user] => assert!(!user.starts_with('0'), "{line}"),
                ["ENTRYPOINT", ..] => entrypoint = Some(list()),
                ["CMD", ..] => arguments = list(),
                _ => panic!("{}: {line}", block.place),
            }
        }
        assert_eq!(entrypoint, copied.map(|path| vec![path]), "{}", block.place);
        are_of_a_node(&arguments.iter().map(String::as_str).collect::<Vec<_>>(), &block.place);
    }
}

/// The containers of a pod share the loopback interface, as processes on this machine do: so they are started here.
#[test]
fn containers_of_a_pod_find_each_other() {
    for block in blocks_of("yaml") {
        let port = free_port().to_string();
        let text = block.text.replace("9100", &port);
        let pod = &YamlLoader::load_from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", block.place))[0];
        assert_eq!((pod["apiVersion"].as_str(), pod["kind"].as_str()), (Some("v1"), Some("Pod")));
        let [beam, node] = &pod["spec"]["containers"].as_vec().expect("containers")[..] else {
            panic!("{}: not two containers", block.place)
        };
        let beam = env(beam, &block.place);
        assert_eq!(beam["RELEASE_DISTRIBUTION"], "name");
        let flags: Vec<&str> = beam["ERL_AFLAGS"].split(' ').collect();
        let start = ["-name", &beam["RELEASE_NODE"], "-setcookie", &beam["RELEASE_COOKIE"]];
        // There is no epmd at this port, nor at any other.
        let mut host =
            Beam::start_with(&Otp::installed(None), &beam["RELEASE_NODE"], 1, &[&start[..], &flags].concat());

        let mut command = Command::new(Executable::example("docs_calc").path());
        let arguments = node["args"].as_vec().expect("arguments").iter().map(scalar);
        command.args(arguments).envs(env(node, &block.place)).stdin(Stdio::null()).stdout(Stdio::null());
        let mut child = command.spawn().expect("the node starts");
        host.eventually("nodes(hidden)", "['calc@127.0.0.1']");
        assert_eq!(host.eval("gen_server:call({calc, 'calc@127.0.0.1'}, {add, 2, 3})"), "{ok,5}");
        host.kill();
        assert!(child.wait().expect("its end").success());
    }
}

/// The variables of a container. The values of secrets are `secret`.
fn env(container: &Yaml, place: &str) -> BTreeMap<String, String> {
    let image = container["image"].as_str().unwrap_or_default();
    assert!(image.contains(':'), "{place}: {image} has no version");
    let pairs = container["env"].as_vec().expect("variables").iter().map(|variable| {
        let name = scalar(&variable["name"]);
        assert!(is_a_variable(&name), "{place}: {name}");
        let secret = &variable["valueFrom"]["secretKeyRef"];
        match variable["value"].as_str() {
            Some(value) => (name, value.to_owned()),
            None if secret["name"].as_str().is_some() && secret["key"].as_str().is_some() => {
                (name, "secret".to_owned())
            }
            None => panic!("{place}: {name} has no value that is a string"),
        }
    });
    pairs.collect()
}

fn scalar(yaml: &Yaml) -> String {
    yaml.as_str().unwrap_or_else(|| panic!("{yaml:?} is no string")).to_owned()
}
