//! Runs of the command: its output, its exit status, and the proof that nothing of it is left.

// Every test binary takes its own part of this module.
#![allow(dead_code)]

pub(crate) mod fleet;
pub(crate) mod hostile;
pub(crate) mod shot;
pub(crate) mod world;

use std::{
    ffi::OsStr,
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Longer than any run takes, on a machine with much else to do.
const DEADLINE: Duration = Duration::from_secs(600);

/// Every process of a run carries this variable, so that left-overs are found even without their parents.
const MARK: &str = "NODEX_TEST_RUN";

/// The command with these arguments.
pub(crate) fn nodex(args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Nodex {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nodex"));
    command.args(args);
    Nodex::new(command)
}

/// A program of `c_src`.
pub(crate) fn c_program(name: &str) -> PathBuf {
    let path = target().join("c_src").join(name);
    assert!(path.is_file(), "{} is not there: make -C c_src builds it (scripts/test does all)", path.display());
    path
}

/// An example of the workspace.
pub(crate) fn example(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_nodex")).with_file_name("examples").join(name);
    assert!(path.is_file(), "{} is not there: cargo build --workspace --examples builds it", path.display());
    path
}

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("cargo's tmp folder lies in its target folder")
}

/// A run to be.
pub(crate) struct Nodex {
    command: Command,
    mark: String,
    folder: PathBuf,
}

impl Nodex {
    /// With a folder and an epmd port of its own.
    pub(crate) fn new(mut command: Command) -> Nodex {
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let mark = format!("cli-{}-{}", std::process::id(), RUNS.fetch_add(1, Ordering::Relaxed));
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(&mark);
        fs::create_dir_all(&folder).expect("a folder for the run");
        let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a free port");
        command
            .env(MARK, &mark)
            .env("HOME", &folder)
            .env_remove("NODEX_COOKIE")
            .env_remove("RELEASE_COOKIE")
            .env_remove("NODEX_COOKIE_FILE")
            .env_remove("XDG_CONFIG_HOME")
            .env_remove("NODEX_SYNTAX")
            .env_remove("COLUMNS")
            .env_remove("ERL_DIST_PORT")
            .env_remove("ERL_EPMD_ADDRESS")
            .env_remove("XDG_RUNTIME_DIR")
            .env_remove("NOTIFY_SOCKET")
            .env("ERL_EPMD_PORT", port.port().to_string())
            .stdin(Stdio::null())
            .stdout(File::create(folder.join("stdout")).expect("a file"))
            .stderr(File::create(folder.join("stderr")).expect("a file"));
        Nodex { command, mark, folder }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args(mut self, args: &[&str]) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn cwd(mut self, folder: &Path) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub(crate) fn stdout(mut self, to: impl Into<Stdio>) -> Self {
        self.command.stdout(to);
        self
    }

    pub(crate) fn run(self) -> Ended {
        self.start().end(DEADLINE)
    }

    pub(crate) fn start(mut self) -> Running {
        let child = self.command.spawn().unwrap_or_else(|error| panic!("{:?} does not start: {error}", self.command));
        Running { run: self, child }
    }

    fn read(&self, name: &str) -> String {
        let bytes = fs::read(self.folder.join(name)).expect("the output");
        String::from_utf8(bytes).expect("only UTF-8 is printed")
    }
}

impl Drop for Nodex {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

pub(crate) struct Running {
    run: Nodex,
    child: Child,
}

impl Running {
    pub(crate) fn wait_for_stdout(&self, text: &str) {
        self.wait_for("stdout", text, |stdout| stdout.contains(text));
    }

    pub(crate) fn wait_for_stderr(&self, text: &str) {
        self.wait_for("stderr", text, |stderr| stderr.contains(text));
    }

    /// Waits until what it has printed to stdout is as wanted.
    pub(crate) fn wait_until(&self, wanted: impl Fn(&str) -> bool) {
        self.wait_for("stdout", "what is wanted", wanted);
    }

    fn wait_for(&self, stream: &str, what: &str, wanted: impl Fn(&str) -> bool) {
        let deadline = Instant::now() + DEADLINE;
        while !wanted(&self.run.read(stream)) {
            let [stdout, stderr] = ["stdout", "stderr"].map(|stream| self.run.read(stream));
            assert!(Instant::now() < deadline, "{what:?} is not printed\n{stdout}{stderr}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// What it has printed so far.
    pub(crate) fn stdout(&self) -> String {
        self.run.read("stdout")
    }

    /// The end of a pipe, if stdout is one.
    pub(crate) fn pipe(&mut self) -> std::process::ChildStdout {
        self.child.stdout.take().expect("a pipe")
    }

    pub(crate) fn stderr(&self) -> String {
        self.run.read("stderr")
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("a process to kill");
    }

    /// The process id of the node that it started, as it tells on stderr.
    pub(crate) fn node(&self) -> u32 {
        let talk = self.run.read("stderr");
        let (_, pid) = talk.split_once(", process ").unwrap_or_else(|| panic!("no process in {talk}"));
        pid.lines().next().and_then(|pid| pid.parse().ok()).unwrap_or_else(|| panic!("no process in {talk}"))
    }

    /// Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a process to signal");
    }

    /// SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).expect("a process to signal");
    }

    pub(crate) fn end(mut self, limit: Duration) -> Ended {
        let deadline = Instant::now() + limit;
        let status = loop {
            if let Some(status) = self.child.try_wait().expect("the state of the child") {
                break status;
            }
            if Instant::now() > deadline {
                panic!("still running after {limit:?}\n{}{}", self.run.read("stdout"), self.run.read("stderr"));
            }
            std::thread::sleep(Duration::from_millis(2));
        };
        let (stdout, stderr) = (self.run.read("stdout"), self.run.read("stderr"));
        Ended { code: status.code(), stdout, stderr, mark: self.run.mark.clone() }
    }
}

impl Drop for Running {
    /// A test that fails leaves nothing behind. What a run that has ended left is for [`Ended::left_nothing`] to find.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            let _ = self.child.kill();
            let _ = self.child.wait();
            kill(&marked(&self.run.mark));
        }
    }
}

/// A run that has ended.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    mark: String,
}

impl Ended {
    /// What it printed, a line of JSON each.
    #[allow(dead_code)] // Not all print JSON.
    pub(crate) fn json(&self) -> Vec<serde_json::Value> {
        let read = |line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error} {line}"));
        self.stdout.lines().map(read).collect()
    }

    /// Fails if a process of the run is still there after some seconds.
    pub(crate) fn left_nothing(&self) {
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            let left = marked(&self.mark);
            if left.is_empty() {
                return;
            }
            if Instant::now() > deadline {
                kill(&left);
                panic!("left behind: {left:?}\n{self}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "status {:?}\n--- stdout\n{}--- stderr\n{}---", self.code, self.stdout, self.stderr)
    }
}

fn kill(processes: &[String]) {
    for pid in processes.iter().filter_map(|pid| rustix::process::Pid::from_raw(pid.parse().ok()?)) {
        // Fails only when it is gone by now.
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
}

/// The living processes that carry a mark. (The environment of a zombie is empty.)
fn marked(mark: &str) -> Vec<String> {
    let needle = format!("{MARK}={mark}\0").into_bytes();
    let carries = |pid: &String| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(needle.len()).any(|part| part == needle)
    };
    fs::read_dir("/proc")
        .expect("/proc")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()))
        .filter(carries)
        .collect()
}
