//! One run of a program under test: its own folder, a deadline, its output, and the proof that no process of it is left.

use std::{
    ffi::OsStr,
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

use crate::{
    POLL_INTERVAL,
    executable::target,
    free_port,
    processes::{MARK, Pack, new_mark},
};

/// Longer than any run takes on a busy machine.
const DEADLINE: Duration = Duration::from_secs(1_200);

/// Settings of whoever runs the tests, which are not to reach what is tested unless a test sets them.
const FOREIGN: [&str; 10] = [
    "COLUMNS",
    "ERL_DIST_PORT",
    "ERL_EPMD_ADDRESS",
    "NODEX_COOKIE",
    "NODEX_COOKIE_FILE",
    "NODEX_SYNTAX",
    "NOTIFY_SOCKET",
    "RELEASE_COOKIE",
    "XDG_CONFIG_HOME",
    "XDG_RUNTIME_DIR",
];

/// A run to be.
#[derive(Debug)]
pub struct Run {
    command: Command,
    mark: String,
    folder: PathBuf,
    any_bytes: bool,
}

impl Run {
    /// With a folder of its own, which is its home, no stdin, and the number of a port as `ERL_EPMD_PORT` at which there
    /// is no epmd. What the command sets itself stays.
    pub fn new(mut command: Command) -> Self {
        let mark = new_mark();
        let folder = target().join("tmp").join(format!("run-{mark}"));
        fs::create_dir_all(&folder).expect("a folder for the run");
        let set: Vec<_> = command.get_envs().map(|(name, _)| name.to_owned()).collect();
        let open = |name: &str| !set.iter().any(|set| set == name);
        for name in FOREIGN.into_iter().filter(|name| open(name)) {
            command.env_remove(name);
        }
        // A program inside a chroot has a home of its own there.
        if open("HOME") {
            command.env("HOME", &folder);
        }
        if open("ERL_EPMD_PORT") {
            command.env("ERL_EPMD_PORT", free_port().to_string());
        }
        if open("ERL_CRASH_DUMP") {
            command.env("ERL_CRASH_DUMP", folder.join("erl_crash.dump"));
        }
        command
            .env(MARK, &mark)
            .env("LC_ALL", "C.UTF-8")
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("stdout")).expect("a file for stdout"))
            .stderr(File::create(folder.join("stderr")).expect("a file for stderr"));
        Run { command, mark, folder, any_bytes: false }
    }

    /// One more argument.
    #[must_use]
    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    /// More arguments.
    #[must_use]
    pub fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    /// Has it start in this folder.
    #[must_use]
    pub fn cwd(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    /// Another stdin than none.
    #[must_use]
    pub fn stdin(mut self, from: impl Into<Stdio>) -> Self {
        self.command.stdin(from);
        self
    }

    /// Another stdout than the file that [`Running::stdout`] reads.
    #[must_use]
    pub fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    /// Allows output that is not UTF-8, which is replaced.
    #[must_use]
    pub fn any_bytes(mut self) -> Self {
        self.any_bytes = true;
        self
    }

    /// Runs it to its end.
    pub fn run(self) -> Ended {
        self.start().end(DEADLINE)
    }

    /// Starts it.
    pub fn start(mut self) -> Running {
        let started = Instant::now();
        let child = self.command.spawn().unwrap_or_else(|error| panic!("{:?} does not start: {error}", self.command));
        Running { run: self, child, started }
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.join(name)).expect("the output");
        String::from_utf8(bytes).unwrap_or_else(|error| {
            assert!(self.any_bytes, "{:?} has printed what is no UTF-8", self.command);
            String::from_utf8_lossy(error.as_bytes()).into_owned()
        })
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// A program that is running. If it is dropped, it is killed with all processes that it has started.
#[derive(Debug)]
pub struct Running {
    run: Run,
    child: Child,
    started: Instant,
}

impl Running {
    /// Waits until it has printed this to stdout.
    pub fn wait_for_stdout(&self, text: &str) {
        self.wait_for("stdout", text, |stdout| stdout.contains(text));
    }

    /// Waits until it has printed this to stderr.
    pub fn wait_for_stderr(&self, text: &str) {
        self.wait_for("stderr", text, |stderr| stderr.contains(text));
    }

    /// Waits until what it has printed to stdout is as wanted.
    pub fn wait_until(&self, wanted: impl Fn(&str) -> bool) {
        self.wait_for("stdout", "what is wanted", wanted);
    }

    fn wait_for(&self, stream: &str, what: &str, wanted: impl Fn(&str) -> bool) {
        let printed = crate::poll(DEADLINE, || wanted(&self.run.read(stream)).then_some(()));
        assert!(printed.is_some(), "{what:?} is not printed\n{}", self.output());
    }

    fn output(&self) -> String {
        format!("{}{}", self.stdout(), self.stderr())
    }

    /// What it has printed so far.
    pub fn stdout(&self) -> String {
        self.run.read("stdout")
    }

    /// Returns the same of stderr.
    pub fn stderr(&self) -> String {
        self.run.read("stderr")
    }

    /// Returns the end of a pipe, if stdout is one.
    pub fn pipe(&mut self) -> ChildStdout {
        self.child.stdout.take().expect("a pipe")
    }

    /// Returns its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().expect("a process to kill");
    }

    /// SIGINT, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.signal(Signal::INT);
    }

    /// SIGTERM.
    pub fn terminate(&self) {
        self.signal(Signal::TERM);
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("a process to signal");
    }

    /// Returns whether it has not ended yet.
    pub fn runs(&mut self) -> bool {
        self.child.try_wait().expect("the state of the child").is_none()
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// Panics when it still runs after `limit`.
    pub fn end(mut self, limit: Duration) -> Ended {
        let deadline = Instant::now() + limit;
        // Looked at often: how long some programs take is printed.
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the state of the child") {
                break status;
            }
            assert!(Instant::now() < deadline, "{:?} runs after {limit:?}\n{}", self.run.command, self.output());
            std::thread::sleep(POLL_INTERVAL);
        };
        let took = self.started.elapsed();
        let (stdout, stderr, mark) = (self.stdout(), self.stderr(), self.run.mark.clone());
        Ended { code: status.code(), stdout, stderr, took, mark }
    }
}

impl Drop for Running {
    /// What a run that has ended left is for [`Ended::left_nothing`] to find.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
            Pack::marked(&self.run.mark).kill();
        }
    }
}

/// What a program printed and how it ended.
#[derive(Debug)]
pub struct Ended {
    /// None after a signal.
    pub code: Option<i32>,
    /// All of it.
    pub stdout: String,
    /// All of it.
    pub stderr: String,
    /// From its start to its end.
    pub took: Duration,
    mark: String,
}

impl Ended {
    /// What it printed, a line of JSON each.
    pub fn json(&self) -> Vec<serde_json::Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} {line}"));
        self.stdout.lines().map(read).collect()
    }

    /// Returns the exit code and both outputs, as snapshots have them.
    pub fn shot(&self) -> String {
        format!("exit code {}\n--- stdout\n{}--- stderr\n{}", self.code.unwrap_or(-1), self.stdout, self.stderr)
    }

    /// Returns its processes, of which none should be there any more.
    pub fn processes(&self) -> Pack {
        Pack::marked(&self.mark)
    }

    /// Fails if a process of the run is still there when it had time to end.
    #[track_caller]
    pub fn left_nothing(&self) {
        let left = self.processes().left_over();
        assert!(left.is_empty(), "left behind: {left:?}\n{self}");
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {:?}\n--- stdout\n{}--- stderr\n{}---", self.code, self.stdout, self.stderr)
    }
}

/// Runs `command` to its end, with no stdin, and checks that nothing of it is left.
///
/// # Panics
/// After `deadline`, or when a process of the run is left.
#[track_caller]
pub fn run(command: Command, deadline: Duration) -> Ended {
    run_with_stdin(command, Stdio::null(), deadline)
}

/// [`run`] with a stdin.
///
/// # Panics
/// As [`run`] does.
#[track_caller]
pub fn run_with_stdin(command: Command, stdin: Stdio, deadline: Duration) -> Ended {
    let ended = Run::new(command).any_bytes().stdin(stdin).start().end(deadline);
    ended.left_nothing();
    ended
}
