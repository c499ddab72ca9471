//! What a Rust node executable does beyond the contract of C nodes: it ends with its parent, takes the cookie from
//! elsewhere, and refuses arguments that no node can have.

use crate::support;

use std::{
    ffi::OsStr,
    io::Read,
    net::{Ipv4Addr, TcpListener},
    os::{
        fd::OwnedFd,
        unix::{ffi::OsStrExt, net::UnixStream, process::ExitStatusExt},
    },
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use nodex_testkit::{
    executable::Executable,
    peer::link::until_closed,
    run::{Ended, run, run_with_stdin},
    script::run_script,
};

support::for_each_rust_executable!(
    lifetime,
    end_of_a_pipe_while_connecting,
    end_of_a_socket_while_connecting,
    no_cookie,
    arguments_that_are_no_names,
    cookie_where_a_beam_of_this_user_has_it,
    a_signal_while_the_handlers_are_set,
    signals_at_any_moment_of_the_start,
    a_limit_on_the_size_of_files,
    few_descriptors,
    closed_streams,
);

const DEADLINE: Duration = Duration::from_secs(60);

/// A node that writes down what it does.
fn noting() -> Executable {
    Executable::example("drain_under_test")
}

#[test]
fn drain() {
    run_script("drain.exs", &noting());
}

#[test]
fn services() {
    run_script("services.exs", &noting());
}

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
        until_closed(connection.expect("the executable asks epmd").0);
    });
    let ended = run_with_stdin(node(executable, "a_cookie", port), Stdio::from(stdin), DEADLINE);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

/// What runs until it is asked to stop: it waits for an epmd that never answers.
struct Waiting {
    child: Child,
    epmd: TcpListener,
}

impl Waiting {
    /// Starts the executable, with these changes to what a shell would start, and what stands behind its command line.
    fn start(executable: &Executable, redirections: &str, change: impl FnOnce(&mut Command)) -> Self {
        let epmd = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = epmd.local_addr().expect("the address of a bound socket").port();
        // Not what is preloaded, for it is meant for the executable.
        let mut command = match redirections {
            "" => node(executable, "a_cookie", port),
            _ => in_shell(&format!("exec \"$0\" \"$@\" {redirections}"), &node(executable, "a_cookie", port)),
        };
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        change(&mut command);
        Waiting { child: command.spawn().expect("it starts"), epmd }
    }

    fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("it is there");
    }

    /// How it ends, and what is on its stderr.
    fn ended(mut self) -> (ExitStatus, String) {
        let deadline = Instant::now() + DEADLINE;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("its state") {
                break status;
            }
            if Instant::now() > deadline {
                let _ = self.child.kill();
                panic!("it does not end");
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let mut stderr = String::new();
        self.child.stderr.take().expect("a pipe").read_to_string(&mut stderr).expect("text");
        (status, stderr)
    }
}

/// The command as a shell runs it, in whose script it is `"$0" "$@"`.
fn in_shell(script: &str, command: &Command) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", script]).arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !condition() {
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// A signal that comes when a handler is there is acted upon, however early.
fn a_signal_while_the_handlers_are_set(executable: &Executable) {
    let late = nodex_testkit::executable::target().join("c_src/late_signals.so");
    assert!(late.is_file(), "make -C c_src builds it");
    let mark = nodex_testkit::executable::target().join(format!("tmp/late-{}-{:?}", std::process::id(), thread_id()));
    let waiting = Waiting::start(executable, "", |command| {
        command.env("LD_PRELOAD", &late).env("LATE_SIGNALS", &mark);
    });
    wait_for("the handler", || mark.exists());
    waiting.terminate();
    let (status, stderr) = waiting.ended();
    std::fs::remove_file(&mark).expect("the file that it has written");
    assert_eq!((status.code(), &*stderr), (Some(0), ""));
}

fn thread_id() -> String {
    format!("{:?}", std::thread::current().id()).chars().filter(char::is_ascii_digit).collect()
}

/// Before there is a handler a signal ends the process as the system does, and after that the node ends.
fn signals_at_any_moment_of_the_start(executable: &Executable) {
    let mut ends = [0, 0];
    for step in 0..300 {
        let waiting = Waiting::start(executable, "", |_| ());
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_micros(20 * step) {}
        waiting.terminate();
        let (status, stderr) = waiting.ended();
        assert_eq!(stderr, "");
        match (status.code(), status.signal()) {
            (Some(0), _) => ends[0] += 1,
            (None, Some(15)) => ends[1] += 1,
            other => panic!("{other:?} after {step} steps"),
        }
    }
    assert_eq!(ends[0] + ends[1], 300);
}

/// SIGXFSZ does not end it: what it says cannot be written, and that is all.
fn a_limit_on_the_size_of_files(executable: &Executable) {
    let command = node(executable, "a_cookie", nodex_testkit::free_port());
    // Into files, as `run` has it.
    let ended = run(in_shell("ulimit -f 0; exec \"$0\" \"$@\"", &command), DEADLINE);
    assert_eq!((ended.code, &*ended.stdout, &*ended.stderr), (Some(1), "", ""));
}

fn few_descriptors(executable: &Executable) {
    let mut told = 0;
    for limit in 4..24 {
        let command = node(executable, "a_cookie", nodex_testkit::free_port());
        let ended = run(in_shell(&format!("ulimit -n {limit}; exec \"$0\" \"$@\""), &command), DEADLINE);
        assert_eq!(ended.code, Some(1), "{limit}: {ended:?}");
        assert_eq!(ended.stderr.lines().count(), 1, "{limit}: {ended:?}");
        told += usize::from(ended.stderr.contains(&format!("the limit of {limit} open files (RLIMIT_NOFILE)")));
        assert!(ended.stderr.contains("RLIMIT_NOFILE") || ended.stderr.contains("no epmd"), "{limit}: {ended:?}");
    }
    assert!(told >= 6, "{told}");
}

/// Nothing of its own stands in their place, and it goes on.
fn closed_streams(executable: &Executable) {
    for redirections in ["<&-", ">&-", "2>&-", "<&- >&-", "<&- 2>&-", ">&- 2>&-", "<&- >&- 2>&-"] {
        let waiting = Waiting::start(executable, redirections, |_| ());
        let pid = waiting.child.id();
        waiting.epmd.set_nonblocking(true).expect("a socket");
        let mut connection = None;
        wait_for("a connection", || {
            connection = waiting.epmd.accept().ok();
            connection.is_some()
        });
        for stream in 0..3 {
            let path = PathBuf::from(format!("/proc/{pid}/fd/{stream}"));
            assert!(!is_socket(&path), "{redirections}: {stream} is {:?}", std::fs::read_link(&path));
        }
        waiting.terminate();
        let (status, stderr) = waiting.ended();
        assert_eq!((status.code(), &*stderr), (Some(0), ""), "{redirections}");
    }
}

fn is_socket(path: &Path) -> bool {
    std::fs::read_link(path).is_ok_and(|target| target.to_string_lossy().starts_with("socket:"))
}

fn no_cookie(executable: &Executable) {
    let ended = run(node(executable, "-", nodex_testkit::free_port()), DEADLINE);
    assert!(ended.stderr.contains("cookie"), "{ended:?}");
    refused(&ended);
}

/// `~/.config/erlang` if `XDG_CONFIG_HOME` says nothing else, as for `erl` of OTP 25 and later.
fn cookie_where_a_beam_of_this_user_has_it(executable: &Executable) {
    let name = executable.path().file_name().expect("a name").to_string_lossy();
    let home = nodex_testkit::executable::target().join("tmp").join(format!("home-{name}-{}", std::process::id()));
    let folder = home.join(".config/erlang");
    std::fs::create_dir_all(&folder).expect("a folder");
    std::fs::write(folder.join(".erlang.cookie"), "of_the_user").expect("a file");
    let ended_with = |config: Option<&str>| {
        let mut command = node(executable, "-", nodex_testkit::free_port());
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
        command.env("ERL_EPMD_PORT", nodex_testkit::free_port().to_string());
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
