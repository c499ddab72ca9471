//! How nodes of a fleet are told what they have to know: the cookie, and where their host is found.

use crate::support;

use std::{fs, time::Duration};

use support::fleet::{Fleet, HOST, c, rust};

const LONG: Duration = Duration::from_secs(60);

/// The variable of this name in the environment of a node.
fn variable(node: &serde_json::Value, name: &str) -> Option<String> {
    let environment = fs::read(format!("/proc/{}/environ", node["pid"])).expect("its environment");
    let environment = String::from_utf8(environment).expect("UTF-8");
    environment.split('\0').find_map(|variable| Some(variable.strip_prefix(name)?.strip_prefix('=')?.to_owned()))
}

/// The processes of this machine that have a text in their arguments.
fn showing(text: &str) -> Vec<String> {
    let entries = fs::read_dir("/proc").expect("/proc").flatten();
    let arguments = entries.filter_map(|entry| fs::read(entry.path().join("cmdline")).ok());
    arguments.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).filter(|line| line.contains(text)).collect()
}

#[test]
fn the_random_cookie_of_a_fleet_stands_in_no_arguments() {
    let fleet = Fleet::new(&format!("{HOST}{}{}count = 2\n", rust("one"), rust("more")));
    let up = fleet.up();
    let cookies =
        ["one", "more-1", "more-2"].map(|name| variable(&fleet.node(name), "NODEX_COOKIE").expect("a cookie"));
    assert!(cookies[0].len() == 20 && cookies.iter().all(|cookie| *cookie == cookies[0]), "{cookies:?}");
    assert_eq!(showing(&cookies[0]), Vec::<String>::new());
    // A restart by the supervisor is no other start.
    support::fleet::kill(&fleet.node("one")["pid"]);
    fleet.wait("one", |node| node["state"] == "up" && node["restarts"] == 1);
    assert_eq!(showing(&cookies[0]), Vec::<String>::new());
    up.terminate();
    let ended = up.end(LONG);
    assert!(!ended.stderr.contains("the cookie is in the arguments"), "{ended}");
    assert!(!ended.stdout.contains(&cookies[0]) && !ended.stderr.contains(&cookies[0]), "{ended}");
    fleet.left_nothing(&ended);
}

#[test]
fn who_starts_nodes_that_show_it_is_told() {
    let fleet = Fleet::new(&format!("{HOST}{}{}{}cookie_in_env = false\n", rust("one"), c("two"), rust("three")));
    let up = fleet.up();
    let cookie = variable(&fleet.node("one"), "NODEX_COOKIE").expect("a cookie");
    assert_eq!(showing(&cookie).len(), 2);
    up.terminate();
    let ended = up.end(LONG);
    let words = "the cookie is in the arguments of two, three, where every user of this machine can read it: not known to be \
                 built with nodex\n";
    assert!(ended.stderr.contains(words), "{ended}");
    fleet.left_nothing(&ended);
}

/// A host that uses an epmd says so to its nodes, whatever stands in its own environment.
#[test]
fn how_the_host_is_found_is_told_by_the_host() {
    for epmd in ["private", "embedded"] {
        let fleet = Fleet::new(&format!("[host]\nepmd = \"{epmd}\"\n{}{}", rust("one"), c("two")));
        let up = fleet.nodex(&["up"]).env("ERL_DIST_PORT", "1").start();
        up.wait_for_stderr(" up\n");
        let port = fleet.json(&["ps", "--json"])["epmd_port"].to_string();
        for name in ["one", "two"] {
            let node = fleet.node(name);
            assert_eq!(variable(&node, "ERL_DIST_PORT"), None);
            assert_eq!(variable(&node, "ERL_EPMD_PORT").as_deref(), Some(port.as_str()));
        }
        up.terminate();
        let ended = up.end(LONG);
        assert_eq!(ended.code, Some(0), "{ended}");
        fleet.left_nothing(&ended);
    }
}
