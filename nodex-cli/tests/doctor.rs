//! `nodex doctor`, as its user sees it: each reason for which two nodes do not connect, made on purpose.

use crate::support;

use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    sync::mpsc,
    thread::{self, JoinHandle},
};

use nodex_core::{
    epmd::{Client, Entry},
    protocol::{
        Cookie, Flags,
        handshake::{Acceptor, Answer, Event, Framing, Local},
    },
};
use support::{
    Ended, nodex,
    world::{COOKIE, World},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
};

/// What somebody does who is registered in epmd.
#[derive(Clone, Copy)]
enum Manner {
    /// Its port is closed.
    Dead,
    /// It accepts and says nothing.
    Silent,
    /// It closes what it has accepted.
    Closes,
    /// It lacks flags that OTP 26 demands.
    Old,
    /// It talks, but not this protocol.
    Talks,
}

/// Somebody who is registered as `name` until it is dropped.
struct Fake(Option<(mpsc::Sender<()>, JoinHandle<()>)>);

impl Fake {
    fn start(epmd_port: u16, name: &'static str, manner: Manner) -> Fake {
        let (stop, stopped) = mpsc::channel::<()>();
        let (ready, is_ready) = mpsc::channel();
        let thread = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
                let port = listener.local_addr().expect("an address").port();
                let epmd = Client::new(([127, 0, 0, 1], epmd_port).into());
                let _registered = epmd.register(&Entry::hidden(name, port)).await.expect("epmd takes it");
                let listener = (!matches!(manner, Manner::Dead)).then_some(listener);
                ready.send(()).expect("somebody waits");
                let serve = async {
                    let mut kept = Vec::new();
                    while let Some(listener) = &listener {
                        let (socket, _) = listener.accept().await.expect("a connection");
                        kept.extend(serve(socket, name, manner).await);
                    }
                    std::future::pending::<()>().await;
                };
                let stopped = tokio::task::spawn_blocking(move || stopped.recv().is_ok());
                tokio::select! { () = serve => {}, _ = stopped => {} }
            });
        });
        is_ready.recv().expect("it starts");
        Fake(Some((stop, thread)))
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        if let Some((stop, thread)) = self.0.take() {
            drop(stop);
            let _ = thread.join();
        }
    }
}

/// Gives the socket if it is to stay open.
async fn serve(mut socket: TcpStream, name: &str, manner: Manner) -> Option<TcpStream> {
    match manner {
        Manner::Dead | Manner::Closes => return None,
        Manner::Silent => return Some(socket),
        Manner::Talks => socket.write_all(b"\0\x04oops").await.ok()?,
        Manner::Old => {
            let flags = Flags::HIDDEN.without(Flags::V4_NC).without(Flags::UNLINK_ID);
            let cookie = Cookie::new(COOKIE).expect("a cookie");
            let local = Local { flags, ..Local::hidden(format!("{name}@127.0.0.1"), 5, cookie) };
            let mut acceptor = Acceptor::new(local, Framing::Two, 7).expect("a name");
            let mut input = [0; 1024];
            loop {
                let count = socket.read(&mut input).await.ok().filter(|count| *count > 0)?;
                let mut event = acceptor.handle_input(&input[..count]).ok()?;
                if let Some(Event::Name(_)) = event {
                    event = acceptor.answer(Answer::Ok).ok()?;
                }
                socket.write_all(&acceptor.take_output()).await.ok()?;
                if event.is_some() {
                    break;
                }
            }
        }
    }
    Some(socket)
}

/// The finding that is no PASS, what comes under it, and the conclusion.
#[track_caller]
fn finds(ended: &Ended, code: i32, verdict: &str, parts: &[&str]) {
    assert_eq!((ended.code, ended.stderr.as_str()), (Some(code), ""), "{ended}");
    let lines: Vec<_> = ended.stdout.lines().collect();
    let at = lines.iter().position(|line| line.starts_with(verdict)).unwrap_or_else(|| panic!("no {verdict}\n{ended}"));
    let finding = lines[at..].iter().take(2).copied().collect::<Vec<_>>().join("\n");
    for part in parts {
        assert!(finding.contains(part), "{part:?} is missing in {finding:?}\n{ended}");
    }
    assert!(finding.contains("\n      next: "), "{ended}");
}

#[test]
fn nodes_that_can_be_connected_to() {
    let world = World::start();
    for node in ["beam", "rust", "beam@127.0.0.1"] {
        let ended = world.nodex(&["doctor", node, "--timeout", "60s"]);
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{ended}");
        let full = format!("{}@127.0.0.1", &node[..4]);
        assert!(ended.stdout.ends_with(&format!("\n{full} can be connected to\n")), "{ended}");
        assert!(ended.stdout.contains("PASS  it answers Node.ping"), "{ended}");
    }
    let ended = world.nodex(&["doctor", "--json", "--timeout", "60s"]);
    let json: serde_json::Value = serde_json::from_str(&ended.stdout).unwrap_or_else(|error| panic!("{error} {ended}"));
    assert_eq!(
        (&json["failed"], &json["conclusion"]),
        (&0.into(), &"nodes of this machine can find each other".into())
    );
    assert!(json["checks"].as_array().is_some_and(|checks| checks.iter().any(|check| check["id"] == "epmd")), "{json}");
}

/// One after the other in one world: a BEAM takes its time to start.
#[test]
fn every_reason_has_its_own_words() {
    let world = World::start();
    let doctor = |args: &[&str]| world.nodex(&[&["doctor"], args].concat());

    finds(
        &doctor(&["nobody"]),
        3,
        "FAIL",
        &["does not know nobody; it has beam, rust", "start it with -sname or -name"],
    );
    finds(
        &doctor(&["beam@localhost"]),
        3,
        "FAIL",
        &[
            "it calls itself beam@127.0.0.1",
            "a long name (-name), and is asked for by a short one",
            "call it beam@127.0.0.1",
        ],
    );
    finds(&doctor(&["x@nowhere.invalid"]), 3, "FAIL", &["the host nowhere.invalid does not resolve", "/etc/hosts"]);
    finds(&doctor(&["a b@127.0.0.1"]), 2, "FAIL", &["is no node name", "name@host"]);
    let other = world.command(&["doctor", "beam"]).env("NODEX_COOKIE", "quite_another_cookie").run();
    finds(&other, 4, "FAIL", &["it has another cookie", "Node.get_cookie()"]);
    finds(&doctor(&["--name", "beam"]), 4, "FAIL", &["the name beam is taken", "choose another name"]);

    let dead = Fake::start(world.port(), "dead", Manner::Dead);
    let ended = doctor(&["dead"]);
    finds(&ended, 3, "FAIL", &["registered but dead: nothing listens at 127.0.0.1:", "start it again"]);
    finds(&ended, 3, "WARN", &["registered, but nobody answers: dead (port "]);
    drop(dead);
    let silent = Fake::start(world.port(), "silent", Manner::Silent);
    finds(
        &doctor(&["silent", "--timeout", "500ms"]),
        5,
        "FAIL",
        &["accepts connections and then says nothing for 500 ms", "proxy"],
    );
    drop(silent);
    let closes = Fake::start(world.port(), "closes", Manner::Closes);
    finds(&doctor(&["closes"]), 3, "FAIL", &["it closes the connection without a word", "TLS"]);
    drop(closes);
    let talks = Fake::start(world.port(), "talks", Manner::Talks);
    finds(&doctor(&["talks"]), 3, "FAIL", &["it is no node: ", "another program has the port"]);
    drop(talks);
    let old = Fake::start(world.port(), "old", Manner::Old);
    let ended = doctor(&["old", "--timeout", "500ms"]);
    finds(&ended, 0, "WARN", &["it cannot handle ", "UNLINK_ID", "V4_NC", "OTP 26 and later do not connect to it"]);
    drop(old);
}

#[test]
fn this_machine() {
    // Nobody listens on port 1.
    let ended = nodex(["doctor"]).env("ERL_EPMD_PORT", "1").env("NODEX_COOKIE", COOKIE).run();
    finds(&ended, 3, "FAIL", &["no epmd is running at 127.0.0.1:1", "nodex epmd"]);
    let ended = nodex(["doctor"]).env("ERL_EPMD_PORT", "many").env("NODEX_COOKIE", COOKIE).run();
    finds(&ended, 2, "FAIL", &["ERL_EPMD_PORT has the unusable value \"many\""]);
    let ended = nodex(["doctor"]).run();
    finds(&ended, 4, "FAIL", &["no cookie", "~/.erlang.cookie"]);

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("doctor-{}", std::process::id()));
    fs::create_dir_all(&folder).expect("a folder");
    let file = folder.join(".erlang.cookie");
    fs::write(&file, "the_cookie_of_the_user\n").expect("a file");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("a mode");
    let home = folder.to_str().expect("UTF-8");
    let ended = nodex(["doctor"]).env("HOME", home).run();
    finds(&ended, 3, "WARN", &["its mode is 644, and erl does not start with it", "chmod 400 "]);
    let ended = nodex(["doctor"]).env("HOME", home).env("NODEX_COOKIE", COOKIE).run();
    finds(&ended, 3, "WARN", &["NODEX_COOKIE has another cookie than ", "unset NODEX_COOKIE"]);
    fs::remove_dir_all(&folder).expect("the folder");

    // An epmd that is none, and one that says nothing.
    for (answer, code, words) in [(true, 3, "is no epmd"), (false, 5, "is silent for 400 ms")] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = listener.local_addr().expect("an address").port().to_string();
        let (end, ended) = mpsc::channel::<()>();
        let other = thread::spawn(move || {
            let (mut socket, _) = listener.accept().expect("a connection");
            if answer {
                let _ = std::io::Read::read(&mut socket, &mut [0; 64]);
                let _ = std::io::Write::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n");
            } else {
                // Open for as long as it is asked; the end of the channel is an error and all that is waited for.
                let _ = ended.recv();
            }
        });
        let found =
            nodex(["doctor", "--timeout", "400ms"]).env("ERL_EPMD_PORT", &port).env("NODEX_COOKIE", COOKIE).run();
        drop(end);
        finds(&found, code, "FAIL", &[words]);
        other.join().expect("it ends");
    }
}
