//! The host's own node with its defaults: which epmd, which cookie. In programs of their own, because both come from the
//! environment.

use crate::support;

use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::{Ipv4Addr, TcpListener},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use nodex_core::epmd::Client;
use nodex_testkit::free_port;
use support::example;

/// A run of the example that goes up and stays until the end of its input.
struct Up {
    child: Child,
    stdout: BufReader<ChildStdout>,
}

fn command(name: &str, epmd_port: u16) -> Command {
    let mut command = Command::new(example("up"));
    command
        .arg(name)
        .env("ERL_EPMD_PORT", epmd_port.to_string())
        .env("HOME", "/nowhere")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    for variable in ["NODEX_COOKIE", "RELEASE_COOKIE", "NODEX_COOKIE_FILE", "XDG_CONFIG_HOME", "ERL_EPMD_ADDRESS"] {
        command.env_remove(variable);
    }
    command
}

impl Up {
    fn start(mut command: Command) -> Up {
        let mut child = command.spawn().expect("it starts");
        let stdout = BufReader::new(child.stdout.take().expect("its output"));
        Up { child, stdout }
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).expect("a line");
        line
    }

    /// The end of its input, and its exit status.
    fn end(mut self) -> Option<i32> {
        drop(self.child.stdin.take());
        self.child.wait().expect("its end").code()
    }
}

/// What it says when it does not come up.
fn fails(mut command: Command) -> String {
    let output = command.output().expect("it starts");
    assert!(!output.status.success(), "{output:?}");
    String::from_utf8(output.stderr).expect("text")
}

fn epmd(port: u16) -> Client {
    Client::new((Ipv4Addr::LOCALHOST, port).into())
}

#[tokio::test]
async fn the_first_host_has_the_epmd_and_the_second_uses_it() {
    let port = free_port();
    let mut first = Up::start(command("one", port));
    assert_eq!(first.line(), format!("one@127.0.0.1 is up, epmd embedded on port {port}\n"));
    let mut second = Up::start(command("two", port));
    assert_eq!(second.line(), format!("two@127.0.0.1 is up, epmd of the system on port {port}\n"));
    let mut names: Vec<_> = epmd(port).names().await.unwrap().into_iter().map(|(name, _)| name).collect();
    names.sort();
    assert_eq!(names, ["one", "two"]);
    // A name is taken once.
    let words = fails(command("two", port));
    assert!(words.contains("Start") && words.contains("two"), "{words}");
    assert_eq!(second.end(), Some(0));
    assert_eq!(first.end(), Some(0));
    assert!(epmd(port).names().await.is_err(), "its epmd has ended with it");
}

/// The epmd of Erlang stays when its starter goes, and is used by the next one.
#[tokio::test]
async fn the_epmd_of_the_system_is_started_on_request() {
    let port = free_port();
    let start = |name: &str| {
        let mut system = command(name, port);
        system.arg("system");
        Up::start(system)
    };
    for name in ["one", "two"] {
        let mut up = start(name);
        assert_eq!(up.line(), format!("{name}@127.0.0.1 is up, epmd of the system on port {port}\n"));
        assert_eq!(up.end(), Some(0));
        while !epmd(port).names().await.expect("it is still there").is_empty() {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }
    let killed = Command::new("epmd").args(["-port", &port.to_string(), "-kill"]).output().expect("epmd");
    assert!(killed.status.success(), "{killed:?}");
    while epmd(port).names().await.is_ok() {
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let mut without = command("one", port);
    without.arg("system").env("PATH", "/nowhere");
    assert!(fails(without).contains("SystemEpmd"));
}

#[test]
fn what_is_no_epmd_is_not_taken_for_one() {
    let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = other.local_addr().expect("its address").port();
    std::thread::spawn(move || {
        for socket in other.incoming().flatten() {
            let _ = std::io::Write::write_all(&mut &socket, b"SSH-2.0-OpenSSH_9.2\r\n");
        }
    });
    let words = fails(command("one", port));
    assert!(words.contains("Epmd"), "{words}");
}

#[test]
fn names_that_are_none() {
    for name in ["", "a b", "ä"] {
        let words = fails(command(name, free_port()));
        assert!(words.contains("HostNode"), "{words}");
    }
}

#[test]
fn a_guessable_cookie_is_not_used_by_default() {
    let home = Home::with_cookie("secret\n");
    let mut guessable = command("one", free_port());
    guessable.env("HOME", &home.0);
    assert!(fails(guessable).contains("GuessableCookie"));
    let home = Home::with_cookie("VWKXDMRLKHGSAQZPNFTE");
    let mut good = command("one", free_port());
    good.env("HOME", &home.0);
    let mut up = Up::start(good);
    assert!(up.line().contains("is up"));
    assert_eq!(up.end(), Some(0));
    let mut empty = command("one", free_port());
    empty.env("NODEX_COOKIE", "");
    assert!(fails(empty).contains("Cookie"));
}

/// A home folder, removed at the end.
struct Home(PathBuf);

impl Home {
    fn with_cookie(cookie: &str) -> Home {
        let name = format!("home-{}-{}", std::process::id(), cookie.len());
        let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join(".erlang.cookie"), cookie).expect("a cookie file");
        Home(folder)
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
