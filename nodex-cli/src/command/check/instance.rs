//! One start of the executable that is checked.

use std::{
    ffi::OsString,
    fs,
    os::unix::process::ExitStatusExt as _,
    path::PathBuf,
    process::{ExitStatus, Stdio},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU8, AtomicU32, Ordering},
    },
    time::{Duration, Instant},
};

use nodex_core::error::Chain;
use rustix::process::{Pid, Signal, kill_process, kill_process_group};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::{Child, ChildStdin, Command},
    sync::Notify,
    time::timeout,
};

use crate::failure::{Code, Failure};

/// So often it is looked for processes that are to end.
const LOOKS: u32 = 3;

/// Every process of an instance has this variable in its environment, wherever it goes.
const MARK: &str = "NODEX_CHECK";

/// So much of a line, and so many lines, are kept.
const LINE: usize = 4096;
const LINES: usize = 1000;

/// What to start.
#[derive(Debug, Clone)]
pub(super) struct Start {
    pub(super) program: PathBuf,
    pub(super) args: Vec<OsString>,
    pub(super) env: Vec<(String, String)>,
}

/// A process, what it prints, and whatever it starts.
pub(super) struct Instance {
    child: Child,
    stdin: Option<ChildStdin>,
    printed: Arc<Printed>,
    mark: String,
    pub(super) pid: u32,
    pub(super) started: Instant,
}

/// A line that was printed.
#[derive(Debug, Clone)]
pub(super) struct Line {
    pub(super) stderr: bool,
    pub(super) text: String,
}

/// What a process has printed; it can be waited for by others than its owner.
#[derive(Default)]
pub(super) struct Printed {
    lines: Mutex<Vec<Line>>,
    more: Notify,
    /// Pipes that are at their end.
    ended: AtomicU8,
}

impl Printed {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, stderr: bool, line: &[u8]) {
        let mut lines = self.lock();
        if lines.len() < LINES {
            lines.push(Line { stderr, text: String::from_utf8_lossy(line).trim_end_matches('\r').to_owned() });
        }
        drop(lines);
        self.more.notify_one();
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.lock().clone()
    }

    /// Waits for more lines than `known`.
    pub(super) async fn more(&self, known: usize) {
        while self.lock().len() <= known {
            self.more.notified().await;
        }
    }
}

impl Start {
    /// Starts it in a process group of its own.
    ///
    /// # Errors
    /// Returns an error when it cannot be started.
    pub(super) fn start(&self) -> Result<Instance, Failure> {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let number = STARTED.fetch_add(1, Ordering::Relaxed);
        let mark = format!("{}-{number}", std::process::id());
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .env(MARK, &mark)
            .env_remove("ERL_DIST_PORT")
            .env_remove("ERL_EPMD_ADDRESS")
            .process_group(0)
            .kill_on_drop(true)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let shown = self.program.display();
        let started = Instant::now();
        let mut child = command.spawn().map_err(|error| {
            let failure =
                Failure::new(Code::Usage, format!("{shown} cannot be started: {error}", error = Chain(&error)));
            match error.kind() {
                std::io::ErrorKind::PermissionDenied => failure.hint(format!("chmod +x {shown}")),
                _ => failure,
            }
        })?;
        let printed = Arc::new(Printed::default());
        if let Some(stdout) = child.stdout.take() {
            tokio::spawn(keep(stdout, false, printed.clone()));
        }
        if let Some(stderr) = child.stderr.take() {
            tokio::spawn(keep(stderr, true, printed.clone()));
        }
        let (stdin, pid) = (child.stdin.take(), child.id().unwrap_or_default());
        Ok(Instance { child, stdin, printed, mark, pid, started })
    }
}

/// Keeps the lines of a pipe, and reads on when there are too many.
async fn keep(mut pipe: impl AsyncRead + Unpin, stderr: bool, printed: Arc<Printed>) {
    let (mut line, mut chunk) = (Vec::new(), [0; LINE]);
    while let Ok(count @ 1..) = pipe.read(&mut chunk).await {
        for byte in &chunk[..count] {
            if *byte == b'\n' || line.len() == LINE {
                printed.push(stderr, &line);
                line.clear();
            }
            if *byte != b'\n' {
                line.push(*byte);
            }
        }
    }
    if !line.is_empty() {
        printed.push(stderr, &line);
    }
    printed.ended.fetch_add(1, Ordering::Release);
}

impl Instance {
    /// What it has printed so far.
    pub(super) fn lines(&self) -> Vec<Line> {
        self.printed.lines()
    }

    pub(super) fn printed(&self) -> Arc<Printed> {
        self.printed.clone()
    }

    /// Waits for its end.
    pub(super) async fn ended(&mut self) -> ExitStatus {
        match self.child.wait().await {
            Ok(status) => status,
            // The status was taken elsewhere.
            Err(_) => ExitStatus::from_raw(0),
        }
    }

    /// Returns how it ended, if it did within this time. What it printed has been read then.
    pub(super) async fn ended_within(&mut self, limit: Duration) -> Option<ExitStatus> {
        let status = timeout(limit, self.ended()).await.ok()?;
        // The readers end with the pipes; one that a grandchild holds open is not waited for.
        let read = async {
            while self.printed.ended.load(Ordering::Acquire) < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        let _ = timeout(Duration::from_millis(500), read).await;
        Some(status)
    }

    pub(super) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    pub(super) fn terminate(&self) {
        if let Some(pid) = Pid::from_raw(self.pid.cast_signed()) {
            let _ = kill_process(pid, Signal::TERM);
        }
    }

    /// Returns the processes that it has started and that are still there, itself aside.
    pub(super) fn left(&self) -> Vec<u32> {
        marked(&self.mark).into_iter().filter(|pid| *pid != self.pid).collect()
    }

    /// Ends it and all that it has started; returns what was left of it when it had ended.
    pub(super) async fn clear_away(mut self) -> Vec<u32> {
        self.close_stdin();
        let own_end = self.child.try_wait().ok().flatten().is_some();
        let left = if own_end { self.left() } else { Vec::new() };
        self.kill();
        self.ended().await;
        left
    }

    fn kill(&self) {
        if let (Some(pid), Some(_)) = (Pid::from_raw(self.pid.cast_signed()), self.child.id()) {
            let _ = kill_process_group(pid, Signal::KILL);
        }
        // Also those that have left the group. One that is just exchanging its program shows no environment, and is seen at
        // another look.
        for pid in (0..LOOKS).flat_map(|_| marked(&self.mark)) {
            if let Some(pid) = Pid::from_raw(pid.cast_signed()) {
                let _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Returns the living processes with a mark.
fn marked(mark: &str) -> Vec<u32> {
    let needle = format!("{MARK}={mark}\0").into_bytes();
    let carries = |pid: &u32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment.windows(needle.len()).any(|part| part == needle)
    };
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter(carries).collect()
}
