//! The part of the contract of a node executable that needs no Erlang host: arguments, and hosts
//! that cannot be reached.

use crate::support;

use std::net::{Ipv4Addr, TcpListener};
use std::process::Command;
use std::time::Duration;

use nodex_testkit::executable::Executable;
use nodex_testkit::peer::{epmd::honest, link::until_closed};
use nodex_testkit::run::{Ended, run};
use nodex_testkit::{epmd::Epmd, free_port};

support::for_each_executable!(usage, no_epmd, not_registered, epmd_that_answers_rubbish, silent_epmd, silent_host);

const DEADLINE: Duration = Duration::from_secs(60);

/// Any number of arguments but four, and the words for help, print usage and are no error.
fn usage(executable: &Executable) {
    let lists: &[&[&str]] =
        &[&[], &["-h"], &["--help"], &["a"], &["a", "b", "c"], &["a", "b", "c", "d", "e"], &["-h", "b", "c", "d"]];
    for arguments in lists {
        let mut command = Command::new(executable.path());
        command.args(*arguments);
        let ended = run(command, DEADLINE);
        assert_eq!(ended.code, Some(0), "{arguments:?} {ended:?}");
        assert!(ended.stdout.to_lowercase().contains("usage"), "{arguments:?} {ended:?}");
        assert!(ended.stdout.contains("<sname> <hostname> <cookie> <tname>"), "{arguments:?} {ended:?}");
        assert!(!ended.stdout.contains("initialising"), "{arguments:?} {ended:?}");
        assert_eq!(ended.stderr, "", "{arguments:?}");
    }
}

/// What is no name for a node is told before anything is dialled: there is no epmd where it would look for its host.
#[test]
fn names_that_no_node_can_have() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
    listener.set_nonblocking(true).expect("a listener");
    let port = listener.local_addr().expect("a port").port();
    let fails = |sname: &str, host: &str, words: &str| {
        let mut command = Command::new(Executable::example("example_client").path());
        command.args([sname, host, "secret", "master"]).env("ERL_EPMD_PORT", port.to_string());
        let ended = run(command, DEADLINE);
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""), "{sname:?} {ended:?}");
        assert!(ended.stderr.starts_with("error: ") && ended.stderr.contains(words), "{sname:?} {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{sname:?} {ended:?}");
        let dialled = listener.accept().map(|(_, from)| from);
        assert!(dialled.is_err_and(|error| error.kind() == std::io::ErrorKind::WouldBlock), "{sname:?}");
    };
    let allowed = "letters A-Z and a-z, digits, _ and -";
    for sname in ["a.b", "a/b", "a:b", "a+b", "", "two words", "a\nb", "a\u{9b}31mb", "k\u{e4}se", "calc.bin"] {
        fails(sname, "127.0.0.1", allowed);
    }
    fails(&"a".repeat(246), "127.0.0.1", "at most 255");
    fails("a@b", "127.0.0.1", "not of the form name@host");
    fails("master", "127.0.0.1", "the name of its host, \"master@127.0.0.1\"");
}

/// A node inside of a program is told the same.
#[tokio::test]
async fn names_that_no_node_in_a_program_can_have() {
    let start = async |name: &str| {
        let cookie = nodex::node::Cookie::new("secret").expect("a cookie");
        nodex::node::NodeBuilder::new().start(name, cookie).await
    };
    for name in
        ["a.b@127.0.0.1", "a/b@127.0.0.1", "a:b@h", "a+b@h", "@h", "a", "a@b@c", &format!("{}@h", "a".repeat(254))]
    {
        let Err(nodex::node::StartError::Name { name: told, .. }) = start(name).await else { panic!("{name} started") };
        assert_eq!(told, name);
    }
    for name in ["price-2_a@my_host.example", "9@::1", &format!("{}@h", "a".repeat(253))] {
        start(name).await.unwrap_or_else(|error| panic!("{name}: {error}")).stop(Duration::ZERO).await;
    }
}

fn no_epmd(executable: &Executable) {
    let ended = fails_to_connect(executable, free_port());
    assert!(ended.stderr.contains("epmd"), "{ended:?}");
}

fn not_registered(executable: &Executable) {
    let epmd = Epmd::start();
    let ended = fails_to_connect(executable, epmd.port());
    let without_epmd = fails_to_connect(executable, free_port());
    assert_ne!(ended.stderr, without_epmd.stderr, "two causes, one message");
}

fn epmd_that_answers_rubbish(executable: &Executable) {
    let port = listen(|mut socket| {
        let _ = std::io::Read::read(&mut socket, &mut [0; 64]);
        let _ = std::io::Write::write_all(&mut socket, b"HTTP/1.1 400 Bad Request\r\n\r\n");
    });
    fails_to_connect(executable, port);
}

/// It accepts and never answers: the executable gives up by itself.
fn silent_epmd(executable: &Executable) {
    let port = listen(until_closed);
    let ended = fails_to_connect(executable, port);
    assert!(ended.took > Duration::from_secs(1), "gave up at once: {ended:?}");
}

/// epmd gives a port where somebody accepts and never says a word of the handshake.
fn silent_host(executable: &Executable) {
    let host = listen(until_closed);
    fails_to_connect(executable, honest(host));
}

/// Runs the executable with four arguments against `epmd_port` and checks what holds for every
/// failed connect.
fn fails_to_connect(executable: &Executable, epmd_port: u16) -> Ended {
    let mut command = Command::new(executable.path());
    command
        .args(["me", "127.0.0.1", "a_cookie", "nobody"])
        .env("ERL_EPMD_PORT", epmd_port.to_string())
        .env_remove("ERL_EPMD_ADDRESS");
    let ended = run(command, DEADLINE);
    assert_eq!(ended.stdout, "initialising me@127.0.0.1\nconnecting to nobody@127.0.0.1\n", "{ended:?}");
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "one clear line: {ended:?}");
    ended
}

/// Serves every connection to a free port in a thread that ends with the test.
fn listen(serve: impl Fn(std::net::TcpStream) + Send + Clone + 'static) -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = listener.local_addr().expect("the address of a bound socket").port();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let serve = serve.clone();
            std::thread::spawn(move || serve(socket));
        }
    });
    port
}
