//! The node executable under attack: started, measured, and never left behind.

use std::{
    io::{Read, Write},
    process::{Child, Command, Stdio},
    sync::{Arc, Mutex},
    thread,
    time::{Duration, Instant},
};

use super::link::PATIENCE;
use nodex_core::error::Chain;
use nodex_testkit::executable::Executable;

/// A running node executable; dropping it ends the process.
pub(crate) struct Victim {
    child: Child,
    stdout: Captured,
    stderr: Captured,
}

/// How it ended and all that it said.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

struct Captured {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<thread::JoinHandle<()>>,
}

/// Memory that a process may take: far above what a node needs at rest, far below what any attack asks for.
pub(crate) const MODEST_KIB: u64 = 48 * 1024;

impl Victim {
    /// Starts `me@127.0.0.1`, which is to connect to `host@127.0.0.1`.
    pub(crate) fn start(executable: &Executable, cookie: &str, epmd_port: u16) -> Self {
        Self::start_with(executable, cookie, epmd_port, &[])
    }

    /// The same, with more in its environment.
    pub(crate) fn start_with(executable: &Executable, cookie: &str, epmd_port: u16, more: &[(&str, &str)]) -> Self {
        let mut command = Command::new(executable.path());
        command.args(["me", "127.0.0.1", cookie, "host"]).env("ERL_EPMD_PORT", epmd_port.to_string());
        command.envs(more.iter().copied());
        Self::run(command)
    }

    /// Starts `me@127.0.0.1`, which listens; returns its port as well.
    pub(crate) fn listen(executable: &Executable, cookie: &str, more: &[(&str, &str)]) -> (Self, u16) {
        Self::listen_through(&[], executable, cookie, more)
    }

    /// The same, started by another program, which these words call and which becomes the node.
    pub(crate) fn listen_through(
        words: &[&str],
        executable: &Executable,
        cookie: &str,
        more: &[(&str, &str)],
    ) -> (Self, u16) {
        let mut command = match words {
            [] => Command::new(executable.path()),
            [program, arguments @ ..] => {
                let mut command = Command::new(program);
                command.args(arguments).arg(executable.path());
                command
            }
        };
        command.args(["listen", "me@127.0.0.1", cookie]).envs(more.iter().copied());
        let victim = Self::run(command);
        let deadline = Instant::now() + PATIENCE;
        loop {
            let stdout = victim.stdout();
            if let Some(port) = stdout.strip_prefix("port ").and_then(|line| line.strip_suffix('\n')) {
                let port = port.parse().unwrap_or_else(|_| panic!("{stdout}"));
                return (victim, port);
            }
            assert!(Instant::now() < deadline, "no port: {stdout}{}", victim.stderr());
            thread::sleep(Duration::from_millis(1));
        }
    }

    /// Its log is switched on, and it ends with its stdin, so with the test.
    fn run(mut command: Command) -> Self {
        command.env("NODEX_LOG", "info").env("RUST_BACKTRACE", "0");
        command.env_remove("XDG_CONFIG_HOME").env_remove("ERL_DIST_PORT");
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let stdout = Captured::new(child.stdout.take().expect("a pipe"));
        let stderr = Captured::new(child.stderr.take().expect("a pipe"));
        Victim { child, stdout, stderr }
    }

    /// Number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Memory in use, in KiB; none once the process has ended.
    pub(crate) fn memory_kib(&self) -> Option<u64> {
        self.status("VmRSS:")
    }

    /// The most memory that was ever in use, in KiB; none once the process has ended.
    pub(crate) fn peak_kib(&self) -> Option<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, field: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    }

    /// Waits for the end of the process, which has to come by itself.
    pub(crate) fn wait(mut self) -> Result<Ended, String> {
        let deadline = Instant::now() + PATIENCE;
        let status = loop {
            match self.child.try_wait() {
                Ok(Some(status)) => break status,
                Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(2)),
                Ok(None) => return Err(format!("still runs after {PATIENCE:?}; stderr: {}", self.stderr.so_far())),
                Err(error) => return Err(Chain(&error).to_string()),
            }
        };
        Ok(Ended { code: status.code(), stdout: self.stdout.all(), stderr: self.stderr.all() })
    }

    /// What it wrote to stderr until now.
    pub(crate) fn stderr(&self) -> String {
        self.stderr.so_far()
    }

    /// Waits for a line on stderr that has all these words.
    pub(crate) fn logs(&self, words: &[&str]) -> Result<(), String> {
        self.logs_after(0, words)
    }

    /// The same, of what was written after so many bytes.
    pub(crate) fn logs_after(&self, start: usize, words: &[&str]) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = self.stderr().split_off(start);
            if log.lines().any(|line| words.iter().all(|word| line.contains(word))) {
                return Ok(());
            }
            if Instant::now() > deadline {
                return Err(format!("nothing about {words:?} in the log: {log}"));
            }
            // The pipe may hold what was written before the node answered.
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Writes a line to its stdin.
    pub(crate) fn tell(&mut self, line: &str) {
        let stdin = self.child.stdin.as_mut().expect("a pipe");
        writeln!(stdin, "{line}").and_then(|()| stdin.flush()).expect("it reads its stdin");
    }

    /// What it wrote to stdout until now.
    pub(crate) fn stdout(&self) -> String {
        self.stdout.so_far()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        // Both fail only when it is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Captured {
    fn new(mut pipe: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let kept = text.clone();
        let reader = thread::spawn(move || {
            let mut chunk = [0; 4096];
            while let Ok(count @ 1..) = pipe.read(&mut chunk) {
                kept.lock().expect("the reader does not panic").extend_from_slice(&chunk[..count]);
            }
        });
        Captured { text, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().expect("the reader does not panic")).into_owned()
    }

    fn all(&mut self) -> String {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
        self.so_far()
    }
}
