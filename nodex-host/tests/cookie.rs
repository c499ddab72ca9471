//! Who gets to see the cookie: every user of a machine can read the arguments of every process, and nobody but its own user
//! its environment.

use crate::support;

use std::{fs, os::unix::fs::PermissionsExt as _, path::PathBuf};

use nodex_core::node::reads_cookie_from_environment;
use nodex_host::{Cnode, CnodeBuilder};
use support::{
    c_program, example, executable, in_path,
    net::{COOKIE, c_node, finish, ping, rust_node, up},
};

/// What stands in `/proc` of a process: its arguments and its environment.
fn shown(pid: u32) -> (Vec<String>, Vec<String>) {
    let read = |name| {
        let all = fs::read(format!("/proc/{pid}/{name}")).expect("a process of this user");
        all.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    };
    (read("cmdline"), read("environ"))
}

/// Starts a node, which answers, and returns what is to be seen of it.
async fn start(options: CnodeBuilder) -> (Vec<String>, Vec<String>) {
    let net = up().await;
    let cnode = options.spawn(&net).await.unwrap_or_else(|error| panic!("{error}"));
    ping(&cnode, "up").await;
    let pid = cnode.pid().expect("its process");
    let shown = shown(pid);
    cnode.stop().await;
    finish(net, [pid]).await;
    shown
}

fn has(texts: &[String], text: &str) -> bool {
    texts.iter().any(|found| found.contains(text))
}

#[tokio::test]
async fn a_node_of_ours_gets_it_by_the_environment_unasked() {
    let options = Cnode::builder(rust_node());
    assert!(!options.shows_cookie().await);
    let (arguments, environment) = start(options.clone()).await;
    assert!(!has(&arguments, COOKIE) && arguments.contains(&"-".to_owned()), "{arguments:?}");
    assert!(environment.contains(&format!("NODEX_COOKIE={COOKIE}")));
    // Who wants it otherwise says so.
    let options = options.cookie_in_env(false);
    assert!(options.shows_cookie().await);
    assert!(has(&start(options).await.0, COOKIE));
}

#[tokio::test]
async fn a_node_on_ei_gets_it_as_an_argument() {
    let options = Cnode::builder(c_node());
    assert!(options.shows_cookie().await);
    assert!(has(&start(options).await.0, COOKIE));
}

/// Nobody can see what a script starts, but who wrote it can say so.
#[tokio::test]
async fn a_script_says_that_it_starts_a_node_of_ours() {
    let script = scratch("script");
    fs::write(&script, format!("#!/bin/sh\nexec {} \"$@\"\n", rust_node().display())).expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("a mode");
    assert!(Cnode::builder(&script).shows_cookie().await);
    let (arguments, environment) = start(Cnode::builder(&script).cookie_in_env(true)).await;
    fs::remove_file(&script).expect("the script");
    assert!(!has(&arguments, COOKIE) && has(&environment, COOKIE), "{arguments:?}");
}

fn scratch(name: &str) -> PathBuf {
    executable::target().join("tmp").join(format!("nodex-cookie-{}-{name}", std::process::id()))
}

#[test]
fn executables_of_this_project_are_known_and_no_others() {
    let stripped = scratch("stripped");
    let strip = std::process::Command::new(in_path("strip")).arg("-o").arg(&stripped).arg(rust_node()).status();
    assert!(strip.expect("strip runs").success());
    for (executable, ours) in [
        (rust_node(), true),
        (stripped.clone(), true),
        (c_node(), false),
        (c_program("children/shows_itself"), false),
        // It reads its arguments by itself, and knows no `-`.
        (example("misbehaves"), false),
        // This very test looks for the mark, and carries it no more than other hosts do.
        (std::env::current_exe().expect("this test"), false),
        (PathBuf::from("/bin/sh"), false),
        (PathBuf::from("/proc/self"), false),
    ] {
        assert_eq!(reads_cookie_from_environment(&executable).ok(), Some(ours), "{}", executable.display());
    }
    fs::remove_file(stripped).expect("the stripped one");
    assert!(reads_cookie_from_environment("/nowhere".as_ref()).is_err());
}
