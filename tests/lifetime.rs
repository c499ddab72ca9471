//! What a Rust node executable does beyond the contract of C nodes: it ends with its parent, takes the cookie from
//! elsewhere, and refuses arguments that no node can have.

mod support;

use std::{
    ffi::OsStr,
    net::{Ipv4Addr, TcpListener},
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, net::UnixStream},
    },
    process::{Command, Stdio},
    time::Duration,
};

use support::{
    beam::run_script,
    executable::Executable,
    run::{Ended, run, run_with_stdin},
};

support::for_each_rust_executable!(
    lifetime,
    end_of_a_pipe_while_connecting,
    end_of_a_socket_while_connecting,
    no_cookie,
    arguments_that_are_no_names,
    cookie_where_a_beam_of_this_user_has_it,
);

const DEADLINE: Duration = Duration::from_secs(60);

fn lifetime(executable: &Executable) {
    run_script("lifetime.exs", executable);
}

fn end_of_a_pipe_while_connecting(executable: &Executable) {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    ends_with(executable, reader.into(), writer);
}

fn end_of_a_socket_while_connecting(executable: &Executable) {
    let (theirs, ours) = UnixStream::pair().expect("a socket pair");
    ends_with(executable, theirs.into(), ours);
}

/// The executable waits for an epmd that never answers, until the other end of its stdin is dropped. Without that it would
/// end as well, with another status and a word about epmd.
fn ends_with(executable: &Executable, stdin: OwnedFd, other_end: impl Send + 'static) {
    let epmd = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    let port = epmd.local_addr().expect("the address of a bound socket").port();
    std::thread::spawn(move || {
        let connection = epmd.accept();
        drop(other_end);
        // Open until the executable is gone.
        std::thread::sleep(DEADLINE);
        drop(connection);
    });
    let ended = run_with_stdin(node(executable, "a_cookie", port), Stdio::from(stdin), DEADLINE);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

fn no_cookie(executable: &Executable) {
    let ended = run(node(executable, "-", support::epmd::free_port()), DEADLINE);
    assert!(ended.stderr.contains("cookie"), "{ended:?}");
    refused(&ended);
}

/// `~/.config/erlang` if `XDG_CONFIG_HOME` says nothing else, as for `erl` of OTP 25 and later.
fn cookie_where_a_beam_of_this_user_has_it(executable: &Executable) {
    let name = executable.path().file_name().expect("a name").to_string_lossy();
    let home = support::executable::target().join("tmp").join(format!("home-{name}-{}", std::process::id()));
    let folder = home.join(".config/erlang");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(".erlang.cookie"), "of_the_user").expect("a file");
    let ended_with = |config: Option<&str>| {
        let mut command = node(executable, "-", support::epmd::free_port());
        command.env("HOME", &home);
        if let Some(config) = config {
            command.env("XDG_CONFIG_HOME", config);
        }
        run(command, DEADLINE)
    };
    for config in [None, Some(""), home.join(".config").to_str()] {
        let ended = ended_with(config);
        assert!(ended.stderr.contains("no epmd is running"), "{config:?} {ended:?}");
    }
    let ended = ended_with(Some("/nowhere"));
    assert!(ended.stderr.contains("no cookie"), "{ended:?}");
    std::fs::remove_dir_all(&home).expect("the folder");
}

fn arguments_that_are_no_names(executable: &Executable) {
    let long = [b'a'; 300];
    for sname in [&b"not\xffutf8"[..], &long, b"", b"a@b"] {
        let mut command = Command::new(executable.path());
        command.arg(OsStr::from_bytes(sname)).args(["127.0.0.1", "a_cookie", "nobody"]);
        command.env("ERL_EPMD_PORT", support::epmd::free_port().to_string());
        refused(&run(command, DEADLINE));
    }
}

fn refused(ended: &Ended) {
    assert!(ended.code.is_some_and(|code| code != 0), "{ended:?}");
    assert_eq!(ended.stderr.lines().count(), 1, "one clear line: {ended:?}");
    assert!(!ended.stderr.contains("panicked"), "{ended:?}");
    assert!(!ended.stdout.contains("connecting"), "{ended:?}");
}

fn node(executable: &Executable, cookie: &str, epmd_port: u16) -> Command {
    let mut command = Command::new(executable.path());
    command.args(["me", "127.0.0.1", cookie, "nobody"]).env("ERL_EPMD_PORT", epmd_port.to_string());
    for variable in ["NODEX_COOKIE", "RELEASE_COOKIE", "NODEX_COOKIE_FILE", "XDG_CONFIG_HOME"] {
        command.env_remove(variable);
    }
    command
}
